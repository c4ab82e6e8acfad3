import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { isBuildFile } from "../../src/datasets/shards/file-keys.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { ContainerKey } from "../../src/ledger/containers.ts";
import { each, type Ledger, type LedgerDocument } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { openStore } from "../../src/local-provider/store.ts";
import type { Pipeline } from "../../src/pipelines/contract.ts";
import type { KilledApp } from "./killed-app.ts";
import type { RestDoor } from "./rest-door.ts";
import { episode, golden } from "./storm-desk.ts";

/** What the crash promise is made of, for the test and for `bench/kill`. */

export const EPISODES_AN_AGENT = 50;
/** A gate needs 50 pairs. */
const HELD_OUT = 60;

/** Numbers in [0, 1) that follow from the seed (mulberry32), so that a failure can be had again. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the app has acknowledged, and therefore must not lose. */
export class Acknowledged {
  readonly episodes = new Map<string, string>();
  /** Episode → rewards that were acknowledged for it. */
  readonly rewards = new Map<string, string[]>();
  readonly pipelines = new Map<string, string>();
}

/** An agent's episodes with a reward each, and its held-out conversations. Repeats what a kill cut off. */
export async function teach(app: RestDoor, agentId: string, seen: Acknowledged): Promise<string> {
  const numbers = Array.from({ length: EPISODES_AN_AGENT }, (_, n) => n);
  const lines = numbers.map((n) => JSON.stringify(episode(agentId, n))).join("\n");
  await app.insist("POST", "/api/lightning/episodes", lines, { "content-type": "application/x-ndjson" });
  for (const n of numbers) seen.episodes.set(`ep-${agentId}-${n}`, agentId);
  const waiting = [...numbers];
  const judge = async () => {
    for (let n = waiting.shift(); n !== undefined; n = waiting.shift())
      await reward(app, agentId, `ep-${agentId}-${n}`, seen);
  };
  await Promise.all(Array.from({ length: 8 }, judge));
  const set = await app.insist("POST", "/api/lightning/datasets/golden", {
    agent_id: agentId,
    name: "held out",
    content: golden(1000, HELD_OUT),
    test_split: 1,
  });
  return set.dataset_id as string;
}

async function reward(app: RestDoor, agentId: string, episodeId: string, seen: Acknowledged): Promise<void> {
  const reply = await app.insist("POST", "/api/lightning/rewards", {
    agent_id: agentId,
    episode_id: episodeId,
    source: "test_result",
    value: 1,
    evaluator: "checks",
  });
  seen.rewards.set(episodeId, [...(seen.rewards.get(episodeId) ?? []), reply.reward_id as string]);
}

/** Starts the agent's pipeline, once, however often the request has to be sent. */
export async function startPipeline(
  app: RestDoor,
  agentId: string,
  testSet: string,
  seen: Acknowledged,
): Promise<string> {
  const reply = await app.insist(
    "POST",
    "/api/lightning/pipelines",
    {
      agent_id: agentId,
      name: "under fire",
      dataset: { min_reward: 0.5 },
      evaluation: { dataset_id: testSet, split: "test" },
    },
    { prefer: "wait=0", "idempotency-key": `once-${agentId}` },
  );
  seen.pipelines.set(reply.pipeline_id as string, agentId);
  return reply.pipeline_id as string;
}

export async function pipelineEnd(
  app: RestDoor,
  agentId: string,
  id: string,
  withinMs = 30_000,
): Promise<Pipeline> {
  const until = performance.now() + withinMs;
  for (;;) {
    const pipeline: Pipeline = await app.insist("GET", `/api/lightning/pipelines/${id}?agent_id=${agentId}`);
    if (pipeline.status === "finished" || pipeline.status === "failed") return pipeline;
    if (performance.now() > until)
      throw new Error(`Pipeline ${id} of ${agentId} is still ${pipeline.status} at ${pipeline.stage}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Records and rewards episodes of an agent of its own until told to stop, through every kill. */
export function writeOn(app: RestDoor, agentId: string, seen: Acknowledged): () => Promise<number> {
  const stop = new AbortController();
  let n = 0;
  const done = (async () => {
    for (; !stop.signal.aborted; n++) {
      await app.insist("POST", "/api/lightning/episodes", episode(agentId, n));
      seen.episodes.set(`ep-${agentId}-${n}`, agentId);
      await reward(app, agentId, `ep-${agentId}-${n}`, seen);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  })();
  // Looked at when it is stopped; until then a rejection is nobody's.
  done.catch(() => undefined);
  return async () => {
    stop.abort();
    await done;
    return n;
  };
}

async function all<T extends LedgerDocument>(ledger: Ledger, container: ContainerKey, type?: string) {
  const found: T[] = [];
  const where = type === undefined ? [] : [{ field: "type", op: "eq" as const, value: type }];
  for await (const one of each<T>(ledger, container, { where })) found.push(one);
  return found;
}

/** Where the pipeline stood when the process was killed, from the ledger that the process left behind. */
export async function standing(home: string, agentId: string, id: string): Promise<string> {
  const ledger = openLedger(home);
  try {
    const found = await ledger.read<Pipeline>("pipelines", [agentId], id);
    if (found === undefined) return "not recorded";
    return found.claimed_by === undefined ? "recorded" : found.stage;
  } finally {
    await ledger.close();
  }
}

const openLedger = (home: string) =>
  openSqliteLedger({ file: path.join(home, "ledger.sqlite"), clock: systemClock });

/** Everything in a stopped home that breaks the crash promise; none when it was kept. */
export async function faultsOf(home: string, seen: Acknowledged, durable: Instance[]): Promise<string[]> {
  const ledger = openLedger(home);
  const provider = openStore(path.join(home, "provider", "provider.sqlite"));
  const faults: string[] = [];
  try {
    type Record = LedgerDocument & {
      agent_id: string;
      status?: string;
      state?: string;
      [field: string]: unknown;
    };
    const pipelines = await all<Record>(ledger, "pipelines", "pipeline");
    const datasets = await all<Record>(ledger, "datasets", "dataset");
    const runs = await all<Record>(ledger, "runs", "run");
    const evaluations = await all<Record>(ledger, "evaluations");
    const deployments = await all<Record>(ledger, "deployments", "deployment");
    const pointers = await all<Record>(ledger, "deployments", "pointer");
    const events = await all<Record>(ledger, "deployments", "event");

    const expectAll = (kind: string, records: Record[], field: "status" | "state", value: string) => {
      for (const one of records)
        if (one[field] !== value)
          faults.push(`${kind} ${one.id} is ${one[field]}: ${JSON.stringify(one.error ?? "")}`);
    };
    expectAll("pipeline", pipelines, "status", "finished");
    expectAll("dataset", datasets, "status", "ready");
    expectAll("run", runs, "status", "succeeded");
    expectAll("evaluation", evaluations, "status", "finished");
    expectAll("deployment", deployments, "state", "active");
    for (const one of durable)
      if (one.runtimeStatus !== "Completed")
        faults.push(`orchestration ${one.instanceId} is ${one.runtimeStatus}`);

    const agents = new Set(seen.pipelines.values());
    for (const [id, agent] of seen.pipelines) {
      const mine = pipelines.filter((one) => one.agent_id === agent);
      if (mine.length !== 1 || mine[0]?.id !== id)
        faults.push(
          `${agent} has the pipelines ${mine.map((one) => one.id).join(", ")}, acknowledged was ${id}`,
        );
      if (mine[0]?.outcome !== "promoted")
        faults.push(`pipeline ${id} ended ${JSON.stringify(mine[0]?.outcome)}`);
    }
    for (const agent of agents) {
      for (const [kind, records] of Object.entries({ runs, evaluations, deployments, pointers, events })) {
        const count = records.filter((one) => one.agent_id === agent).length;
        if (count !== 1) faults.push(`${agent} has ${count} ${kind}`);
      }
      const pointer = pointers.find((one) => one.agent_id === agent);
      const run = runs.find((one) => one.agent_id === agent);
      if (pointer?.deployment_name !== run?.tuned_model_name)
        faults.push(
          `${agent} serves ${JSON.stringify(pointer?.deployment_name)}, trained was ${JSON.stringify(run?.tuned_model_name)}`,
        );
    }

    const jobs = provider.listJobs();
    for (const run of runs) {
      const mine = jobs.filter((job) => job.metadata.run_id === run.id);
      if (mine.length !== 1) faults.push(`run ${run.id} has ${mine.length} jobs at the provider`);
      if (mine[0]?.status !== "succeeded") faults.push(`the job of run ${run.id} is ${mine[0]?.status}`);
    }
    if (jobs.length !== runs.length)
      faults.push(`${jobs.length} jobs at the provider for ${runs.length} runs`);
    const models = new Set(provider.listModels().map((model) => model.name));
    for (const job of jobs)
      if (!models.has(job.fine_tuned_model ?? "")) faults.push(`job ${job.id} has no model`);
    const kept = new Set(jobs.flatMap((job) => job.result_files));
    for (const file of provider.listFiles())
      if (!kept.has(file.id)) faults.push(`file ${file.filename} (${file.status}) was left at the provider`);
    const rows = new Set(provider.listFiles().map((file) => file.id));
    for (const name of filesUnder(path.join(home, "provider", "files")))
      if (!rows.has(name)) faults.push(`the provider's folder holds ${name}, which it does not know`);

    // What is kept of tokens and of models' answers is the agents'.
    const owners = new Set([
      "token-counts",
      "kept-answers",
      ...[...datasets, ...evaluations].map((one) => one.id),
    ]);
    for (const name of filesUnder(path.join(home, "files"))) {
      const owner = name.split("/")[0] as string;
      if (!owners.has(owner) || isBuildFile(owner, name) || name.endsWith(".partial"))
        faults.push(`file ${name} is nobody's`);
    }

    for (const [id, agent] of seen.episodes) {
      const found = await ledger.read<Record>("episodes", [agent, id], id);
      if (found === undefined) faults.push(`episode ${id} was acknowledged and is lost`);
      else if (seen.rewards.has(id) && found.reward_avg !== 1)
        faults.push(`episode ${id} has the average ${JSON.stringify(found.reward_avg)}`);
    }
    for (const [episodeId, ids] of seen.rewards)
      for (const id of ids)
        if ((await ledger.read("rewards", [seen.episodes.get(episodeId) ?? "", episodeId], id)) === undefined)
          faults.push(`reward ${id} was acknowledged and is lost`);
    const poison = await all(ledger, "deadLetters");
    if (poison.length > 0) faults.push(`${poison.length} documents became dead letters`);
  } finally {
    provider.close();
    await ledger.close();
  }
  return faults;
}

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"),
        )
    : [];

export interface Instance {
  readonly instanceId: string;
  readonly runtimeStatus: string;
}

/** Lets the feeds and orchestrations come to rest, ends the app in good order and looks for faults. */
export async function settleAndJudge(app: KilledApp, seen: Acknowledged): Promise<string[]> {
  const until = performance.now() + 20_000;
  let durable: Instance[] = [];
  for (;;) {
    durable = await app.insist("GET", "/runtime/webhooks/durabletask/instances?top=1000");
    const open = durable.filter((one) => ["Pending", "Running"].includes(one.runtimeStatus));
    if ((open.length === 0 && (await summedUp(app.home, seen))) || performance.now() > until) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await app.end("SIGTERM");
  return faultsOf(app.home, seen, durable);
}

async function summedUp(home: string, seen: Acknowledged): Promise<boolean> {
  const ledger = openLedger(home);
  try {
    for (const [id] of seen.rewards) {
      const found = await ledger.read<LedgerDocument & { reward_avg?: number }>(
        "episodes",
        [seen.episodes.get(id) ?? "", id],
        id,
      );
      if (found?.reward_avg === undefined) return false;
    }
    return true;
  } finally {
    await ledger.close();
  }
}
