/** Of base64, of its form for addresses too, or with padding anywhere (RFC 4648): everything that is none of it. */
const FOREIGN = { plain: /[^A-Za-z0-9+/]/, any: /[^A-Za-z0-9+/_-]/, padded: /[^A-Za-z0-9+/=]/ } as const;

/**
 * Whether a text is base64 from a place on, with at most two `=` at its end (`padded`: anywhere). Looks for the first
 * character that is none: an expression that runs over all of them (`[A-Za-z0-9+/]+`) keeps a way back for each, and
 * megabytes of those are more than its stack takes ("Maximum call stack size exceeded").
 */
export function isBase64(text: string, from = 0, kind: keyof typeof FOREIGN = "plain"): boolean {
  let end = text.length;
  while (end > from && text.length - end < 2 && text.charCodeAt(end - 1) === 61) end--;
  if (end <= from) return kind === "padded";
  return !FOREIGN[kind].test(text.slice(from, end));
}
