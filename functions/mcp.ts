import { app } from "@azure/functions";
import * as df from "durable-functions";
import { appOf, doorKey } from "../src/app.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";

app.http("mcp", {
  route: "mcp",
  methods: ["GET", "POST", "DELETE"],
  authLevel: doorKey(),
  extraInputs: [df.input.durableClient()],
  handler: (request, context) => {
    const { mcp, access, logger, telemetry } = appOf();
    return telemetry.follow(context.traceContext, undefined, () =>
      mcp.handle(request, {
        orchestrations: orchestrationsOf(() => df.getClient(context)),
        access,
        logger,
      }),
    );
  },
});
