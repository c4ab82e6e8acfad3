import { buildDataset } from "./build-dataset.ts";
import { evaluateModel } from "./evaluate-model.ts";
import type { Orchestrators } from "./orchestrations.ts";
import { runPipeline } from "./pipeline.ts";
import { promoteModel } from "./promote-model.ts";
import { rescanEpisodes } from "./rescan-episodes.ts";
import { retrainAgents } from "./retrain-agents.ts";
import { trainModel } from "./train-model.ts";

/** What the function app registers: one orchestrator for each declared orchestration, no other. */
export const ORCHESTRATORS: Orchestrators = {
  buildDataset,
  trainModel,
  evaluateModel,
  promoteModel,
  runPipeline,
  retrainAgents,
  rescanEpisodes,
};
