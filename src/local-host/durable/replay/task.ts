import type { FailureDetails } from "../history/history.ts";

/** How a task of the framework ended. */
export type Outcome =
  | { readonly ok: true; readonly value: string | null }
  | { readonly ok: false; readonly reason: string; readonly failureDetails: FailureDetails | null };

export const done: Outcome = { ok: true, value: null };

/**
 * What a .NET Task is to the framework's single orchestrator thread: settled once, continuations run at once and in
 * order. Promises will not do here: the ids that the next action takes depend on continuations running before the
 * next history event is looked at.
 */
export class ReplayTask {
  #outcome: Outcome | undefined;
  #continuations: (() => void)[] = [];

  static settled(outcome: Outcome = done): ReplayTask {
    const task = new ReplayTask();
    task.settle(outcome);
    return task;
  }

  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const continuations = this.#continuations;
    this.#continuations = [];
    for (const continuation of continuations) continuation();
  }

  whenSettled(continuation: () => void): void {
    if (this.#outcome === undefined) this.#continuations.push(continuation);
    else continuation();
  }
}

/** A routine that awaits tasks by yielding them and gets their outcomes; a failure is a value, not a throw. */
export type Steps = Generator<ReplayTask, Outcome, Outcome>;

/** Runs a routine as far as its tasks are settled, and on as they settle. What it throws goes to `fault`. */
export function run(steps: Steps, fault: (thrown: unknown) => void): ReplayTask {
  const task = new ReplayTask();
  const resume = (outcome: Outcome) => {
    try {
      let next = steps.next(outcome);
      while (!next.done) {
        const awaited = next.value;
        if (awaited.outcome === undefined) {
          awaited.whenSettled(() => resume(awaited.outcome ?? done));
          return;
        }
        next = steps.next(awaited.outcome);
      }
      task.settle(next.value);
    } catch (thrown) {
      fault(thrown);
    }
  };
  resume(done);
  return task;
}

/** Settled when all are, failures included: .NET's WhenAll waits on, the SDK's Task.all does not. */
export function whenAll(tasks: readonly ReplayTask[]): ReplayTask {
  const all = new ReplayTask();
  let left = tasks.length;
  if (left === 0) all.settle(done);
  for (const task of tasks) task.whenSettled(() => --left === 0 && all.settle(done));
  return all;
}

export function whenAny(tasks: readonly ReplayTask[]): ReplayTask {
  const any = new ReplayTask();
  for (const task of tasks) task.whenSettled(() => any.settle(done));
  return any;
}
