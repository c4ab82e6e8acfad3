import * as df from "durable-functions";
import { appOf, withApp } from "../src/app.ts";
import { ORCHESTRATORS } from "../src/loop/orchestrators.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";

withApp(({ activityNames, needsOrchestrations }) => {
  for (const [name, orchestrator] of Object.entries(ORCHESTRATORS)) df.app.orchestration(name, orchestrator);

  for (const name of activityNames) {
    if (needsOrchestrations(name))
      df.app.activity(name, {
        extraInputs: [df.input.durableClient()],
        handler: (input: unknown, context) =>
          appOf().runActivity(
            name,
            input,
            context,
            orchestrationsOf(() => df.getClient(context)),
          ),
      });
    else
      df.app.activity(name, {
        handler: (input: unknown, context) => appOf().runActivity(name, input, context),
      });
  }
});
