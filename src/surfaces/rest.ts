import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { contentChanged, isDemanded, isKnown, refuseUnkept, tagOf } from "../doors/conditional.ts";
import { keyOfHeader } from "../doors/idempotency-key.ts";
import {
  type CallContext,
  type FileReply,
  type Operation,
  type Orchestrations,
  parseInput,
  ROUTE_PREFIX,
} from "../doors/operation.ts";
import { type Access, LOCAL_CALLER } from "../identity/access.ts";
import { fatal, invalid, retryAfterSeconds, tooLarge } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { errorInDoorWords, itemsInDoorWords, REST_WORDS } from "./door-words.ts";
import { fieldNamed, valueOfTexts } from "./fields.ts";
import { fileAnswer } from "./file-answer.ts";
import { laterHeaders } from "./later.ts";
import { readBody } from "./rest-body.ts";
import { toLightningError } from "./wire-errors.ts";

/** Timeout of a long operation without a `Prefer` header, in ms: then it answers 202. Small work on a laptop ends within it. */
const DEFAULT_WAIT_MS = 10_000;
/** Azure's load balancer cuts a request at 230 s (docs/facts.md#request-timeout). */
const LONGEST_WAIT_SECONDS = 200;

export interface RestRoute {
  readonly method: "GET" | "POST";
  /** The template for the host, without the prefix `api`: `lightning/training/{run_id}`. */
  readonly route: string;
  readonly operation: Operation;
}

/** One route for each operation. @throws LightningError `duplicate_route` when two rows share one. */
export function restRoutes(operations: readonly Operation[]): RestRoute[] {
  const seen = new Map<string, string>();
  return operations.map((operation) => {
    const { method, path } = operation.rest;
    const key = `${method} ${path.replaceAll(/\{[^}]+\}/g, "{}")}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw fatal("duplicate_route", `${operation.name} and ${other} are both at ${method} ${path}.`);
    seen.set(key, operation.name);
    const others = operations.filter(({ rest }) => rest.method === method).map(({ rest }) => rest.path);
    return { method, route: ROUTE_PREFIX + apart(path, others), operation };
  });
}

/**
 * The path with its parameters kept from the words that other paths have in their place. Azure tries routes in the order of
 * the functions' names and knows no precedence, so that `/lineage/{kind}/{id}` of `getLineageOf` would take what is meant
 * for `/lineage/episodes/{episode_id}` of `traceEpisode`.
 */
function apart(path: string, others: readonly string[]): string {
  const own = path.split("/");
  const rivals = others.map((other) => other.split("/")).filter((other) => overlap(own, other));
  // The first place in which one has a word and the other a parameter tells which is the more general.
  const places = rivals.map((rival) =>
    own.findIndex((part, i) => isParameter(part) !== isParameter(rival[i])),
  );
  return own
    .map((part, i) => {
      const words = rivals.filter((_, n) => places[n] === i).map((rival) => rival[i]);
      if (!isParameter(part) || words.length === 0) return part;
      return part.replace(/^\{\w+/, (name) => `${name}:regex(^(?!(${words.join("|")})$))`);
    })
    .join("/");
}

const isParameter = (part = "") => part.startsWith("{");

function overlap(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((part, i) => part === b[i] || isParameter(part) || isParameter(b[i]));
}

/** What the function app lends a request; a `CallContext` will do. */
export interface RestBase {
  readonly orchestrations: Orchestrations;
  /** Tells who calls; absent: somebody at this machine. */
  readonly access?: Access;
  readonly logger?: Logger;
  /** Slows a file's bytes down to what its caller takes. */
  readonly pace?: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

/** Answers one REST request with its operation; never throws. */
export async function handleRest(
  operation: Operation,
  request: HttpRequest,
  base: RestBase,
): Promise<HttpResponseInit> {
  try {
    const context = callContext(request, base);
    if (operation.rest.method !== "GET")
      refuseUnkept(request.headers, operation.answers?.changes === undefined ? [] : ["if-match"]);
    const raw = await rawInput(operation, request);
    const input = parseInput(operation, raw);
    const reply = await operation.run(input, context);
    const { file, headers, status = 200 } = reply;
    if (file !== undefined)
      return await fileAnswer(file, request, {
        headers: { ...STANDING_HEADERS, ...fileHeaders(operation, file), ...headers },
        logger: base.logger,
        pace: base.pace,
      });
    if (status === 202)
      return json(status, reply.body, {
        ...headers,
        ...laterHeaders(operation, input, reply.body, request.url),
      });
    if (operation.rest.method === "GET" && status === 200) return tagged(reply.body, request, headers);
    return json(status, itemsInDoorWords(reply.body, REST_WORDS), headers);
  } catch (thrown) {
    return errorResponse(thrown, operation.name, base.logger);
  }
}

/** The REST form of anything thrown. */
function errorResponse(thrown: unknown, where: string, logger?: Logger): HttpResponseInit {
  const error = toLightningError(thrown, where, logger);
  const { retryAfterMs, details } = error;
  return json(
    error.status,
    { error: errorInDoorWords(error.toBody().error, REST_WORDS) },
    {
      ...(retryAfterMs === undefined ? {} : { "retry-after": String(retryAfterSeconds(retryAfterMs)) }),
      ...(error.kind === "out_of_range"
        ? { "content-range": `bytes */${(details as { bytes: number }).bytes}` }
        : {}),
    },
  );
}

/** With the tag of its content; 304 without it where the caller has it. @throws precondition `content_changed` */
function tagged(
  body: unknown,
  { headers: asked }: Pick<HttpRequest, "headers">,
  headers?: Record<string, string>,
): HttpResponseInit {
  const text = JSON.stringify(body);
  const etag = tagOf(text);
  if (!isDemanded(asked, etag)) throw contentChanged();
  if (isKnown(asked, etag)) return { status: 304, headers: { ...STANDING_HEADERS, ...headers, etag } };
  return answer(200, text, { ...headers, etag });
}

const fileHeaders = ({ answers }: Operation, { name }: FileReply) => ({
  "content-type": answers?.file ?? "application/octet-stream",
  "content-disposition": `attachment; filename="${name.replaceAll(/[^\w.-]/g, "_")}"`,
});

const STANDING_HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

const json = (status: number, body: unknown, headers?: Record<string, string>): HttpResponseInit =>
  answer(status, JSON.stringify(body), headers);

const answer = (status: number, body: string, headers?: Record<string, string>): HttpResponseInit => ({
  status,
  headers: { ...STANDING_HEADERS, "content-type": "application/json; charset=utf-8", ...headers },
  body,
});

/** `Prefer`, `Idempotency-Key` and the person, as the operations want them. */
export function callContext(request: Pick<HttpRequest, "headers" | "method">, base: RestBase): CallContext {
  const wait = preferredWaitMs(request.headers.get("prefer"));
  // What only reads takes no key, so a bad one is no fault of it.
  const idempotencyKey = request.method === "POST" ? request.headers.get("idempotency-key") : null;
  const ifMatch = request.headers.get("if-match");
  const caller = base.access?.callerOf(request) ?? LOCAL_CALLER;
  return {
    door: "rest",
    orchestrations: base.orchestrations,
    waitMs: wait ?? DEFAULT_WAIT_MS,
    explicitWait: wait !== undefined,
    caller,
    ...(caller.person === undefined ? {} : { principal: caller.person }),
    ...(ifMatch === null ? {} : { ifMatch }),
    ...(idempotencyKey === null ? {} : { idempotencyKey: keyOfHeader(idempotencyKey) }),
  };
}

/** RFC 7240: `wait=N` in seconds, 0 to 200; `respond-async` without it means 0. Undefined: no preference. */
export function preferredWaitMs(header: string | null): number | undefined {
  const preferences = (header ?? "").split(/[,;]/).map((part) => part.trim().toLowerCase());
  const wait = preferences
    .map((part) => /^wait\s*=\s*"?(\d+(?:\.\d+)?)"?$/.exec(part)?.[1])
    .find((text) => text !== undefined);
  if (wait !== undefined) return Math.min(Number(wait), LONGEST_WAIT_SECONDS) * 1000;
  return preferences.includes("respond-async") ? 0 : undefined;
}

/** Query, path and body as one object; the same field said twice must say the same. */
async function rawInput(operation: Operation, request: HttpRequest): Promise<Record<string, unknown>> {
  const fromUrl = textInput(operation, request);
  if (operation.rest.method === "GET") return fromUrl;
  const body = await readBody(operation, request);
  for (const [name, value] of Object.entries(fromUrl)) {
    if ((body[name] ?? value) !== value)
      throw invalid("invalid_input", `${name}: the address and the body say different things.`, {
        field: name,
        remedy: `Send "${name}" once.`,
      });
  }
  return { ...body, ...fromUrl };
}

function textInput(operation: Operation, request: HttpRequest): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  // Not `request.query`: the host hands over one value a name, and a repeated name is a list here.
  const query = request.url.includes("?") ? new URL(request.url).searchParams : NO_QUERY;
  for (const name of new Set(query.keys())) {
    const field = fieldNamed(operation, name);
    // A function key may stand in the address (`?code=`); it is the host's, not the operation's.
    if (field === undefined && (name === "code" || name === "clientId")) continue;
    const texts = query.getAll(name);
    if (texts.join("").length > LONGEST_QUERY)
      throw tooLarge("query_too_large", `${name}: longer than ${LONGEST_QUERY} characters.`, { field: name });
    input[name] = field === undefined ? texts[0] : valueOfTexts(field, texts);
  }
  for (const [name, text] of Object.entries(request.params)) {
    // The host leaves an absent optional segment out or empty, and of a streamed request adds the query.
    if (text === "" || !isInPath(operation.rest.path, name)) continue;
    if (input[name] !== undefined && input[name] !== text)
      throw invalid("invalid_input", `${name}: the path and the query say different things.`, {
        field: name,
        remedy: `Leave "${name}" out of the query.`,
      });
    input[name] = text;
  }
  return input;
}

/** Whether a route has the parameter: `{name}`, or `{name:int}`, `{name?}`, `{name=1}`. */
function isInPath(path: string, name: string): boolean {
  const at = path.indexOf(`{${name}`);
  return at !== -1 && "}:?=".includes(path[at + name.length + 1] ?? "}");
}

const LONGEST_QUERY = 16_000;
const NO_QUERY = new URLSearchParams();
