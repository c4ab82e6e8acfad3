import type { z } from "zod";
import type { buildDatasetInputSchema } from "../datasets/recipe-contract.ts";
import type { PromoteRequest } from "../deployments/contract.ts";
import type { Evaluation } from "../evaluation/contract.ts";
import type { ForeseeEvaluation, StartEvaluation } from "../evaluation/service.ts";
import type { startTrainingInputSchema, TrainingRun } from "../training/contract.ts";

/** What a pipeline asks of the stages: each makes its record and starts nothing. */
export interface PipelineStages {
  readonly datasets: {
    prepare(
      input: z.output<typeof buildDatasetInputSchema>,
    ): Promise<{ readonly dataset: { readonly id: string } }>;
  };
  readonly training: {
    prepare(
      input: z.output<typeof startTrainingInputSchema>,
      options: { readonly idempotencyKey: string },
    ): Promise<{
      readonly run: { readonly id: string } & Partial<Pick<TrainingRun, "status" | "failed_in" | "error">>;
      readonly existed?: boolean;
    }>;
    get(agentId: string, id: string): Promise<{ readonly requested_by?: string | undefined }>;
  };
  readonly evaluations: {
    prepare(input: StartEvaluation): Promise<{ readonly evaluation: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<Pick<Evaluation, "result">>;
    /** @throws what an evaluation could not end in a verdict for */
    foresee(input: ForeseeEvaluation): Promise<void>;
  };
  readonly deployments: {
    prepare(
      input: PromoteRequest,
      caller: { readonly principal?: string | undefined; readonly idempotencyKey?: string | undefined },
      gate: "require",
    ): Promise<{ readonly deployment: { readonly id: string } }>;
    readonly policies: { get(agentId: string): Promise<{ readonly four_eyes: boolean }> };
    /** @throws conflict `four_eyes_required` */
    demandTwoPersons(
      agentId: string,
      persons: { readonly asked: readonly (string | undefined)[]; readonly decided: string | undefined },
    ): void;
  };
}
