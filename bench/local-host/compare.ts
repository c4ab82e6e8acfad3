import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";
import { type Machine, measureMachine } from "./machine.ts";

const ENGINES = ["local-host", "restate", "dbos", "durabletask"] as const;
const values = benchArguments({
  script: "bench/local-host/compare.ts",
  measures:
    "Runs the same work on this host and on other engines in turn, and prints the medians of the rounds side by side.",
  takes: {
    rounds: { about: "rounds, each engine once in each", standard: 3 },
    count: { about: "orchestrations of five activities", standard: 1000 },
    wides: { about: "widths of fan-outs", standard: [1000, 5000] },
    finished: { about: "instances that the local host has finished before its memory is read", standard: 0 },
    only: { about: "engines", standard: ENGINES, oneOf: ENGINES },
  },
  examples: ["", "--only local-host --finished 100000"],
});
const folder = path.join(import.meta.dirname, "engines");
const engines = values.only;
if (engines.some((name) => name !== "local-host") && !existsSync(path.join(folder, "node_modules"))) {
  console.log("installing the other engines into bench/local-host/engines");
  spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"], {
    cwd: folder,
    stdio: "inherit",
  });
}

type Figures = Record<string, number>;

function run(engine: string, finished: number): Promise<Figures> {
  const plan = {
    count: values.count,
    // The in-memory backend needs more than 4 GB for 5,000.
    wides: values.wides.filter((width) => engine !== "durabletask" || width <= 1000),
    singles: 200,
    finished: engine === "local-host" ? finished : 0,
  };
  const script = path.join(folder, engine === "local-host" ? "local-host.ts" : `${engine}.mjs`);
  // As `npm start` begins; the others too, as far as they are Node.
  const child = spawn(process.execPath, ["--expose-gc", ...NODE_OPTIONS, script, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: folder,
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => {
      const line = /^FIGURES (.*)$/m.exec(text)?.[1];
      if (line === undefined) reject(new Error(`${engine} ended with ${code}: ${text.slice(-2000)}`));
      else resolve(JSON.parse(line) as Figures);
    });
  });
}

const seen = new Map<string, Figures[]>(engines.map((name) => [name, []]));
const machine: Machine[] = [];
const load = () => os.loadavg()[0]?.toFixed(1);
for (let round = 1; round <= values.rounds; round++) {
  const bounds = measureMachine();
  machine.push(bounds);
  console.log(
    `round ${round}, the machine: a synced page ${bounds.sync_ms.toFixed(2)} ms, Node ${bounds.node_start_ms.toFixed(0)} ms`,
  );
  for (const engine of engines) {
    const before = load();
    try {
      const figures = await run(engine, round === 1 ? values.finished : 0);
      // By round: one that failed leaves its place empty.
      (seen.get(engine) ?? [])[round - 1] = figures;
      console.log(`round ${round}, ${engine}, load ${before}: ${JSON.stringify(figures)}`);
    } catch (thrown) {
      console.log(`round ${round}, ${engine}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
}

const names = [...new Set([...seen.values()].flat().flatMap((figures) => Object.keys(figures)))];
console.log(`\nmedians of ${values.rounds} rounds, ${os.cpus().length} processors, load ${load()}`);
console.log(["".padEnd(18), ...engines.map((engine) => engine.padStart(12))].join(""));
for (const name of names) {
  const row = engines.map((engine) => {
    const numbers = (seen.get(engine) ?? []).flatMap((figures) => figures[name] ?? []);
    return (numbers.length === 0 ? "" : String(Number(median(numbers).toFixed(2)))).padStart(12);
  });
  console.log(name.padEnd(18) + row.join(""));
}

// One orchestration of five activities waits for six syncs, one after the other; a process cannot serve before Node runs.
const sync = median(machine.map(({ sync_ms }) => sync_ms));
const nodeStart = median(machine.map(({ node_start_ms }) => node_start_ms));
console.log(
  `\nthe machine itself: a synced page ${sync.toFixed(2)} ms, six of them ${(6 * sync).toFixed(2)} ms`,
);
console.log(`                    Node that does nothing ${nodeStart.toFixed(0)} ms`);

// Round by round: a minute that slows one down slows the other, too.
const ours = seen.get("local-host") ?? [];
const ratio = (name: string, of: (n: number) => number | undefined) => {
  const all = ours.flatMap((figures, n) => {
    const other = of(n);
    const own = figures[name];
    return own === undefined || other === undefined ? [] : [own / other];
  });
  const [least, most] = [Math.min(...all), Math.max(...all)].map((one) => one.toFixed(2));
  return all.length === 0 ? undefined : `${median(all).toFixed(2)} (${least} to ${most})`;
};
const told = [
  [
    "the first orchestrations, ours : restate",
    ratio("first_per_second", (n) => seen.get("restate")?.[n]?.first_per_second),
  ],
  ["the second, ours : restate", ratio("per_second", (n) => seen.get("restate")?.[n]?.per_second)],
  ["latency p50, ours : six syncs", ratio("latency_p50_ms", (n) => 6 * (machine[n]?.sync_ms ?? Number.NaN))],
] as const;
for (const [name, value] of told) if (value !== undefined) console.log(`${name} = ${value}`);
