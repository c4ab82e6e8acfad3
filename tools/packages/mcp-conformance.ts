import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startLocal } from "../../src/start.ts";
import { run } from "./run.ts";

/**
 * `npm run conformance`: the official conformance suite against `/api/mcp`. It wants tools of its own and every optional
 * feature of the protocol; what fails for want of a feature that the server neither has nor announces is listed by that
 * feature, anything else ends it with 1. npx fetches the suite.
 */

const PACKAGE = "@modelcontextprotocol/conformance";
const RUNS: readonly (readonly [version: string, ...options: string[]])[] = [
  ["0.1.16"],
  ["0.2.0-alpha.12", "--requirements", "2025-11-25"],
  ["0.2.0-alpha.12", "--requirements", "2026-07-28"],
];

/** Features that are neither had nor announced, by the names of the suite's scenarios and checks. */
const NOT_OFFERED: readonly (readonly [feature: string, scenario: RegExp])[] = [
  ["tools of the suite's own", /^(tools-call-|json-schema-2020-12|server-stateless)/],
  ["prompts", /^(prompts-|caching:.*prompts)/],
  ["resources", /^(resources-|caching:.*resources)/],
  ["completions", /^completion-/],
  ["logging", /^logging-/],
  ["elicitation, sampling and roots", /^(elicitation-|input-required-)/],
  ["tasks", /^tasks-/],
  ["tools with parameters in headers", /^http-custom-header-/],
];
/** What such a failure says: the tool, the method or the announcement is not there. */
const MISSING =
  /no tool named|[Nn]ot found|-32601|Not testable|fixture .* unavailable|MUST be advertised|Prerequisite failed|Expected InputRequiredResult|-32602; spec requires -32021/;

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

const scratch = mkdtempSync(path.join(tmpdir(), "lightning-conformance-"));
process.env.LIGHTNING_HOME = path.join(scratch, "home");
const app = await startLocal({ port: 0, quiet: true });
let odd = 0;
try {
  for (const [version, ...options] of RUNS) {
    const results = path.join(scratch, `${version}-${options.join("")}`);
    const args = ["--yes", `${PACKAGE}@${version}`, "server", "--url", `${app.url}/api/mcp`];
    const { err } = await run("npx", [...args, ...options, "-o", results], {
      cwd: scratch,
      shell: process.platform === "win32",
    });
    odd += judge([version, ...options].join(" "), results, err);
  }
} finally {
  await app.stop();
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = odd === 0 ? 0 : 1;

/** Prints what a run found; the number of failures that no missing feature explains. */
function judge(name: string, results: string, err: string): number {
  const files = globSync("*/checks.json", { cwd: results });
  if (files.length === 0) {
    console.log(`${name}: the suite did not run: ${err.slice(0, 500)}`);
    return 1;
  }
  let passed = 0;
  const missing = new Map<string, number>();
  const others: string[] = [];
  for (const file of files.toSorted()) {
    const scenario = path
      .dirname(file)
      .replace(/^server-/, "")
      .replace(/-\d{4}-\d\d-\d\dT.*$/, "");
    for (const { id, status, errorMessage = "" } of JSON.parse(
      readFileSync(path.join(results, file), "utf8"),
    ) as Check[]) {
      if (status === "SUCCESS") passed++;
      if (status !== "FAILURE") continue;
      const [feature] = NOT_OFFERED.find(([, pattern]) => pattern.test(`${scenario}:${id}`)) ?? [];
      if (feature !== undefined && MISSING.test(errorMessage))
        missing.set(feature, (missing.get(feature) ?? 0) + 1);
      else others.push(`  ${scenario}, ${id}: ${errorMessage}`);
    }
  }
  const listed = [...missing].map(([feature, count]) => `${feature} ${count}`).join(", ");
  console.log(`${name}: ${passed} passed; not offered: ${listed}; other failures: ${others.length}`);
  for (const other of others) console.log(other);
  return others.length;
}
