import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Environment } from "./app-settings.ts";
import type { ChangeSource } from "./change-feed/change-source.ts";
import type { EndedCall } from "./core-api/invoker.ts";
import type { LoadedApp } from "./core-api/load-app.ts";
import type { DurableEngine, DurableEngineOptions } from "./durable/port.ts";

export interface LocalHostOptions {
  /** The app's folder, with package.json and host.json. */
  readonly folder: string;
  /** Where the durable store, keys and positions are kept; one host at a time holds it. */
  readonly home: string;
  /** Loopback port, 0 for any free one; absent: `Host.LocalHttpPort` of local.settings.json, else `fallbackPort`. */
  readonly port?: number | undefined;
  /** The port when nothing else names one; absent: any free one. */
  readonly fallbackPort?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Change feeds for `app.cosmosDB`; a function is called once the app settings are in place. */
  readonly changeSource?: ChangeSource | (() => ChangeSource | Promise<ChangeSource>) | undefined;
  /** Settings put into the process's environment while the host runs; they win over local.settings.json. */
  readonly env?: Environment | undefined;
  /** Ask for keys, as Azure does; without it loopback callers need none, as with Core Tools. */
  readonly enableAuth?: boolean | undefined;
  /** An app loaded before, or a function that registers one in place of package.json's `main`. */
  readonly app?: LoadedApp | (() => unknown) | undefined;
  /**
   * Load the build that package.json names, though its TypeScript sources are there: always, or when no source is newer
   * than the build.
   */
  readonly built?: boolean | "when fresh" | undefined;
  /** Told of every call of a function when it has ended. */
  readonly onCall?: ((call: EndedCall) => void) | undefined;
  /** Host names to serve besides the loopback ones; `*` for all. */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * Open the home and run nothing: no function, no timer, no feed, no orchestration. The management API lists,
   * terminates and purges instances; all else answers 503.
   */
  readonly paused?: boolean | undefined;
  /** Fault mode (`seed=7,duplicate=0.1,…`); absent: the setting LIGHTNING_HOST_FAULTS. */
  readonly faults?: string | undefined;
  /** The durable engine, for tests; absent: the one of `durable/engine.ts`. */
  readonly engine?: ((options: DurableEngineOptions) => DurableEngine) | undefined;
}
