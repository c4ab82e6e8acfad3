import * as nodeModule from "node:module";
import { sharedCore } from "./core.ts";

let installed = false;

/**
 * Makes `@azure/functions-core` resolvable, for `require` and `import`, from every copy of the libraries. Must run
 * before the app is loaded: @azure/functions asks once, and falls to its test mode for good when there is no core.
 * Jest has module loading of its own, which these hooks don't reach: there `moduleNameMapper` names the same shim.
 */
export function installCoreModule(): void {
  sharedCore();
  if (installed || process.env.JEST_WORKER_ID !== undefined) return;
  installed = true;
  const shim = new URL("./shim.cjs", import.meta.url).href;
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "@azure/functions-core"
        ? { url: shim, format: "commonjs", shortCircuit: true }
        : next(specifier, context),
  });
}
