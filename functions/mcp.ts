import { app } from "@azure/functions";
import * as df from "durable-functions";
import { appOf, withApp } from "../src/app.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";
import { paced } from "../src/surfaces/paced.ts";

withApp((opened) => {
  app.http("mcp", {
    route: "mcp",
    methods: ["GET", "POST", "DELETE"],
    authLevel: opened.access.hostKey,
    extraInputs: [df.input.durableClient()],
    handler: (request, context) => {
      const { mcp, access, logger, telemetry } = appOf();
      return telemetry.follow(context.traceContext, undefined, () =>
        mcp.handle(request, {
          orchestrations: orchestrationsOf(() => df.getClient(context), new URL(request.url).origin),
          access,
          logger,
          pace: (body) => paced(context.invocationId, body),
        }),
      );
    },
  });
});
