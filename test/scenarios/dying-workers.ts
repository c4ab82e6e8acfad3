import path from "node:path";
import { isEndedDataset } from "../../src/datasets/status.ts";
import { isEndedDeployment } from "../../src/deployments/status.ts";
import { isEndedEvaluation } from "../../src/evaluation/status.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import type { ContainerKey } from "../../src/ledger/containers.ts";
import { each, type LedgerDocument } from "../../src/ledger/ledger.ts";
import { openStore } from "../../src/local-provider/store.ts";
import { isEndedPipeline } from "../../src/pipelines/status.ts";
import { isEndedRescan } from "../../src/rescans/status.ts";
import { isEndedRun } from "../../src/training/status.ts";
import { episode, golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

/** The loop with all its orchestrations, while worker processes die under them: for the tests and for long sweeps. */

const HOUR_MS = 3_600_000;
/** What nobody has begun is given up after a day; more for what is asked for later, and for the work itself. */
const LONGEST_HOURS = 40;

/** Episodes that are re-scanned: three pages. */
const GUARDED = 45;

/** What is in the ledger after a trial. */
interface Left extends LedgerDocument {
  readonly agent_id: string;
  readonly status?: string;
  readonly state?: string;
  readonly [field: string]: unknown;
}
const STANDING = {
  pipeline: ["pipelines", "pipeline", (one: Left) => isEndedPipeline(one as never)],
  dataset: ["datasets", "dataset", (one: Left) => isEndedDataset(one as never)],
  run: ["runs", "run", (one: Left) => isEndedRun(one as never)],
  evaluation: ["evaluations", "evaluation", (one: Left) => isEndedEvaluation(one as never)],
  rescan: ["pipelines", "rescan", (one: Left) => isEndedRescan(one as never)],
  deployment: ["deployments", "deployment", (one: Left) => isEndedDeployment(one as never)],
} as const satisfies Record<string, readonly [ContainerKey, string, (one: Left) => boolean]>;

/** A reason without the ids and numbers in it, so that reasons can be counted. */
const kindOf = (reason: string) => reason.replace(/\b[\w-]*\d[\w-]*\b/g, "…");

export interface Trial {
  /** What is not as it has to be; empty when the promise was kept. */
  readonly problems: readonly string[];
  /** The approved pipeline's end, and that of the one that retraining started. */
  readonly outcomes: readonly (string | undefined)[];
  /** Why the approved pipeline failed, without what names one thing only. */
  readonly reason: string | undefined;
  /** The functions in whose calls a worker process died. */
  readonly deaths: readonly string[];
  /** Orchestrators of which the engine failed an instance by that. */
  readonly failed: readonly string[];
  /** Calls of each function. */
  readonly calls: ReadonlyMap<string, number>;
  /** Of virtual time, until all had ended. */
  readonly hours: number;
}

/** A home in which one trial after the other is held, each with agents of its own. */
export class DyingWorkers {
  readonly #world: World;
  #faults: string | undefined;
  #trials = 0;
  #calls = new Map<string, number>();
  readonly #deaths: string[] = [];
  readonly #failed: string[] = [];

  static async open(): Promise<DyingWorkers> {
    let home: DyingWorkers | undefined;
    const of = <T>(ask: (home: DyingWorkers) => T) => (home === undefined ? undefined : ask(home));
    const world = await openWorld(
      {
        USE_TUNED_MODEL: "true",
        LIGHTNING_AGENT_ID: "desk",
        LIGHTNING_RETRAIN_CRON: "0 0 3 1 1 *",
        LIGHTNING_RETRAIN_MIN_EPISODES: "30",
      },
      {
        faults: () => of((one) => one.#faults),
        logger: createLogger((line) => of((one) => one.#hear(line)), "warn"),
        onCall: ({ function: name }) => of((one) => one.#count(name)),
      },
    );
    home = new DyingWorkers(world);
    return home;
  }

  private constructor(world: World) {
    this.#world = world;
  }

  #count(name: string): void {
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
  }

  #hear(line: string): void {
    const told = (words: string, field: string) =>
      line.includes(words) ? new RegExp(`${field}["=: ]+([\\w-]+)`).exec(line)?.[1] : undefined;
    const died = told("ends the worker process", "function");
    if (died !== undefined) this.#deaths.push(died);
    const failed = told("an orchestration failed", "orchestrator");
    if (failed !== undefined) this.#failed.push(failed);
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  /**
   * A re-scan of one agent's episodes; then a pipeline with approval on data that lies ready, a dataset from episodes and
   * a round of retraining, all at once.
   * @param faults in the words of LIGHTNING_HOST_FAULTS; they end when all has ended
   */
  async trial(faults: string | undefined): Promise<Trial> {
    const world = this.#world;
    const name = `t${++this.#trials}`;
    const [loop, learner, guarded] = [`${name}-loop`, `${name}-learner`, `${name}-guarded`];
    const lessons = await this.#lessons(loop, 0, 40, 0);
    const heldOut = await this.#lessons(loop, 1000, 60, 1);
    await this.#teach(learner, 60);
    await this.#teach(guarded, GUARDED);
    await world.call("POST", "/redaction/rules", {
      agent_id: guarded,
      rules: [{ name: "Done", pattern: "It is done" }],
    });
    this.#faults = faults;
    await world.restart();
    this.#calls = new Map();
    this.#deaths.length = 0;
    this.#failed.length = 0;
    // First and by itself: a death in one orchestrator takes the others with it that are in that worker's hands.
    await world.call("POST", "/redaction/rescans", { agent_id: guarded }, { prefer: "wait=0" });
    await this.#pass(60_000);
    const { pipeline_id } = (
      await world.call(
        "POST",
        "/pipelines",
        {
          agent_id: loop,
          dataset_id: lessons,
          evaluation: { dataset_id: heldOut, split: "test" },
          approval: { required: true },
        },
        { prefer: "wait=0", "idempotency-key": name },
      )
    ).body as { pipeline_id: string };
    await world.call("POST", "/datasets", { agent_id: learner, name }, { prefer: "wait=0" });

    let hours = 0;
    for (; hours < LONGEST_HOURS; hours++) {
      // As its timer does every night: a round that was lost comes again.
      if ((await this.#records("pipeline", learner)).length === 0) world.host.trigger("retrainOnSchedule");
      for (let quarter = 0; quarter < 4; quarter++) {
        await this.#pass(HOUR_MS / 4);
        await this.#approve(loop, pipeline_id);
      }
      const open = await this.#open(loop, learner, guarded);
      if (open.length === 0 && (await this.#records("pipeline", learner)).length > 0) break;
    }
    this.#faults = undefined;
    const [deaths, failed] = [[...this.#deaths], [...this.#failed]];
    await world.restart();
    // Nobody asks for anything: the hourly sweep finds how the jobs of runs that were given up have ended, and who waits
    // for a record that somebody else ended looks again within minutes.
    await this.#pass(2 * HOUR_MS);
    const problems = await this.#problems(loop, learner, guarded);
    const [approved] = await this.#records("pipeline", loop);
    const [retrained] = await this.#records("pipeline", learner);
    const outcomes = [approved?.outcome, retrained?.outcome] as (string | undefined)[];
    const reason = approved?.error === undefined ? undefined : kindOf(JSON.stringify(approved.error));
    return { problems, outcomes, reason, deaths, failed, calls: this.#calls, hours: hours + 1 };
  }

  async #lessons(agent_id: string, from: number, count: number, test_split: number): Promise<string> {
    const content = golden(from, count);
    const { body } = await this.#world.call("POST", "/datasets/golden", {
      agent_id,
      name: `from ${from}`,
      content,
      test_split,
    });
    return body.dataset_id as string;
  }

  async #teach(agent_id: string, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, n) => n);
    const lines = numbers.map((n) => JSON.stringify(episode(agent_id, n))).join("\n");
    await this.#world.call("POST", "/episodes", lines, { "content-type": "application/x-ndjson" });
    for (const n of numbers)
      await this.#world.call("POST", "/rewards", {
        agent_id,
        episode_id: `ep-${agent_id}-${n}`,
        source: "test_result",
        value: 1,
        evaluator: "checks",
      });
  }

  async #pass(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#world.clock.after(ms, resolve);
    await this.#world.host.until(promise, { withinMs: 240_000 });
  }

  async #approve(agentId: string, id: string): Promise<void> {
    const { status } = await this.#world.app.services.pipelines.get(agentId, id);
    if (status !== "waiting_for_approval") return;
    await this.#world.call("POST", `/pipelines/${id}/approval`, {
      agent_id: agentId,
      approved: true,
      decided_by: "the board",
    });
  }

  async #records(kind: keyof typeof STANDING, agentId: string): Promise<Left[]> {
    const [container, type] = STANDING[kind];
    const found: Left[] = [];
    const where = [{ field: "type", op: "eq" as const, value: type }];
    for await (const one of each<Left>(this.#world.app.ledger, container, { where }))
      if (one.agent_id === agentId) found.push(one);
    return found;
  }

  async #all(...agents: string[]): Promise<(Left & { kind: keyof typeof STANDING })[]> {
    const kinds = Object.keys(STANDING) as (keyof typeof STANDING)[];
    const found = await Promise.all(
      kinds.flatMap((kind) =>
        agents.map(async (agent) => (await this.#records(kind, agent)).map((one) => ({ ...one, kind }))),
      ),
    );
    return found.flat();
  }

  async #open(...agents: string[]): Promise<string[]> {
    return (await this.#all(...agents))
      .filter((one) => !STANDING[one.kind][2](one))
      .map((one) => `${one.kind} ${one.id} is ${one.status ?? one.state}`);
  }

  async #instances() {
    const answer = await this.#world.fetch("/runtime/webhooks/durabletask/instances?top=10000");
    return (await answer.json()) as {
      instanceId: string;
      runtimeStatus: string;
    }[];
  }

  /** What breaks the promise: work that goes on for ever, a job paid twice or by nobody, a record that is not true. */
  async #problems(...agents: string[]): Promise<string[]> {
    const problems = await this.#open(...agents);
    for (const { instanceId, runtimeStatus } of await this.#instances())
      if (["Running", "Pending"].includes(runtimeStatus))
        problems.push(`orchestration ${instanceId} is ${runtimeStatus}`);
    const records = await this.#all(...agents);
    for (const { kind, id, status, tallies } of records) {
      const { read, changed } =
        (tallies as { episodes?: Record<string, number> } | undefined)?.episodes ?? {};
      if (kind === "rescan" && (status !== "finished" || read !== GUARDED || changed !== GUARDED))
        problems.push(`${kind} ${id} is ${String(status)}: ${read} read, ${changed} changed of ${GUARDED}`);
    }
    for (const { kind, id, error } of records) {
      const text = JSON.stringify(error ?? "");
      if (/Non-Deterministic|Was a change made/.test(text)) problems.push(`${kind} ${id} says ${text}`);
    }
    const store = openStore(path.join(this.#world.home, "provider", "provider.sqlite"));
    const jobs = store.listJobs().filter((job) => agents.includes(String(job.metadata.agent_id)));
    store.close();
    const runs = records.filter(({ kind }) => kind === "run");
    for (const run of runs) {
      const mine = jobs.filter((job) => job.metadata.run_id === run.id);
      if (mine.length > 1) problems.push(`run ${run.id} has ${mine.length} jobs`);
      if (mine.length === 1 && (run.aoai_job_id !== mine[0]?.id || run.status !== mine[0]?.status))
        problems.push(
          `run ${run.id} is ${run.status} with job ${String(run.aoai_job_id)}, paid was ${mine[0]?.id} (${mine[0]?.status}): ${JSON.stringify(run.error ?? "")}`,
        );
    }
    if (jobs.some((job) => !runs.some((run) => run.id === job.metadata.run_id)))
      problems.push("a job belongs to no run");
    for (const pipeline of records.filter(({ kind }) => kind === "pipeline")) {
      if (pipeline.status === "failed" && !pipeline.error)
        problems.push(`pipeline ${pipeline.id} failed for no reason`);
      const active = await this.#world.app.services.deployments.readActive(pipeline.agent_id);
      const promoted = records.some(
        (one) => one.kind === "deployment" && one.agent_id === pipeline.agent_id && one.state === "active",
      );
      if ((active !== null) !== promoted)
        problems.push(`agent ${pipeline.agent_id} serves what no promotion says`);
      if (pipeline.outcome === "promoted" && !promoted)
        problems.push(`pipeline ${pipeline.id} promoted nothing`);
    }
    return problems;
  }
}
