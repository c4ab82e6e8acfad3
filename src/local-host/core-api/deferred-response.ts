import type { RegisteredFunction } from "./types.ts";

const KNOWN = new Set(["status", "headers", "body", "jsonBody", "cookies", "enableContentNegotiation"]);
/** A field name in lower case (RFC 9110 `token`), and a value that `Headers` takes as it is: visible ASCII at both ends. */
const NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Whether an HTTP function answers by what it returns. */
export function answersHttp(fn: RegisteredFunction): boolean {
  return fn.metadata.bindings.$return?.type.toLowerCase() === "http";
}

/**
 * The same answer for `@azure/functions`, which makes a `Response` of it only to read status, headers and bytes again.
 * A plain answer of text brings these along (the library takes a response in place of its parts; versions that do
 * not, do not look at it); any other is handed on as it is.
 */
export function withDeferredResponse(result: unknown): unknown {
  if (typeof result !== "object" || result === null || Object.getPrototypeOf(result) !== Object.prototype)
    return result;
  if (!Object.keys(result).every((name) => KNOWN.has(name))) return result;
  const { status = 200, headers = {}, body, jsonBody } = result as Record<string, unknown>;
  const isJson = jsonBody !== undefined && jsonBody !== null;
  const text: unknown = isJson ? JSON.stringify(jsonBody) : body;
  if (typeof text !== "string") return result;
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) return result;
  if (NO_BODY.has(status as number) || !isPlain(headers)) return result;
  const sent: [string, string][] = Object.entries(headers);
  if (headers["content-type"] === undefined)
    sent.push(["content-type", isJson ? "application/json" : "text/plain;charset=UTF-8"]);
  // `Headers` gives its names in order.
  sent.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...result,
    nativeResponse: {
      status,
      headers: { entries: () => sent.values() },
      get body() {
        return Buffer.from(text);
      },
      arrayBuffer: () => Promise.resolve(Buffer.from(text)),
    },
  };
}

const NO_BODY = new Set([204, 205, 304]);

function isPlain(headers: unknown): headers is Record<string, string> {
  return (
    typeof headers === "object" &&
    headers !== null &&
    Object.getPrototypeOf(headers) === Object.prototype &&
    Object.entries(headers).every(
      ([name, value]) =>
        NAME.test(name) && name !== "set-cookie" && typeof value === "string" && VALUE.test(value),
    )
  );
}
