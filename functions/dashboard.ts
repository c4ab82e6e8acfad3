import { app } from "@azure/functions";
import { createPageServer, PAGE_ROUTE } from "../src/surfaces/page.ts";

const servePage = createPageServer();

// The page's files tell nothing; what it shows comes from the REST routes, which ask for who you are.
app.http("dashboard", {
  route: `${PAGE_ROUTE}/{*path}`,
  methods: ["GET", "HEAD"],
  authLevel: "anonymous",
  handler: (request) => servePage(request),
});
