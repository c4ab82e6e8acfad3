import type { AgentSettings } from "../config/agent-settings.ts";
import { isFreeOfSecrets } from "../redaction/kept-text.ts";
import { NUMBER_KINDS } from "../redaction/numbers.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import type { PseudonymSettings } from "../redaction/pseudonyms.ts";
import { redact, redactOrWithhold, STANDARD } from "../redaction/redact.ts";
import type { EpisodeInput, Redaction, ToolCallInput } from "../wire/types.ts";
import { withoutPointers, withPointers } from "./pointers.ts";
import { truncateResults } from "./truncate.ts";

export type CaptureSettings = Pick<AgentSettings, "redactSecrets" | "maxOutputLength"> & PseudonymSettings;

/** An episode on its way: what the agent's process holds and what the doors checked. */
export type Cleanable = EpisodeInput & { tool_calls: ToolCallInput[] };
interface Cleaned {
  readonly redaction: Redaction;
}

/** Names the record; every other field may hold free text. What the sender's own redaction tells is looked at apart. */
const IDENTITY = ["id", "agent_id", "created_at", "redaction", "truncated", "parts"] as const;
/** Measured or counted by machines: an owner's rule for numbers is about others. */
const MEASURES = ["request_latency_ms", "first_token_ms", "cost_usd"] as const;
/** Likewise, beside texts of the sender's. */
const MIXED = ["token_usage", "sampling"] as const;
/** Ids that machines make and rewards name the episode by. */
const MADE_IDS = ["response_id", "trace_id", "span_id"] as const;
const MADE_ID = /^[\w.:~-]+$/;
const WITHHELD = "[WITHHELD]";

/**
 * What may leave the process or be stored: every string redacted, tool results cut after that. When redaction fails
 * only the identity, the numbers and the reason stay. Running it on its own result changes nothing.
 */
export function cleanEpisode<T extends Cleanable>(
  input: T,
  settings: CaptureSettings,
  policy: RedactionPolicy = STANDARD,
): T & Cleaned {
  const earlier = input.redaction;
  const redacted = settings.redactSecrets
    ? redactContent(input, policy)
    : { value: input, counts: {}, version: "off", withheld: undefined };
  const { episode, truncated } = truncateResults(redacted.value, settings.maxOutputLength);
  const cuts = { ...countedBy(input.truncated, settings, policy), ...truncated };
  return {
    ...episode,
    redaction: {
      version: settings.redactSecrets ? redacted.version : (earlier?.version ?? redacted.version),
      counts: added(countedBy(earlier?.counts, settings, policy), redacted.counts),
      ...(redacted.withheld || earlier?.withheld ? { withheld: true } : {}),
    },
    ...(Object.keys(cuts).length === 0 ? {} : { truncated: cuts }),
  };
}

/**
 * Whether redaction leaves an episode's id as it is. Of ids that machines make the digits may look like the number of a
 * card or a telephone, and are none; a key or a token is one in any field. An agent's own rules are about what people
 * write, and so about the caller's own id alone.
 */
export function isIdKept(
  field: (typeof MADE_IDS)[number] | "correlation_id",
  id: string,
  policy: RedactionPolicy = STANDARD,
): boolean {
  if (field === "correlation_id") return Object.keys(redact(id, policy).counts).length === 0;
  return Object.keys(redact(id).counts).every((kind) => MADE_ID.test(id) && NUMBER_KINDS.has(kind));
}

/** Counts that the sender gave, whose names may be any text. */
function countedBy(
  counts: Readonly<Record<string, number>> | undefined,
  { redactSecrets }: CaptureSettings,
  policy: RedactionPolicy,
): Record<string, number> {
  if (counts === undefined || !redactSecrets) return { ...counts };
  // A name alone says nothing of the number beside it.
  const clean: Record<string, number> = {};
  for (const [name, count] of Object.entries(counts)) {
    const { value } = redact(name, policy);
    clean[value] = (clean[value] ?? 0) + count;
  }
  return clean;
}

/**
 * A name that an id is made of: an agent's own may be anything, and its id is not walked any more. By the standard rules:
 * the agent's process knows no others, and an agent's id would be another one after each change of them.
 */
export const cleanName = (name: string): string => (isFreeOfSecrets(name) ? name : redact(name).value);

/** An id that machines make, as episodes hold it: by the standard rules alone, as `isIdKept` says. */
export const heldId = (field: (typeof MADE_IDS)[number], id: string | undefined): string | undefined =>
  id === undefined || isIdKept(field, id) ? id : redact(id).value;

function redactContent<T extends Cleanable>(input: T, policy: RedactionPolicy) {
  const kept = [
    ...[...IDENTITY, ...MEASURES].filter((field) => input[field] !== undefined),
    ...MADE_IDS.filter((field) => input[field] !== undefined && isIdKept(field, input[field])),
  ];
  const identity = Object.fromEntries(kept.map((field) => [field, input[field]]));
  const content: Record<string, unknown> = { ...input };
  for (const field of kept) delete content[field];
  // A tool's definition is a schema: "password" there names a parameter. The walker tells them apart by `type`.
  const { value: said, apart } =
    input.parts === undefined ? { value: content, apart: [] } : withoutPointers(content, input.parts);
  const result = redactOrWithhold(said, (reason) => withheldContent(input, reason, policy), policy);
  const clean = result.withheld === undefined ? withPointers(result.value, apart) : result.value;
  const mixed = Object.fromEntries(
    MIXED.filter((field) => input[field] !== undefined && result.value[field] !== undefined).map((field) => [
      field,
      withNumbersOf(input[field], result.value[field]),
    ]),
  );
  const value = { ...clean, ...mixed, ...identity } as T;
  return { ...result, value: { ...value, tool_calls: timedAs(input.tool_calls, value.tool_calls) } };
}

/** What was redacted with the numbers that stood there before; names of members may have changed, their order has not. */
function withNumbersOf(before: unknown, after: unknown): unknown {
  if (typeof before === "number") return before;
  if (typeof before !== "object" || before === null || typeof after !== "object" || after === null)
    return after;
  const values = Object.values(before);
  if (Array.isArray(after)) return after.map((one, i) => withNumbersOf(values[i], one));
  return Object.fromEntries(
    Object.entries(after).map(([name, one], i) => [name, withNumbersOf(values[i], one)]),
  );
}

/** The calls with how long each took, whatever a rule for numbers made of it. */
const timedAs = (before: readonly ToolCallInput[], after: readonly ToolCallInput[]): ToolCallInput[] =>
  after.map((call, i) => {
    const duration_ms = before[i]?.duration_ms;
    return duration_ms === undefined || call.duration_ms === duration_ms ? call : { ...call, duration_ms };
  });

function withheldContent(input: Cleanable, reason: string, policy: RedactionPolicy): Record<string, unknown> {
  return {
    user_input: WITHHELD,
    assistant_output: WITHHELD,
    tool_calls: [],
    metadata: { withheld_reason: safe(reason, policy) },
    ...(input.request_latency_ms === undefined ? {} : { request_latency_ms: input.request_latency_ms }),
    ...(input.token_usage === undefined ? {} : { token_usage: input.token_usage }),
  };
}

/** A message of an error may quote what it choked on. */
function safe(reason: string, policy: RedactionPolicy): string {
  try {
    return redact(reason.slice(0, 200), policy).value;
  } catch {
    return "redaction failed";
  }
}

function added(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [kind, count] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}
