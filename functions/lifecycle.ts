import { app } from "@azure/functions";
import { closeApp, withApp } from "../src/app.ts";
import { logWithInvocation } from "../src/kernel/invocation-log.ts";

app.hook.appTerminate(() => closeApp());

// On a laptop lines go to the terminal as they are.
withApp(({ settings }) => {
  if (settings.websiteSiteName !== undefined) app.hook.preInvocation(logWithInvocation);
});
