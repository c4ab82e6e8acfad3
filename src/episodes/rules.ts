import { fatal, invalid, tooLarge } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { refuseSecret } from "../redaction/kept-text.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { type CaptureSettings, cleanEpisode } from "./clean.ts";
import {
  type CheckedEpisodeInput,
  EARLIEST_CREATED_AT,
  type Episode,
  latestBelievable,
  sampleKeyOf,
} from "./contract.ts";
import { jsonCopy } from "./json-copy.ts";

/**
 * Cosmos takes items of 2 MB (2,097,152 bytes of UTF-8); a little is kept free for the reward aggregate that the
 * feed adds later.
 */
export const MOST_EPISODE_BYTES = 2 * 1024 * 1024 - 16 * 1024;

/** @throws invalid `created_at_out_of_range` */
function checkCreatedAt(createdAt: string | undefined, now: string): void {
  if (createdAt === undefined) return;
  const latest = latestBelievable(Date.parse(now));
  if (createdAt >= EARLIEST_CREATED_AT && createdAt <= latest) return;
  throw invalid(
    "created_at_out_of_range",
    `created_at: ${createdAt} is ${createdAt > latest ? `more than 48 hours after the server's time, ${now}` : `before ${EARLIEST_CREATED_AT}`}.`,
    {
      field: "created_at",
      remedy: "Set the sender's clock right, or leave created_at out: the time of recording stands then.",
    },
  );
}

/** What an episode is found by stays as it is. @throws invalid `secret_in_name` */
function refuseSecretIds({ id, agent_id }: Pick<CheckedEpisodeInput, "id" | "agent_id">): void {
  refuseSecret("agent_id", agent_id);
  if (id !== undefined) refuseSecret("id", id);
}

/** The stored form. @throws invalid `created_at_out_of_range`, `secret_in_name`, and too_large `episode_too_large` that names the largest field */
export function toEpisode(
  input: CheckedEpisodeInput,
  facts: {
    id: string;
    now: string;
    settings: CaptureSettings;
    /** The agent's; absent: the standard rules alone. */
    policy?: RedactionPolicy | undefined;
  },
): Episode {
  checkCreatedAt(input.created_at, facts.now);
  if (facts.settings.redactSecrets) refuseSecretIds(input);
  const clean = cleanEpisode(input, facts.settings, facts.policy);
  const whole = {
    ...clean,
    id: facts.id,
    created_at: clean.created_at ?? facts.now,
    recorded_at: facts.now,
    tool_names: calledTools(clean),
    sample_key: sampleKeyOf(clean.agent_id, facts.id),
    redaction: clean.redaction ?? { version: "off", counts: {} },
    schema_version: 1,
  } satisfies Episode;
  const { value: episode, atMost } = jsonCopy(whole);
  // The exact size costs as much as everything else here; hardly any episode comes near the limit.
  if (atMost > MOST_EPISODE_BYTES) checkSize(episode, Buffer.byteLength(JSON.stringify(episode)));
  return episode;
}

/** Distinct names of called tools, for filters. */
function calledTools({
  tool_calls: calls,
  messages = [],
}: Pick<Episode, "tool_calls" | "messages">): string[] {
  const called = calls.map((call) => call.tool_name);
  for (const message of messages)
    for (const call of message.tool_calls ?? []) called.push(call.function.name);
  return [...new Set(called)].toSorted();
}

/**
 * A stored episode by the rules of today, and what these found; what the ledger, the server or the feed set stays as it
 * is. `withheld` is told and not done: what could be walked once can be walked again.
 */
export function redactAnew(
  stored: Episode,
  policy: RedactionPolicy,
  settings: CaptureSettings,
): { readonly episode: Episode; readonly counts: Readonly<Record<string, number>> } {
  const clean = cleanEpisode(contentOf(stored), { ...settings, redactSecrets: true }, policy);
  if (clean.redaction.withheld === true)
    throw fatal("redaction_failed", "The episode cannot be looked through.");
  const kept = Object.entries(stored).filter(([field]) => NOT_CONTENT.test(field));
  const { counts } = clean.redaction;
  const sum = { ...stored.redaction.counts };
  for (const [kind, count] of Object.entries(counts)) sum[kind] = (sum[kind] ?? 0) + count;
  const cuts = { ...stored.truncated, ...clean.truncated };
  return {
    episode: {
      ...clean,
      ...Object.fromEntries(kept),
      tool_names: calledTools(clean),
      redaction: { ...stored.redaction, version: policy.version, counts: sum },
      ...(Object.keys(cuts).length === 0 ? {} : { truncated: cuts }),
    },
    counts,
  };
}

function checkSize(episode: Episode, bytes: number): void {
  if (bytes <= MOST_EPISODE_BYTES) return;
  const largest = largestMember(episode, "");
  throw tooLarge(
    "episode_too_large",
    `The episode is ${bytes} bytes, of which "${largest.path}" is ${largest.bytes}; at most ${MOST_EPISODE_BYTES} can be stored.`,
    {
      field: largest.path,
      remedy: `Shorten "${largest.path}", or send it as a part to a file (\`addPart\`) and its pointer here.`,
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
const NOT_CONTENT =
  /^(?:_|reward|redaction$|truncated$|recorded_at$|schema_version$|tool_names$|sample_key$|ttl$)/;

/** What the caller said of an episode. */
export const contentOf = (episode: Episode): Omit<Episode, "redaction"> =>
  Object.fromEntries(Object.entries(episode).filter(([field]) => !NOT_CONTENT.test(field))) as Omit<
    Episode,
    "redaction"
  >;

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
