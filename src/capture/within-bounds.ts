import { truncateText } from "../episodes/truncate.ts";
import type { EpisodeInput, MessageInput as Message } from "../wire/types.ts";
import { bytesToPointers } from "./bytes.ts";

/** What an episode takes in JSON at most: the ledger's 2 MB, less what the receiver adds. */
export const MOST_BYTES = 2_000_000;
/** What the schema takes. */
const MOST_MESSAGES = 2000;
const MOST_CALLS = 2000;
/** A text that stands elsewhere whole, and a text that is cut for room, are kept this far. */
const BEGINNING = 10_000;

/**
 * The episode within the ledger's bounds: what is least worth goes first and is named in `truncated`, in characters.
 * In this order, each only as far as it must: texts that are said twice, bytes of pictures and sounds (oldest first),
 * what is kept beside, old rounds of the conversation, the longest texts. The definitions of the tools are never cut.
 * @param leftOut - Messages that were left out unread; each counts as a character of `messages`.
 * @param most - Bytes of JSON: the ledger's, or more where large parts are to go to files before.
 */
export function withinBounds(given: EpisodeInput, leftOut = 0, most = MOST_BYTES): EpisodeInput {
  const episode: EpisodeInput = { ...given };
  const cut: Record<string, number> = { ...given.truncated };
  note(cut, "messages", leftOut);
  const messages = episode.messages?.length ?? 0;
  if (messages > MOST_MESSAGES) dropRounds(episode, cut, ({ count }) => messages - count <= MOST_MESSAGES);
  const calls = episode.tool_calls ?? [];
  if (calls.length > MOST_CALLS) {
    note(cut, "tool_calls", JSON.stringify(calls.slice(0, -MOST_CALLS)).length);
    episode.tool_calls = calls.slice(-MOST_CALLS);
  }
  let over = bytesOf(episode) - most;
  for (const step of [sayOnce, dropBytes, dropBeside, dropOld, cutLongest]) {
    if (over <= 0) break;
    step(episode, cut, over);
    over = bytesOf(episode) - most;
  }
  if (Object.keys(cut).length > 0) episode.truncated = cut;
  return episode;
}

type Step = (episode: EpisodeInput, cut: Record<string, number>, over: number) => void;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

function note(cut: Record<string, number>, path: string, characters: number): void {
  if (characters > 0) cut[path] = (cut[path] ?? 0) + characters;
}

/** What was asked and answered stands in the messages whole: beside them its beginning will do. */
const sayOnce: Step = (episode, cut) => {
  const said = new Set(
    (episode.messages ?? []).flatMap(({ content }) =>
      typeof content === "string" ? [content] : (content ?? []).map(({ text }) => text ?? ""),
    ),
  );
  for (const field of ["user_input", "assistant_output", "system_prompt"] as const) {
    const whole = episode[field];
    if (whole === undefined || !said.has(whole)) continue;
    const short = truncateText(whole, BEGINNING);
    note(cut, field, short.cut);
    episode[field] = short.text;
  }
};

const dropBytes: Step = (episode, cut, over) => {
  let left = over;
  episode.messages = episode.messages?.map((message, i) => {
    if (left <= 0 || !Array.isArray(message.content)) return message;
    const { value, characters } = bytesToPointers(message.content);
    left -= characters;
    note(cut, `messages.${i}.content`, characters);
    return { ...message, content: value as Message["content"] };
  });
};

const dropBeside: Step = (episode, cut, over) => {
  let left = over;
  const bySize = Object.entries(episode.metadata ?? {})
    .map(([name, value]) => ({ name, size: JSON.stringify(value)?.length ?? 0 }))
    .filter(({ size }) => size > BEGINNING)
    .toSorted((a, b) => b.size - a.size);
  for (const { name, size } of bySize) {
    if (left <= 0) break;
    const { [name]: _left, ...rest } = episode.metadata ?? {};
    episode.metadata = rest;
    note(cut, `metadata.${name}`.slice(0, 200), size);
    left -= size;
  }
};

const dropOld: Step = (episode, cut, over) => {
  dropRounds(episode, cut, ({ characters }) => characters >= over);
};

/**
 * Leaves out rounds, oldest first, until it is enough. A round is what somebody says, with the results of the calls that
 * are made in it. What the system says, the last question and the last round stay.
 */
function dropRounds(
  episode: EpisodeInput,
  cut: Record<string, number>,
  isEnough: (dropped: { readonly count: number; readonly characters: number }) => boolean,
): void {
  const messages = episode.messages ?? [];
  const rounds: number[][] = [];
  for (const [i, { role }] of messages.entries())
    if (role === "tool" && rounds.length > 0) rounds.at(-1)?.push(i);
    else rounds.push([i]);
  const question = messages.findLastIndex(({ role }) => role === "user");
  const stays = (round: readonly number[], at: number): boolean =>
    at === rounds.length - 1 ||
    round.includes(question) ||
    round.some((i) => messages[i]?.role === "system" || messages[i]?.role === "developer");
  const gone = new Set<number>();
  const dropped = { count: 0, characters: 0 };
  for (const [at, round] of rounds.entries()) {
    if (isEnough(dropped)) break;
    if (stays(round, at)) continue;
    for (const i of round) {
      gone.add(i);
      dropped.count++;
      dropped.characters += JSON.stringify(messages[i]).length + 1;
    }
  }
  if (gone.size === 0) return;
  const ids = new Set([...gone].flatMap((i) => (messages[i]?.tool_calls ?? []).map(({ id }) => id)));
  const calls = episode.tool_calls ?? [];
  renumber(
    cut,
    "tool_calls",
    calls.map(({ id }) => id === undefined || !ids.has(id)),
  );
  episode.tool_calls = calls.filter(({ id }) => id === undefined || !ids.has(id));
  renumber(
    cut,
    "messages",
    messages.map((_, i) => !gone.has(i)),
  );
  episode.messages = messages.filter((_, i) => !gone.has(i));
  note(cut, "messages", dropped.characters);
}

/** Paths into a list of which some items are gone. */
function renumber(cut: Record<string, number>, of: string, kept: readonly boolean[]): void {
  const moved: Record<string, number> = {};
  for (const [path, characters] of Object.entries(cut)) {
    const found = new RegExp(`^${of}\\.(\\d+)(\\..*)$`).exec(path);
    if (found === null) continue;
    delete cut[path];
    const at = Number(found[1]);
    if (kept[at]) moved[`${of}.${kept.slice(0, at).filter(Boolean).length}${found[2]}`] = characters;
  }
  Object.assign(cut, moved);
}

/** Texts this short are left. */
const LEAST_TEXT = 100;
/** Names of members whose text is no prose: cut, it would mean something else. */
export const NOT_PROSE: ReadonlySet<string> = new Set([
  "id",
  "agent_id",
  "role",
  "name",
  "type",
  "tool_name",
  "tool_call_id",
  "response_id",
]);

/** Cuts the longest texts to one length, at which there is room. */
const cutLongest: Step = (episode, cut, over) => {
  const { tools: _tools, redaction: _redaction, truncated: _truncated, parts: _parts, ...prose } = episode;
  const lengths: number[] = [];
  walkTexts(prose, "", (text) => {
    lengths.push(text.length);
    return text;
  });
  let cuts: Record<string, number> = {};
  let longest = levelOf(lengths, over);
  const most = bytesOf(episode) - over;
  for (let left = over; left > 0 && longest > LEAST_TEXT; longest = Math.floor(longest / 2)) {
    cuts = {};
    const written = walkTexts(prose, "", (text, path) => {
      const short = truncateText(text, longest);
      note(cuts, path.slice(0, 200), short.cut);
      return short.text;
    });
    Object.assign(episode, written);
    left = bytesOf(episode) - most;
  }
  for (const [path, characters] of Object.entries(cuts)) note(cut, path, characters);
};

/** The length to which the longest have to be cut so that so many characters go. */
function levelOf(lengths: number[], over: number): number {
  const sorted = lengths.toSorted((a, b) => b - a);
  let sum = 0;
  for (const [i, length] of sorted.entries()) {
    sum += length;
    const next = sorted[i + 1] ?? 0;
    const level = Math.floor((sum - over) / (i + 1)) - 20;
    if (level >= next) return Math.max(LEAST_TEXT + 1, level);
  }
  return LEAST_TEXT + 1;
}

function walkTexts(value: unknown, path: string, to: (text: string, path: string) => string): unknown {
  if (typeof value === "string") return to(value, path);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, i) => walkTexts(item, `${path}.${i}`, to));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      NOT_PROSE.has(name) ? member : walkTexts(member, path === "" ? name : `${path}.${name}`, to),
    ]),
  );
}
