import { app } from "@azure/functions";
import { createViewerServer, VIEWER_ROUTE } from "../src/surfaces/api-viewer.ts";
import { createPageServer, PAGE_ROUTE } from "../src/surfaces/page.ts";

const servePage = createPageServer();

// The page's files tell nothing; what it shows comes from the REST routes, which ask for who you are.
app.http("dashboard", {
  route: `${PAGE_ROUTE}/{*path}`,
  methods: ["GET", "HEAD"],
  authLevel: "anonymous",
  handler: (request) => servePage(request),
});

const serveViewer = createViewerServer();

// As the document that it shows: it belongs to the version and tells nothing of this app.
app.http("describeApiPage", {
  route: `${VIEWER_ROUTE}/{*path}`,
  methods: ["GET"],
  authLevel: "anonymous",
  handler: (request) => serveViewer(request),
});
