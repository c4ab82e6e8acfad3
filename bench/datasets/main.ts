import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { benchArguments } from "../arguments.ts";
import { type Built, beside, type Taken } from "./compare.ts";

const values = benchArguments({
  script: "bench/datasets/main.ts",
  measures: `How fast, in how much memory, and how smoothly for everything else in the process is a dataset built? The same
episodes and rewards are built by us, by DuckDB and by a naive script, one after the other in one run, each in a
process of its own.`,
  takes: {
    episodes: { about: "how many to build from, for each a comparison", standard: [10_000] },
    folder: {
      about: "where the episodes are, or are written by the first run; else a temporary one",
      standard: "",
    },
    keep: { about: "leaves the temporary folder", standard: false },
    again: { about: "builds a second time, with the token counts that the first one kept", standard: false },
    json: { about: "lines for machines", standard: false },
    without: { about: "who is left out", standard: [] as string[], oneOf: ["ours", "duckdb", "naive"] },
  },
  examples: ["--episodes 10000,100000 --without naive", "--folder FOLDER --episodes 100000 --again"],
});
const counts = values.episodes;
const here = import.meta.dirname;
const duckdb = path.join(here, "duckdb");

/** Our build's threads stand below a host's own work on Linux, where that is a thread's alone: so do those beside them. */
const SAME_PRIORITY =
  process.platform === "linux" ? ["nice", "-n", String(os.constants.priority.PRIORITY_BELOW_NORMAL)] : [];

function child(script: string, ...args: string[]): Record<string, unknown> {
  // The naive script holds everything; the others would not need it.
  const memory = script === "naive.ts" ? ["--max-old-space-size=14000"] : [];
  const [program, ...before] = [...(script === "ours.ts" ? [] : SAME_PRIORITY), process.execPath];
  const out = execFileSync(program, [...before, ...memory, path.join(here, script), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  return out.trim() === "" ? {} : (JSON.parse(out) as Record<string, unknown>);
}

const results: Record<string, unknown>[] = [];
const comparisons: Record<string, unknown>[] = [];
for (const episodes of counts) {
  const folder = values.folder || (await mkdtemp(path.join(os.tmpdir(), "bench-datasets-")));
  await mkdir(folder, { recursive: true });
  try {
    if (!existsSync(path.join(folder, "ledger.sqlite"))) child("fill.ts", folder, String(episodes));
    const run = (name: string, script: string, ...args: string[]) => {
      if (values.without.includes(name)) return;
      const result = { who: name, episodes, ...child(script, folder, ...args) };
      results.push(result);
      if (values.json) console.log(JSON.stringify(result));
    };
    // A first build counts every token; the second finds the counts that it kept.
    await rm(path.join(folder, "ours", "token-counts"), { recursive: true, force: true });
    run("ours", "ours.ts", String(episodes));
    if (values.again) run("ours again", "ours.ts", String(episodes));
    if (!values.without.includes("duckdb") && !existsSync(path.join(duckdb, "node_modules")))
      execFileSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], {
        cwd: duckdb,
        stdio: "ignore",
      });
    run("duckdb", "duckdb.ts");
    run("naive", "naive.ts");
    const of = (who: string) => results.find((one) => one.who === who && one.episodes === episodes);
    const theirs = of("duckdb");
    for (const who of ["ours", "ours again"]) {
      const ours = of(who);
      if (ours === undefined || theirs === undefined) continue;
      const compared = {
        who,
        episodes,
        ...beside(ours as unknown as Built, theirs as unknown as Taken),
      };
      comparisons.push(compared);
      if (values.json) console.log(JSON.stringify(compared));
    }
  } finally {
    if (!values.keep && values.folder === "") await rm(folder, { recursive: true, force: true });
  }
}
if (!values.json) {
  console.table(
    results.map(({ who, episodes, seconds, cpu_seconds, peak_rss_mb, loop }) => ({
      who,
      episodes,
      seconds,
      cpu_seconds,
      peak_rss_mb,
      wait_p99_ms: (loop as { p99_ms?: number } | undefined)?.p99_ms,
    })),
  );
  console.table(comparisons);
  for (const { who, episodes, phases, stage_seconds, leakage, content_hash } of results)
    if (who === "ours")
      console.log(JSON.stringify({ episodes, phases, stage_seconds, leakage, content_hash }, undefined, 2));
}
