import type { Episode } from "../../../src/episodes/contract.ts";
import { inexactNumber, NOT_EXACT, NOT_EXACT_REMEDY } from "../../../src/kernel/exact-json.ts";
import { textOf } from "./content.ts";

/** One of the agent's turns, as a reviewer may correct it. */
export interface Correctable {
  /** Counted among the agent's turns from 1, as every door counts them. */
  readonly turn: number;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
}

type Told = { readonly [K in "messages" | "tool_calls" | "assistant_output"]?: Episode[K] | undefined };

/** The agent's turns: as its messages have them; else a turn for each call, and the answer. Never none. */
export function correctableTurns({
  messages = [],
  tool_calls = [],
  assistant_output: said = "",
}: Told): Correctable[] {
  const turns =
    messages.length > 0
      ? messages.flatMap((one) =>
          one.role === "assistant"
            ? [
                {
                  text: textOf(one.content),
                  calls: (one.tool_calls ?? []).map(({ function: call }) => ({
                    name: call.name,
                    arguments: parsed(call.arguments),
                  })),
                },
              ]
            : [],
        )
      : tool_calls.map((call) => ({
          text: "",
          calls: [{ name: call.tool_name, arguments: call.arguments ?? {} }],
        }));
  // The answer may stand beside the messages, or be missing: then that is what can be corrected.
  if (messages.length === 0 || messages.at(-1)?.role !== "assistant") turns.push({ text: said, calls: [] });
  return turns.map((one, n) => ({ turn: n + 1, ...one }));
}

export type Kind = "text" | "calls";

/** What is being written down: `turn` absent, the answer. */
export interface CorrectionDraft {
  readonly turn?: number | undefined;
  readonly kind: Kind;
  readonly text: string;
}
export const NO_CORRECTION: CorrectionDraft = { kind: "text", text: "" };

const turnOf = (turns: readonly Correctable[], turn: number | undefined): Correctable | undefined =>
  turn === undefined ? turns.at(-1) : turns.find((one) => one.turn === turn);

/** What was said or called in that turn, as the field begins. */
export function saidIn(turns: readonly Correctable[], { turn, kind }: Omit<CorrectionDraft, "text">): string {
  const one = turnOf(turns, turn);
  if (kind === "text") return one?.text ?? "";
  return JSON.stringify(one?.calls.length ? one.calls : [{ name: "", arguments: {} }], null, 2);
}

/** The draft of a turn that was just chosen: calls where it called. */
export function draftOf(turns: readonly Correctable[], turn: number | undefined): CorrectionDraft {
  const kind = turn !== undefined && turnOf(turns, turn)?.calls.length ? "calls" : "text";
  return { turn, kind, text: kind === "calls" ? saidIn(turns, { turn, kind }) : "" };
}

export type Read =
  | { readonly kind: "none" }
  | { readonly kind: "fault"; readonly fault: string }
  | { readonly kind: "some"; readonly correction: unknown };

/** What is to be sent of a draft; what says the same as before is nothing. */
export function readCorrection(turns: readonly Correctable[], draft: CorrectionDraft): Read {
  const { turn, kind } = draft;
  const text = draft.text.trim();
  if (text === "" || text === saidIn(turns, draft).trim()) return { kind: "none" };
  if (kind === "text") return { kind: "some", correction: turn === undefined ? text : { turn, text } };
  const fault = (reason: string): Read => ({ kind: "fault", fault: reason });
  let calls: unknown;
  try {
    calls = JSON.parse(text);
  } catch (thrown) {
    return fault(`This is no JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (inexactNumber(text) !== undefined) return fault(`${NOT_EXACT} ${NOT_EXACT_REMEDY}`);
  const list: unknown[] = Array.isArray(calls) ? calls : [calls];
  for (const [n, call] of list.entries()) {
    if (!isObject(call) || typeof call.name !== "string" || call.name === "")
      return fault(`Call ${n + 1} has no "name".`);
    if (!isObject(call.arguments)) return fault(`Call ${n + 1} has no "arguments", an object.`);
  }
  return list.length === 0
    ? fault("There is no call in the list.")
    : { kind: "some", correction: { ...(turn === undefined ? {} : { turn }), tool_calls: list } };
}

/** A turn in the words of a list to choose from. */
export function turnName({ turn, text, calls }: Correctable): string {
  const does =
    calls.length > 0
      ? `calls ${calls.map(({ name }) => name).join(", ")}`
      : text === ""
        ? "says nothing"
        : `says “${text.slice(0, 40)}${text.length > 40 ? "…" : ""}”`;
  return `Turn ${turn} ${does}`;
}

/** A stored correction as text: the words, or the calls as JSON. */
export function correctionText(correction: unknown): string {
  if (typeof correction === "string") return correction;
  if (!isObject(correction)) return "";
  if (typeof correction.text === "string") return correction.text;
  return JSON.stringify(correction.tool_calls ?? [], null, 2);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function parsed(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    // As it stands: a number that a double cannot hold must not come back rounded.
    return inexactNumber(text) === undefined ? value : text;
  } catch {
    return text;
  }
}
