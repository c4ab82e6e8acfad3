import * as df from "durable-functions";
import { appOf } from "../src/app.ts";
import { buildDataset } from "../src/loop/build-dataset.ts";
import { evaluateModel } from "../src/loop/evaluate-model.ts";
import { runPipeline } from "../src/loop/pipeline.ts";
import { promoteModel } from "../src/loop/promote-model.ts";
import { retrainAgents } from "../src/loop/retrain-agents.ts";
import { trainModel } from "../src/loop/train-model.ts";

df.app.orchestration("buildDataset", buildDataset);
df.app.orchestration("trainModel", trainModel);
df.app.orchestration("evaluateModel", evaluateModel);
df.app.orchestration("promoteModel", promoteModel);
df.app.orchestration("runPipeline", runPipeline);
df.app.orchestration("retrainAgents", retrainAgents);

for (const name of appOf().activityNames) {
  df.app.activity(name, {
    handler: (input: unknown, context) => appOf().runActivity(name, input, context),
  });
}
