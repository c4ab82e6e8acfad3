import { missingFunction } from "../history/failures.ts";
import { HTTP_ACTIVITY } from "./call-http.ts";
import type { Decision } from "./decision.ts";
import type { ReplayContext } from "./replay-context.ts";

/** Something to tell the people. */
export interface Note {
  readonly level: "warn" | "error";
  readonly text: string;
  /** What it is about: the same is said once in a host's life, not at every work item. */
  readonly once: string;
}

/** Events from which replays cost more than the work; such a history is better split (docs/facts.md#long-histories). */
const LONG_HISTORY = 5000;

/** What the SDK says of functions and async functions, and of async generators, in place of a generator. */
const NO_GENERATOR = /this\.generator\.next is not a function|Orchestration yielded data of type undefined/;

/** A work item, as far as its traps can be seen. */
export interface Scene {
  readonly name: string;
  readonly instanceId: string;
  /** JSON text of the input. */
  readonly input: string | null;
  /** Events of history, new ones included. */
  readonly events: number;
  /** JSON text of a custom status that the SDK did not send. */
  readonly droppedStatus: string | undefined;
  readonly decisions: readonly Decision[];
  /** True of a function that the app has. */
  readonly isKnown: (name: string, trigger: "activityTrigger" | "orchestrationTrigger") => boolean;
  readonly unheard: ReplayContext["unheard"];
  readonly misspelt: ReplayContext["misspelt"];
}

/**
 * Traps of durable-functions 3.5.0 and of the extension that a work item ran into. They do here what they do in Azure,
 * but not in silence.
 */
export function traps(scene: Scene): Note[] {
  const { name, instanceId } = scene;
  const who = `Orchestration '${name}' (${instanceId})`;
  const notes: Note[] = [];
  const warn = (about: string, text: string) => notes.push({ level: "warn", once: about, text });

  if (scene.input?.includes('"Timestamp"') && hasTimestamp(JSON.parse(scene.input)))
    warn(
      `timestamp ${name}`,
      `The input of orchestrator '${name}' has a key "Timestamp": durable-functions 3.5.0 makes a Date of its text, here ` +
        "and in Azure. Give the key another name (timestamp), or convert it back.",
    );
  if (scene.droppedStatus !== undefined)
    warn(
      `status ${name}`,
      `${who} set the custom status ${scene.droppedStatus}, which durable-functions 3.5.0 does not send: the status is ` +
        "empty, here and in Azure. Set an object or a text that is not empty.",
    );
  if (scene.events > LONG_HISTORY)
    warn(
      `history ${name}`,
      `${who} has ${scene.events} events of history, and each of its episodes replays them all. Split the work into ` +
        "sub-orchestrations, or use continueAsNew.",
    );
  for (const { raised, awaited } of scene.misspelt)
    notes.push({
      level: "error",
      once: `event ${instanceId} ${raised}`,
      text:
        `${who} waits for the event '${awaited}' and got '${raised}': to the extension they are the same, to ` +
        "durable-functions they are not, so that the event is used up and the orchestration waits for ever, here and in " +
        "Azure. Raise it in the same case.",
    });
  for (const decision of scene.decisions) {
    if (decision.kind === "complete" && NO_GENERATOR.test(decision.result ?? ""))
      warn(
        `generator ${name}`,
        `Orchestrator '${name}' is no generator, which the SDK's words do not say. Write it with function* and wait for ` +
          "its tasks with yield: neither async function, nor async function*, nor await, here and in Azure.",
      );
    const called = calledFunction(decision);
    if (called !== undefined && !scene.isKnown(called.name, called.trigger))
      notes.push({
        level: "error",
        once: `missing ${name} ${called.name}`,
        text: `${who} calls ${called.kind} '${called.name}': ${missingFunction(called.kind, called.name).Reason}`,
      });
    if (decision.kind === "activity" && /^\[(true|false)\]$/.test(decision.input))
      warn(
        `boolean ${name} ${decision.name}`,
        `${who} calls activity '${decision.name}' with a boolean, which reaches it as the text "True" or "False" (so that ` +
          "even false counts as true), here and in Azure. Pass an object: { value: false }.",
      );
    if (decision.kind !== "continueAsNew") continue;
    const next: unknown = JSON.parse(decision.input ?? "null");
    if (typeof next === "string" && /^".*"$/s.test(next))
      warn(
        `quotes ${name}`,
        `Orchestrator '${name}' continues as new with a text: getInput() gives it back in quotes, here and in Azure ` +
          "(durable-functions 3.5.0 makes JSON of it twice). Pass an object.",
      );
    if (scene.unheard.length > 0)
      warn(
        `unheard ${instanceId}`,
        `${who} continues as new while nobody waited for the event${scene.unheard.length > 1 ? "s" : ""} ` +
          `${scene.unheard.map((event) => `'${event}'`).join(", ")}: what was raised before is lost, here and in Azure. ` +
          "Wait for such events before continueAsNew.",
      );
  }
  return notes;
}

/** The function of the app's that a decision calls. */
function calledFunction(decision: Decision) {
  if (decision.kind === "subOrchestration")
    return { kind: "orchestrator", trigger: "orchestrationTrigger", name: decision.name } as const;
  if (decision.kind !== "activity" || decision.name === HTTP_ACTIVITY) return undefined;
  return { kind: "activity", trigger: "activityTrigger", name: decision.name } as const;
}

function hasTimestamp(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([key, inner]) => (key === "Timestamp" && typeof inner === "string") || hasTimestamp(inner),
  );
}

/** What an entity's caller cannot see. */
export function entityTrap(entity: string, op: string, result: string | undefined): string {
  return (
    `Operation '${op}' of entity ${entity} failed${result === undefined || result === "{}" ? "" : ` (${result})`}. ` +
    "durable-functions 3.5.0 does not say why, here or in Azure: a caller gets an error with the text [object Object], " +
    "and state that was set before stays. Catch the error in the entity and log it."
  );
}

/** Said when an SDK's client asks for history. */
export const HISTORY_TRAP =
  "A client asked getStatus for history, which durable-functions 3.5.0 drops (its issue 620), here and in Azure. " +
  "Ask the HTTP API: statusQueryGetUri with &showHistory=true.";
