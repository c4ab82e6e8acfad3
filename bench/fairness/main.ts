import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { episode, golden } from "../../test/scenarios/storm-desk.ts";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";

const { pipelines, rounds, atWork, json } = benchArguments({
  script: "bench/fairness/main.ts",
  measures: `How long an agent's dataset build, training, question for its model and recording take alone, and while another agent has
hundreds of pipelines under way, in one run. The app runs in a process of its own, with the local provider.`,
  takes: {
    pipelines: { about: "pipelines of the other agent, each with a training of its own", standard: 300 },
    rounds: { about: "agents that are measured alone, and as many beside the other", standard: 5 },
    atWork: { about: "LIGHTNING_AT_WORK_PER_AGENT; empty: the default", standard: "" },
    json: { about: "one line for machines", standard: false },
  },
  examples: ["", "--atWork 0", "--pipelines 50 --rounds 3"],
});

const home = mkdtempSync(path.join(os.tmpdir(), "lightning-fairness-"));
const root = path.join(import.meta.dirname, "../..");
let child: ChildProcess | undefined;
process.on("exit", () => {
  child?.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

async function start(): Promise<string> {
  child = spawn(process.execPath, [...NODE_OPTIONS, "src/start.ts", "--port", "0"], {
    cwd: root,
    env: {
      ...process.env,
      LIGHTNING_HOME: home,
      LIGHTNING_DATA_DIR: path.join(home, "files"),
      LIGHTNING_LOG_LEVEL: "error",
      ...(atWork === "" ? {} : { LIGHTNING_AT_WORK_PER_AGENT: atWork }),
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (;;) {
    const port = /Listening on http:\/\/localhost:(\d+)/.exec(said)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}/api/lightning`;
    if (child.exitCode !== null) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const api = await start();

type Body = Record<string, unknown>;
async function call(method: "GET" | "POST", address: string, body?: unknown, wait = 100) {
  const response = await fetch(`${api}${address}`, {
    method,
    headers: { "content-type": "application/json", prefer: `wait=${wait}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Body;
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${JSON.stringify(answer)}`);
  return { status: response.status, body: answer };
}

async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const begun = performance.now();
  const result = await work();
  return [performance.now() - begun, result];
}

const EPISODES = 200;
/** An agent whose episodes are recorded and judged. */
async function record(agent_id: string): Promise<void> {
  const episodes = Array.from({ length: EPISODES }, (_, n) => episode(agent_id, n));
  await call("POST", "/episodes", episodes);
  for (const { id } of episodes)
    await call("POST", "/rewards", { agent_id, episode_id: id, source: "eval_score", value: 1 });
}

const MEASURED = ["build", "training", "answer", "recording"] as const;
type Figures = Record<(typeof MEASURED)[number], number>;

/** What an agent waits for, in ms. */
async function measure(agent_id: string): Promise<Figures> {
  const [build, dataset] = await timed(() => call("POST", "/datasets", { agent_id, name: "measured" }));
  if (dataset.body.status !== "ready") throw new Error(`no dataset: ${JSON.stringify(dataset.body)}`);
  const { dataset_id } = dataset.body;
  const [training, run] = await timed(() => call("POST", "/training", { agent_id, dataset_id }));
  if (run.body.status !== "succeeded") throw new Error(`no model: ${JSON.stringify(run.body)}`);
  const answers: number[] = [];
  const recordings: number[] = [];
  for (let n = 0; n < 20; n++) {
    answers.push((await timed(() => call("GET", `/model?agent_id=${agent_id}`)))[0]);
    const one = episode(agent_id, 10_000 + n);
    recordings.push((await timed(() => call("POST", "/episodes", one)))[0]);
  }
  return { build, training, answer: median(answers), recording: median(recordings) };
}

const agents = Array.from({ length: rounds * 2 }, (_, n) => `quiet-${n}`);
for (const agent of agents) await record(agent);
// The first build of a process loads what all later ones share.
await record("warm");
await measure("warm");

const lessons = { agent_id: "busy", name: "lessons", content: golden(0, 60), test_split: 0 };
const heldOut = { agent_id: "busy", name: "held out", content: golden(1000, 60), test_split: 1 };
const dataset_id = (await call("POST", "/datasets/golden", lessons)).body.dataset_id;
const held_out = (await call("POST", "/datasets/golden", heldOut)).body.dataset_id;

const alone: Figures[] = [];
for (const agent of agents.slice(0, rounds)) alone.push(await measure(agent));

const statuses: number[] = [];
const queue = Array.from({ length: pipelines }, (_, seed) => seed + 1);
const [asking] = await timed(() =>
  Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift())
        statuses.push(
          (
            await call(
              "POST",
              "/pipelines",
              {
                agent_id: "busy",
                dataset_id,
                training: { seed },
                evaluation: { dataset_id: held_out, split: "test" },
                promote: false,
              },
              0,
            )
          ).status,
        );
    }),
  ),
);
const open = async () =>
  ((await call("GET", "/pipelines?agent_id=busy&limit=1000")).body.pipelines as Body[]).filter(
    ({ status }) => status !== "finished" && status !== "failed",
  ).length;
const openBefore = await open();
const beside: Figures[] = [];
for (const agent of agents.slice(rounds)) beside.push(await measure(agent));
const openAfter = await open();

const middle = (figures: readonly Figures[], what: (typeof MEASURED)[number]) =>
  median(figures.map((one) => one[what]));
const worst = (figures: readonly Figures[], what: (typeof MEASURED)[number]) =>
  Math.max(...figures.map((one) => one[what]));
const result = {
  pipelines,
  accepted: statuses.filter((status) => status === 202).length,
  asked_in_ms: Math.round(asking),
  open_before: openBefore,
  open_after: openAfter,
  ...Object.fromEntries(
    MEASURED.map((what) => [
      what,
      {
        alone_ms: Math.round(middle(alone, what)),
        beside_ms: Math.round(middle(beside, what)),
        worst_beside_ms: Math.round(worst(beside, what)),
        times: Math.round((middle(beside, what) / middle(alone, what)) * 100) / 100,
      },
    ]),
  ),
};
if (json) console.log(JSON.stringify(result));
else {
  console.log(
    `${result.accepted} of ${pipelines} pipelines of one agent were taken (202) in ${result.asked_in_ms} ms; ` +
      `${openBefore} were open when the measuring began, ${openAfter} when it ended.`,
  );
  for (const what of MEASURED) {
    const { alone_ms, beside_ms, worst_beside_ms, times } = (result as Record<string, unknown>)[
      what
    ] as Record<string, number>;
    console.log(
      `${what.padEnd(14)}alone ${alone_ms} ms, beside them ${beside_ms} ms (worst ${worst_beside_ms}): ${times} times`,
    );
  }
}
process.exit(0);
