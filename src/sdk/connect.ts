import type { AgentSettings } from "../config/agent-settings.ts";
import { homeFolder } from "../config/home-folder.ts";
import { unavailable } from "../kernel/errors.ts";
import type { Address } from "./client.ts";

/** A function app in reach; `close` ends it if it was started for this purpose. */
export interface Connection extends Address {
  readonly kind: "endpoint" | "local-host" | "embedded";
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly settings: Pick<AgentSettings, "endpoint" | "functionKey" | "home"> &
    Partial<Pick<AgentSettings, "accessToken">>;
  /** The address of the local host that holds the data folder, if one runs. */
  findHost(home: string): Promise<{ readonly url: string; readonly key?: string } | undefined>;
  /** Starts the function app inside this process; absent: never. */
  startEmbedded?: (() => Promise<{ readonly url: string; stop(): Promise<void> }>) | undefined;
}

/**
 * `LIGHTNING_ENDPOINT`, else the local host that holds the data folder, else the function app inside this process.
 * @throws LightningError unavailable `no_host` when there is none and none may be started
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { settings } = options;
  if (settings.endpoint !== undefined)
    return {
      kind: "endpoint",
      url: settings.endpoint.replace(/\/+$/, "").replace(/\/api(\/lightning)?$/, ""),
      functionKey: settings.functionKey,
      accessToken: settings.accessToken,
      close: nothingToClose,
    };
  const home = homeFolder(settings);
  const host = await options.findHost(home);
  if (host !== undefined)
    return {
      kind: "local-host",
      url: host.url,
      // A host that asks for keys leaves its own where only the folder's owner can read it.
      functionKey: host.key ?? settings.functionKey,
      close: nothingToClose,
    };
  if (options.startEmbedded === undefined)
    throw unavailable("no_host", `No function app is running on ${home}.`, {
      remedy:
        "Start one with `npm start` in a checkout of Agent Lightning, or set LIGHTNING_ENDPOINT to where one runs.",
    });
  const embedded = await options.startEmbedded();
  return { kind: "embedded", url: embedded.url, close: () => embedded.stop() };
}

const nothingToClose = async () => {};
