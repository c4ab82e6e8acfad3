import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../../kernel/logger.ts";
import { failureText, toError } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { DurableEngine, DurableHttpResponse } from "../durable/port.ts";
import { type AdminDeps, handleAdmin } from "./admin.ts";
import { corsHeaders, type GuardOptions, refusal } from "./guard.ts";
import { toHttpTrigger, toReply } from "./http-data.ts";
import { type HostKeys, isOneOf, presentedKey } from "./keys.ts";
import { type IncomingCall, type OutgoingReply, readBody, textReply } from "./message.ts";
import { decodePath } from "./request-path.ts";
import type { HttpRoute, Router } from "./router.ts";
import { callStreaming } from "./stream-call.ts";

export type Handler = (call: IncomingCall) => Promise<OutgoingReply>;

export interface FrontDeps {
  readonly router: Router;
  readonly invoker: Invoker;
  readonly logger: Logger;
  readonly guard: GuardOptions;
  /** host.json's, for answers that have none of the name; lower-case. */
  readonly customHeaders: readonly (readonly [string, string])[];
  /** Present when callers must show a key. */
  readonly keys: HostKeys | undefined;
  readonly engine: DurableEngine | undefined;
  /** Longest body in bytes. */
  readonly bodyLimit: number;
  /** Whether the app set `enableHttpStream`. */
  readonly streams: boolean;
  readonly admin: AdminDeps;
  /** The MCP extension's part, when the app has MCP triggers. */
  readonly mcp: ((call: IncomingCall, rest: string) => Promise<OutgoingReply>) | undefined;
}

const WEBHOOK = "runtime/webhooks/durabletask";
/** Where the Functions MCP extension listens. */
export const MCP_WEBHOOK = "runtime/webhooks/mcp";

/** Everything the host answers over HTTP: the app's routes, the Durable extension's API, `/admin`. */
export function createFront(deps: FrontDeps): Handler {
  return async (call) => {
    const refused = refusal(call, deps.guard);
    if (refused !== undefined) {
      deps.logger.warn("refused", { status: refused.status, reason: refused.reason });
      return textReply(refused.status, refused.reason);
    }
    const cors = corsHeaders(call, deps.guard);
    if (cors.length > 0 && call.method === "OPTIONS" && call.headers["access-control-request-method"])
      return {
        status: 204,
        headers: [
          ...cors,
          ["access-control-allow-methods", call.headers["access-control-request-method"]],
          ["access-control-allow-headers", call.headers["access-control-request-headers"] ?? "*"],
        ],
      };
    const reply = await route(deps, call).catch((thrown: unknown) => {
      deps.logger.error(
        `The host failed at ${call.method} ${call.url.pathname}: ${failureText(toError(thrown))}`,
      );
      return textReply(500);
    });
    if (cors.length === 0 && deps.customHeaders.length === 0) return reply;
    const given = new Set(reply.headers.map(([name]) => name.toLowerCase()));
    const custom = deps.customHeaders.filter(([name]) => !given.has(name));
    return { ...reply, headers: [...reply.headers, ...cors, ...custom] };
  };
}

async function route(deps: FrontDeps, call: IncomingCall): Promise<OutgoingReply> {
  const path = decodePath(call.url.pathname);
  // As Kestrel.
  if (path.includes("\0")) return textReply(400);
  const bare = path.endsWith("/") ? path.replace(/\/+$/, "") : path;
  const lower = bare.toLowerCase();
  if (lower === "admin" || lower.startsWith("admin/")) return handleAdmin(deps.admin, call, bare, deps.keys);
  if (deps.engine !== undefined && (lower === WEBHOOK || lower.startsWith(`${WEBHOOK}/`))) {
    if (deps.keys && !isOneOf(presentedKey(call), [deps.keys.durabletask, deps.keys.master]))
      return textReply(401);
    return handleDurable(deps.engine, call, {
      prefix: `/${WEBHOOK}`,
      base: `${call.url.origin}/${WEBHOOK}`,
      code: deps.keys?.durabletask ?? "",
      surface: "public",
      bodyLimit: deps.bodyLimit,
    });
  }
  if (deps.mcp !== undefined && (lower === MCP_WEBHOOK || lower.startsWith(`${MCP_WEBHOOK}/`))) {
    if (deps.keys && !isOneOf(presentedKey(call), [deps.keys.mcp_extension, deps.keys.master]))
      return textReply(401);
    return deps.mcp(call, lower.slice(MCP_WEBHOOK.length + 1).replace(/\/$/, ""));
  }
  const found = deps.router.find(call.method, path);
  if (found === undefined) {
    if (path === "") return textReply(200, "The Functions app is up and running.");
    deps.logger.debug("no route", { method: call.method, path });
    return textReply(404);
  }
  if (deps.keys !== undefined && !mayCall(found.route, deps.keys, call)) return textReply(401);
  return invoke(deps, call, found.route, found.params);
}

function mayCall(found: HttpRoute, keys: HostKeys, call: IncomingCall): boolean {
  if (found.authLevel === "anonymous") return true;
  return isOneOf(
    presentedKey(call),
    found.authLevel === "admin" ? [keys.master] : [keys.function, keys.master],
  );
}

async function invoke(
  deps: FrontDeps,
  original: IncomingCall,
  { fn }: HttpRoute,
  params: Record<string, string>,
): Promise<OutgoingReply> {
  // In Azure the platform alone sets these; with keys asked for, a client may not set the principal header here either.
  const call =
    deps.keys === undefined
      ? original
      : { ...original, headers: without(original.headers, /^x-ms-client-principal/) };
  const onFailure = (text: string) => deps.logger.error(`Function '${fn.metadata.name}' failed: ${text}`);
  if (deps.streams)
    return callStreaming(deps.invoker, fn, call, params, { bodyLimit: deps.bodyLimit, onFailure });
  const body = await readBody(call.body, deps.bodyLimit);
  if (body === undefined) return textReply(413, "The request body is too large.");
  const outcome = await deps.invoker.call(fn, {
    trigger: toHttpTrigger(call, params, body),
    traceParent: call.headers.traceparent,
    traceState: call.headers.tracestate,
  });
  if (outcome.ok) return toReply(fn, outcome.response);
  onFailure(failureText(outcome.error));
  return textReply(500);
}

export interface DurableDoor {
  /** What stands before the extension's part of the path: `/durabletask`. */
  readonly prefix: string;
  /** Public address that the URLs of replies start with. */
  readonly base: string;
  readonly code: string;
  readonly surface: "public" | "rpc";
  readonly bodyLimit: number;
}

/** Hands a request to the Durable extension's HTTP API. */
export async function handleDurable(
  engine: DurableEngine,
  call: IncomingCall,
  door: DurableDoor,
): Promise<OutgoingReply> {
  const body = await readBody(call.body, door.bodyLimit);
  if (body === undefined) return textReply(413, "The request body is too large.");
  const reply = await engine.handle(
    {
      method: call.method,
      path: call.url.pathname.slice(door.prefix.length).replace(/^\//, ""),
      query: call.url.searchParams,
      headers: call.headers,
      body: body.toString("utf8"),
    },
    door.base,
    door.code,
    door.surface,
  );
  return {
    status: reply.status,
    headers: Object.entries(reply.headers),
    ...(reply.body === "" && reply.more === undefined ? {} : { body: bodyOf(reply) }),
  };
}

function bodyOf({ body, more }: DurableHttpResponse): Buffer | Readable {
  if (more === undefined) return Buffer.from(body);
  return Readable.from(
    (async function* () {
      if (body !== "") yield Buffer.from(body);
      for (const piece of more) {
        // Pieces that are quickly taken would otherwise be made without a pause.
        await nextTurn();
        if (piece !== "") yield Buffer.from(piece);
      }
    })(),
    { objectMode: false },
  );
}

function without(headers: Readonly<Record<string, string>>, pattern: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !pattern.test(name)));
}
