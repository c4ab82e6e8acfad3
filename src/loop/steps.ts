import { type OrchestrationContext, RetryOptions, type Task } from "durable-functions";
import { isWorkerDeath, plainFault } from "../doors/engine-words.ts";
import type { Orchestration } from "../doors/orchestration.ts";
import type { Activities, FannedOut, Settled } from "./activities.ts";

type Input<K extends keyof Activities> = Parameters<Activities[K]>[0];
type Result<K extends keyof Activities> = Awaited<ReturnType<Activities[K]>>;

/** An orchestrator: it yields tasks of the SDK and is handed their results; `T` is what it returns. */
export type Steps<T> = Generator<Task, T>;

/** A store or provider that is away comes back within minutes: 1 s doubling to 1 min, about 12 min in all. */
function patience(attempts: number): RetryOptions {
  const retry = new RetryOptions(1000, attempts);
  retry.backoffCoefficient = 2;
  retry.maxRetryIntervalInMilliseconds = 60_000;
  return retry;
}
const FAULT_RETRIES = 17;
/** Writing down a failure must not fail: a record would be stuck for ever. About 16 hours. */
const LAST_WORD_RETRIES = 1000;

/** Calls one activity and waits for it; faults are retried. */
export function* step<K extends keyof Activities>(
  context: OrchestrationContext,
  name: K,
  input: Input<K>,
): Steps<Result<K>> {
  return (yield context.df.callActivityWithRetry(name, patience(FAULT_RETRIES), input)) as Result<K>;
}

/** Writes down that the work failed. */
export function* lastWord<K extends keyof Activities>(
  context: OrchestrationContext,
  name: K,
  input: Input<K>,
): Steps<Result<K>> {
  return (yield context.df.callActivityWithRetry(name, patience(LAST_WORD_RETRIES), input)) as Result<K>;
}

/**
 * Calls one activity per input, `width` at a time; results stand in the order of the inputs. A member that fails, by
 * its own fault or by the engine's word (its worker died, its time was up), is called again after a pause, as often as
 * `step` would.
 * @throws the last fault of a member that failed each time
 */
export function* fanOut<K extends FannedOut>(
  context: OrchestrationContext,
  name: K,
  inputs: readonly Input<K>[],
  options: {
    width: number;
    /** Told after each wave: how many have a result, and the results so far in the order of the inputs. */
    onProgress?: (done: number, settled: readonly (Result<K> | undefined)[]) => void;
  },
): Steps<Result<K>[]> {
  const results: Result<K>[] = [];
  let open = inputs.map((_, index) => index);
  let done = 0;
  for (let attempt = 1; open.length > 0; attempt++) {
    const again: number[] = [];
    let fault = "";
    for (let start = 0; start < open.length; start += options.width) {
      const wave = open.slice(start, start + options.width);
      const settled = yield* settle<Result<K>>(
        context,
        wave.map((index) => context.df.callActivity(name, inputs[index])),
      );
      for (const [position, outcome] of settled.entries()) {
        const index = wave[position] as number;
        if (outcome.ok) {
          results[index] = outcome.value;
          done++;
        } else {
          again.push(index);
          fault = outcome.fault;
        }
      }
      options.onProgress?.(done, results);
    }
    if (again.length > 0 && attempt >= FAULT_RETRIES) throw new Error(fault);
    if (again.length > 0) yield* backOff(context, attempt);
    open = again;
  }
  return results;
}

/**
 * Waits for every member, whatever becomes of it. Activities settle their own faults; what the engine fails instead is
 * thrown by `Task.all` while the others still run, so each is then asked by itself, which schedules nothing anew.
 * Instances of versions 1 and 2 failed as a whole there.
 */
function* settle<Value>(context: OrchestrationContext, members: readonly Task[]): Steps<Settled<Value>[]> {
  const all = context.df.Task.all([...members]);
  if (versionOf(context) < 3) return (yield all) as Settled<Value>[];
  try {
    return (yield all) as Settled<Value>[];
  } catch {
    const settled: Settled<Value>[] = [];
    for (const member of members) {
      try {
        settled.push((yield member) as Settled<Value>);
      } catch (thrown) {
        settled.push({ ok: false, fault: faultText(thrown) });
      }
    }
    return settled;
  }
}

/** Runs another orchestration under an instance id of its own and waits for its result. */
export function* runOrchestration<In, Out>(
  context: OrchestrationContext,
  orchestration: Orchestration<string, In, Out>,
  input: NoInfer<In>,
  instanceId: string,
): Steps<Out> {
  return (yield context.df.callSubOrchestrator(orchestration.name, input, instanceId)) as Out;
}

/** Runs one instance for each input side by side; results stand in the order of the inputs. */
export function* runOrchestrations<In, Out>(
  context: OrchestrationContext,
  { name, instanceId }: Orchestration<string, In, Out>,
  inputs: readonly NoInfer<In>[],
): Steps<Out[]> {
  return (yield context.df.Task.all(
    inputs.map((input) => context.df.callSubOrchestrator(name, input, instanceId(input))),
  )) as Out[];
}

/** The pause after the attempt of that number, from 1, as long as `step` makes it. */
export const backOff = (context: OrchestrationContext, attempt: number): Steps<void> =>
  pause(context, Math.min(60_000, 1000 * 2 ** (attempt - 1)));

/** Waits by a durable timer. */
export function* pause(context: OrchestrationContext, ms: number): Steps<void> {
  yield timer(context, ms);
}

function timer(context: OrchestrationContext, ms: number) {
  return context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + Math.ceil(ms)));
}

/**
 * The version of the orchestrators that the instance began under (host.json's `defaultVersion` of that day). What
 * changes the sequence of an orchestrator's actions asks for it, so that instances of before replay as they were.
 */
export const versionOf = (context: OrchestrationContext): number => Number(context.df.version ?? 1);

/**
 * Pauses that an event ends early; true: it did. The event only wakes up: what it means stands in the ledger before it
 * is raised, so one that is lost, comes twice or comes for nothing costs a look. An event that comes while an activity
 * runs completes the newest wait that was given up, which version 1 did not look at: it slept on.
 */
export function wakeable(context: OrchestrationContext, name: string): (ms: number) => Steps<boolean> {
  const givenUp = new Set<Task>();
  const looksBack = versionOf(context) >= 2;
  return function* (ms) {
    const late = looksBack ? [...givenUp].find((wait) => wait.isCompleted) : undefined;
    if (late !== undefined) return givenUp.delete(late);
    // A new wait each time: `Task.any` over a task that was yielded before starts it twice in the host.
    const event = context.df.waitForExternalEvent(name);
    const alarm = timer(context, ms);
    const winner = yield context.df.Task.any([event, alarm]);
    if (winner === event) alarm.cancel();
    else givenUp.add(event);
    return winner === event;
  };
}

/** Waits on a record that another instance works on: 2 s growing to 1 min. */
export function* waitUntil<T>(
  context: OrchestrationContext,
  read: () => Steps<T>,
  isFinished: (value: T) => boolean,
): Steps<T> {
  for (let wait = 2000; ; wait = Math.min(wait * 2, 60_000)) {
    const value = yield* read();
    if (isFinished(value)) return value;
    yield* pause(context, wait);
  }
}

/** How often an orchestration that ended by this fault may be started in all; a worker that died is no reason to give up. */
export const livesFor = (context: OrchestrationContext, thrown: unknown): number => {
  const version = versionOf(context);
  if (version >= 3 && isWorkerDeath(messageOf(thrown))) return FAULT_RETRIES;
  return version < 2 ? 1 : 2;
};

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** What was thrown, as a record keeps it: one line, without the engine's wrapping; a worker's death is named as one. */
export const faultText = (thrown: unknown): string => plainFault(messageOf(thrown));
