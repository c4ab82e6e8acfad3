import { isBase64 } from "../../kernel/base64.ts";
import { type FaultList, type Fields, isFields } from "./line-rules.ts";

/** Pictures that one example may have, at most, where no model says otherwise. */
export const MOST_PICTURES = 64;
/** Of one picture, in bytes; source: docs/facts.md#pictures. */
const MOST_PICTURE_BYTES = 10_000_000;
const KEYS: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(["type", "text"]),
  refusal: new Set(["type", "refusal"]),
  image_url: new Set(["type", "image_url"]),
};
const DETAILS: ReadonlySet<unknown> = new Set([undefined, "auto", "low", "high"]);
const PICTURE = /^data:image\/(?:jpe?g|png|webp);base64,/i;
const OTHER_PICTURE = /\.(?:gif|bmp|tiff?|svg|ico|avif|heic|pdf)$/i;

/** The parts of one turn's content: texts, and pictures that the user shows. */
export function checkParts(parts: readonly unknown[], role: unknown, at: string, list: FaultList): void {
  for (const [index, part] of parts.entries())
    if (isFields(part) && typeof part.type === "string")
      checkPart(part, part.type, role, `${at}.${index}`, list);
}

function checkPart(part: Fields, type: string, role: unknown, at: string, list: FaultList): void {
  const known = Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
  if (known === undefined || (type === "refusal" && role !== "assistant")) {
    list.add("unknown_part", `Parts of type "${type.slice(0, 60)}" are not trained on.`, `${at}.type`);
    return;
  }
  for (const [key, value] of Object.entries(part))
    if (!known.has(key) && !isAbsent(value))
      list.add("unknown_key", `\`${key.slice(0, 60)}\` is not a key of the format.`, `${at}.${key}`);
  if (type === "image_url") checkPicture(part.image_url, role, `${at}.image_url`, list);
  else checkText(part[type], type, role, `${at}.${type}`, list);
}

/** Dumps name every key that might have been. */
export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function checkText(text: unknown, type: string, role: unknown, at: string, list: FaultList): void {
  if (text === undefined || text === null) list.add("missing_content", `The part has no \`${type}\`.`, at);
  else if (typeof text !== "string") list.add("content_not_text", `The part's \`${type}\` is no text.`, at);
  else if (text.trim() === "" && role !== "tool") list.add("empty_content", "The part's text is empty.", at);
}

function checkPicture(image: unknown, role: unknown, at: string, list: FaultList): void {
  if (role === "assistant") list.add("image_of_assistant", "The assistant shows a picture.", at);
  const given = isFields(image) ? image : {};
  const { url, detail, ...rest } = given;
  if (typeof url !== "string" || url.trim() === "") {
    list.add("image_without_url", "The picture has no `url`.", at);
    return;
  }
  if (!DETAILS.has(detail ?? undefined))
    list.add("bad_field", "`detail` is not auto, low or high.", `${at}.detail`);
  for (const [key, value] of Object.entries(rest))
    if (!isAbsent(value))
      list.add("unknown_key", `\`${key.slice(0, 60)}\` is not a key of the format.`, `${at}.${key}`);
  const fault = faultOfUrl(url);
  if (fault !== undefined) list.add("image_not_taken", fault, `${at}.url`);
}

/** Neither the address nor the data are quoted: they may hold a secret, and be long. */
function faultOfUrl(url: string): string | undefined {
  if (/^data:/i.test(url)) {
    const head = PICTURE.exec(url.slice(0, 40))?.[0];
    if (head === undefined || !isBase64(url, head.length))
      return "The data is no JPEG, PNG or WEBP in base64.";
    const bytes = Math.floor(((url.length - url.indexOf(",") - 1) * 3) / 4);
    return bytes > MOST_PICTURE_BYTES
      ? `The picture has ${bytes} bytes; the most is ${MOST_PICTURE_BYTES}.`
      : undefined;
  }
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "https:")
    return parsed === null
      ? "The url is no address."
      : `Pictures are not fetched by ${parsed.protocol.slice(0, 20)}.`;
  return OTHER_PICTURE.test(parsed.pathname) ? "The picture is no JPEG, PNG or WEBP." : undefined;
}

/** Pictures in the turns of an example. */
export const picturesIn = (turns: readonly unknown[]): number =>
  turns
    .flatMap((turn) => (isFields(turn) && Array.isArray(turn.content) ? (turn.content as unknown[]) : []))
    .filter((part) => isFields(part) && part.type === "image_url").length;
