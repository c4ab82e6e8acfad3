import { cpus } from "node:os";
import { fatal } from "../../kernel/errors.ts";

/** Which instances' versions this host works on; the names are host.json's. */
type VersionMatch = "None" | "Strict" | "CurrentOrOlder";

/** The members of host.json's `extensions.durableTask` this host honours. */
export interface DurableSettings {
  readonly maxActivities: number;
  readonly maxOrchestrators: number;
  /** Given to orchestrations started without a version; "" for none. */
  readonly defaultVersion: string;
  readonly versionMatch: VersionMatch;
  /** True: an instance of another version fails; false: it waits for a host of its version. */
  readonly failOtherVersions: boolean;
  /** Actions one execution may take over all. */
  readonly maxActions: number;
  /** A start takes the place of what runs under its id, in place of being refused. */
  readonly replacesRunning: boolean;
  /** Between polls of `callHttp` that name no Retry-After, ms. */
  readonly httpPollMs: number;
  /** Addresses in answers have the name that a proxy before this host forwards. */
  readonly usesForwardedHost: boolean;
  /** The newest replay schema that is offered; V3 is an extension from before `df.lock`. */
  readonly schema: "V3" | "V4";
}

/** The extension's MaxOrchestrationActions. */
const MAX_ACTIONS = 100_000;
/** The extension's HttpOptions.DefaultAsyncRequestSleepTimeMilliseconds. */
const HTTP_POLL_MS = 30_000;
/** The extension's OverridableStates, in the order of their numbers, which host.json may say as well. */
const OVERRIDABLE = ["AnyState", "NonRunningStates"] as const;

/**
 * Like the extension: ten of each for a core.
 * @throws fatal `bad_host_config` for values that the extension refuses at its start
 */
export function durableSettings(
  hostJson: Readonly<Record<string, unknown>> = {},
  schema = "V4",
): DurableSettings {
  if (schema !== "V3" && schema !== "V4")
    throw fatal("bad_host_config", `LIGHTNING_HOST_DURABLE_SCHEMA cannot be "${schema}".`, {
      remedy: "Give V3 or V4, or unset it.",
    });
  const perHost = 10 * Math.max(1, cpus().length);
  const bad = (name: string, remedy: string, value = hostJson[name]) =>
    fatal(
      "bad_host_config",
      `host.json: extensions.durableTask.${name} cannot be ${JSON.stringify(value)}.`,
      {
        remedy,
      },
    );
  const count = (name: string, absent: number) => {
    if (hostJson[name] === undefined || hostJson[name] === null) return absent;
    const value = Number(hostJson[name]);
    if (!Number.isInteger(value) || value <= 0) throw bad(name, "Give a number of at least 1.");
    return value;
  };
  const text = (name: string) => {
    const value = hostJson[name];
    return typeof value === "string" ? value : "";
  };
  const oneOf = <Word extends string>(name: string, words: readonly Word[], absent: Word): Word => {
    if (hostJson[name] === undefined || hostJson[name] === null) return absent;
    const word = words.find((one) => one.toLowerCase() === text(name).toLowerCase());
    if (word === undefined) throw bad(name, `Give one of ${words.join(", ")}.`);
    return word;
  };
  const http = (hostJson.httpSettings ?? {}) as Readonly<Record<string, unknown>>;
  const { defaultAsyncRequestSleepTimeMilliseconds: pollMs = HTTP_POLL_MS, useForwardedHost = false } = http;
  if (!Number.isInteger(Number(pollMs)) || Number(pollMs) < 0)
    throw bad(
      "httpSettings.defaultAsyncRequestSleepTimeMilliseconds",
      "Give a number of milliseconds.",
      pollMs,
    );
  // A setting that overrides host.json is text.
  const forwarded = String(useForwardedHost).toLowerCase();
  if (!["true", "false"].includes(forwarded))
    throw bad("httpSettings.useForwardedHost", "Give true or false.", useForwardedHost);
  // No limit here, but the extension wants a number all the same.
  count("maxConcurrentEntityFunctions", perHost);
  const overridable = OVERRIDABLE[Number(hostJson.overridableExistingInstanceStates ?? Number.NaN)];
  return {
    maxActivities: count("maxConcurrentActivityFunctions", perHost),
    maxOrchestrators: count("maxConcurrentOrchestratorFunctions", perHost),
    defaultVersion: text("defaultVersion"),
    versionMatch: oneOf("versionMatchStrategy", ["None", "Strict", "CurrentOrOlder"], "CurrentOrOlder"),
    failOtherVersions: oneOf("versionFailureStrategy", ["Reject", "Fail"], "Reject") === "Fail",
    maxActions: count("maxOrchestrationActions", MAX_ACTIONS),
    replacesRunning:
      (overridable ?? oneOf("overridableExistingInstanceStates", OVERRIDABLE, "NonRunningStates")) ===
      "AnyState",
    httpPollMs: Number(pollMs),
    usesForwardedHost: forwarded === "true",
    schema,
  };
}
