import * as df from "durable-functions";
import { appOf } from "../src/app.ts";
import { ORCHESTRATORS } from "../src/loop/orchestrators.ts";

for (const [name, orchestrator] of Object.entries(ORCHESTRATORS)) df.app.orchestration(name, orchestrator);

for (const name of appOf().activityNames) {
  df.app.activity(name, {
    handler: (input: unknown, context) => appOf().runActivity(name, input, context),
  });
}
