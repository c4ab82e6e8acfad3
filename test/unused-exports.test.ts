import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";

/**
 * An export is a promise to other files. knip (`knip.json`) finds those that no other file takes up, and, in its
 * production mode, those that tests alone do. The latter stand here with their reason, and go when it does.
 */
const FOR_TESTS_ALONE: Readonly<Record<string, readonly string[]>> = {
  "A pure step with cases of its own": [
    "dashboard/src/logic/api.ts Query",
    "dashboard/src/logic/api.ts queryText",
    "dashboard/src/logic/content.ts pretty",
    "src/app.ts createApp",
    "src/catalog/catalog.ts baseOf",
    "src/datasets/merge/split.ts sideOf",
    "src/episodes/truncate.ts truncateResult",
    "src/evaluation/plan.ts toQuestion",
    "src/evaluation/group-statistics.ts t975",
    "src/evaluation/statistics.ts wilson",
    "src/kernel/exact-json.ts isExact",
    "src/local-host/core-api/core.ts createCore",
    "src/local-host/durable/work/versions.ts compareVersions",
    "src/local-host/retry.ts retryDelayMs",
    "src/local-host/serve.ts describe",
    "src/local-host/serve.ts describeKeys",
    "src/provider/from-settings.ts v1BaseUrl",
    "src/rewards/rules.ts linear",
    "src/surfaces/rest.ts preferredWaitMs",
  ],
  "A limit that a test goes up to, or a table that one holds equal to another": [
    "dashboard/src/logic/roles.ts NEEDS",
    "src/catalog/capabilities.ts CAPABILITIES",
    "src/doors/kept.ts entryOf",
    "src/local-provider/chat-parameters.ts CHAT_PARAMETERS",
    "src/loop/orchestrations.ts ORCHESTRATIONS",
    "src/operations.ts InputOf",
    "src/surfaces/cli/commands.ts COMMANDS",
    "src/surfaces/cli/layout.ts textWidth",
    "src/episodes/rules.ts MOST_EPISODE_BYTES",
    "src/ledger/sqlite/store-file.ts STORE_VERSION",
  ],
  "What the local provider offers to those who test their own app": [
    "src/local-provider/start.ts Fault",
    "src/local-provider/start.ts Pace",
  ],
  "Loaded by import() where it is needed": ["src/hosting/arm/hosting.ts createArmHosting"],
};

const ROOT = path.resolve(import.meta.dirname, "..");
interface Report {
  readonly issues: readonly {
    readonly file: string;
    readonly exports?: readonly { readonly name: string }[];
    readonly types?: readonly { readonly name: string }[];
  }[];
}

/** `file name` of each export that knip finds nobody to use. */
function unused(...options: string[]): string[] {
  const args = ["--include", "exports,types", "--no-progress", "--reporter", "json", ...options];
  const run = spawnSync(process.execPath, ["node_modules/knip/bin/knip.js", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  // 1: it has found something. Whatever else it says is a fault of its own.
  if (run.status !== 0 && run.status !== 1) throw new Error(run.stderr || run.stdout);
  const { issues } = JSON.parse(run.stdout) as Report;
  return issues
    .flatMap(({ file, exports = [], types = [] }) =>
      [...exports, ...types].map(({ name }) => `${file} ${name}`),
    )
    .filter((one) => !isPartOfContract(one))
    .toSorted();
}

/** The schemas, types and lists of a contract are its public face; one that it does not use itself is nobody's. */
function isPartOfContract(one: string): boolean {
  const [file, name] = one.split(" ") as [string, string];
  if (!file.endsWith("/contract.ts") && file !== "src/doors/chat.ts") return false;
  const text = readFileSync(path.join(ROOT, file), "utf8");
  return (text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1;
}

describe("exports", () => {
  let everywhere: string[];
  let inProduction: string[];
  beforeAll(() => {
    everywhere = unused();
    inProduction = unused("--production");
  });

  it("are used by another file", () => {
    expect(everywhere).toEqual([]);
  });

  it("are used by more than tests, or say why not", () => {
    const alone = inProduction.filter((one) => !everywhere.includes(one));
    expect(alone).toEqual(Object.values(FOR_TESTS_ALONE).flat().toSorted());
  });
});
