import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { benchArguments } from "../arguments.ts";
import { feedsDone } from "./feeds-done.ts";
import { round } from "./watch.ts";

const { episodes } = benchArguments({
  script: "bench/datasets/health.ts",
  measures:
    "How long /health takes, asked every 20 ms of the whole app, before and while it builds a dataset.",
  takes: { episodes: { about: "how many to build from", standard: 100_000, isPlace: true } },
  examples: ["20000"],
});
const root = path.resolve(import.meta.dirname, "../..");
const folder = await mkdtemp(path.join(os.tmpdir(), "bench-health-"));
const port = 7000 + (process.pid % 900);
const base = `http://127.0.0.1:${port}/api/lightning`;

async function node(script: string, ...args: string[]): Promise<void> {
  const filling = spawn(process.execPath, [path.join(import.meta.dirname, script), ...args], {
    stdio: "inherit",
  });
  await new Promise((resolve) => filling.once("exit", resolve));
}
await node("fill.ts", folder, String(episodes));
await feedsDone(folder);
const app = spawn(process.execPath, [path.join(root, "src/start.ts"), "--port", String(port)], {
  cwd: folder,
  env: {
    ...process.env,
    LIGHTNING_HOME: folder,
    LIGHTNING_DATA_DIR: path.join(folder, "files"),
    LIGHTNING_MAX_EXAMPLES: "10000000",
  },
  stdio: "ignore",
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const answers = async () => {
  try {
    return (await fetch(`${base}/health`)).ok;
  } catch {
    return false;
  }
};
async function watch(until: () => boolean) {
  const took: number[] = [];
  while (!until()) {
    const start = performance.now();
    await (await fetch(`${base}/health`)).text();
    took.push(performance.now() - start);
    await pause(20);
  }
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { asked: took.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}
try {
  while (!(await answers())) await pause(200);
  const health = async () => (await (await fetch(`${base}/health`)).json()) as Record<string, unknown>;
  await pause(3000);
  let isOver = false;
  const idle = pause(5000).then(() => {
    isOver = true;
  });
  const before = await watch(() => isOver);
  await idle;
  isOver = false;
  const start = performance.now();
  const asked = await fetch(`${base}/datasets`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=0" },
    body: JSON.stringify({ agent_id: "bench", name: "health", min_reward: 0 }),
  });
  const { dataset_id: id } = (await asked.json()) as { dataset_id: string };
  let dataset: Record<string, unknown> = {};
  const finished = (async () => {
    while (dataset.status !== "ready" && dataset.status !== "failed") {
      await pause(500);
      dataset = (await (await fetch(`${base}/datasets/${id}?agent_id=bench`)).json()) as Record<
        string,
        unknown
      >;
    }
    isOver = true;
  })();
  const during = await watch(() => isOver);
  await finished;
  console.log(
    JSON.stringify({
      episodes,
      status: dataset.status,
      error: dataset.error,
      seconds: round((performance.now() - start) / 1000),
      health: (await health()).status,
      before,
      during,
    }),
  );
} finally {
  app.kill();
  await new Promise((resolve) => app.once("exit", resolve));
  await rm(folder, { recursive: true, force: true });
}
