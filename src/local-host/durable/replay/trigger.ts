import { rpcMessage } from "../history/failures.ts";
import { historyJson, type StoredEvent } from "../history/history.ts";
import { type InvocationResult, type TypedData, WorkerExit } from "../port.ts";
import type { OrchestratorState } from "./actions.ts";
import type { Answer } from "./replay.ts";

/**
 * The SDK's numbers of the replay schemas. It takes `upperSchemaVersionNew` over `upperSchemaVersion`, which stays at 1
 * for SDKs that know no more.
 */
const SCHEMA_NUMBERS = { V3: 2, V4: 3 } as const;

/** The text of an `orchestrationTrigger`; `input` is JSON text. (The extension spells "Millseconds" so.) */
export function orchestratorTrigger(episode: {
  readonly past: readonly StoredEvent[];
  readonly fresh: readonly StoredEvent[];
  readonly input: string | null;
  readonly instanceId: string;
  readonly parentInstanceId: string | null;
  readonly isReplaying: boolean;
  readonly schema: keyof typeof SCHEMA_NUMBERS;
  readonly httpPollMs: number;
}): TypedData {
  const rest = JSON.stringify({
    instanceId: episode.instanceId,
    isReplaying: episode.isReplaying,
    parentInstanceId: episode.parentInstanceId,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: SCHEMA_NUMBERS[episode.schema],
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: episode.httpPollMs,
  });
  const history = historyJson(episode.past, episode.fresh);
  return { string: `{"history":${history},"input":${episode.input ?? "null"},${rest.slice(1)}` };
}

const broken = (message: string, stack = ""): Answer => ({ kind: "broken", message, stack });

const STATE_LABEL = "$OutOfProcData$:";

/** Reads what the orchestrator function returned, or threw: the SDK puts the state into the error's message. */
export function readAnswer(result: InvocationResult): Answer {
  if (result.ok) {
    const value = result.returnValue ?? {};
    const text = "json" in value ? value.json : "string" in value ? value.string : undefined;
    if (text === undefined) return broken("The function returned no orchestration state.");
    const state = parseState(text);
    return state === undefined
      ? broken("Out of proc orchestrators must return a valid JSON schema")
      : { kind: "state", state, stack: "", threw: undefined, ...sdkView(result) };
  }
  const { message, stack = "" } = result.error;
  if (result.error instanceof WorkerExit) return { kind: "worker exited", message };
  const label = message.indexOf(STATE_LABEL);
  const threw = `One or more errors occurred. (${rpcMessage(message, stack)})`;
  if (label < 0) return broken(threw, stack);
  // JSON text has no line breaks of its own; a worker's "Stack:" section starts on the next line.
  const [text = ""] = message.slice(label + STATE_LABEL.length).split("\n", 1);
  const state = parseState(text);
  return state === undefined ? broken(threw, stack) : { kind: "state", state, stack, threw };
}

const sdkView = ({ openTasks, droppedStatus }: InvocationResult & { ok: true }) => ({
  openTasks,
  droppedStatus,
});

function parseState(text: string): OrchestratorState | undefined {
  try {
    const state = JSON.parse(text) as OrchestratorState | null;
    return Array.isArray(state?.actions) ? state : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What an activity's trigger is given of its message `[input]`: the extension converts a JSON value to a .NET
 * string, so that an object or number becomes its JSON text, a string itself and a boolean `True` or `False`.
 */
export function activityTrigger(message: string): TypedData {
  const [input] = JSON.parse(message) as [unknown];
  if (input === null || input === undefined) return {};
  if (typeof input === "string") return { string: input };
  if (typeof input === "boolean") return { string: input ? "True" : "False" };
  return { string: JSON.stringify(input) };
}

const LEAST_INT64 = -(2n ** 63n);
const GREATEST_INT64 = 2n ** 63n - 1n;

/** The worker sends whole numbers as a signed 64-bit integer, whose ends greater ones are cut to. */
function asInt64(value: number): bigint {
  const whole = BigInt(value);
  if (whole > GREATEST_INT64) return GREATEST_INT64;
  return whole < LEAST_INT64 ? LEAST_INT64 : whole;
}

/** A function's return value as the JSON text kept in history; null for none. */
export function resultJson(value: TypedData | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  if ("string" in value) return JSON.stringify(value.string);
  // A function as a return value has no JSON text at all.
  if ("json" in value) return value.json ?? null;
  if ("bytes" in value) return JSON.stringify(Buffer.from(value.bytes).toString("base64"));
  if ("int" in value) return String(asInt64(value.int));
  if ("double" in value) return Number.isFinite(value.double) ? String(value.double) : null;
  return null;
}
