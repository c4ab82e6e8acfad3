import { readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { facadeOf } from "./cjs-facade.ts";
import { sharedCore } from "./core.ts";
import { isSdkFile, nativeSource } from "./sdk-source.ts";

/** 1 runs the SDKs' files exactly as they are on the disk, slower. */
const AS_PUBLISHED = "LIGHTNING_HOST_SDK_AS_PUBLISHED";

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
    load(url, context, next) {
      const loaded = next(url, context);
      const facade = facadeOf(url, loaded.format, context);
      if (facade !== undefined) return facade;
      if (loaded.format === "module" || !isSdkFile(url) || process.env[AS_PUBLISHED] === "1") return loaded;
      // Node's load hook leaves the source of a CommonJS file out when no hook has changed it.
      const source = loaded.source ?? readFileSync(fileURLToPath(url));
      const text = typeof source === "string" ? source : Buffer.from(source as Uint8Array).toString("utf8");
      return { ...loaded, source: nativeSource(text) };
    },
  });
}
