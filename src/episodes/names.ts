import { z } from "zod";
import { redactedLater } from "../doors/kept.ts";
import { idSchema } from "../doors/schemas.ts";
import { conflict, invalid } from "../kernel/errors.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { isIdKept } from "./clean.ts";
import { shortened } from "./odd/values.ts";
import type { EpisodeStore } from "./store.ts";

/** How many episodes of one name are told apart for the caller. */
const MOST_CANDIDATES = 10;

/** Of an id that is asked for, in characters. A longer one than an episode holds is looked for as capture shortens it. */
const LONGEST_ASKED = 2_000;
/** An id as an operation's input. */
export const askedIdSchema = z.string().max(LONGEST_ASKED);
const name = (description: string) =>
  redactedLater("one that episodes hold redacted is refused", askedIdSchema.min(1))
    .optional()
    .meta({ description });

/** The ids by which a judgement may name its episode, as fields of an operation's input. */
export const episodeNameShape = {
  episode_id: idSchema.optional().meta({
    description:
      "The episode that is judged, by its own id; or give `response_id`, `correlation_id`, `span_id` or `trace_id`.",
  }),
  response_id: name("The episode by the provider's id of its answer, such as `chatcmpl-…` or `resp_…`."),
  correlation_id: name("The episode by the caller's own id of it."),
  span_id: name("The episode by the span of its call; with `trace_id` beside it, of that trace."),
  trace_id: name("The episode by its trace; of several in it the last one, which saw the whole of it."),
};
/** Exactly one of these; `span_id` and `trace_id` may stand together. */
export type EpisodeName = {
  readonly [field in keyof typeof episodeNameShape]?: string | undefined;
};
type NameField = keyof typeof episodeNameShape;

/** A span belongs to one trace, so that the pair goes by its span. */
const FIELDS = ["episode_id", "response_id", "correlation_id", "span_id", "trace_id"] as const;
const given = (from: EpisodeName): NameField[] => FIELDS.filter((field) => from[field] !== undefined);

/** Of an input, the names alone. */
export const namesIn = (from: EpisodeName): EpisodeName =>
  Object.fromEntries(given(from).map((field) => [field, from[field]]));

/**
 * The name that an input gives its episode, as episodes hold it, without the input's other fields.
 * @param redacts - LIGHTNING_REDACT_SECRETS: what redaction replaces in an episode finds none.
 * @param policy what the agent's episodes are redacted by; absent: the standard rules
 * @throws invalid `episode_not_named` for no name, for two, and for an id that is not stored as it is
 */
export function episodeName(from: EpisodeName, redacts: boolean, policy?: RedactionPolicy): EpisodeName {
  const fields = given(from);
  const refuse = (reason: string, field: NameField, remedy: string) =>
    invalid("episode_not_named", reason, { field, remedy });
  const remedy = `Give one of ${FIELDS.join(", ")}.`;
  if (fields.length === 0) throw refuse("Nothing names the episode.", "episode_id", remedy);
  const isPair = fields.length === 2 && from.span_id !== undefined && from.trace_id !== undefined;
  if (fields.length > 1 && !isPair)
    throw refuse(`${fields.join(" and ")} both name an episode.`, fields[1] as NameField, remedy);
  const named: EpisodeName = Object.fromEntries(
    fields.map((field) => [field, field === "episode_id" ? from[field] : shortened(from[field] ?? "")]),
  );
  for (const field of fields)
    if (redacts && field !== "episode_id" && !isIdKept(field, named[field] ?? "", policy))
      throw refuse(
        `The ${field} looks like a secret and is stored redacted, so that it names no episode.`,
        field,
        "Name the episode by another id.",
      );
  return named;
}

/** Under which a judgement waits for its episode: one text for each name. */
export const nameKey = (named: EpisodeName): string => {
  const [field = "episode_id"] = given(named);
  return `${field} ${named[field]}`;
};

/** Every name that an episode answers to. */
export const keysOf = (episode: { readonly id: string } & Omit<EpisodeName, "episode_id">): string[] =>
  FIELDS.flatMap((field) => {
    const value = field === "episode_id" ? episode.id : episode[field];
    return typeof value === "string" && value !== "" ? [nameKey({ [field]: value })] : [];
  });

/**
 * The id of the episode of this name; undefined while there is none. One look-up by an indexed field, of few documents.
 * A trace holds many calls, and the last of them saw all of it: its newest episode counts, by `created_at`, of those that
 * are there now. Any other name is of one episode.
 * @throws conflict `episode_ambiguous` with `details.candidates`, the newest first
 */
export async function findNamed(
  store: Pick<EpisodeStore, "find" | "ids">,
  agentId: string,
  named: EpisodeName,
): Promise<string | undefined> {
  if (named.episode_id !== undefined) return (await store.find(agentId, named.episode_id))?.id;
  const isTrace = named.trace_id !== undefined && named.span_id === undefined;
  const filter = {
    agentId,
    responseId: named.response_id,
    correlationId: named.correlation_id,
    spanId: named.span_id,
    traceId: named.trace_id,
  };
  const ids = await store.ids(filter, isTrace ? 1 : MOST_CANDIDATES + 1);
  if (ids.length <= 1) return ids[0];
  const [field = "episode_id"] = given(named);
  const candidates = ids.slice(0, MOST_CANDIDATES);
  throw conflict(
    "episode_ambiguous",
    `${ids.length > MOST_CANDIDATES ? `More than ${MOST_CANDIDATES}` : ids.length} episodes of agent ${agentId} have ${field} ${named[field]}: ${candidates.join(", ")}${ids.length > MOST_CANDIDATES ? ", …" : ""}.`,
    { field, remedy: "Name one of them by its episode_id.", details: { candidates } },
  );
}
