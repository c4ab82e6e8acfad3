import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/kernel/clock.ts";
import { stderrLogger } from "../../src/kernel/logger.ts";
import { createDurableEngine } from "../../src/local-host/durable/engine.ts";
import { appInvoker, type OrchestratorCode } from "../../test/local-host/durable/app.ts";
import { benchArguments } from "../arguments.ts";

const { count, json } = benchArguments({
  script: "bench/local-host/durable.ts",
  measures:
    "The durable engine alone: orchestrations of five activities a second, wide fan-outs, latency, commits.",
  takes: {
    count: { about: "orchestrations", standard: 1000, isPlace: true },
    json: { about: "one line for machines", standard: false },
  },
  examples: ["", "300 --json"],
});

const five: OrchestratorCode = function* ({ df }) {
  let n = 0;
  for (let i = 0; i < 5; i++) n = yield df.callActivity("add", n);
  return n;
};
const fan: OrchestratorCode = function* ({ df }) {
  const tasks = Array.from({ length: df.getInput<number>() }, (_, n) => df.callActivity("add", n));
  return (yield df.Task.all(tasks)).length;
};
const invoker = appInvoker({ orchestrators: { five, fan }, activities: { add: (n: number) => n + 1 } });

const folder = mkdtempSync(join(tmpdir(), "durable-bench-"));
let commits = 0;
const engine = createDurableEngine(
  {
    storeFile: join(folder, "durable.db"),
    invoker,
    clock: systemClock,
    logger: stderrLogger("error"),
    taskHubName: "Bench",
  },
  { onCommit: () => commits++ },
);
await engine.start();

async function start(name: string, id: string, input: unknown, query = ""): Promise<string> {
  const request = {
    method: "POST",
    path: `orchestrators/${name}/${id}`,
    headers: {},
    body: JSON.stringify(input),
  };
  const answer = await engine.handle(
    { ...request, query: new URLSearchParams(query) },
    "http://localhost",
    "",
    "rpc",
  );
  if (answer.status > 202) throw new Error(`${answer.status} ${answer.body}`);
  return answer.body;
}

/** Runs the work to the end of all it started; seconds, processor time (steadier on a busy machine), commits, episodes. */
async function measure(work: () => Promise<unknown>) {
  commits = 0;
  invoker.episodes = 0;
  const begun = performance.now();
  const used = process.cpuUsage();
  await work();
  await engine.idle();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(used);
  return { seconds, cpuMs: (user + system) / 1000, commits, episodes: invoker.episodes };
}

const wait = "timeout=60&pollingInterval=1";
await measure(() => Promise.all(Array.from({ length: 50 }, (_, n) => start("five", `warm-${n}`, 0))));

const many = await measure(() =>
  Promise.all(Array.from({ length: count }, (_, n) => start("five", `five-${n}`, 0))),
);
const wide = await measure(() => start("fan", "fan", 1000, wait));
const latencies: number[] = [];
for (let n = 0; n < 200; n++) {
  const begun = performance.now();
  if ((await start("five", `one-${n}`, 0, wait)) !== "5") throw new Error("wrong result");
  latencies.push(performance.now() - begun);
}
latencies.sort((a, b) => a - b);
const percentile = (p: number) => latencies[Math.floor((latencies.length - 1) * p)] ?? 0;

await engine.stop();
rmSync(folder, { recursive: true, force: true });

const figures = {
  orchestrations: count,
  orchestrations_per_second: Math.round(count / many.seconds),
  activities_per_second: Math.round((5 * count) / many.seconds),
  cpu_ms_per_orchestration: Number((many.cpuMs / count).toFixed(2)),
  commits: many.commits,
  fan_out_1000_ms: Math.round(wide.seconds * 1000),
  fan_out_1000_episodes: wide.episodes,
  latency_p50_ms: Number(percentile(0.5).toFixed(2)),
  latency_p95_ms: Number(percentile(0.95).toFixed(2)),
};
if (json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(28)}${value}\n`);
