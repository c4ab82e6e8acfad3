import { createDatasetActivities } from "../datasets/activities.ts";
import { createBuildThreads, onThreads } from "../datasets/threads/build-threads.ts";
import { createDeploymentActivities } from "../deployments/activities.ts";
import type { RecordRef } from "../doors/claim.ts";
import type { Orchestrations } from "../doors/operation.ts";
import { type Survey, surveyRecords } from "../doors/survey.ts";
import { type Sweep, takeUpRecords } from "../doors/sweep.ts";
import { createEvaluationActivities } from "../evaluation/activities.ts";
import { forgetOldAnswers } from "../evaluation/kept-answers.ts";
import { messageOf } from "../kernel/errors.ts";
import { type Activities, FANNED_OUT, type Settled } from "../loop/activities.ts";
import { createPipelineActivities } from "../pipelines/activities.ts";
import { RULES_KNOWN_MS } from "../privacy/service.ts";
import { createRescanActivities } from "../rescans/activities.ts";
import type { TraceContext } from "../telemetry/telemetry.ts";
import { createTrainingActivities } from "../training/activities.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { Opened } from "./ports.ts";
import type { Services } from "./services.ts";
import { LAST_STEPS, watchedKinds } from "./sweep.ts";

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
export function createActivities(opened: Opened, services: Services, workloads: Workloads) {
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
    ...createRescanActivities({
      ...ports,
      policyNow: (agentId) => services.privacy.policyNow(agentId),
      rulesKnownMs: RULES_KNOWN_MS,
    }),
    ...createPipelineActivities({ ...ports, ...services, service: services.pipelines }),
  };

  const kinds = watchedKinds(ports.ledger, activities, services.training);

  /** Where the step may have been its record's last, the next piece of work of the agent begins. */
  async function steppedOn(name: keyof Activities, input: unknown, orchestrations: Orchestrations) {
    const type = LAST_STEPS[name];
    const { agent_id: agentId, id } = input as RecordRef;
    if (type !== undefined) await workloads.stepped(orchestrations, type, agentId, id);
  }

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
    /** What became of the orchestrations behind the records that have not ended. */
    surveyRecords: (orchestrations: Orchestrations): Promise<Survey> =>
      watched.apart(async () => surveyRecords(kinds, orchestrations, await workloads.turns())),
    /** Looks after the records whose orchestration has died. */
    takeUpRecords: (orchestrations: Orchestrations): Promise<Sweep> =>
      watched.apart(async () => {
        const sweep = await takeUpRecords(kinds, orchestrations, {
          now: ports.clock.now(),
          logger: ports.logger,
          turns: await workloads.turns(),
        });
        await workloads.putRight(orchestrations, (agent_id, thrown) => {
          sweep.not_looked_after.push({ type: "workload", agent_id, reason: messageOf(thrown) });
        });
        return sweep;
      }),
    activityNames: Object.keys(activities) as (keyof Activities)[],
    /** Whether the step is handed the durable engine: after it, other work may begin. */
    needsOrchestrations: (name: keyof Activities): boolean => LAST_STEPS[name] !== undefined,
    /** Runs one durable step in the trace of the request that its orchestration began with. */
    runActivity: (
      name: keyof Activities,
      input: unknown,
      invocation?: StepInvocation,
      orchestrations?: Orchestrations,
    ): Promise<unknown> =>
      watched.apart(() =>
        telemetry.follow(invocation?.traceContext, instanceOf(invocation), () =>
          telemetry.span(name, { attributes: { "lightning.step": name } }, async () => {
            const result = await step(name, input);
            if (orchestrations !== undefined) await steppedOn(name, input, orchestrations);
            return result;
          }),
        ),
      ),
  };
}
