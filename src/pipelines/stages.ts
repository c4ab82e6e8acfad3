import type { z } from "zod";
import type { Split } from "../datasets/contract.ts";
import type { buildDatasetInputSchema } from "../datasets/recipe-contract.ts";
import type { PromoteRequest } from "../deployments/contract.ts";
import type { Evaluation, Power } from "../evaluation/contract.ts";
import type { StartEvaluation } from "../evaluation/service.ts";
import type { startTrainingInputSchema } from "../training/contract.ts";

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
    ): Promise<{ readonly run: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<{ readonly requested_by?: string | undefined }>;
  };
  readonly evaluations: {
    prepare(input: StartEvaluation): Promise<{ readonly evaluation: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<Pick<Evaluation, "result">>;
    foresee(agentId: string, datasetId: string, split?: Split): Promise<Power | undefined>;
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
