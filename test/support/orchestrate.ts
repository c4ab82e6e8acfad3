import type { OrchestrationContext } from "durable-functions";
import type { VirtualClock } from "../../src/kernel/clock.ts";
import { realWork } from "./real-work.ts";

/** A process that runs activities and may die under them. */
export interface Worker {
  run(name: string, input: unknown): Promise<unknown>;
  /** Resolves when the process has died: what it was doing never ends. */
  readonly died: Promise<"died">;
}
type Job =
  | { readonly kind: "activity"; readonly name: string; readonly input: unknown; readonly attempts: number }
  | { readonly kind: "timer"; readonly at: number; cancel(): void }
  | { readonly kind: "event"; readonly isCompleted: false }
  | { readonly kind: "all"; readonly jobs: readonly Job[] }
  | { readonly kind: "any"; readonly jobs: readonly Job[] };

/** Moves the clock with real input and output in between, so that what others do in that time gets done. */
export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const stride = Math.max(250, ms / 10);
  for (let moved = 0; moved < ms; moved += stride) {
    clock.advance(Math.min(stride, ms - moved));
    await realWork();
  }
}

/**
 * Runs an orchestrator to its end as a durable engine would, without its storage: an activity whose process dies runs
 * again in the next process, one that throws is tried again as its retry options say.
 */
export async function orchestrate(
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's generators are typed with any
  orchestrator: (context: OrchestrationContext) => Generator<any, unknown>,
  options: {
    readonly input: unknown;
    readonly instanceId: string;
    readonly clock: VirtualClock;
    readonly newWorker: () => Promise<Worker>;
    /** Told each custom status that the orchestration sets. */
    readonly onStatus?: (status: unknown) => void;
    /**
     * Asked before each step: after how many milliseconds the instance, which is lost here (terminated, purged, its hub
     * renamed), is taken up again from its input; undefined: it lives. The step it had asked for is carried out all the
     * same, beside those of the new instance.
     */
    readonly lost?: () => number | undefined;
  },
): Promise<unknown> {
  const { clock, instanceId } = options;
  let worker = await options.newWorker();
  let next: { input: unknown } | undefined = { input: options.input };

  async function once(job: Job & { kind: "activity" }): Promise<unknown> {
    for (;;) {
      const outcome = await Promise.race([
        worker.run(job.name, job.input).then((value) => ({ value })),
        worker.died,
      ]);
      if (outcome !== "died") return outcome.value;
      worker = await options.newWorker();
    }
  }
  async function perform(job: Job): Promise<unknown> {
    if (job.kind === "timer") return pass(clock, Math.max(0, job.at - clock.now()));
    // Nobody raises events here: of a wait and its timer, the timer wins.
    if (job.kind === "event") throw new Error("An event is waited for without a timer.");
    if (job.kind === "any") {
      const winner = job.jobs.find((one) => one.kind !== "event") as Job;
      await perform(winner);
      return winner;
    }
    if (job.kind === "all") {
      const values: unknown[] = [];
      for (const each of job.jobs) values.push(await perform(each));
      return values;
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(job);
      } catch (error) {
        if (attempt >= job.attempts) throw error;
        await pass(clock, Math.min(60_000, 1000 * 2 ** (attempt - 1)));
      }
    }
  }

  /** What a dead instance had asked for: nobody waits for it, and nobody tries it again. */
  function abandon(job: Job): void {
    if (job.kind === "activity") worker.run(job.name, job.input).catch(() => undefined);
    if (job.kind === "all") for (const each of job.jobs) abandon(each);
  }

  while (next !== undefined) {
    const { input }: { input: unknown } = next;
    next = undefined;
    const context = {
      df: {
        instanceId,
        getInput: () => input,
        get currentUtcDateTime() {
          return new Date(clock.now());
        },
        setCustomStatus: (status: unknown) => options.onStatus?.(status),
        continueAsNew: (again: unknown) => {
          next = { input: again };
        },
        callActivity: (name: string, given: unknown): Job => ({
          kind: "activity",
          name,
          input: given,
          attempts: 1,
        }),
        callActivityWithRetry: (
          name: string,
          retry: { maxNumberOfAttempts: number },
          given: unknown,
        ): Job => ({
          kind: "activity",
          name,
          input: given,
          attempts: retry.maxNumberOfAttempts,
        }),
        createTimer: (at: Date): Job => ({ kind: "timer", at: at.getTime(), cancel: () => undefined }),
        version: "2",
        waitForExternalEvent: (): Job => ({ kind: "event", isCompleted: false }),
        Task: {
          all: (jobs: readonly Job[]): Job => ({ kind: "all", jobs }),
          any: (jobs: readonly Job[]): Job => ({ kind: "any", jobs }),
        },
      },
    } as unknown as OrchestrationContext;
    const generator = orchestrator(context);
    let step = generator.next();
    while (!step.done) {
      const takenUpAfter = options.lost?.();
      if (takenUpAfter !== undefined) {
        abandon(step.value as Job);
        await pass(clock, takenUpAfter);
        next = { input: options.input };
        break;
      }
      let value: unknown;
      try {
        value = await perform(step.value as Job);
      } catch (error) {
        step = generator.throw(error);
        continue;
      }
      step = generator.next(value);
    }
    if (next === undefined) return step.done ? step.value : undefined;
  }
  return undefined;
}
