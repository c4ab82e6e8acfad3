import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { tellWatcher } from "./watch.ts";

/** Loaded first under `watch`: reports every file before it is read, so that a broken one is watched as well. */
registerHooks({
  load(url, context, next) {
    if (url.startsWith("file:") && !url.includes("/node_modules/")) tellWatcher(fileURLToPath(url));
    return next(url, context);
  },
});
