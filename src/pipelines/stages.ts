import type { z } from "zod";
import type { buildDatasetInputSchema } from "../datasets/recipe-contract.ts";
import type { PromoteRequest } from "../deployments/contract.ts";
import type { Evaluation, Power } from "../evaluation/contract.ts";
import type { ForeseeEvaluation, StartEvaluation } from "../evaluation/service.ts";
import type { startTrainingInputSchema, TrainingRun } from "../training/contract.ts";

/** What a pipeline asks of the stages: each makes its record and starts nothing. */
export interface PipelineStages {
  readonly datasets: {
    prepare(
      input: z.output<typeof buildDatasetInputSchema>,
    ): Promise<{ readonly dataset: { readonly id: string } }>;
    /** @throws not_found `dataset_not_found` with the field that named it */
    get(agentId: string, id: string, field?: string): Promise<object>;
  };
  readonly training: {
    prepare(
      input: z.output<typeof startTrainingInputSchema>,
      options: { readonly idempotencyKey: string },
    ): Promise<{
      readonly run: { readonly id: string } & Partial<Pick<TrainingRun, "status" | "failed_in" | "error">>;
      readonly existed?: boolean;
    }>;
    get(
      agentId: string,
      id: string,
    ): Promise<{ readonly requested_by?: string | undefined; readonly created_at: string }>;
  };
  readonly evaluations: {
    prepare(input: StartEvaluation): Promise<{ readonly evaluation: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<Pick<Evaluation, "result">>;
    /** Whether a run has a verdict that asking again would not change. */
    wasJudged(agentId: string, runId: string): Promise<boolean>;
    /** @throws what an evaluation could not end in a verdict for */
    foresee(input: ForeseeEvaluation): Promise<Power | undefined>;
  };
  readonly deployments: {
    prepare(
      input: PromoteRequest,
      caller: { readonly byVerdict: boolean },
      gate: "require",
    ): Promise<{ readonly deployment: { readonly id: string } }>;
    /** How the run's model was taken out of service, unless an owner has put it back since. */
    withdrawalOf(
      agentId: string,
      runId: string,
    ): Promise<
      | {
          readonly deployment_id: string;
          readonly created_at: string;
          readonly by?: string | undefined;
          readonly reason?: string | undefined;
        }
      | undefined
    >;
    readonly policies: { get(agentId: string): Promise<{ readonly four_eyes: boolean }> };
    /** @throws conflict `four_eyes_required` */
    demandTwoPersons(
      agentId: string,
      persons: { readonly asked: readonly (string | undefined)[]; readonly decided: string | undefined },
    ): void;
  };
}
