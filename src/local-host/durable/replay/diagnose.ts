import { toIso } from "../../../kernel/clock.ts";
import { parityNotes } from "./parity.ts";
import type { Answer, ReplayResult } from "./replay.ts";
import type { OpenTask } from "./replay-context.ts";
import type { Note } from "./traps.ts";

/** Says aloud what the real host leaves as an instance that runs for ever without a word. */
export function diagnose(id: string, name: string, answer: Answer, result: ReplayResult): Note[] {
  if (result.suspended) return [];
  if (result.returned) {
    const what = result.open.slice(0, 5).map(described);
    const text =
      `Orchestration '${name}' (${id}) has returned but stays Running until its open tasks end: ` +
      `${what.join(", ")}${result.open.length > 5 ? `, and ${result.open.length - 5} more` : ""}. ` +
      "Cancel timers that lost a Task.any, and wait for every activity.";
    return [{ level: "warn", once: `open ${id}`, text }];
  }
  if (answer.kind === "state") {
    const notes = parityNotes(id, name, answer.state, result.open, answer.openTasks);
    if (notes.length > 0) return notes;
  }
  if (result.open.length > 0 || result.waitingFor.length > 0) return [];
  const why =
    "it threw undefined, which the SDK cannot report, or it waits for something the host will never give it, as after a " +
    "retryTimeoutInMilliseconds or a non-retriable failure";
  const text = `Orchestration '${name}' (${id}) will run for ever, here and in Azure: ${why}. Terminate it.`;
  return [{ level: "error", once: `for ever ${id}`, text }];
}

function described({ action }: OpenTask): string {
  if (action.kind === "timer") return `timer due ${toIso(action.fireAt)}`;
  return `${action.kind}${"name" in action ? ` '${action.name}'` : ""}`;
}
