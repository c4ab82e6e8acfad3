import { app } from "@azure/functions";
import * as df from "durable-functions";
import { appOf, withApp } from "../src/app.ts";
import { createViewerServer, VIEWER_ROUTE } from "../src/surfaces/api-viewer.ts";
import { createDocumentServer } from "../src/surfaces/document-server.ts";
import { orchestrationsOf } from "../src/surfaces/durable-client.ts";
import { openapiDocument } from "../src/surfaces/openapi/document.ts";
import { paced } from "../src/surfaces/paced.ts";
import { handleRest, restRoutes } from "../src/surfaces/rest.ts";

withApp((opened) => {
  for (const [index, { method, route, operation }] of restRoutes(opened.operations).entries()) {
    // Orchestrators bear the operation's plain name, and a name is given once in an app.
    app.http(`${operation.name}Rest`, {
      route,
      methods: method === "GET" ? ["GET", "HEAD"] : [method],
      authLevel: opened.access.hostKey,
      extraInputs: [df.input.durableClient()],
      handler: (request, context) => {
        // The app of this moment: it may have been closed and opened again since the routes were made.
        const { access, logger, operations, telemetry } = appOf();
        const row = operations[index]?.name === operation.name ? operations[index] : operation;
        return telemetry.follow(context.traceContext, undefined, () =>
          handleRest(row, request, {
            orchestrations: orchestrationsOf(() => df.getClient(context), new URL(request.url).origin),
            access,
            logger,
            pace: (body) => paced(context.invocationId, body),
          }),
        );
      },
    });
  }

  const serveDocument = createDocumentServer(() => openapiDocument(opened.operations));
  app.http("describeApi", {
    route: "lightning/openapi.json",
    methods: ["GET", "HEAD"],
    authLevel: "anonymous",
    handler: (request) => serveDocument(request),
  });

  const serveViewer = createViewerServer();
  // As the document that it shows: it belongs to the version and tells nothing of this app.
  app.http("describeApiPage", {
    route: `${VIEWER_ROUTE}/{*path}`,
    methods: ["GET", "HEAD"],
    authLevel: "anonymous",
    handler: (request) => serveViewer(request),
  });
});
