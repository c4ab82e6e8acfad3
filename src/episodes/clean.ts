import type { AgentSettings } from "../config/agent-settings.ts";
import { redact, redactOrWithhold } from "../redaction/redact.ts";
import type { EpisodeInput, Redaction, ToolCallInput } from "../wire/types.ts";
import { truncateResults } from "./truncate.ts";

export type CaptureSettings = Pick<AgentSettings, "redactSecrets" | "maxOutputLength">;

/** An episode on its way: what the agent's process holds and what the doors checked. */
export type Cleanable = EpisodeInput & { tool_calls: ToolCallInput[] };
interface Cleaned {
  readonly redaction: Redaction;
}

/** Names the record; every other field may hold free text. */
const IDENTITY = ["id", "agent_id", "created_at", "redaction", "truncated"] as const;
const WITHHELD = "[WITHHELD]";

/**
 * What may leave the process or be stored: every string redacted, tool results cut after that. When redaction fails
 * only the identity, the numbers and the reason stay. Running it on its own result changes nothing.
 */
export function cleanEpisode<T extends Cleanable>(input: T, settings: CaptureSettings): T & Cleaned {
  const earlier = input.redaction;
  const redacted = settings.redactSecrets
    ? redactContent(input)
    : { value: input, counts: {}, version: "off", withheld: undefined };
  const { episode, truncated } = truncateResults(redacted.value, settings.maxOutputLength);
  const cuts = { ...input.truncated, ...truncated };
  return {
    ...episode,
    redaction: {
      version: settings.redactSecrets ? redacted.version : (earlier?.version ?? redacted.version),
      counts: added(earlier?.counts ?? {}, redacted.counts),
      ...(redacted.withheld || earlier?.withheld ? { withheld: true } : {}),
    },
    ...(Object.keys(cuts).length === 0 ? {} : { truncated: cuts }),
  };
}

function redactContent<T extends Cleanable>(input: T) {
  const identity = Object.fromEntries(
    IDENTITY.filter((field) => input[field] !== undefined).map((field) => [field, input[field]]),
  );
  const content: Record<string, unknown> = { ...input };
  for (const field of IDENTITY) delete content[field];
  // A tool's definition is a schema: "password" there names a parameter. The walker tells them apart by `type`.
  const result = redactOrWithhold(content, (reason) => withheldContent(input, reason));
  return { ...result, value: { ...result.value, ...identity } as T };
}

function withheldContent(input: Cleanable, reason: string): Record<string, unknown> {
  return {
    user_input: WITHHELD,
    assistant_output: WITHHELD,
    tool_calls: [],
    metadata: { withheld_reason: safe(reason) },
    ...(input.request_latency_ms === undefined ? {} : { request_latency_ms: input.request_latency_ms }),
    ...(input.token_usage === undefined ? {} : { token_usage: input.token_usage }),
  };
}

/** A message of an error may quote what it choked on. */
function safe(reason: string): string {
  try {
    return redact(reason.slice(0, 200)).value;
  } catch {
    return "redaction failed";
  }
}

function added(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [kind, count] of Object.entries(b)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}
