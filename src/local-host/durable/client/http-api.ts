import { isLightningError, messageOf } from "../../../kernel/errors.ts";
import { entityId, entityParts } from "../entity.ts";
import { isTerminal, Status } from "../history/history.ts";
import type { DurableHttpRequest, DurableHttpResponse } from "../port.ts";
import type { DurableStore, InstanceFilter } from "../store/store.ts";
import type { DurableClient } from "./client.ts";
import { breath, historyText, jsonArray, outputText, statusText } from "./http-status.ts";
import { managementUrls, type UrlScope } from "./http-urls.ts";
import type { Sent } from "./send.ts";

/** Instances on a page when the request names no `top`. */
const PAGE_SIZE = 100;
const LARGEST_PAGE = 1000;
/** Stands for an empty entity key in a path. */
const EMPTY_KEY = "$";
const CONTINUATION = "x-ms-continuation-token";

/** The Durable extension's HTTP API: what the SDK's client calls and what the URLs it hands out point to. */
export class DurableHttpApi {
  readonly #client: DurableClient;
  readonly #store: DurableStore;
  readonly #taskHub: string;

  constructor(client: DurableClient, store: DurableStore, taskHub: string) {
    this.#client = client;
    this.#store = store;
    this.#taskHub = taskHub;
  }

  async handle(request: DurableHttpRequest, base: string, code: string): Promise<DurableHttpResponse> {
    const scope = { base, code, taskHub: this.#taskHub };
    // What a reply shows must be on the disk, lest it be shown and then not have been.
    const unsynced = this.#store.transactions.synced();
    if (unsynced !== undefined) await unsynced;
    try {
      return (await this.#route(request, scope)) ?? empty(404);
    } catch (error) {
      if (!isLightningError(error))
        return text(500, `Something went wrong while processing your request: ${messageOf(error)}`);
      const status = error.kind === "invalid" || error.kind === "bad_request" ? 400 : error.status;
      return text(status, error.message);
    }
  }

  #route(request: DurableHttpRequest, scope: UrlScope) {
    const segments = request.path.split("/").filter(Boolean).map(decoded);
    const [area = "", first, operation = "", name] = segments;
    const method = request.method.toUpperCase();
    switch (`${method} ${area.toLowerCase()} ${segments.length}`) {
      case "POST orchestrators 2":
      case "POST orchestrators 3":
        return this.#start(request, scope, first as string, operation === "" ? undefined : operation);
      case "GET instances 1":
        return this.#list(request);
      case "DELETE instances 1":
        return this.#purgeBy(request);
      case "GET instances 2":
        return this.#status(request, scope, first as string);
      case "DELETE instances 2":
        return this.#purge(first as string);
      case "POST instances 3":
        return this.#command(request, scope, first as string, operation.toLowerCase());
      case "POST instances 4":
        return operation.toLowerCase() === "raiseevent"
          ? this.#raise(request, first as string, name as string)
          : undefined;
      case "POST makeprimary 1":
        return empty(200);
      case "GET entities 1":
      case "GET entities 2":
        return this.#listEntities(request, first);
      case "GET entities 3":
        return this.#entity(first as string, operation);
      case "POST entities 3":
      case "DELETE entities 3":
        return this.#signal(request, first as string, operation);
      default:
        return undefined;
    }
  }

  #listEntities(request: DurableHttpRequest, name: string | undefined): DurableHttpResponse {
    const fetchState = flag(request, "fetchState");
    const limit = pageSize(request);
    const token = request.headers[CONTINUATION];
    const after = token === undefined ? undefined : Buffer.from(token, "base64url").toString("utf8");
    const [from, to] = [timeOf(request, "lastOperationTimeFrom"), timeOf(request, "lastOperationTimeTo")];
    const page = this.#store.entities({ name, after, from, to }, limit + 1);
    const last = page.length > limit ? page[limit - 1] : undefined;
    const shown = page.slice(0, limit).map((entity) => ({
      entityId: entityParts(entity.id),
      lastOperationTime: new Date(entity.updatedAt).toISOString(),
      ...(fetchState ? { state: JSON.parse(entity.state ?? "null") as unknown } : {}),
    }));
    // A header takes ASCII only.
    const next = last === undefined ? {} : { [CONTINUATION]: Buffer.from(last.id).toString("base64url") };
    return json(200, shown, next);
  }

  #entity(name: string, key: string): DurableHttpResponse {
    const entity = this.#store.entity(entityId(name, key === EMPTY_KEY ? "" : key));
    return entity.exists ? json(200, JSON.parse(entity.state ?? "null")) : empty(404);
  }

  async #signal(request: DurableHttpRequest, name: string, key: string) {
    const operation = request.method.toUpperCase() === "DELETE" ? "delete" : (request.query.get("op") ?? "");
    const jsonBody = isMediaType(request, "application/json");
    if (request.body !== "" && jsonBody && !isJson(request.body))
      return text(400, "Could not parse JSON content");
    const input = request.body === "" ? undefined : jsonBody ? request.body : JSON.stringify(request.body);
    await this.#client.signal(entityId(name, key === EMPTY_KEY ? "" : key), operation, input);
    return empty(202);
  }

  async #start(request: DurableHttpRequest, scope: UrlScope, name: string, wanted: string | undefined) {
    if (request.body !== "" && !isJson(request.body)) return text(400, "Invalid JSON content");
    const version = request.query.get("version") ?? undefined;
    const input = request.body === "" ? null : request.body;
    // A door of ours: the framework can begin later, but the SDK and the extension's own API cannot ask for it.
    const startAt = timeOf(request, "scheduledStartTime");
    if (startAt === undefined && request.query.has("scheduledStartTime"))
      return text(400, "scheduledStartTime must be a time such as 2026-12-24T18:00:00Z");
    const id = await this.#client.start(name, input, { id: wanted, version, startAt });
    return this.#started(request, scope, id);
  }

  /** 202 with the instance's addresses; with `timeout` and `pollingInterval`, the output if it comes in time. */
  async #started(request: DurableHttpRequest, scope: UrlScope, id: string) {
    const timeout = Number.parseFloat(request.query.get("timeout") ?? "");
    const interval = Number.parseFloat(request.query.get("pollingInterval") ?? "");
    if (!Number.isNaN(timeout) && !Number.isNaN(interval)) {
      if (interval > timeout)
        return text(400, `Total timeout ${timeout} should be bigger than retry timeout ${interval}`);
      if (await this.#client.waitForEnd(id, timeout * 1000)) return this.#outcome(request, id);
    }
    const { rewindPostUri: _, ...urls } = managementUrls(scope, id);
    return json(202, urls, { location: urls.statusQueryGetUri, "retry-after": "10" });
  }

  #outcome(request: DurableHttpRequest, id: string): DurableHttpResponse {
    const instance = this.#store.instance(id);
    if (instance === undefined) return empty(404);
    if (instance.status === Status.Completed) return inParts(200, outputText(instance));
    const failed = instance.status === Status.Failed && flag(request, "returnInternalServerErrorOnFailure");
    return inParts(failed ? 500 : 200, statusText(instance, true));
  }

  #status(request: DurableHttpRequest, scope: UrlScope, id: string): DurableHttpResponse {
    const instance = this.#store.instance(id);
    if (instance === undefined) return empty(404);
    const showInput = flag(request, "showInput", true);
    const failed = instance.status === Status.Failed && flag(request, "returnInternalServerErrorOnFailure");
    const [status, headers] = isTerminal(instance.status)
      ? [failed ? 500 : 200, {}]
      : [202, { location: managementUrls(scope, id).statusQueryGetUri, "retry-after": "5" }];
    if (!flag(request, "showHistory")) return inParts(status, statusText(instance, showInput), headers);
    const store = this.#store;
    const upTo = store.historyEnd(instance);
    const read = function* () {
      for (const { event } of store.historyInParts(instance, upTo)) yield event;
    };
    const history = historyText(read, flag(request, "showHistoryOutput"));
    return inParts(status, statusText(instance, showInput, history), headers);
  }

  #list(request: DurableHttpRequest): DurableHttpResponse {
    const limit = pageSize(request);
    const after = Number.parseInt(request.headers[CONTINUATION] ?? "", 10) || 0;
    const page = this.#store.list(filterOf(request), after, limit + 1);
    const shown = page.slice(0, limit);
    const showInput = flag(request, "showInput", true);
    const last = page.length > limit ? shown.at(-1) : undefined;
    const store = this.#store;
    const statuses = function* () {
      for (const { id } of shown) {
        const instance = store.instance(id);
        // It may have been purged since the page was made.
        if (instance !== undefined) yield statusText(instance, showInput);
      }
    };
    return inParts(
      200,
      jsonArray(statuses()),
      last === undefined ? {} : { [CONTINUATION]: String(last.seq) },
    );
  }

  async #raise(request: DurableHttpRequest, id: string, name: string) {
    const instance = this.#store.instance(id);
    if (instance === undefined) return empty(404);
    if (isTerminal(instance.status)) return empty(410);
    if (!isMediaType(request, "application/json"))
      return text(400, "Only application/json request content is supported");
    if (!isJson(request.body)) return text(400, "Invalid JSON content");
    return answered(await this.#client.raise(id, name, request.body));
  }

  async #command(request: DurableHttpRequest, scope: UrlScope, id: string, operation: string) {
    const reason = request.query.get("reason");
    switch (operation) {
      case "terminate":
        return answered(await this.#client.terminate(id, reason));
      case "suspend":
        return answered(await this.#client.suspend(id, reason));
      case "resume":
        return answered(await this.#client.resume(id, reason));
      case "restart": {
        const withNewId = flag(request, "restartWithNewInstanceId", true);
        return this.#started(request, scope, await this.#client.restart(id, withNewId));
      }
      case "rewind":
        return this.#rewind(id, reason);
      default:
        return undefined;
    }
  }

  /** The SDK shows these bodies as the error's message, so they are plain text in JSON. */
  async #rewind(id: string, reason: string | null): Promise<DurableHttpResponse> {
    const status = await this.#client.rewind(id, reason);
    if (status === "Failed") return empty(202);
    if (status === "missing") return json(404, `No orchestration with instance ID "${id}" found.`);
    return json(
      412,
      `This orchestration has status ${status}, but only orchestrations in the "Failed" state can be rewound.`,
    );
  }

  async #purge(id: string) {
    return (await this.#client.purge(id)) ? json(200, { instancesDeleted: 1 }) : empty(404);
  }

  async #purgeBy(request: DurableHttpRequest) {
    const filter = filterOf(request);
    if (filter.createdFrom === undefined)
      return json(400, "Please provide value for 'createdTimeFrom' parameter.");
    const instancesDeleted = await this.#client.purgeBy(filter);
    return instancesDeleted === 0 ? empty(404) : json(200, { instancesDeleted });
  }
}

function pageSize({ query }: DurableHttpRequest): number {
  const top = Number.parseInt(query.get("top") ?? "", 10);
  return top > 0 ? Math.min(top, LARGEST_PAGE) : PAGE_SIZE;
}

function isMediaType({ headers }: DurableHttpRequest, wanted: string): boolean {
  const [mediaType] = (headers["content-type"] ?? "").split(";");
  return mediaType?.trim().toLowerCase() === wanted;
}

function answered(sent: Sent): DurableHttpResponse {
  return empty(sent === "sent" ? 202 : sent === "missing" ? 404 : 410);
}

function timeOf({ query }: DurableHttpRequest, name: string): number | undefined {
  const value = Date.parse(query.get(name) ?? "");
  return Number.isNaN(value) ? undefined : value;
}

function filterOf(request: DurableHttpRequest): InstanceFilter {
  const { query } = request;
  const wanted = query
    .getAll("runtimeStatus")
    .flatMap((value) => value.split(","))
    .map((value) =>
      Object.entries(Status).find(([name]) => name.toLowerCase() === value.trim().toLowerCase()),
    )
    .flatMap((found) => (found === undefined ? [] : [found[1]]));
  return {
    prefix: query.get("instanceIdPrefix") ?? undefined,
    createdFrom: timeOf(request, "createdTimeFrom"),
    createdTo: timeOf(request, "createdTimeTo"),
    statuses: wanted.length === 0 ? undefined : wanted,
  };
}

/** .NET's bool.TryParse: anything but true and false counts as absent. */
function flag({ query }: DurableHttpRequest, name: string, absent = false): boolean {
  const value = query.get(name)?.trim().toLowerCase();
  return value === "true" ? true : value === "false" ? false : absent;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const empty = (status: number): DurableHttpResponse => ({ status, headers: {}, body: "" });
const text = (status: number, message: string): DurableHttpResponse => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify({ Message: message }),
});
const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): DurableHttpResponse => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", ...headers },
  body: JSON.stringify(body ?? null),
});

/** Text of a reply that is made as one; what is longer goes out in pieces of this size, as fast as it is taken. */
const PIECE_CHARS = 64 * 1024;

function inParts(
  status: number,
  parts: Iterable<string>,
  headers: Readonly<Record<string, string>> = {},
): DurableHttpResponse {
  const pieces = inPieces(parts);
  const first = pieces.next();
  // What has to breathe before its first piece is not waited for.
  const second = first.value === breath ? first : pieces.next();
  const body = first.value === breath ? "" : (first.value ?? "") + (second.value ?? "");
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body,
    ...(second.done ? {} : { more: pieces }),
  };
}

/** Pieces of about one size; a breath goes through as it is. */
function* inPieces(parts: Iterable<string>): Generator<string, undefined> {
  let piece = "";
  for (const part of parts) {
    piece += part;
    if (part === breath) yield breath;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
  return undefined;
}
