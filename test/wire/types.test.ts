import { expect, it } from "@jest/globals";
import type { z } from "zod";
import type { buildDatasetInputSchema } from "../../src/datasets/recipe-contract.ts";
import type { datasetReplySchema } from "../../src/datasets/replies.ts";
import type { deploymentEventSchema } from "../../src/deployments/contract.ts";
import type { shownDeploymentSchema } from "../../src/deployments/replies.ts";
import type { messageSchema, toolDefinitionSchema } from "../../src/doors/chat.ts";
import type { metadataSchema } from "../../src/doors/schemas.ts";
import type { episodeInputSchema, tokenUsageSchema, toolCallSchema } from "../../src/episodes/contract.ts";
import type { EpisodeName } from "../../src/episodes/names.ts";
import type { judgementSchema, rewardSchema } from "../../src/rewards/contract.ts";
import type { TrainingResult } from "../../src/sdk/training.ts";
import type { startTrainingInputSchema } from "../../src/training/contract.ts";
import type { runReplySchema, shortRunReplySchema } from "../../src/training/replies.ts";
import type * as wire from "../../src/wire/types.ts";

/** Each is assignable to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type OfAgent<T> = Omit<T, "agent_id"> & { agent_id?: string | undefined };

/** The compiler is the test: a `true` that does not fit its type is an error of `npm run typecheck`. */
const SAME: {
  message: Same<wire.Message, z.output<typeof messageSchema>>;
  messageInput: Same<wire.MessageInput, z.input<typeof messageSchema>>;
  toolDefinition: Same<wire.ToolDefinitionInput, z.input<typeof toolDefinitionSchema>>;
  toolCall: Same<wire.ToolCall, z.output<typeof toolCallSchema>>;
  tokenUsage: Same<wire.TokenUsage, z.output<typeof tokenUsageSchema>>;
  metadata: Same<NonNullable<wire.EpisodeInput["metadata"]>, z.input<typeof metadataSchema>>;
  episodeInput: Same<wire.EpisodeInput, z.input<typeof episodeInputSchema>>;
  buildDataset: Same<wire.OperationInputs["buildDataset"], OfAgent<z.input<typeof buildDatasetInputSchema>>>;
  dataset: Same<wire.OperationOutputs["getDataset"], z.output<typeof datasetReplySchema>>;
  startTraining: Same<
    wire.OperationInputs["startTraining"],
    OfAgent<z.input<typeof startTrainingInputSchema>>
  >;
  run: Same<wire.OperationOutputs["getTrainingRun"], z.output<typeof runReplySchema>>;
  shortRun: Same<
    wire.OperationOutputs["listTrainingRuns"]["training_runs"][number],
    z.output<typeof shortRunReplySchema>
  >;
  assignReward: Same<
    wire.OperationInputs["assignReward"],
    OfAgent<z.input<typeof judgementSchema>> & EpisodeName & { wait_for_episode?: boolean | undefined }
  >;
  reward: Same<wire.Reward, z.output<typeof rewardSchema>>;
  deployment: Same<
    wire.OperationOutputs["listDeployments"]["deployments"][number],
    z.output<typeof shownDeploymentSchema>
  >;
  /** Null while there is none, as the door answers (A reply that said undefined passed a test for undefined). */
  tunedModel: Same<TrainingResult["tunedModel"], string | null>;
  event: Same<wire.OperationOutputs["getLineage"]["events"][number], z.output<typeof deploymentEventSchema>>;
} = {
  message: true,
  messageInput: true,
  toolDefinition: true,
  toolCall: true,
  tokenUsage: true,
  metadata: true,
  episodeInput: true,
  buildDataset: true,
  dataset: true,
  startTraining: true,
  run: true,
  shortRun: true,
  assignReward: true,
  reward: true,
  deployment: true,
  tunedModel: true,
  event: true,
};

it("the types without zod and the schemas' types are assignable to each other, noun by noun", () => {
  expect(Object.values(SAME)).not.toContain(false);
});
