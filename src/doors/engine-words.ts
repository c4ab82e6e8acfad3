/**
 * What the durable engine says of an end that it, and not the code, gave to a function, in words that name the cause.
 * Imports nothing: orchestrators read it.
 */

/** An activity's or orchestrator's failure as the extension wraps it; one space or two, by its version. */
const WRAPPED = /^(Activity|Orchestrator) function '([^']*)' failed:\s+([^\n]*)/;
/** The Functions host's words for a worker process that is gone: `node exited with code 137 (0x89)`. */
const WORKER_EXITED = /\b\w+ exited with code -?\d+(?: \(0x[0-9a-f]+\))?/i;
/**
 * An orchestrator whose worker ended under it has scheduled nothing, which from its second episode on the engine takes
 * for code that was changed. A change of the code has the same words; the version of the orchestrators is there to
 * keep running instances from that.
 */
const SCHEDULED_NOTHING = /^Non-Deterministic workflow detected:.*hasn't \(yet\?\) scheduled this task/;

/** Whether an engine's text tells of an end that a worker's death gave. */
export const isWorkerDeath = (text: string): boolean => plainFault(text).includes(WORKER_ENDED);
const WORKER_ENDED = "the worker process ended";

/**
 * The first line of an engine's text without the wrapping around an activity's message, at most 2,000 characters.
 * Where a worker's death stands behind it, the text says so and names the function.
 */
export function plainFault(text: string): string {
  const [, kind, name, message = ""] = WRAPPED.exec(text) ?? [];
  const line = (kind === undefined ? text : message).split("\n")[0] ?? "";
  const ran = name === undefined ? "the orchestration" : name;
  // It was put into these words before, together with what it ended.
  if (line.includes(WORKER_ENDED)) return line.slice(0, 2000);
  const exited = WORKER_EXITED.exec(line)?.[0];
  if (exited !== undefined) return `${WORKER_ENDED} while ${ran} ran (${exited})`;
  if (SCHEDULED_NOTHING.test(line))
    return `${WORKER_ENDED} while ${ran} ran (which the engine takes for changed code)`;
  const shown = kind === "Orchestrator" ? (text.split("\n")[0] ?? "") : line;
  return shown.slice(0, 2000) || "unknown fault";
}
