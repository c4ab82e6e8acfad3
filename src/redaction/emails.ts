import { type Hits, replaced } from "./hits.ts";

const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}_])/uy;
const LOCAL_PART = /[\p{L}\p{N}._%+'!#$&*/=?^`{|}~-]/u;
/** `icon@2x.png` is a file. */
const FILE_ENDING = /\.(?:png|jpe?g|gif|svg|webp|ico|css|js|mjs|ts|json|map|md|html?)$/i;

/** E-mail addresses, found from the `@` outwards so that long runs of letters cost nothing. */
export function redactEmails(text: string, hits: Hits): string {
  let out = "";
  let done = 0;
  let floor = 0;
  for (const sign of text.matchAll(/@|%40/g)) {
    const at = sign.index;
    let start = at;
    const lowest = Math.max(done, floor);
    floor = at + sign[0].length;
    while (start > lowest && LOCAL_PART.test(text[start - 1] ?? "")) start--;
    // Quotes and brackets are legal in an address but far more often stand around it.
    while (start < at && /[^\p{L}\p{N}]/u.test(text[start] ?? "")) start++;
    if (start === at) continue;
    DOMAIN.lastIndex = at + sign[0].length;
    const domain = DOMAIN.exec(text)?.[0];
    if (domain === undefined || FILE_ENDING.test(domain)) continue;
    const end = at + sign[0].length + domain.length;
    // An ssh remote: `git@host:path`.
    if (text.slice(start, at) === "git" && text[end] === ":") continue;
    const local = text.slice(start, at);
    const pair = Math.max(
      local.lastIndexOf("="),
      local.lastIndexOf("/"),
      local.lastIndexOf("?"),
      local.lastIndexOf("&"),
    );
    const from = pair >= 0 && pair < local.length - 1 ? start + pair + 1 : start;
    out += text.slice(done, from) + replaced(hits, "email", text.slice(from, end));
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}
