import * as fs from "node:fs";
import path from "node:path";
import { fatal, messageOf } from "../kernel/errors.ts";
import { type Environment, resolveSettings } from "./app-settings.ts";

/** What the host reads from host.json and local.settings.json. */
export interface HostConfig {
  /** `extensions.http.routePrefix`, without slashes at its ends; "" for none. */
  readonly routePrefix: string;
  /** `extensions.durableTask`. */
  readonly durableTask: Readonly<Record<string, unknown>>;
  readonly taskHubName: string;
  /** `Values` of local.settings.json. */
  readonly values: Readonly<Record<string, string>>;
  /** `Host.LocalHttpPort` of local.settings.json. */
  readonly localPort: number | undefined;
  /** `Host.CORS` of local.settings.json. */
  readonly cors: readonly string[];
}

type Json = Record<string, unknown>;

/** @throws fatal `bad_host_config` for a file that is there and cannot be read */
export function readHostConfig(folder: string, env: Environment): HostConfig {
  const host = readJson(path.join(folder, "host.json"));
  const local = readJson(path.join(folder, "local.settings.json"));
  if (local.IsEncrypted === true)
    throw fatal("bad_host_config", "local.settings.json is encrypted, which this host cannot read.", {
      remedy: "Decrypt it with `func settings decrypt`.",
    });
  const values = Object.fromEntries(
    Object.entries(object(local.Values)).map(([name, value]) => [name, String(value)]),
  );
  const all = { ...values, ...env };
  override(host, all);
  const extensions = object(host.extensions);
  const prefix = object(extensions.http).routePrefix;
  const durableTask = object(extensions.durableTask);
  const hub = typeof durableTask.hubName === "string" ? resolveSettings(durableTask.hubName, all) : undefined;
  const { LocalHttpPort, CORS } = object(local.Host);
  return {
    routePrefix: (typeof prefix === "string" ? prefix : "api").replaceAll(/^\/+|\/+$/g, ""),
    durableTask,
    taskHubName: hub?.ok ? hub.value : "TestHubName",
    values,
    localPort: typeof LocalHttpPort === "number" ? LocalHttpPort : undefined,
    cors: typeof CORS === "string" ? CORS.split(",").map((origin) => origin.trim()) : [],
  };
}

/** `AzureFunctionsJobHost__extensions__http__routePrefix=…` overrides a value of host.json, as in Azure. */
function override(host: Json, env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("AzureFunctionsJobHost__") || value === undefined) continue;
    const keys = name.split("__").slice(1);
    const last = keys.pop();
    if (last === undefined) continue;
    let at = host;
    for (const key of keys) {
      const next = object(at[key]);
      at[key] = next;
      at = next;
    }
    at[last] = value;
  }
}

function readJson(file: string): Json {
  if (!fs.existsSync(file)) return {};
  try {
    return object(JSON.parse(stripComments(fs.readFileSync(file, "utf8"))));
  } catch (thrown) {
    throw fatal("bad_host_config", `${path.basename(file)} cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** The real host's reader allows comments; strings are matched first, so that `//` inside them stays. */
function stripComments(text: string): string {
  return text
    .replace(/^\uFEFF/, "")
    .replaceAll(/"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (token) =>
      token.startsWith('"') ? token : "",
    );
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
