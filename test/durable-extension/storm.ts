import { setTimeout as sleep } from "node:timers/promises";
import type { Sweep } from "../../src/doors/sweep.ts";
import {
  Acknowledged,
  faultsOf,
  pipelineEnd,
  randomOf,
  startPipeline,
  teach,
} from "../scenarios/kill-run.ts";
import { Product } from "./product.ts";
import type { Member } from "./rig.ts";

export interface StormOptions {
  readonly seed: number;
  readonly hosts: number;
  readonly pipelines: number;
  readonly kills: number;
  /** What is killed each time, drawn by the seed. `both`: worker and host at once, as when a machine goes. */
  readonly strikes: readonly ("worker" | "host" | "both")[];
  readonly tell: (line: string) => void;
}

export interface Storm {
  readonly seed: number;
  readonly seconds: number;
  /** How often a worker, a host, and both at once got SIGKILL. */
  readonly killed: Readonly<Record<string, number>>;
  /** Outcomes of the pipelines, counted. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly jobs: number;
  /** Orchestrations that the engine ended Failed, as they stand at the end. */
  readonly failedInstances: readonly string[];
  /** Records that the sweep took up again, with the reason, counted. */
  readonly takenUp: Readonly<Record<string, number>>;
  /** Whatever breaks the promise: one job and one active model each, every record ended and true, nothing left over. */
  readonly faults: readonly string[];
}

/** The least that the extension takes: what a dead host had in hand stands still for so long. */
const VISIBILITY = "00:01:00";
const SWEEP_MS = 15_000;
const LONGEST_MS = 600_000;
const PACE = { fileMs: 500, validatingMs: 1000, queuedMs: 1000, epochMs: 1500 };
const DURABLE = {
  "storageProvider:maxQueuePollingInterval": "00:00:01",
  "storageProvider:controlQueueVisibilityTimeout": VISIBILITY,
  "storageProvider:workItemQueueVisibilityTimeout": VISIBILITY,
};

/** Pipelines under way while workers and hosts get SIGKILL at random moments; the sweep looks after the records. */
export async function storm(options: StormOptions): Promise<Storm> {
  const { seed, hosts, pipelines, kills, strikes, tell } = options;
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const product = await Product.open({ hosts, pace: PACE, durable: DURABLE });
  const { members } = product.rig;
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  try {
    const seen = new Acknowledged();
    const agents = Array.from({ length: pipelines }, (_, n) => `agent-${n}`);
    const testSets = new Map<string, string>();
    for (const agent of agents) testSets.set(agent, await teach(product, agent, seen));
    tell(`${seconds()} s  ${pipelines} agents taught, ${hosts} host${hosts === 1 ? "" : "s"}`);

    const takenUp: Record<string, number> = {};
    const sweeping = new AbortController();
    const swept = (async () => {
      while (!sweeping.signal.aborted) {
        // One that a kill cuts off is made up for by the next.
        const sweep: Sweep | undefined = await product
          .call("POST", "/api/lightning/records/take-up", {})
          .catch(() => undefined);
        for (const { type, because } of sweep?.taken_up ?? []) {
          tell(`${seconds()} s  the sweep takes a ${type} up: ${because.slice(0, 120)}`);
          count(takenUp, `${type}, ${because.slice(0, 60)}`);
        }
        await sleep(SWEEP_MS, undefined, { signal: sweeping.signal }).catch(() => undefined);
      }
    })();

    const killed: Record<string, number> = {};
    const restarts = new Map<Member, Promise<void>>();
    const waiting = [...agents];
    for (let kill = 0; kill < kills; kill++) {
      // Begun one after another, so that the kills meet them in every stage.
      for (const agent of waiting.splice(0, Math.ceil(pipelines / kills)))
        await startPipeline(product, agent, testSets.get(agent) ?? "", seen);
      await sleep(500 + random() * 6000);
      const victim = pick(members);
      const what = pick(strikes);
      await restarts.get(victim);
      if (what !== "worker") await victim.host?.end("SIGKILL");
      if (what !== "host") await victim.worker.end("SIGKILL");
      count(killed, what);
      tell(`${seconds()} s  SIGKILL for ${what} ${members.indexOf(victim)}`);
      restarts.set(victim, victim.start());
    }
    await Promise.all(restarts.values());

    const outcomes: Record<string, number> = {};
    const until = performance.now() + LONGEST_MS;
    for (const [id, agent] of seen.pipelines) {
      const left = Math.max(0, until - performance.now());
      const end = await pipelineEnd(product, agent, id, left).then(
        ({ outcome }) => outcome ?? "none",
        (thrown: Error) => thrown.message,
      );
      count(outcomes, end);
      tell(`${seconds()} s  ${agent}: ${end}`);
    }
    const instances = (status: string): Promise<{ instanceId: string }[]> =>
      product.insist("GET", `/runtime/webhooks/durabletask/instances?runtimeStatus=${status}&top=1000`);
    // What a pipeline did not wait for, the end of a run that was taken up say, has its time as well.
    while ((await instances("Running,Pending")).length > 0 && performance.now() < until) await sleep(1000);
    sweeping.abort();
    await swept;
    const failed = await instances("Failed");
    const jobs = agents.flatMap((agent) => product.jobs(agent)).length;
    const took = seconds();
    await product.stop();
    const faults = await faultsOf(product.home, seen, []);
    const failedInstances = failed.map(({ instanceId }) => instanceId);
    return { seed, seconds: took, killed, outcomes, jobs, failedInstances, takenUp, faults };
  } finally {
    await product.close();
  }
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}
