import { fatal } from "../kernel/errors.ts";
import { type Environment, resolveSettings } from "./app-settings.ts";
import { parseTimeSpan } from "./time-span.ts";

type Json = Readonly<Record<string, unknown>>;

const MINUTE_MS = 60_000;

/**
 * What the extension refuses of `extensions.durableTask` at its start although nothing of it has an effect here: the
 * storage provider's members (`AzureStorageOptions.Validate`), whose absent values are the extension's own, and extended
 * sessions, which no worker in JavaScript has.
 * @throws fatal `bad_host_config`
 */
export function checkDurableTask(durableTask: Json): void {
  if (String(durableTask.extendedSessionsEnabled).toLowerCase() === "true")
    throw refused(
      "extendedSessionsEnabled",
      true,
      "Leave it out: only .NET in the host's own process has them.",
    );
  if (!isOnStorage(durableTask)) return;
  const provider = (durableTask.storageProvider ?? {}) as Json;
  wholeBetween(provider, "partitionCount", 1, 16);
  wholeBetween(provider, "controlQueueBatchSize", 1, Number.MAX_SAFE_INTEGER);
  wholeBetween(provider, "controlQueueBufferThreshold", 1, 1000);
  timeBetween(provider, "controlQueueVisibilityTimeout", MINUTE_MS, 60 * MINUTE_MS, "00:01:00 to 01:00:00");
  timeBetween(provider, "workItemQueueVisibilityTimeout", 0, Number.POSITIVE_INFINITY, "such as 00:05:00");
  timeBetween(provider, "maxQueuePollingInterval", 0, Number.POSITIVE_INFINITY, "such as 00:00:10");
}

/** True for the default store, Azure Storage. */
export function isOnStorage({ storageProvider }: Json): boolean {
  const { type = "azureStorage" } = (storageProvider ?? {}) as Json;
  return typeof type === "string" && type.toLowerCase() === "azurestorage";
}

/** @throws fatal `bad_host_config` for what the extension refuses at its start */
export function taskHubName(durableTask: Json, env: Environment): string {
  const { hubName: given } = durableTask;
  if (given === undefined) return "TestHubName";
  const hub = resolveSettings(typeof given === "string" ? given : JSON.stringify(given), env);
  if (!hub.ok)
    throw fatal(
      "bad_host_config",
      `host.json: extensions.durableTask.hubName ${hub.reason}.`,
      hub.setting === undefined
        ? {}
        : { remedy: `Give ${hub.setting} in the Values of local.settings.json.` },
    );
  if (isOnStorage(durableTask) && !/^[a-z][a-z0-9]{2,44}$/i.test(hub.value))
    throw fatal("bad_host_config", `host.json: ${JSON.stringify(hub.value)} cannot be a task hub's name.`, {
      remedy: "Give a letter and then 2 to 44 letters or digits.",
    });
  return hub.value;
}

const refused = (member: string, value: unknown, remedy: string) =>
  fatal(
    "bad_host_config",
    `host.json: extensions.durableTask.${member} cannot be ${JSON.stringify(value)}.`,
    {
      remedy,
    },
  );

function wholeBetween(provider: Json, name: string, low: number, high: number): void {
  const value = provider[name];
  if (value === undefined || value === null) return;
  const number = Number(value);
  if (!Number.isInteger(number) || number < low || number > high)
    throw refused(
      `storageProvider.${name}`,
      value,
      high === Number.MAX_SAFE_INTEGER
        ? `Give a number of at least ${low}.`
        : `Give a number from ${low} to ${high}.`,
    );
}

function timeBetween(provider: Json, name: string, low: number, high: number, remedy: string): void {
  const value = provider[name];
  if (value === undefined || value === null) return;
  const ms = typeof value === "string" ? parseTimeSpan(value) : undefined;
  if (ms === undefined || ms < low || ms > high)
    throw refused(`storageProvider.${name}`, value, `Give a time ${remedy}.`);
}
