import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { DEEPEST_JSON, placeDeeperThan, placeText } from "../kernel/depth.ts";
import { type ErrorBody, type ErrorKind, LightningError, messageOf } from "../kernel/errors.ts";
import { ROUTE_PREFIX, type WireRow } from "../wire/row.ts";

/** Where a function app answers, and what it wants to see. */
export interface Address {
  /** Without `/api`: `http://localhost:7071`. */
  readonly url: string;
  readonly functionKey?: string | undefined;
  readonly accessToken?: string | undefined;
}

export interface CallOptions {
  /** Seconds to let a long operation run before it answers 202. */
  readonly wait?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Requests at most, where a key lets a lost one be sent again; 3 when absent. */
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Seconds an answer may take beyond the wait that was asked for. */
const PATIENCE_SECONDS = 60;

/**
 * Calls one operation over REST; the client half of `rest.ts`.
 * @throws LightningError invalid `invalid_input` for an id that no path can hold and what JSON cannot hold, `too_deep`; else with the server's code, field and remedy; `endpoint_unreachable` when nobody answers
 */
export async function callRest(
  address: Address,
  operation: WireRow,
  input: Readonly<Record<string, unknown>>,
  options: CallOptions = {},
): Promise<Answer> {
  const request = restRequest(operation, input);
  const url = `${address.url.replace(/\/+$/, "")}/api/${ROUTE_PREFIX}${request.path}`;
  const timeout = AbortSignal.timeout(((options.wait ?? 10) + PATIENCE_SECONDS) * 1000);
  let response: Response;
  let bytes: Buffer;
  try {
    response = await fetch(url, {
      method: operation.rest.method,
      signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
      headers: {
        accept: "application/json",
        ...keyHeader(address),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
        ...(options.wait === undefined ? {} : { prefer: `wait=${options.wait}` }),
        ...(options.idempotencyKey === undefined ? {} : { "idempotency-key": options.idempotencyKey }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    bytes = Buffer.from(await response.arrayBuffer());
  } catch (thrown) {
    throw unreachable(address, thrown, operation.effect !== "read");
  }
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && type.startsWith("application/octet-stream"))
    return { status: response.status, body: partOf(bytes) };
  const text = new TextDecoder().decode(bytes);
  // A file is its text: a line of it is no reply.
  if (response.ok && type.startsWith("application/jsonl"))
    return { status: response.status, body: { content: text, content_type: type } };
  const body = parse(text);
  if (!response.ok) throw errorOf(response, body, text, address);
  if (body === undefined)
    throw new LightningError("fatal", "not_lightning", `${url} did not answer in JSON.`, {
      remedy: "Check that LIGHTNING_ENDPOINT is the address of an Agent Lightning function app.",
    });
  return { status: response.status, body };
}

/** A part of an episode, which alone comes as bytes: the answer that other doors give, but whole. */
function partOf(bytes: Buffer): Record<string, unknown> {
  const isText = isUtf8(bytes) && !bytes.includes(0);
  return {
    sha256: hash("sha256", bytes),
    bytes: bytes.byteLength,
    ...(isText ? { text: bytes.toString("utf8") } : { data: bytes.toString("base64") }),
    shown: true,
  };
}

/** The header that carries the function key, if there is one. */
export const keyHeader = (address: Address): Record<string, string> => ({
  ...(address.functionKey === undefined ? {} : { "x-functions-key": address.functionKey }),
  ...(address.accessToken === undefined ? {} : { authorization: `Bearer ${address.accessToken}` }),
});

function restRequest(operation: WireRow, input: Readonly<Record<string, unknown>>) {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const own = (name: string) =>
    [
      name,
      ...Object.keys(operation.aliases ?? {}).filter((alias) => operation.aliases?.[alias] === name),
    ].find((spelling) => rest.has(spelling));
  const path = operation.rest.path.replaceAll(/\/\{(\w+)\??\}/g, (_segment, name: string) => {
    const spelling = own(name);
    if (spelling === undefined) return "";
    const value = String(rest.get(spelling));
    rest.delete(spelling);
    // A URL would lose such a step, and another operation would be asked.
    if (value === "." || value === "..")
      throw new LightningError("invalid", "invalid_input", `${name}: "${value}" is no id.`, { field: name });
    return `/${encodeURIComponent(value)}`;
  });
  if (operation.rest.method === "POST") return { path, body: jsonOf(Object.fromEntries(rest)) };
  const query = new URLSearchParams();
  for (const [name, value] of rest)
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      query.append(name, typeof one === "string" ? one : jsonOf(one));
  return { path: query.size === 0 ? path : `${path}?${query.toString()}`, body: undefined };
}

/** @throws LightningError invalid `too_deep`, `invalid_input` for what JSON cannot hold: nothing is sent */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (thrown) {
    const cause = { cause: thrown };
    if (!(thrown instanceof RangeError))
      throw new LightningError("invalid", "invalid_input", `The input is no JSON: ${messageOf(thrown)}`, {
        ...cause,
        remedy: "Send texts, numbers, booleans, null, and plain objects and arrays of them, without cycles.",
      });
    const field = placeText(placeDeeperThan(DEEPEST_JSON, value) ?? []);
    throw new LightningError("invalid", "too_deep", `${field} goes too deep to be written as JSON.`, {
      ...cause,
      field,
      remedy: "Flatten the value, or send what is deep in it as a text.",
    });
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const KINDS: Record<number, ErrorKind> = {
  400: "bad_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  412: "precondition",
  413: "too_large",
  415: "unsupported",
  416: "out_of_range",
  422: "invalid",
  429: "limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

function errorOf(
  response: Response,
  body: Record<string, unknown> | undefined,
  text: string,
  address: Address,
): LightningError {
  const kind = KINDS[response.status] ?? "fatal";
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined;
  const error = (body as Partial<ErrorBody> | undefined)?.error;
  if (typeof error?.code === "string") {
    const { code, formerly, message, field, remedy, details } = error;
    return new LightningError(kind, code, message, { formerly, field, remedy, details, retryAfterMs });
  }
  // An unhealthy /health is an answer in itself.
  if (body !== undefined && typeof body.status === "string")
    return new LightningError(kind, body.status, `The function app says it is ${body.status}.`, {
      details: body,
    });
  if (response.status === 401 || response.status === 403)
    return new LightningError(kind, "key_refused", `${address.url} refused the function key or token.`, {
      remedy:
        "Set LIGHTNING_FUNCTION_KEY to a function or host key of the app, or LIGHTNING_TOKEN where persons are let in.",
    });
  if (response.status === 404)
    return new LightningError(kind, "not_lightning", `${address.url} has no Agent Lightning routes.`, {
      remedy: "Check LIGHTNING_ENDPOINT: the address of the function app, without /api.",
    });
  return new LightningError(
    kind,
    `http_${response.status}`,
    `${address.url} answered ${response.status}${text === "" ? "" : `: ${text.slice(0, 200)}`}`,
    { retryAfterMs },
  );
}

function unreachable(address: Address, thrown: unknown, ambiguous: boolean): LightningError {
  const cause = (thrown as { cause?: unknown }).cause ?? thrown;
  return new LightningError("unavailable", "endpoint_unreachable", `${address.url}: ${messageOf(cause)}`, {
    remedy:
      "Check LIGHTNING_ENDPOINT, or start a local host with `npm start` in a checkout of Agent Lightning.",
    ambiguous,
    cause: thrown,
  });
}
