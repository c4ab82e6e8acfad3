import type { z } from "zod";
import type { datasetOperations } from "./datasets/operations.ts";
import type { deploymentOperations } from "./deployments/operations.ts";
import type { episodeOperations } from "./episodes/operations.ts";
import type { evaluationOperations } from "./evaluation/operations.ts";
import type { identityOperations } from "./identity/operations.ts";
import type { episodeTraceOperations } from "./overview/episode-trace.ts";
import type { operationStatusOperations } from "./overview/operation-status.ts";
import type { overviewOperations } from "./overview/operations.ts";
import type { takeUpOperations } from "./overview/take-up-operations.ts";
import type { verifyAnswerOperations } from "./overview/verify-answer.ts";
import type { partOperations } from "./parts/operations.ts";
import type { pipelineOperations } from "./pipelines/operations.ts";
import type { privacyOperations } from "./privacy/operations.ts";
import type { rescanOperations } from "./rescans/operations.ts";
import type { reviewOperations } from "./review/operations.ts";
import type { deadLetterOperations } from "./rewards/dead-letter-operations.ts";
import type { rewardOperations } from "./rewards/operations.ts";
import type { trainingOperations } from "./training/operations.ts";

/** The operations table as types: the rows of every stage, for whoever names an operation. Nothing of it runs. */
type Row = ReturnType<
  | typeof partOperations
  | typeof episodeOperations
  | typeof rewardOperations
  | typeof datasetOperations
  | typeof reviewOperations
  | typeof trainingOperations
  | typeof evaluationOperations
  | typeof deploymentOperations
  | typeof pipelineOperations
  | typeof deadLetterOperations
  | typeof episodeTraceOperations
  | typeof verifyAnswerOperations
  | typeof overviewOperations
  | typeof operationStatusOperations
  | typeof takeUpOperations
  | typeof identityOperations
  | typeof privacyOperations
  | typeof rescanOperations
>[number];
export type OperationName = Row["name"];

type RowOf<Name extends OperationName> = Extract<Row, { readonly name: Name }>;

/** What a caller may send, in wire form: fields with a default may be absent. */
export type InputOf<Name extends OperationName> = z.input<RowOf<Name>["input"]>;

/** The body that every door answers, in wire form. */
export type ReplyOf<Name extends OperationName> = z.output<RowOf<Name>["output"]>;
