import { app } from "@azure/functions";
import * as df from "durable-functions";
import { appOf } from "../src/app.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";

app.http("mcp", {
  route: "mcp",
  methods: ["GET", "POST", "DELETE"],
  authLevel: "function",
  extraInputs: [df.input.durableClient()],
  handler: (request, context) => {
    const { mcp, settings, logger } = appOf();
    return mcp.handle(request, {
      orchestrations: orchestrationsOf(df.getClient(context)),
      trustPrincipal: settings.websiteSiteName !== undefined,
      logger,
    });
  },
});
