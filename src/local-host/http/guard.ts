import type { IncomingCall } from "./message.ts";

/**
 * Keeps web pages out of a host that asks for no key. A page can send requests to loopback: under its own name by
 * rebinding that name's DNS to 127.0.0.1 (seen by a foreign `Host`), or as a cross-site request (a foreign `Origin`,
 * or `Sec-Fetch-Site: cross-site` where the browser sends no Origin).
 */
export interface GuardOptions {
  /** Host names to serve besides the loopback ones, lower-case, without port; `*` for all. */
  readonly allowedHosts: readonly string[];
  /** Origins that may call (host's CORS list): `https://portal.example`, or `*`. */
  readonly allowedOrigins: readonly string[];
  /** Pages of those origins may send cookies. */
  readonly credentials?: boolean;
}

/** The reason to refuse a request, or undefined. */
export function refusal(
  call: Pick<IncomingCall, "method" | "headers">,
  options: GuardOptions,
): { status: 403 | 421; reason: string } | undefined {
  const host = nameOfHost(call.headers.host ?? "");
  const anyHost = options.allowedHosts.includes("*");
  if (host === undefined || !(anyHost || isOurs(host, options.allowedHosts)))
    return { status: 421, reason: `This host does not serve the name ${JSON.stringify(host ?? "")}.` };
  const { origin } = call.headers;
  if (origin !== undefined) {
    if (options.allowedOrigins.includes("*") || options.allowedOrigins.includes(origin)) return undefined;
    const name = hostName(origin);
    if (name === undefined || !(name === host || isOurs(name, options.allowedHosts)))
      return { status: 403, reason: `Requests from ${origin} are not allowed.` };
    const isKnown = options.allowedHosts.includes(name) || isOwnOrigin(origin, call.headers.host ?? "");
    if (!isKnown && changes(call.method) && needsNoPreflight(call.headers["content-type"]))
      return {
        status: 403,
        reason: `Pages of ${origin} may read here; to change something they send JSON and stand on the CORS list.`,
      };
    return undefined;
  }
  const navigation = call.headers["sec-fetch-mode"] === "navigate" && call.method === "GET";
  if (call.headers["sec-fetch-site"] === "cross-site" && !navigation)
    return { status: 403, reason: "Cross-site requests are not allowed." };
  return undefined;
}

/** CORS headers for an origin on the host's list; pages on loopback names get none, as with Core Tools. */
export function corsHeaders(
  call: Pick<IncomingCall, "headers">,
  options: GuardOptions,
): (readonly [string, string])[] {
  const { origin } = call.headers;
  if (origin === undefined) return [];
  if (!options.allowedOrigins.includes("*") && !options.allowedOrigins.includes(origin)) return [];
  return [
    ["access-control-allow-origin", options.allowedOrigins.includes("*") ? "*" : origin],
    ["vary", "Origin"],
    ...(options.credentials === true ? [["access-control-allow-credentials", "true"] as const] : []),
  ];
}

/** Whether a page was served at the very address that the request went to, port and all. */
function isOwnOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin);
  return url !== null && URL.parse(`${url.protocol}//${host}`)?.host === url.host;
}

const changes = (method: string): boolean => !["GET", "HEAD", "OPTIONS"].includes(method);

/**
 * What a form sends, which a page may send anywhere without asking first. The page of another program on this machine is
 * as foreign as any: a development server may serve what somebody else wrote.
 */
function needsNoPreflight(contentType: string | undefined): boolean {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return ["", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"].includes(type);
}

function hostName(url: string): string | undefined {
  const hostname = URL.parse(url)?.hostname;
  return hostname ? hostname.toLowerCase().replace(/\.$/, "") : undefined;
}

/** The name of a `Host` header. Request after request says the same. */
const nameOfHost = latest((host: string) => hostName(`http://${host}`));

/** The same function with a cache of one entry (memoised). */
function latest<In, Out>(of: (given: In) => Out): (given: In) => Out {
  let known: { given: In; out: Out } | undefined;
  return (given) => {
    if (known?.given !== given) known = { given, out: of(given) };
    return known.out;
  };
}

function isOurs(name: string, allowed: readonly string[]): boolean {
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    allowed.includes(name)
  );
}
