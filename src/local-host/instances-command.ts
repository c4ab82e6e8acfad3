import path from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../kernel/errors.ts";
import { printableLine } from "../kernel/printable.ts";
import { isEntityId } from "./durable/entity.ts";
import { type Done, type InstanceLine, type OfflineInstances, openInstances } from "./instances.ts";

const HELP = `Looks after the orchestrations of a home that no host holds, without running any of them.

Usage: lightning-host instances list      [options]
       lightning-host instances terminate <id>… | --all | --status … | --prefix …   [options]
       lightning-host instances purge     <id>… | --all | --status … | --prefix …   [options]

  --home <folder>    the host's home (default ./.lightning)
  --status <names>   of these: Running, Pending, Suspended, Completed, Failed, Terminated; with commas
  --prefix <text>    whose ids begin so
  --all              every one
  --reason <text>    why they are terminated
  --json             for machines
  -h, --help         this text

What is terminated ends without its code, and its children, instances of their own, do not end with it. This command purges
orchestrations only when they have ended. Entities (@name@key) have no end: they are never terminated, and purged by their
id, --prefix or --all, not by --status. While a host runs, its management API terminates and purges too, but a purge by a
filter without a final status takes what is running as well, as in Azure. A host that an orchestration keeps from all other
work can be ended first, and its home opened with lightning-host --paused.

Exit codes: 0 done; 1 wrong usage, or the home cannot be opened; 2 some instance is not there or not as it has to be.

Examples:
  npx lightning-host instances list --home .lightning --status Running,Pending
  npx lightning-host instances terminate order-17 --reason "a wrong address"
  npx lightning-host instances terminate --status Running,Pending && npx lightning-host instances purge --status Terminated`;

const STATUSES = [
  "Running",
  "Pending",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
  "ContinuedAsNew",
  "Canceled",
];
const OPEN = ["Running", "Pending", "Suspended", "ContinuedAsNew"];
const VERBS = ["list", "terminate", "purge"] as const;

/**
 * `lightning-host instances …`
 * @returns the exit code
 */
export async function instancesCommand(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (thrown) {
    const { remedy, code } = thrown as { remedy?: string; code?: string };
    const usage = code?.startsWith("ERR_PARSE_ARGS") ? "See lightning-host instances --help." : remedy;
    told(console.error, messageOf(thrown).split(" To specify", 1)[0] ?? "");
    if (usage !== undefined) told(console.error, usage);
    return 1;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      home: { type: "string" },
      status: { type: "string", multiple: true },
      prefix: { type: "string" },
      all: { type: "boolean" },
      reason: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [word, ...ids] = positionals;
  const verb = VERBS.find((one) => one === word);
  if (verb === undefined)
    throw new Error(
      `Give one of ${VERBS.join(", ")}${word === undefined ? "" : `, not "${word}"`}. See lightning-host instances --help.`,
    );
  const statuses = values.status?.flatMap((names) => names.split(",")).map(statusOf);
  const isNarrowed = statuses !== undefined || values.prefix !== undefined || values.all === true;
  const isNamed = ids.length > 0;
  if (verb === "list" && isNamed) throw new Error("list takes --status and --prefix, no ids.");
  if (verb !== "list" && isNamed === isNarrowed)
    throw new Error(`Say which: give ids, or one of --all, --status and --prefix.`);

  await using instances = await openInstances(path.resolve(values.home ?? ".lightning"));
  const selected = () => instances.list({ statuses, prefix: values.prefix });
  if (verb === "list") return list(selected(), values.json === true);
  const chosen = isNamed ? ids : await idsOf(selected(), verb, statuses === undefined);
  const told =
    verb === "terminate"
      ? await instances.terminate(chosen, values.reason ?? "terminated offline")
      : await instances.purge(chosen);
  return tell(verb, told, values.json === true);
}

function statusOf(name: string): string {
  const found = STATUSES.find((one) => one.toLowerCase() === name.trim().toLowerCase());
  if (found === undefined) throw new Error(`--status takes ${STATUSES.join(", ")}, not "${name}".`);
  return found;
}

/**
 * Of those that were not named, the ones to which the verb applies.
 * @param withEntities whether a purge takes entities: a status, which is always Running of them, does not mean any
 */
async function idsOf(
  found: ReturnType<OfflineInstances["list"]>,
  verb: "terminate" | "purge",
  withEntities: boolean,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { instanceId, runtimeStatus } of found) {
    const isOpen = OPEN.includes(runtimeStatus);
    const applies = isEntityId(instanceId)
      ? verb === "purge" && withEntities
      : isOpen === (verb === "terminate");
    if (applies) ids.push(instanceId);
  }
  return ids;
}

/** Ids and names are whoever's that started the instance. */
const told = (write: (line: string) => void, line: string): void => write(printableLine(line));

async function list(found: AsyncIterable<InstanceLine>, json: boolean): Promise<number> {
  const lines: InstanceLine[] = [];
  for await (const { instanceId, name, runtimeStatus, createdTime, lastUpdatedTime } of found)
    lines.push({ instanceId, name, runtimeStatus, createdTime, lastUpdatedTime });
  if (json) told(console.log, JSON.stringify({ instances: lines }));
  else {
    for (const one of lines)
      told(
        console.log,
        `${one.runtimeStatus.padEnd(10)}  ${one.name.padEnd(24)}  ${one.lastUpdatedTime}  ${one.instanceId}`,
      );
    console.log(`${lines.length} instances`);
  }
  return 0;
}

const WORDS = {
  terminate: { done: "terminated", not: "had ended before" },
  purge: { done: "purged", not: "not purged: it has not ended" },
} as const;

const AN_ENTITY = "an entity has no end; it can be purged";

function tell(verb: "terminate" | "purge", { done, not, missing }: Done, json: boolean): number {
  const words = WORDS[verb];
  if (json) told(console.log, JSON.stringify({ [words.done]: done, not, missing }));
  else {
    for (const id of missing) told(console.error, `${id}: there is no such instance`);
    for (const id of not) told(console.error, `${id}: ${isEntityId(id) ? AN_ENTITY : words.not}`);
    console.log(`${done.length} ${words.done}`);
  }
  return not.length + missing.length > 0 ? 2 : 0;
}
