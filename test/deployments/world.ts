import { createDeploymentActivities } from "../../src/deployments/activities.ts";
import { createDeploymentService, type DeploymentDeps } from "../../src/deployments/service.ts";
import type { CallContext } from "../../src/doors/operation.ts";
import type { Evaluation, Verdict } from "../../src/evaluation/contract.ts";
import { toIso, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { ChatRequest, Provider } from "../../src/provider/provider.ts";
import type { TrainingRun } from "../../src/training/contract.ts";

export const AGENT = "mcp-agents";

/** A succeeded training run whose model is named after it. */
export function runRecord(id: string, clock: VirtualClock, change: Partial<TrainingRun> = {}): TrainingRun {
  return {
    id,
    type: "run",
    agent_id: AGENT,
    dataset_id: "dataset-1",
    dataset_hash: "hash-1",
    base_model: "gpt-4o-mini",
    method: "supervised",
    hyperparameters: {},
    seed: 1,
    training_type: "GlobalStandard",
    attempt: 1,
    status: "succeeded",
    state: "succeeded",
    tuned_model_name: `ft:${id}`,
    created_at: toIso(clock.now()),
    completed_at: toIso(clock.now()),
    ...change,
  } as TrainingRun;
}

export function evaluationRecord(id: string, runId: string, verdict: Verdict, createdAt: string): Evaluation {
  return {
    id,
    type: "evaluation",
    agent_id: AGENT,
    run_id: runId,
    candidate: `ft:${runId}`,
    baseline: "base-model",
    dataset_id: "dataset-1",
    dataset_hash: "hash-1",
    split: "test",
    metric: "auto",
    grading: 2,
    status: "finished",
    created_at: createdAt,
    completed_at: createdAt,
    result: {
      verdict,
      reasons: [],
      pairs: 60,
      missing: 0,
      baseline_accuracy: 0.5,
      candidate_accuracy: 0.9,
      difference: 0.4,
      interval: [0.2, 0.6],
      candidate_only: 24,
      baseline_only: 0,
      both: 30,
      neither: 6,
      p_value: 0.0001,
    },
  };
}

/** A provider of which only `chat` can be called. */
export function chatProvider(chat: (request: ChatRequest) => unknown): Provider {
  return {
    kind: "local",
    async chat(request: ChatRequest) {
      return (await chat(request)) as Awaited<ReturnType<Provider["chat"]>>;
    },
  } as unknown as Provider;
}

export const settings = {
  agentId: AGENT,
  useTunedModel: true,
  tunedModelDeploymentName: undefined,
  baseModel: "gpt-4o-mini",
  baseModelDeployment: "base-model",
  cacheTtlSeconds: 60,
  gatePolicy: "warn" as const,
  deploymentSku: "GlobalStandard",
  deploymentCapacity: 50,
  removeCandidatesAfterHours: 24,
};

/** The deployments stage on an embedded ledger, with succeeded runs `run-1` to `run-9`. */
export async function deploymentWorld(
  options: { wrap?: (ledger: Ledger) => Ledger } & Partial<DeploymentDeps> = {},
) {
  const { wrap, ...deps } = options;
  const clock = new VirtualClock();
  const plain = openSqliteLedger({ file: ":memory:", clock });
  const ledger = wrap?.(plain) ?? plain;
  for (let n = 1; n <= 9; n++) await plain.create("runs", runRecord(`run-${n}`, clock));
  const service = createDeploymentService({ ledger, settings, clock, logger: silentLogger, ...deps });
  const activities = createDeploymentActivities({
    service,
    ledger,
    provider: chatProvider(() => ({})),
    clock,
    logger: silentLogger,
  });

  /** What the orchestration promoteModel does, without its waits. */
  async function promote(
    runId: string,
    input: Partial<Parameters<typeof service.prepare>[0]> = {},
  ): Promise<string> {
    clock.advance(1000);
    const { deployment } = await service.prepare({ agent_id: AGENT, run_id: runId, ...input });
    const ref = { agent_id: AGENT, id: deployment.id };
    await activities.claimDeployment({ ...ref, instance_id: deployment.id });
    await activities.probeDeployment(ref);
    await activities.switchPointer(ref);
    return deployment.id;
  }
  const activeModel = async () => (await service.readActive(AGENT))?.deployment_name ?? "base";
  const rollback = (target_id?: string) =>
    service.rollback({ agent_id: AGENT, ...(target_id === undefined ? {} : { target_id }) });

  return { clock, ledger, plain, service, activities, promote, rollback, activeModel };
}

/** A call whose orchestrations are run by `start`. */
export function callContext(
  start: (name: string, id: string, input: unknown) => Promise<void>,
  waitMs = 2000,
): CallContext {
  return {
    waitMs,
    door: "rest",
    orchestrations: {
      start: ({ name, instanceId }, input) => start(name, instanceId(input), input),
      raise: async () => {},
      terminate: async () => {},
      status: async () => undefined,
      urls: (id) => ({ statusQueryGetUri: `http://localhost/${id}` }),
    },
  };
}
