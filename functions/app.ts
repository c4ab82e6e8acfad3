import { app } from "@azure/functions";
import { faultOfApp } from "../src/app.ts";
import { hostLogger } from "../src/kernel/invocation-log.ts";
import { faultyHealth } from "../src/overview/faulty-health.ts";
import { noteAnswers } from "../src/surfaces/paced.ts";

// Bodies go in and out as streams: files of half a gigabyte pass in little memory, where the host would collect them.
app.setup({ enableHttpStream: true });
let stopNoting: (() => void) | undefined;
app.hook.appStart(() => {
  stopNoting = noteAnswers();
});
// A process may start the app again.
app.hook.appTerminate(() => stopNoting?.());

// The first file by name, as the worker loads them. An app that cannot be composed has this and the page alone: without
// any function Azure answers 404 to everything, and the reason stands in no place that an operator looks at.
const fault = faultOfApp();
if (fault !== undefined) {
  const answer = faultyHealth(fault.thrown);
  hostLogger("error").error(answer.jsonBody.error.message);
  // By key whatever the settings say: who is let in is one of the things that may be wrong.
  app.http("getHealthRest", {
    route: "lightning/health",
    methods: ["GET"],
    authLevel: "function",
    handler: () => faultyHealth(fault.thrown),
  });
}
