import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { MODEL_NAMES } from "../../src/catalog/spelling.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Dataset, ReadyDataset, TrainingCheck } from "../../src/datasets/contract.ts";
import { countPictures } from "../../src/datasets/pictures.ts";
import { countTrainingTokens } from "../../src/datasets/training-tokens.ts";
import { checkForTraining } from "../../src/datasets/validate/before-training.ts";
import { noSuchRecord } from "../../src/doors/no-such-record.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { type Clock, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { isTerminal } from "../../src/local-provider/jobs.ts";
import { type Fault, type Pace, startLocalProvider } from "../../src/local-provider/start.ts";
import { openStore } from "../../src/local-provider/store.ts";
import { createProvider } from "../../src/provider/openai-provider.ts";
import type { Provider, ProviderJob } from "../../src/provider/provider.ts";
import { createTrainingActivities } from "../../src/training/activities.ts";
import { startTrainingInputSchema, type TrainingRun } from "../../src/training/contract.ts";
import { createTrainingService } from "../../src/training/service.ts";
import { createTrainingStore } from "../../src/training/store.ts";

export const AGENT = "agent-1";

export interface WorldOptions {
  readonly env?: Record<string, string>;
  readonly pace?: Partial<Pace>;
  readonly lines?: number;
  readonly validation?: number;
  /** Stands between the services and the real thing. */
  readonly ledger?: (ledger: Ledger) => Ledger;
  readonly provider?: (provider: Provider) => Provider;
}

/** Real time after which work that does not end is a fault; only a bound, nothing waits for it. */
const LONGEST_MS = 60_000;

const line = (n: number) =>
  JSON.stringify({
    messages: [
      { role: "user", content: `Question number ${n} about ${["cats", "dogs"][n % 2]}` },
      { role: "assistant", content: ["Meow.", "Woof."][n % 2] },
    ],
  });

/** One agent with a ready dataset, the real adapter on a real local provider, all on one virtual clock. */
export async function makeWorld(options: WorldOptions = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "training-"));
  const clock = new VirtualClock("2026-03-01T12:00:00.000Z");
  const faults: Fault[] = [];
  let timers = 0;
  /** The world's clock, which knows how much at the provider waits for it. */
  const providerClock: Clock = {
    now: () => clock.now(),
    after(ms, callback) {
      timers++;
      let counted = true;
      const uncount = () => {
        if (counted) timers--;
        counted = false;
      };
      const cancel = clock.after(ms, () => {
        uncount();
        callback();
      });
      return () => {
        uncount();
        cancel();
      };
    },
  };
  const server = await startLocalProvider({
    folder: path.join(folder, "provider"),
    clock: providerClock,
    logger: silentLogger,
    models: MODEL_NAMES,
    faults,
    ...(options.pace === undefined ? {} : { pace: options.pace }),
  });
  const kept = openStore(path.join(folder, "provider", "provider.sqlite"));
  const plain = createProvider({
    kind: "local",
    ...server,
    logger: silentLogger,
    readRetries: 0,
    timeoutMs: 5000,
  });
  const provider = options.provider?.(plain) ?? plain;
  const store = openSqliteLedger({ file: ":memory:", clock });
  const ledger = options.ledger?.(store) ?? store;
  const files = folderFiles(path.join(folder, "files"));
  const settings = readSettings(options.env ?? {});
  const datasets = new Map<string, Dataset>();
  const deps = {
    ledger,
    files,
    provider,
    settings,
    clock,
    logger: silentLogger,
    datasets: {
      get: async (_agent: string, id: string) => {
        const dataset = datasets.get(id);
        if (dataset === undefined) throw noSuchRecord("dataset", AGENT, id);
        return dataset;
      },
      countTokens: (dataset: Dataset, model: string) => countTrainingTokens(files, dataset, model),
      countPictures: (dataset: Dataset, model: string) => countPictures(files, dataset, model),
      checkForTraining: (dataset: ReadyDataset, check: TrainingCheck) =>
        checkForTraining(files, dataset, check, () => countTrainingTokens(files, dataset, check.model)),
    },
  };
  const service = createTrainingService(deps);
  const activities = createTrainingActivities({ ...deps, service });

  async function addDataset(
    id: string,
    count: number,
    validation = 0,
    over: Partial<Dataset> = {},
    lineOf = line,
  ) {
    const side = async (split: string, from: number, many: number) => {
      const text = Array.from({ length: many }, (_, i) => `${lineOf(from + i)}\n`).join("");
      const stored = await files.write(`${id}/${split}.jsonl`, bytes(text));
      return { ...stored, path: stored.key, lines: many };
    };
    datasets.set(id, {
      id,
      type: "dataset",
      agent_id: AGENT,
      name: id,
      status: "ready",
      recipe: {
        kind: "episodes",
        max_examples: 1000,
        include_tools: true,
        train_split: 0.8,
        test_split: 0,
      },
      watermark: { episodes: "", rewards: "" },
      content_hash: `hash-${count}-${validation}`,
      training_count: count,
      validation_count: validation,
      files: {
        train: await side("train", 0, count),
        ...(validation === 0 ? {} : { validation: await side("validation", 1000, validation) }),
      },
      created_at: "2026-03-01T11:00:00.000Z",
      completed_at: "2026-03-01T11:30:00.000Z",
      ...over,
    } as Dataset);
  }
  await addDataset("dataset-1", options.lines ?? 20, options.validation ?? 0);

  const prepare = (input: Record<string, unknown> = {}, idempotencyKey?: string) =>
    service.prepare(startTrainingInputSchema.parse({ agent_id: AGENT, dataset_id: "dataset-1", ...input }), {
      idempotencyKey,
    });

  /** One durable step: tried again when it throws, as the engine does, with the clock moving on. */
  async function step<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= 8) throw error;
        await pass(1000);
      }
    }
  }
  /** Until no job at the provider is being worked on: each waits for the clock or has ended. */
  async function settled() {
    const until = performance.now() + LONGEST_MS;
    while (kept.listJobs().filter((job) => !isTerminal(job.status)).length > timers) {
      if (performance.now() > until) throw new Error("the provider's work does not end");
      await breathe();
    }
  }
  /** Moves the clock from timer to timer, each time after the provider has done what it could do until then. */
  async function pass(ms: number) {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await settled();
      clock.advance(Math.min(clock.nextAt() ?? end, end) - clock.now());
      for (let i = 0; i < 4; i++) await breathe();
    }
  }

  /** What `trainModel` does up to the job (or the run's end). */
  async function submit(run: Pick<TrainingRun, "id">): Promise<{ kind: string; job_id?: string }> {
    const ref = { agent_id: AGENT, id: run.id };
    const claim = await step(() => activities.claimRun({ ...ref, instance_id: run.id }));
    if (claim.kind !== "claimed") return claim;
    for (const split of ["train", "validation"] as const) {
      let upload = await step(() => activities.uploadTrainingFile({ ...ref, split }));
      while (upload.kind === "busy") {
        await pass(upload.retry_after_seconds * 1000);
        upload = await step(() => activities.uploadTrainingFile({ ...ref, split }));
      }
      if (upload.kind === "rejected") {
        await activities.failRun({ ...ref, code: upload.code, message: upload.message });
        return upload;
      }
      while (upload.file_id !== "") {
        const look = await step(() => activities.readTrainingFile({ ...ref, file_id: upload.file_id }));
        if (look.kind === "processed" || look.kind === "not_needed") break;
        if (look.kind === "rejected") {
          await activities.failRun({ ...ref, code: look.code, message: look.message });
          return look;
        }
        await pass(1000);
      }
    }
    for (let attempt = 1; attempt < 20; attempt++) {
      const made = await step(() => activities.createTrainingJob({ ...ref, attempt }));
      if (made.kind === "rejected")
        await activities.failRun({ ...ref, code: made.code, message: made.message });
      if (made.kind !== "unclear" && made.kind !== "busy") return made;
      await pass(made.kind === "busy" ? made.retry_after_seconds * 1000 : 10_000);
    }
    throw new Error("no job came into being");
  }
  async function follow(run: Pick<TrainingRun, "id">): Promise<TrainingRun> {
    const ref = { agent_id: AGENT, id: run.id };
    for (const until = performance.now() + LONGEST_MS; performance.now() < until; ) {
      const look = await step(() => activities.pollTrainingJob(ref));
      if (look.terminal) {
        await step(() => activities.recordTrainingResult(ref));
        return await service.get(AGENT, run.id);
      }
      await pass(1000);
    }
    throw new Error("the job does not end");
  }

  return {
    ...deps,
    server,
    faults,
    folder,
    service,
    runs: createTrainingStore(ledger),
    activities,
    addDataset,
    dataset: (id: string) => datasets.get(id) as Dataset,
    prepare,
    step,
    pass,
    submit,
    follow,
    train: async (run: Pick<TrainingRun, "id">) => {
      const made = await submit(run);
      return made.kind === "created" || made.kind === "adopted"
        ? await follow(run)
        : await service.get(AGENT, run.id);
    },
    /** Every job at the provider, whatever stands between. */
    jobs: async (): Promise<ProviderJob[]> => {
      const jobs: ProviderJob[] = [];
      for await (const job of plain.listJobs()) jobs.push(job);
      return jobs;
    },
    plain,
    close: async () => {
      await server.close();
      kept.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type World = Awaited<ReturnType<typeof makeWorld>>;

async function* bytes(text: string) {
  yield Buffer.from(text);
}
