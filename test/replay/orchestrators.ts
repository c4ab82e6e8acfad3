import { buildDataset } from "../../src/loop/build-dataset.ts";
import { evaluateModel } from "../../src/loop/evaluate-model.ts";
import { runPipeline } from "../../src/loop/pipeline.ts";
import { promoteModel } from "../../src/loop/promote-model.ts";
import { retrainAgents } from "../../src/loop/retrain-agents.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import type { OrchestratorCode } from "../local-host/durable/app.ts";

/** The function app's, by the names under which they run. */
export const ORCHESTRATORS: Readonly<Record<string, OrchestratorCode>> = {
  buildDataset,
  trainModel,
  evaluateModel,
  promoteModel,
  runPipeline,
  retrainAgents,
};
