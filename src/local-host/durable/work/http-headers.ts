/** What .NET keeps with the content and not with the message: not in an answer, and not allowed among a request's. */
const OF_CONTENT: ReadonlySet<string> = new Set([
  "allow",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "expires",
  "last-modified",
]);
export const isContentHeader = (name: string): boolean => OF_CONTENT.has(name.toLowerCase());

/** Names that .NET knows (System.Net.Http's KnownHeaders) and spells in its own way; others stay as the server wrote them. */
const KNOWN = new Map(
  (
    "Accept-CH Accept-Patch Accept-Ranges Access-Control-Allow-Credentials Access-Control-Allow-Headers " +
    "Access-Control-Allow-Methods Access-Control-Allow-Origin Access-Control-Expose-Headers Access-Control-Max-Age " +
    "Age Alt-Svc Cache-Control Connection Content-Security-Policy Date ETag Expect-CT Keep-Alive Link Location P3P " +
    "Pragma Proxy-Authenticate Proxy-Connection Public-Key-Pins Referrer-Policy Retry-After Sec-WebSocket-Accept " +
    "Server Server-Timing Set-Cookie Strict-Transport-Security TSV Trailer Transfer-Encoding Upgrade Vary Via " +
    "WWW-Authenticate Warning X-AspNet-Version X-Cache X-Content-Duration X-Content-Type-Options X-Frame-Options " +
    "X-MSEdge-Ref X-Powered-By X-Request-ID X-UA-Compatible X-XSS-Protection"
  )
    .split(" ")
    .map((name) => [name.toLowerCase(), name]),
);

/** Headers that .NET reads as lists of plain words. */
const LISTS: ReadonlySet<string> = new Set([
  "accept-ranges",
  "connection",
  "pragma",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "via",
]);

/** An answer's headers as `callHttp` gives them. @param raw names and values in turn, as node:http has them */
export function answerHeaders(raw: readonly string[]): Record<string, string | string[]> {
  const found = new Map<string, { name: string; values: string[] }>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = "", value = ""] = [raw[at], raw[at + 1]];
    const lower = name.toLowerCase();
    if (isContentHeader(name)) continue;
    const entry = found.get(lower) ?? { name: KNOWN.get(lower) ?? name, values: [] };
    entry.values.push(...(LISTS.has(lower) ? value.split(",").map((one) => one.trim()) : [value]));
    found.set(lower, entry);
  }
  return Object.fromEntries(
    [...found.values()].map(({ name, values }) => [name, values.length > 1 ? values : (values[0] ?? "")]),
  );
}
