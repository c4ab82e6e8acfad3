import { invalid } from "../kernel/errors.ts";
import { seededIds, seededRandom } from "./seeded-random.ts";

/**
 * What fault mode does to a host, each with its probability from 0 to 1. All of it is what Azure's queues and workers
 * do now and then by themselves, so an app that is written for Azure survives it. All but `worker` leave every
 * orchestration with the end that it would have had.
 */
const FAULT_KINDS = {
  /** An activity runs a second time and reports twice, as when a queue message becomes visible again. */
  duplicate: "an activity runs twice",
  /** A message for an orchestration comes late, by up to `late` ms on the host's clock. */
  delay: "a message comes late",
  /** New results and events of one work item stand in another order. */
  reorder: "messages change places",
  /** An activity's result is lost before it is committed, so that it runs again. */
  drop: "a completion is lost before its commit",
  /** The orchestrator function runs twice on the same history; unequal answers are named. */
  replay: "an orchestrator is replayed twice",
  /** A page of a change feed fails after its function ran. */
  feed: "a change feed's batch fails",
  /** The worker process ends while the host lives: what is in flight fails with the engine's words (`worker-exit.ts`). */
  worker: "the worker process ends and what is in flight fails",
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

export interface FaultPlan {
  readonly seed: number;
  readonly rates: Readonly<Record<FaultKind, number>>;
  /** Longest delay in ms. */
  readonly late: number;
  /** The await point the process dies at; the first is 1. */
  readonly kill: number | undefined;
  /** The call that the worker process ends in: of this function, the n-th; the first is 1. */
  readonly exit: { readonly name: string; readonly call: number } | undefined;
}

/** The faults of one life of a host. Equal seeds give equal faults. */
export interface Faults {
  readonly plan: FaultPlan;
  /** Counts a call that begins; true when the plan says that the worker process is to end in it. */
  endsWorker(functionName: string): boolean;
  /** True when this fault is to happen now. */
  strikes(kind: FaultKind): boolean;
  /** Milliseconds that a delayed message waits. */
  lateness(): number;
  shuffled<T>(list: readonly T[]): T[];
  /** Counts an await point; false when the host died at it or before. The process itself is gone by then, if it dies. */
  readonly survives: () => boolean;
  /** Await points passed. */
  readonly points: number;
  /** Ids from the seed, in place of random ones. */
  readonly newId: () => string;
}

const KINDS = Object.keys(FAULT_KINDS) as FaultKind[];
type Rates = Readonly<Record<FaultKind, number>>;
const ratesOf = (rate: (kind: FaultKind) => number) =>
  Object.fromEntries(KINDS.map((kind) => [kind, rate(kind)])) as Rates;
const DEFAULT_RATE = 0.1;
/** What a seed alone does not switch on: it ends orchestrations, and an app needs a way to take up what they worked on. */
const ONLY_BY_NAME: ReadonlySet<FaultKind> = new Set(["worker"]);

/**
 * Reads LIGHTNING_HOST_FAULTS: `seed=7` for all faults but `worker` at one in ten, or any of
 * `seed=7,duplicate=0.1,delay=0.2,late=5000,reorder=1,drop=0.1,replay=1,feed=0.1,worker=0.01,exit=myOrchestrator:2,kill=120`.
 * @throws invalid `bad_faults`
 */
export function parseFaults(text: string): FaultPlan {
  const values = new Map<string, number>();
  let exit: FaultPlan["exit"];
  for (const part of text.split(/[,;\s]+/).filter(Boolean)) {
    const [name = "", value = ""] = part.split("=", 2);
    if (name === "exit") {
      exit = parseExit(value);
      continue;
    }
    const number = Number(value);
    const known = name in FAULT_KINDS || ["seed", "late", "kill"].includes(name);
    if (!known) throw bad(`there is no fault "${name}"`);
    if (value === "" || !Number.isFinite(number) || number < 0) throw bad(`${name} cannot be "${value}"`);
    if (name in FAULT_KINDS && number > 1) throw bad(`${name} is a probability from 0 to 1, not ${value}`);
    values.set(name, number);
  }
  const all = !KINDS.some((kind) => values.has(kind)) && !values.has("kill") && exit === undefined;
  return {
    seed: values.get("seed") ?? Math.trunc(Math.random() * 2 ** 31),
    rates: ratesOf((kind) => values.get(kind) ?? (all && !ONLY_BY_NAME.has(kind) ? DEFAULT_RATE : 0)),
    late: values.get("late") ?? 1000,
    kill: values.get("kill"),
    exit,
  };
}

function parseExit(value: string): NonNullable<FaultPlan["exit"]> {
  const [, name = "", call = "1"] = /^([\w-]+)(?::([1-9]\d*))?$/.exec(value) ?? [];
  if (name === "") throw bad(`exit takes a function's name and the number of its call, not "${value}"`);
  return { name, call: Number(call) };
}

const bad = (why: string) =>
  invalid("bad_faults", `LIGHTNING_HOST_FAULTS: ${why}.`, {
    field: "LIGHTNING_HOST_FAULTS",
    remedy:
      "Give a list such as seed=7,duplicate=0.1,delay=0.1,reorder=0.1,drop=0.1,replay=0.1,feed=0.1,worker=0.01,exit=myOrchestrator:2,kill=120.",
  });

/** What a plan comes to in words, for the host's first lines. */
export function describeFaults(plan: FaultPlan): string {
  const kinds = KINDS.filter((kind) => plan.rates[kind] > 0);
  const parts = kinds.map((kind) => `${FAULT_KINDS[kind]} (${plan.rates[kind]})`);
  if (plan.exit !== undefined)
    parts.push(`the worker process ends in call ${plan.exit.call} of ${plan.exit.name}`);
  if (plan.kill !== undefined) parts.push(`the process dies at await point ${plan.kill}`);
  return `Fault mode, seed ${plan.seed}: ${parts.join(", ") || "nothing"}.`;
}

/**
 * @param die ends the host; absent: the process kills itself, as a power cut would
 */
export function createFaults(
  given: Partial<Omit<FaultPlan, "rates">> & { readonly rates?: Partial<Rates> },
  die?: () => void,
): Faults {
  const { seed = 0, late = 1000, kill, exit, rates = {} } = given;
  const plan: FaultPlan = { seed, late, kill, exit, rates: ratesOf((kind) => rates[kind] ?? 0) };
  const random = seededRandom(plan.seed);
  let points = 0;
  let calls = 0;
  let dead = false;
  return {
    plan,
    endsWorker: (name) => name === exit?.name && ++calls === exit.call,
    strikes: (kind) => plan.rates[kind] > 0 && random() < plan.rates[kind],
    lateness: () => Math.ceil(random() * plan.late),
    shuffled(list) {
      const copy = [...list];
      for (let at = copy.length - 1; at > 0; at--) {
        const other = Math.floor(random() * (at + 1));
        [copy[at], copy[other]] = [copy[other] as (typeof copy)[0], copy[at] as (typeof copy)[0]];
      }
      return copy;
    },
    survives() {
      if (dead) return false;
      points++;
      if (points !== kill) return true;
      dead = true;
      if (die === undefined) process.kill(process.pid, "SIGKILL");
      else die();
      return false;
    },
    get points() {
      return points;
    },
    newId: seededIds(random),
  };
}
