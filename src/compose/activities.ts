import { createDatasetActivities } from "../datasets/activities.ts";
import { createBuildThreads, onThreads } from "../datasets/threads/build-threads.ts";
import { createDeploymentActivities } from "../deployments/activities.ts";
import type { Orchestrations } from "../doors/operation.ts";
import { type Sweep, takeUpRecords } from "../doors/sweep.ts";
import { createEvaluationActivities } from "../evaluation/activities.ts";
import { forgetOldAnswers } from "../evaluation/kept-answers.ts";
import { messageOf } from "../kernel/errors.ts";
import { type Activities, FANNED_OUT, type Settled } from "../loop/activities.ts";
import { createPipelineActivities } from "../pipelines/activities.ts";
import type { TraceContext } from "../telemetry/telemetry.ts";
import { createTrainingActivities } from "../training/activities.ts";
import type { Opened } from "./ports.ts";
import type { Services } from "./services.ts";
import { watchedKinds } from "./sweep.ts";

/** What of an activity's invocation tells its trace. */
export interface StepInvocation {
  readonly traceContext?: TraceContext | undefined;
  readonly triggerMetadata?: Readonly<Record<string, unknown>> | undefined;
}

function instanceOf(invocation: StepInvocation | undefined): string | undefined {
  const id = invocation?.triggerMetadata?.instanceId;
  return typeof id === "string" ? id : undefined;
}

/** Services → durable steps. Building a dataset's shards and merging them is expensive and runs on threads. */
export function createActivities(opened: Opened, services: Services) {
  const { ports, watched, telemetry } = opened;
  const threads = opened.mayUseThreads ? createBuildThreads(ports.settings) : undefined;
  if (threads !== undefined) opened.closeFirst(() => threads.close());
  const activities: Activities = {
    ...(threads === undefined
      ? createDatasetActivities(ports)
      : onThreads(createDatasetActivities(ports), threads)),
    ...createTrainingActivities({ ...ports, service: services.training }),
    ...createEvaluationActivities({
      ...ports,
      datasets: services.datasets,
      service: services.evaluations,
    }),
    ...createDeploymentActivities({ ...ports, service: services.deployments }),
    ...createPipelineActivities({ ...ports, ...services, service: services.pipelines }),
  };

  /** One durable step. Steps that run side by side answer with a settled value instead of throwing. */
  async function step(name: keyof Activities, input: unknown): Promise<unknown> {
    const run = activities[name] as (input: unknown) => Promise<unknown>;
    if (!(FANNED_OUT as readonly string[]).includes(name)) return run(input);
    try {
      return { ok: true, value: await run(input) } satisfies Settled<unknown>;
    } catch (thrown) {
      ports.logger.warn("a durable step failed and will be tried again", {
        activity: name,
        error: messageOf(thrown),
      });
      return { ok: false, fault: messageOf(thrown) || "unknown fault" } satisfies Settled<unknown>;
    }
  }

  return {
    /** The cache of models' answers keeps what is younger than the setting says. */
    forgetOldAnswers: (): Promise<number> => forgetOldAnswers(ports),
    /** Looks after the records whose orchestration has died. */
    takeUpRecords: (orchestrations: Orchestrations): Promise<Sweep> =>
      watched.apart(() =>
        takeUpRecords(watchedKinds(ports.ledger, activities), orchestrations, {
          now: ports.clock.now(),
          logger: ports.logger,
        }),
      ),
    activityNames: Object.keys(activities) as (keyof Activities)[],
    /** Runs one durable step in the trace of the request that its orchestration began with. */
    runActivity: (name: keyof Activities, input: unknown, invocation?: StepInvocation): Promise<unknown> =>
      watched.apart(() =>
        telemetry.follow(invocation?.traceContext, instanceOf(invocation), () =>
          telemetry.span(name, { attributes: { "lightning.step": name } }, () => step(name, input)),
        ),
      ),
  };
}
