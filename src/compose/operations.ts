import type { Settings } from "../config/settings.ts";
import { datasetOperations } from "../datasets/operations.ts";
import { deploymentOperations } from "../deployments/operations.ts";
import { withKeyField } from "../doors/idempotency-key.ts";
import type { Operation } from "../doors/operation.ts";
import { episodeOperations } from "../episodes/operations.ts";
import { evaluationOperations } from "../evaluation/operations.ts";
import { guarded } from "../identity/guard.ts";
import { identityOperations } from "../identity/operations.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { fatal } from "../kernel/errors.ts";
import { episodeTraceOperations } from "../overview/episode-trace.ts";
import { overviewOperations } from "../overview/operations.ts";
import { type TakeUp, takeUpOperations } from "../overview/take-up-operations.ts";
import { verifyAnswerOperations } from "../overview/verify-answer.ts";
import { pipelineOperations } from "../pipelines/operations.ts";
import { onceUnderKey } from "../requests/once.ts";
import { blindfolded } from "../review/blind.ts";
import { reviewOperations } from "../review/operations.ts";
import { deadLetterOperations } from "../rewards/dead-letter-operations.ts";
import { rewardOperations } from "../rewards/operations.ts";
import { signedAnswer } from "../surfaces/signed-answer.ts";
import { signedPaging } from "../surfaces/signed-paging.ts";
import { noTelemetry } from "../telemetry/telemetry.ts";
import { tracedOperation } from "../telemetry/traced.ts";
import { trainingOperations } from "../training/operations.ts";
import type { Opened } from "./ports.ts";
import type { Services } from "./services.ts";

type RowServices = Services & { readonly signingKey: () => Promise<string>; readonly takeUp: TakeUp };

/** The one table of operations. Without services the rows describe (CLI, OpenAPI) but cannot be run. */
export function operationRows(
  settings: Settings,
  clock: Clock = systemClock,
  services: RowServices = notOpened(),
): Operation[] {
  const shared = { settings, clock };
  const rows: Operation[] = [
    ...episodeOperations({ ...shared, service: services.episodes }),
    ...rewardOperations({ ...shared, service: services.rewards }),
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
    ...deadLetterOperations({ ...shared, service: services.deadLetters }),
    ...episodeTraceOperations({ ...shared, datasets: services.datasets, deployments: services.deployments }),
    ...verifyAnswerOperations({ key: services.signingKey }),
    ...overviewOperations({ ...shared, service: services.overview }),
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
  takeUp: TakeUp,
): Operation[] {
  const { settings, clock, logger } = ports;
  const once = onceUnderKey({ ledger, clock, logger, settings });
  const guard = { audit: services.audit, watched, agentId: settings.agentId };
  return (
    operationRows(settings, clock, { ...services, signingKey: signingKey.stored, takeUp })
      // A labeller reads nothing that others judged while reviews are blind.
      .map((row) => blindfolded(row, services.review))
      // Continuations leave signed and are checked when they come back, before the row sees them.
      .map((row) => signedPaging(row, signingKey.atHand))
      // An answer that asks for it bears a signature over its whole body.
      .map((row) => signedAnswer(row, signingKey.stored, clock))
      // Who may not is refused here; what was changed goes into the audit log with who did it.
      .map((row) => guarded(row, guard))
      // What is asked twice under one key is carried out once.
      .map(once)
      // Outermost, so that refusals have spans too.
      .map((row) => (telemetry === noTelemetry ? row : tracedOperation(row, telemetry)))
  );
}
