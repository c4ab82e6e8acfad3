import type { Settings } from "../config/settings.ts";
import { datasetOperations } from "../datasets/operations.ts";
import { deploymentOperations } from "../deployments/operations.ts";
import { withKeyField } from "../doors/idempotency-key.ts";
import type { Operation } from "../doors/operation.ts";
import { episodeOperations } from "../episodes/operations.ts";
import { evaluationOperations } from "../evaluation/operations.ts";
import { withModelRights } from "../identity/foreign-models.ts";
import { guarded } from "../identity/guard.ts";
import { identityOperations } from "../identity/operations.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { fatal } from "../kernel/errors.ts";
import { episodeTraceOperations } from "../overview/episode-trace.ts";
import { operationStatusOperations } from "../overview/operation-status.ts";
import { overviewOperations, type SurveyRecords } from "../overview/operations.ts";
import { type TakeUp, takeUpOperations } from "../overview/take-up-operations.ts";
import { verifyAnswerOperations } from "../overview/verify-answer.ts";
import { partOperations } from "../parts/operations.ts";
import { pipelineOperations } from "../pipelines/operations.ts";
import { privacyOperations } from "../privacy/operations.ts";
import { redactedName } from "../redaction/names.ts";
import { ifMatched } from "../requests/if-match.ts";
import { onceUnderKey } from "../requests/once.ts";
import { rateLimited } from "../requests/rate-limited.ts";
import { beginRescan, rescanOperations } from "../rescans/operations.ts";
import { blindfolded } from "../review/blind.ts";
import { reviewOperations } from "../review/operations.ts";
import { deadLetterOperations } from "../rewards/dead-letter-operations.ts";
import { rewardOperations } from "../rewards/operations.ts";
import { redactedInput } from "../surfaces/redacted-input.ts";
import { signedAnswer } from "../surfaces/signed-answer.ts";
import { signedPaging } from "../surfaces/signed-paging.ts";
import { noTelemetry } from "../telemetry/telemetry.ts";
import { tracedOperation } from "../telemetry/traced.ts";
import { trainingOperations } from "../training/operations.ts";
import { inTurn } from "../workload/in-turn.ts";
import type { Workloads } from "../workload/workloads.ts";
import { nameNouns } from "./nouns.ts";
import type { Opened } from "./ports.ts";
import type { Services } from "./services.ts";

/** What rows need of the durable steps: to look after records, and to look at them. */
interface Records {
  readonly takeUp: TakeUp;
  readonly survey: SurveyRecords;
}
type RowServices = Services &
  Records & {
    readonly signingKey: () => Promise<string>;
    /** How somebody's name may stand in the ledger: as it is where the platform vouched for it, else redacted. */
    readonly namesOf: (agentId: string, name: string) => Promise<readonly string[]>;
  };

/** The one table of operations. Without services the rows describe (CLI, OpenAPI) but cannot be run. */
export function operationRows(
  settings: Settings,
  clock: Clock = systemClock,
  services: RowServices = notOpened(),
): Operation[] {
  nameNouns();
  const shared = { settings, clock };
  const rows: Operation[] = [
    ...partOperations({ ...shared, service: services.parts }),
    ...episodeOperations({
      ...shared,
      service: services.episodes,
      policyOf: (agentId) => services.privacy.policyOf(agentId),
    }),
    ...rewardOperations({
      ...shared,
      service: services.rewards,
      giving: services.giving,
      namesOf: services.namesOf,
    }),
    ...datasetOperations({ ...shared, service: services.datasets }),
    ...reviewOperations({ ...shared, service: services.review, datasets: services.datasets }),
    ...trainingOperations({ ...shared, service: services.training }),
    ...evaluationOperations({ ...shared, service: services.evaluations }),
    ...deploymentOperations({
      ...shared,
      service: services.deployments,
      selector: services.selector,
      upkeep: services.upkeep,
    }),
    ...pipelineOperations({ ...shared, service: services.pipelines }),
    ...privacyOperations({
      ...shared,
      service: services.privacy,
      beginRescan: (agentId, context, by) => beginRescan(services.rescans, agentId, context, by),
    }),
    ...rescanOperations({ ...shared, service: services.rescans }),
    ...deadLetterOperations({ ...shared, service: services.deadLetters }),
    ...episodeTraceOperations({ ...shared, datasets: services.datasets, deployments: services.deployments }),
    ...verifyAnswerOperations({ key: services.signingKey }),
    ...overviewOperations({ ...shared, service: services.overview, survey: services.survey }),
    ...operationStatusOperations({
      ...shared,
      readers: {
        datasets: (agentId, id) => services.datasets.get(agentId, id),
        runs: (agentId, id) => services.training.get(agentId, id),
        evaluations: (agentId, id) => services.evaluations.get(agentId, id),
        deployments: (agentId, id) => services.deployments.get(agentId, id),
        pipelines: (agentId, id) => services.pipelines.get(agentId, id),
        rescans: (agentId, id) => services.rescans.get(agentId, id),
      },
    }),
    ...takeUpOperations({ takeUp: services.takeUp }),
    ...identityOperations({ ...shared, audit: services.audit }),
  ];
  return rows.map(withKeyField);
}

function notOpened(): RowServices {
  const refuse: object = new Proxy(() => undefined, {
    get: () => refuse,
    apply() {
      throw fatal("not_opened", "These rows only describe the operations; the app is not open.");
    },
  });
  return refuse as RowServices;
}

/** What the doors call: the rows, and what makes the same of a tool that is no row. */
interface OpenTable {
  readonly operations: Operation[];
  /** Roles, audit, redaction and limits: what holds for a call whatever it is of. */
  readonly atDoor: (operation: Operation) => Operation;
}

/** The rows as the doors call them: each `run` goes through the wrappers below, the outermost last. */
export function openOperations(
  {
    ports,
    ledger,
    watched,
    telemetry,
    signingKey,
  }: Pick<Opened, "ports" | "ledger" | "watched" | "telemetry" | "signingKey">,
  services: Services,
  records: Records,
  workloads: Workloads,
): OpenTable {
  const { settings, clock, logger } = ports;
  const { policyOf } = services.privacy;
  const redaction = { policyOf, key: signingKey.stored, agentId: settings.agentId };
  const once = onceUnderKey({ ledger, clock, logger, settings });
  const namesOf = async (agentId: string, name: string) =>
    settings.redactSecrets
      ? [...new Set([name, await redactedName(agentId, name, await policyOf(agentId), signingKey.stored)])]
      : [name];
  const guard = { audit: services.audit, watched, agentId: settings.agentId };
  const limited = rateLimited({ settings, clock });

  function atDoor(operation: Operation): Operation {
    // Who may not is refused here; what was changed goes into the audit log with who did it.
    let row = guarded(operation, guard);
    // What is asked twice under one key is carried out once.
    row = once(row);
    // Refusals have spans too.
    if (telemetry !== noTelemetry) row = tracedOperation(row, telemetry);
    // Nothing of the above sees, stores or tells a secret that a caller sent.
    if (settings.redactSecrets) row = redactedInput(row, redaction);
    // Outermost, as it stores and tells nothing of what was sent: who asks for more than a minute's share is told to come
    // later, before anything is looked up.
    return limited(row);
  }

  const rows = operationRows(settings, clock, {
    ...services,
    signingKey: signingKey.stored,
    namesOf,
    ...records,
  })
    // What an agent asks for begins in its turn.
    .map((row) => inTurn(row, workloads))
    // A labeller reads nothing that others judged while reviews are blind.
    .map((row) => blindfolded(row, services.review))
    // Continuations leave signed and are checked when they come back, before the row sees them.
    .map((row) => signedPaging(row, signingKey.atHand))
    // An answer that asks for it bears a signature over its whole body.
    .map((row) => signedAnswer(row, signingKey.stored, clock))
    // Another agent's model is used by those alone who have the role there, too.
    .map((row) => withModelRights(row, { ...services.deployments, agentId: settings.agentId }));
  return { operations: rows.map((row) => atDoor(ifMatched(row, rows, watched))), atDoor };
}
