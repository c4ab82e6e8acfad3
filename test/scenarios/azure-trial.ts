import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Dataset } from "../../src/datasets/contract.ts";
import type { Deployment } from "../../src/deployments/contract.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { accountOf } from "../../src/hosting/arm/client.ts";
import { createArmHosting } from "../../src/hosting/arm/hosting.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { each, type Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { promoteModel } from "../../src/loop/promote-model.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import { createProvider } from "../../src/provider/openai-provider.ts";
import type { Provider, ProviderFile } from "../../src/provider/provider.ts";
import type { TrainingRun } from "../../src/training/contract.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";
import { orchestrate, type Worker } from "../support/orchestrate.ts";

/** What can happen at an await point: a call to the ledger, the files, the provider or Azure Resource Manager. */
export const KINDS = [
  "lost response",
  "500",
  "500 after it was done",
  "timeout",
  "404",
  "429",
  "crash before",
  "crash after",
] as const;
export type Kind = (typeof KINDS)[number];
/** `wire`: at which of Azure's two ends, if at one. */
type Wire = "data" | "arm" | false;
export type Plan = (point: number, wire: Wire) => Kind | undefined;

/** What else happens during a trial, beside faults at its awaits. */
export interface Trouble {
  /** Asked before each step of either orchestration: its instance is lost, and taken up again after so long. */
  readonly lost?: () => number | undefined;
  /** How long the provider goes on processing a file. */
  readonly processingMs?: number;
  /** The await of the training before which somebody asks for its end. */
  readonly cancelAt?: number;
}
interface Inside {
  before?(point: number): Promise<void>;
  readonly processingMs?: number;
  /** What was removed though it was needed. */
  readonly removed: string[];
}

const TERMINAL = ["succeeded", "failed", "cancelled"];
/** When each file was first seen, by id. */
const uploadedAt = new Map<string, number>();

const never = () => new Promise<never>(() => undefined);

let azure: FakeAzure;
let ledger: Ledger & { close(): Promise<void> };
let folder: string;
export const clock = new VirtualClock();

/** One fake account and one ledger for all trials of a test file. */
export async function openTrials(): Promise<void> {
  folder = await mkdtemp(path.join(os.tmpdir(), "azure-faults-"));
  azure = await startFakeAzure({ clock });
  Object.assign(azure.arm.knobs, { most: 10_000, makingMs: 15_000, answersAfterMs: 3_000 });
  ledger = openSqliteLedger({ file: ":memory:", clock });
}
export async function closeTrials(): Promise<void> {
  await azure.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
}

/** Stands between one process and a port: counts, injects, and lets nothing through once the process is dead. */
class Gate {
  #isDead = false;
  readonly died: Promise<"died">;
  #die: (word: "died") => void = () => undefined;
  readonly #points: { n: number };
  readonly #plan: Plan;
  readonly #trouble: Inside;
  constructor(points: { n: number }, plan: Plan, trouble: Inside) {
    this.#points = points;
    this.#plan = plan;
    this.#trouble = trouble;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }
  #kill(): Promise<never> {
    this.#isDead = true;
    this.#die("died");
    return never();
  }

  /**
   * A port with this gate before each of its methods. `wire`: its faults are injected at the other end of the line. A 404
   * to who asks for a job or a file is the data plane's; to others, who take it for an answer, it is a 500.
   */
  of<T extends object>(port: T, wire: Wire): T {
    const pass = async <R>(work: () => Promise<R>): Promise<R> => {
      if (this.#isDead) return never();
      const point = ++this.#points.n;
      await this.#trouble.before?.(point);
      const planned = this.#plan(point, wire);
      const kind = planned === "404" && wire !== "data" ? "500" : planned;
      if (kind === "crash before") return this.#kill();
      // Only a service on the wire asks to slow down.
      const struck = kind !== undefined && kind !== "crash after" && (wire !== false || kind !== "429");
      if (struck && wire !== false) {
        const applied = kind === "lost response" || kind === "500 after it was done";
        if (kind === "429") azure.faults.push({ on: /./, with: 429, retryAfterSeconds: 40 });
        else
          azure.faults.push({
            on: /./,
            with: kind === "404" ? 404 : kind.startsWith("500") ? 500 : "drop",
            applied,
          });
      }
      if (struck && wire === false) {
        if (kind === "500") throw unavailable("ledger_away", "injected");
        await work();
        throw unavailable("ledger_reset", "injected", { ambiguous: true });
      }
      try {
        const result = await work();
        if (kind === "crash after") return await this.#kill();
        return this.#isDead ? await never() : result;
      } catch (error) {
        if (this.#isDead) return never();
        throw error;
      } finally {
        azure.faults.length = 0;
      }
    };
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          const result = () => Reflect.apply(member, target, args) as unknown;
          if (/^list|^offered|^read$|^fileContent/.test(String(name))) {
            const made = result();
            // Lists and contents are read in one go: one await point.
            if (isAsyncIterable(made))
              return (async function* () {
                yield* await pass(() => collected(made));
              })();
            return pass(() => made as Promise<unknown>);
          }
          return pass(async () => result());
        };
      },
    });
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;
async function collected(list: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const one of list) all.push(one);
  return all;
}

/** Removals are looked at before they are carried out: is somebody still to use it? */
function witnessed<T extends object>(
  port: T,
  method: string,
  isNeeded: (id: string) => Promise<string | undefined>,
  removed: string[],
): T {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (name !== method || typeof member !== "function") return member;
      return async (id: string) => {
        // The look is no request of the app's: it meets no fault.
        const held = azure.faults.splice(0);
        const why = await isNeeded(id);
        azure.faults.push(...held);
        if (why !== undefined) removed.push(`${method} ${id}: ${why}`);
        return Reflect.apply(member, target, [id]) as unknown;
      };
    },
  });
}

/** The provider, whose jobs need their files until they are over, and which takes its time to process these. */
function providerOf({ processingMs = 0, removed }: Inside): Provider {
  const plain = createProvider({
    kind: "azure",
    baseURL: `${azure.origin}/openai/v1`,
    apiKey: async () => (await azure.credential.getToken()).token,
    logger: silentLogger,
    readRetries: 0,
  });
  const usedBy = async (id: string) => {
    for await (const job of plain.listJobs())
      if (!TERMINAL.includes(job.state) && [job.training_file, job.validation_file].includes(id))
        return `job ${job.id} is ${job.state}`;
    return undefined;
  };
  const slow = (file: ProviderFile): ProviderFile => {
    const since = uploadedAt.get(file.id) ?? clock.now();
    uploadedAt.set(file.id, since);
    return clock.now() - since < processingMs ? { ...file, state: "running" } : file;
  };
  const provider: Provider = {
    ...plain,
    uploadFile: async (file) => slow(await plain.uploadFile(file)),
    readFile: async (id) => slow(await plain.readFile(id)),
  };
  return witnessed(provider, "deleteFile", usedBy, removed);
}

async function newProcess(
  points: { n: number },
  plan: Plan,
  trouble: Inside = { removed: [] },
): Promise<Worker & { app: ReturnType<typeof createApp> }> {
  const gate = new Gate(points, plan, trouble);
  const settings = readSettings({ ...azure.env, LIGHTNING_EPOCHS: "1", LIGHTNING_DATA_DIR: folder });
  const account = accountOf(settings);
  if (account === undefined) throw new Error("no account");
  const app = createApp({
    settings,
    clock,
    logger: silentLogger,
    ledger: gate.of(ledger, false),
    files: gate.of(folderFiles(folder), false),
    provider: gate.of(providerOf(trouble), "data"),
    hosting: gate.of(createArmHosting(settings, account, azure.credential), "arm"),
  });
  return {
    app,
    died: gate.died,
    run: (name, input) => app.runActivity(name as Parameters<typeof app.runActivity>[0], input),
  };
}

async function addDataset(agentId: string): Promise<void> {
  const files = folderFiles(folder);
  const text = Array.from({ length: 12 }, (_, n) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Question ${n} about ${["cats", "dogs"][n % 2]}` },
        { role: "assistant", content: ["Meow.", "Woof."][n % 2] },
      ],
    }),
  ).join("\n");
  const stored = await files.write(
    "lessons/train.jsonl",
    (async function* () {
      yield Buffer.from(`${text}\n`);
    })(),
  );
  await ledger.create<Dataset>("datasets", {
    id: "dataset-1",
    type: "dataset",
    agent_id: agentId,
    name: "lessons",
    status: "ready",
    recipe: { kind: "golden", max_examples: 1000, include_tools: true, train_split: 1, test_split: 0 },
    watermark: { episodes: "", rewards: "" },
    content_hash: "hash-1",
    training_count: 12,
    files: { train: { ...stored, path: stored.key, lines: 12 } },
    created_at: "2026-01-01T00:00:00.000Z",
    completed_at: "2026-01-01T00:00:00.000Z",
  });
}

/** Trains and promotes under the plan; answers what is wrong afterwards, and how many await points there were. */
export async function trial(
  agentId: string,
  plan: Plan,
  { lost, processingMs, cancelAt }: Trouble = {},
): Promise<{ points: number; faults: string[]; run: string }> {
  await addDataset(agentId);
  const jobsBefore = azure.data.jobs.length;
  const madeBefore = azure.arm.made.length;
  const points = { n: 0 };
  const calm = await newProcess({ n: 0 }, () => undefined);
  const { training, deployments } = calm.app.services;
  const { run } = await training.prepare({ agent_id: agentId, dataset_id: "dataset-1", force_new: false });
  const ref = { agent_id: agentId, id: run.id };
  const inside: Inside = {
    removed: [],
    ...(processingMs === undefined ? {} : { processingMs }),
    async before(point) {
      if (point === cancelAt) await training.cancel(agentId, run.id);
    },
  };
  const newWorker = () => newProcess(points, plan, inside);
  const losing = lost === undefined ? {} : { lost };
  await orchestrate(trainModel, { input: ref, instanceId: run.id, clock, newWorker, ...losing });
  const trained = await training.get(agentId, run.id);
  const jobs = azure.data.jobs.slice(jobsBefore);
  const faults =
    cancelAt === undefined ? ofTrained(trained, jobs) : await ofCancelled(trained, jobs, calm.app.provider);
  faults.push(...inside.removed);
  const end = { points: points.n, faults, run: trained.status };
  if (faults.length > 0 || trained.status !== "succeeded") return end;

  const { deployment } = await deployments.prepare({ agent_id: agentId, run_id: run.id });
  const promotion = { agent_id: agentId, id: deployment.id };
  await orchestrate(promoteModel, {
    input: promotion,
    instanceId: deployment.id,
    clock,
    newWorker,
    ...losing,
  });
  const made = azure.arm.made.slice(madeBefore);
  if (made.length !== 1) faults.push(`${made.length} ARM deployments: ${made.join(", ")}`);
  const records: Deployment[] = [];
  for await (const one of each<Deployment>(ledger, "deployments", {
    pk: [agentId],
    where: [{ field: "type", op: "eq", value: "deployment" }],
  }))
    records.push(one);
  const active = records.filter((one) => one.state === "active");
  if (active.length !== 1)
    faults.push(`${active.length} active: ${JSON.stringify(records.map((one) => one.error))}`);
  const now = await deployments.readActive(agentId);
  if (now?.deployment_id !== deployment.id) faults.push(`the pointer is at ${now?.deployment_id}`);
  if (typeof azure.arm.behind(now?.deployment_name ?? "") !== "object")
    faults.push("what serves cannot be called");
  const events = await deployments.historyOf(agentId);
  if (events.length !== 1) faults.push(`${events.length} history events`);
  // A file whose removal was struck is left for the clean-up.
  await training.cleanUp(0, false);
  for await (const file of calm.app.provider.listFiles()) faults.push(`file ${file.filename} is left`);
  faults.push(...inside.removed);
  return { ...end, points: points.n };
}

function ofTrained({ status, error }: TrainingRun, jobs: readonly string[]): string[] {
  const faults = status === "succeeded" ? [] : [`run ${status}: ${JSON.stringify(error)}`];
  if (jobs.length !== 1) faults.push(`${jobs.length} jobs`);
  return faults;
}

/** A cancellation may come too late; else its run has no job, or one that was cancelled with it. */
async function ofCancelled(
  { status, error }: TrainingRun,
  jobs: readonly string[],
  provider: Provider,
): Promise<string[]> {
  const faults = ["succeeded", "cancelled"].includes(status)
    ? []
    : [`run ${status}: ${JSON.stringify(error)}`];
  if (jobs.length > 1) faults.push(`${jobs.length} jobs`);
  for (const id of jobs) {
    const { state } = await provider.readJob(id);
    if (!TERMINAL.includes(state)) faults.push(`job ${id} goes on: ${state}`);
  }
  return faults;
}
