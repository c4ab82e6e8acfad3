import * as fs from "node:fs";
import path from "node:path";
import { fatal, messageOf } from "../kernel/errors.ts";
import type { Environment } from "./app-settings.ts";
import { checkDurableTask, isOnStorage, taskHubName } from "./durable-config.ts";
import type { HttpLimits } from "./http/throttle.ts";
import { parseTimeSpan } from "./time-span.ts";

/** What the host reads from host.json and local.settings.json. */
export interface HostConfig {
  /** `extensions.http.routePrefix`, without slashes at its ends; "" for none. */
  readonly routePrefix: string;
  /** How many requests run and wait at a time. */
  readonly httpLimits: HttpLimits;
  /** `extensions.http.customHeaders`: put into every answer that has none of the name. */
  readonly customHeaders: Readonly<Record<string, string>>;
  /** `extensions.durableTask`. */
  readonly durableTask: Readonly<Record<string, unknown>>;
  /** `extensions.mcp`. */
  readonly mcp: Readonly<Record<string, unknown>>;
  readonly taskHubName: string;
  /** `functionTimeout` in ms; undefined for none. */
  readonly functionTimeoutMs: number | undefined;
  /** `Values` of local.settings.json. */
  readonly values: Readonly<Record<string, string>>;
  /** `Host.LocalHttpPort` of local.settings.json. */
  readonly localPort: number | undefined;
  /** `Host.CORS` of local.settings.json. */
  readonly cors: readonly string[];
  /** `Host.CORSCredentials` of local.settings.json. */
  readonly corsCredentials: boolean;
  /** Members that change what happens in Azure and nothing here: `extensions.http.dynamicThrottlesEnabled`. */
  readonly ignored: readonly string[];
}

type Json = Record<string, unknown>;

/** @throws fatal `bad_host_config` for a file that is there and cannot be read, or says what Azure would refuse */
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
  if (fs.existsSync(path.join(folder, "host.json")) && host.version !== "2.0")
    throw fatal(
      "bad_host_config",
      host.version === undefined
        ? "host.json has no version."
        : `host.json: version cannot be ${JSON.stringify(host.version)}.`,
      { remedy: 'Give it "version": "2.0", as Azure demands.' },
    );
  override(host, all);
  const extensions = object(host.extensions);
  const prefix = object(extensions.http).routePrefix;
  const durableTask = object(extensions.durableTask);
  checkDurableTask(durableTask);
  const { LocalHttpPort, CORS, CORSCredentials } = object(local.Host);
  if (CORSCredentials === true && CORS === "*")
    throw fatal("bad_host_config", "local.settings.json: CORSCredentials cannot go with every origin.", {
      remedy: 'Name the origins in "CORS".',
    });
  return {
    routePrefix: (typeof prefix === "string" ? prefix : "api").replaceAll(/^\/+|\/+$/g, ""),
    httpLimits: {
      maxConcurrent: limit(extensions.http, "maxConcurrentRequests"),
      maxOutstanding: limit(extensions.http, "maxOutstandingRequests"),
    },
    customHeaders: Object.fromEntries(
      Object.entries(object(object(extensions.http).customHeaders)).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    ),
    durableTask,
    mcp: object(extensions.mcp),
    functionTimeoutMs: timeoutMs(host.functionTimeout),
    taskHubName: taskHubName(durableTask, all),
    values,
    localPort: typeof LocalHttpPort === "number" ? LocalHttpPort : undefined,
    cors: typeof CORS === "string" ? CORS.split(",").map((origin) => origin.trim()) : [],
    corsCredentials: CORSCredentials === true,
    ignored: [...IGNORED, ...(isOnStorage(durableTask) ? [] : [IGNORED_ELSEWHERE])].filter((member) =>
      isSet(valueAt(host, member)),
    ),
  };
}

/** What an app may rely on in Azure; what only concerns machines and telemetry is not reported. */
const IGNORED = [
  "retry",
  "concurrency.dynamicConcurrencyEnabled",
  "extensions.http.dynamicThrottlesEnabled",
  "extensions.durableTask.maxEntityOperationBatchSize",
  "extensions.durableTask.entityMessageReorderWindowInMinutes",
  "extensions.durableTask.storeInputsInOrchestrationHistory",
  "extensions.durableTask.notifications",
];
/**
 * On Azure Storage only workers that speak gRPC have a queue of their own for entities
 * (AzureStorageDurabilityProviderFactory); JavaScript's share the orchestrators' limit, as here.
 */
const IGNORED_ELSEWHERE = "extensions.durableTask.maxConcurrentEntityFunctions";

const valueAt = (host: Json, member: string) =>
  member.split(".").reduce<unknown>((value, name) => object(value)[name], host);

/** Off is what happens here anyway. */
const isSet = (value: unknown) => value !== undefined && value !== null && value !== false;

/** @throws fatal `bad_host_config` for what is no number of requests */
function limit(http: unknown, name: string): number {
  const value = object(http)[name];
  if (value === undefined || value === null || Number(value) === -1) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(Number(value)) && Number(value) > 0) return Number(value);
  throw fatal("bad_host_config", `host.json: extensions.http.${name} cannot be ${JSON.stringify(value)}.`, {
    remedy: "Give a number of at least 1, or -1 for no limit.",
  });
}

/**
 * `AzureFunctionsJobHost__extensions__http__routePrefix=…` overrides a value of host.json, as in Azure: without regard to
 * case where host.json has the member.
 */
function override(host: Json, env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!/^AzureFunctionsJobHost__/i.test(name) || value === undefined) continue;
    const keys = name.split("__").slice(1);
    const last = keys.pop();
    if (last === undefined) continue;
    let at = host;
    for (const key of keys) {
      const own = ownName(at, key);
      const next = object(at[own]);
      at[own] = next;
      at = next;
    }
    at[ownName(at, last)] = value;
  }
}

const ownName = (json: Json, name: string) =>
  Object.keys(json).find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;

/** A TimeSpan (`00:05:00`, `1.00:00:00`), or `-1` for no limit. @throws fatal `bad_host_config` */
function timeoutMs(value: unknown): number | undefined {
  if (value === undefined || value === "-1") return undefined;
  const ms = typeof value === "string" ? parseTimeSpan(value) : undefined;
  if (ms === undefined || ms < 0)
    throw fatal("bad_host_config", `host.json: functionTimeout cannot be ${JSON.stringify(value)}.`, {
      remedy: 'Give a time such as "00:05:00", or "-1" for none.',
    });
  return ms;
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
