import type { Call, Case, Recorded, Recording } from "./format.ts";

const SHOWN = 300;
const NOT_COMPARED = new Set(["history", "theme", "unordered"]);

/** The first difference between a recording and what a host gave, in words; undefined when there is none. */
export function difference(recorded: Recorded, seen: Recorded): string | undefined {
  for (const [key, value] of Object.entries(recorded))
    if (!NOT_COMPARED.has(key) && text(value) !== text(seen[key]))
      return `${key}: recorded ${short(value)}, here ${short(seen[key])}`;
  const [was, is] = [events(recorded, recorded.unordered), events(seen, recorded.unordered)];
  const at = Array.from({ length: Math.max(was.length, is.length) }).findIndex((_, n) => was[n] !== is[n]);
  return at < 0 ? undefined : `history ${at}: recorded ${was[at] ?? "nothing"}, here ${is[at] ?? "nothing"}`;
}

const text = (value: unknown): string => JSON.stringify(value) ?? "absent";
function short(value: unknown): string {
  const whole = text(value);
  return whole.length <= SHOWN ? whole : `${whole.slice(0, SHOWN)}…`;
}

function events({ history = [] }: Recorded, unordered: boolean | undefined): string[] {
  const texts = history.map((event) => text({ ...event, Input: withoutEnvelope(event.Input) }));
  return unordered === true ? texts.toSorted() : texts;
}

/**
 * Of a message to or from an entity: what kind it is (a type of .NET there, a flag here), and what sorts the messages of
 * one sender in the queue.
 */
const ENVELOPE = new Set(["$type", "release", "Timestamp", "Predecessor", "requestTime"]);

function withoutEnvelope(input: unknown): unknown {
  if (typeof input !== "string" || !input.startsWith("{")) return input;
  try {
    const told = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(told);
      if (value === null || typeof value !== "object") return value;
      const own = Object.entries(value).filter(([key, one]) => !ENVELOPE.has(key) && one !== null);
      return Object.fromEntries(
        own.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, told(one)]),
      );
    };
    return told(JSON.parse(input));
  } catch {
    return input;
  }
}

/** Names of all that is recorded, and of all that is sent to be compared. */
export function comparable(
  recorded: Recording,
  cases: readonly Case[],
  calls: readonly Call[],
): readonly string[] {
  const sent = [...cases, ...calls].flatMap((one) =>
    "name" in one && !("compared" in one) ? [one.name] : [],
  );
  return [...new Set([...sent, ...Object.keys({ ...recorded.cases, ...recorded.calls })])];
}

/** Of these names: what was not recorded, were not sent, or gave something else, and its first difference. */
export function differences(
  names: readonly string[],
  recorded: Recording,
  seen: Recording,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const [was, is] = [recorded, seen].map(({ cases, calls }) => cases[name] ?? calls[name]);
    const at =
      was === undefined ? "was not recorded" : is === undefined ? "was not sent" : difference(was, is);
    if (at !== undefined) found.set(name, at);
  }
  return found;
}
