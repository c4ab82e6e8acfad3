import type { Settings } from "../config/settings.ts";
import { tooLarge } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { redact, redactOrWithhold } from "../redaction/redact.ts";
import type { CheckedEpisodeInput, Episode } from "./contract.ts";
import { jsonCopy } from "./json-copy.ts";
import { truncateResults } from "./truncate.ts";

export type CaptureSettings = Pick<Settings, "redactSecrets" | "maxOutputLength">;

/**
 * Cosmos takes items of 2 MB (2,097,152 bytes of UTF-8); a little is kept free for the reward aggregate that the
 * feed adds later.
 */
export const MOST_EPISODE_BYTES = 2 * 1024 * 1024 - 16 * 1024;

/** Names the record; every other field may hold free text. */
const IDENTITY = ["id", "agent_id", "created_at", "redaction", "truncated"] as const;
const WITHHELD = "[WITHHELD]";

/**
 * What may leave the process or be stored: every string redacted, tool results cut after that. When redaction fails
 * only the identity, the numbers and the reason stay. Running it on its own result changes nothing.
 */
export function cleanEpisode(input: CheckedEpisodeInput, settings: CaptureSettings): CheckedEpisodeInput {
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

function redactContent(input: CheckedEpisodeInput) {
  const identity = Object.fromEntries(
    IDENTITY.filter((field) => input[field] !== undefined).map((field) => [field, input[field]]),
  );
  const content: Record<string, unknown> = { ...input };
  for (const field of IDENTITY) delete content[field];
  // A tool's definition is a schema: "password" there names a parameter. The walker tells them apart by `type`.
  const result = redactOrWithhold(content, (reason) => withheldContent(input, reason));
  return { ...result, value: { ...result.value, ...identity } as CheckedEpisodeInput };
}

function withheldContent(input: CheckedEpisodeInput, reason: string): Record<string, unknown> {
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

/** The stored form. @throws too_large `episode_too_large` that names the largest field */
export function toEpisode(
  input: CheckedEpisodeInput,
  facts: { id: string; now: string; settings: CaptureSettings },
): Episode {
  const clean = cleanEpisode(input, facts.settings);
  const called = clean.tool_calls.map((call) => call.tool_name);
  for (const message of clean.messages ?? [])
    for (const call of message.tool_calls ?? []) called.push(call.function.name);
  const whole = {
    ...clean,
    id: facts.id,
    created_at: clean.created_at ?? facts.now,
    recorded_at: facts.now,
    tool_names: [...new Set(called)].toSorted(),
    redaction: clean.redaction ?? { version: "off", counts: {} },
    schema_version: 1,
  } satisfies Episode;
  const { value: episode, atMost } = jsonCopy(whole);
  // The exact size costs as much as everything else here; hardly any episode comes near the limit.
  if (atMost > MOST_EPISODE_BYTES) checkSize(episode, Buffer.byteLength(JSON.stringify(episode)));
  return episode;
}

function checkSize(episode: Episode, bytes: number): void {
  if (bytes <= MOST_EPISODE_BYTES) return;
  const largest = largestMember(episode, "");
  throw tooLarge(
    "episode_too_large",
    `The episode is ${bytes} bytes, of which "${largest.path}" is ${largest.bytes}; at most ${MOST_EPISODE_BYTES} can be stored.`,
    {
      field: largest.path,
      remedy: `Shorten "${largest.path}", or send a reference to it in metadata.`,
      details: { bytes, limit: MOST_EPISODE_BYTES, field_bytes: largest.bytes },
    },
  );
}

/** The member that weighs most, followed into arrays and objects while one member makes up most of it. */
function largestMember(value: object, prefix: string): { path: string; bytes: number } {
  let best = { path: prefix, bytes: 0, value: undefined as unknown };
  for (const [key, member] of Object.entries(value)) {
    const bytes = Buffer.byteLength(JSON.stringify(member) ?? "");
    if (bytes > best.bytes) best = { path: prefix === "" ? key : `${prefix}.${key}`, bytes, value: member };
  }
  if (typeof best.value !== "object" || best.value === null) return best;
  const inner = largestMember(best.value, best.path);
  return inner.bytes > best.bytes / 2 ? inner : best;
}

/** Set by the ledger, the server or the rewards feed: no part of what the caller said. */
const NOT_CONTENT = /^(?:_|reward|redaction$|truncated$|recorded_at$|schema_version$|tool_names$|ttl$)/;

/** Whether two records of one id say the same. `created_at` counts only if the caller gave it. */
export function sameContent(stored: Episode, sent: Episode, createdAtGiven: boolean): boolean {
  // Other rules may have replaced other parts: then the id alone decides.
  if (stored.redaction.version !== sent.redaction.version) return true;
  const content = (episode: Episode) =>
    canonicalJson(
      Object.fromEntries(
        Object.entries(episode).filter(
          ([key]) => !NOT_CONTENT.test(key) && (createdAtGiven || key !== "created_at"),
        ),
      ),
    );
  return content(stored) === content(sent);
}
