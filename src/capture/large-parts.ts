import { TRUNCATION_MARK, truncateText } from "../episodes/truncate.ts";
import type { EpisodeInput } from "../wire/types.ts";
import { bytesIn, mediaType, typeToldBy } from "./bytes.ts";
import { NOT_PROSE } from "./within-bounds.ts";

/** From how many characters on a part lies in a file. */
export interface LeastPart {
  readonly text: number;
  /** Of base64. */
  readonly base64: number;
}

/** A text of an episode that is to lie in a file. */
export interface LargePart {
  /** Stays in the episode, in front of the pointer. */
  readonly before: string;
  /** Bytes in base64, or the whole text. */
  readonly content: string;
  readonly isText: boolean;
  /** Of bytes. */
  readonly type: string | undefined;
}

/** What an episode keeps of a text that lies in a file, in characters. */
const BEGINNING = 2000;
/** Fields that are never cut, or are about the episode. */
const LEFT = new Set(["tools", "redaction", "truncated", "parts"]);

/** An episode's large texts, each with what it becomes, and about how much text there is, in characters. */
export function largeParts(
  episode: EpisodeInput,
  least: LeastPart,
): { readonly found: Map<string, LargePart>; readonly characters: number } {
  const found = new Map<string, LargePart>();
  let characters = 0;
  walkTexts(episode, (text, name, type) => {
    characters += text.length + name.length + 8;
    if (text.length >= Math.min(least.text, least.base64) && !found.has(text)) {
      const part = partOf(text, name, type, least);
      if (part !== undefined) found.set(text, part);
    }
    return text;
  });
  return { found, characters };
}

/** The episode with other texts in the places of some. */
export const withTexts = (episode: EpisodeInput, texts: ReadonlyMap<string, string>): EpisodeInput =>
  walkTexts(episode, (text) => texts.get(text) ?? text) as EpisodeInput;

function partOf(
  text: string,
  name: string,
  told: string | undefined,
  least: LeastPart,
): LargePart | undefined {
  const held = bytesIn(text, name, told);
  if (held === undefined) {
    if (text.length < least.text) return undefined;
    const { text: short, cut } = truncateText(text, BEGINNING);
    const before = cut === 0 ? "" : short.slice(0, -TRUNCATION_MARK.length);
    return { before, content: text, isText: true, type: undefined };
  }
  const { head, base64, type } = held;
  if (base64.length < least.base64 || !comesBack(base64)) return undefined;
  return { before: head, content: base64, isText: false, type: mediaType(type) };
}

/** Whether its bytes are written as this very base64: not without padding, in the alphabet of URLs, or with bits left over. */
function comesBack(base64: string): boolean {
  const end = base64.slice(-4);
  return (
    base64.length % 4 === 0 && !/[-_]/.test(base64) && Buffer.from(end, "base64").toString("base64") === end
  );
}

function walkTexts(
  value: unknown,
  to: (text: string, name: string, type: string | undefined) => string,
  name = "",
  type?: string,
): unknown {
  if (typeof value === "string") return to(value, name, type);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => walkTexts(item, to, name, type));
  const kind = typeToldBy(value) ?? type;
  return Object.fromEntries(
    Object.entries(value).map(([member, of]) => [
      member,
      NOT_PROSE.has(member) || LEFT.has(member) ? of : walkTexts(of, to, member, kind),
    ]),
  );
}
