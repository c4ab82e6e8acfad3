import { isLightningError, messageOf } from "../../../kernel/errors.ts";
import { entityInstance, entityStarted, isEntityId } from "../entity.ts";
import { isTerminal, Status, type StatusName, statusName } from "../history/history.ts";
import type { DurableHttpRequest, DurableHttpResponse } from "../port.ts";
import type { DurableStore, Instance } from "../store/store.ts";
import type { DurableClient } from "./client.ts";
import { createEntityApi, type EntityApi } from "./http-entities.ts";
import {
  filterOf,
  flag,
  isMediaType,
  nextPage,
  overlooked,
  pageSize,
  pageStart,
  timeOf,
} from "./http-query.ts";
import { empty, failure, inParts, json, STORAGE_REFUSED, text, WENT_WRONG } from "./http-reply.ts";
import { historyText, jsonArray, outputText, statusText } from "./http-status.ts";
import { managementUrls, type UrlScope } from "./http-urls.ts";
import { jsonText, NoJson } from "./json-text.ts";
import type { Sent } from "./send.ts";

/** What becomes of an entity's instance in Azure, and is refused here. */
const COMMANDS_TO_ENTITIES: ReadonlySet<string> = new Set(["terminate", "suspend", "resume", "restart"]);

/** The Durable extension's HTTP API: what the SDK's client calls and what the URLs it hands out point to. */
export class DurableHttpApi {
  readonly #client: DurableClient;
  readonly #store: DurableStore;
  readonly #entities: EntityApi;
  readonly #taskHub: string;

  constructor(client: DurableClient, store: DurableStore, taskHub: string) {
    this.#client = client;
    this.#store = store;
    this.#entities = createEntityApi(client, store);
    this.#taskHub = taskHub;
  }

  async handle(request: DurableHttpRequest, base: string, code: string): Promise<DurableHttpResponse> {
    const scope = { base, code, taskHub: this.#taskHub };
    try {
      const reply = (await this.#route(request, scope)) ?? empty(404);
      // What a reply shows must be on the disk, lest it be shown and then not have been.
      await this.#store.transactions.synced();
      return reply;
    } catch (error) {
      if (error instanceof NoJson)
        return failure(400, "Invalid JSON content", {
          type: "Newtonsoft.Json.JsonReaderException",
          message: error.message,
        });
      if (!isLightningError(error))
        return failure(500, WENT_WRONG, { type: "System.Exception", message: messageOf(error) });
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
        return this.#entities.list(request, first);
      case "GET entities 3":
        return this.#entities.read(first as string, operation);
      case "POST entities 2":
      case "POST entities 3":
      case "DELETE entities 2":
      case "DELETE entities 3":
        return this.#entities.signal(request, first as string, operation);
      default:
        return undefined;
    }
  }

  /** An orchestration, or an entity as the one that it is in Azure. */
  #find(id: string): Instance | undefined {
    const entity = isEntityId(id) ? this.#store.knownEntity(id) : undefined;
    return entity === undefined ? this.#store.instance(id) : entityInstance(entity);
  }

  async #start(request: DurableHttpRequest, scope: UrlScope, name: string, wanted: string | undefined) {
    const version = request.query.get("version") ?? undefined;
    const input = request.body === "" ? null : jsonText(request.body, "refused");
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
    const instance = this.#find(id);
    if (instance === undefined) return empty(404);
    if (instance.status === Status.Completed) return inParts(200, outputText(instance));
    const failed = instance.status === Status.Failed && flag(request, "returnInternalServerErrorOnFailure");
    return inParts(failed ? 500 : 200, statusText(instance, true));
  }

  #status(request: DurableHttpRequest, scope: UrlScope, id: string): DurableHttpResponse {
    const instance = this.#find(id);
    if (instance === undefined) return empty(404);
    const showInput = flag(request, "showInput", true);
    const failed = instance.status === Status.Failed && flag(request, "returnInternalServerErrorOnFailure");
    const [status, headers] = isTerminal(instance.status)
      ? [failed ? 500 : 200, {}]
      : [202, { location: addressOf(request, scope), "retry-after": "5" }];
    if (!flag(request, "showHistory")) return inParts(status, statusText(instance, showInput), headers);
    const store = this.#store;
    const upTo = store.historyEnd(instance);
    const read = isEntityId(id)
      ? () => [entityStarted(instance)]
      : function* () {
          for (const { event } of store.historyInParts(instance, upTo)) yield event;
        };
    const history = historyText(read, flag(request, "showHistoryOutput"));
    return inParts(status, statusText(instance, showInput, history), headers);
  }

  #list(request: DurableHttpRequest): DurableHttpResponse {
    const [limit, after] = [pageSize(request), pageStart(request)];
    if (limit === undefined) return STORAGE_REFUSED;
    if (limit === 0 || after === undefined) return json(200, [], nextPage(undefined));
    const page = this.#store.list(filterOf(request), after, limit + 1);
    const showInput = flag(request, "showInput", true);
    const find = (id: string) => this.#find(id);
    const statuses = function* () {
      for (const { id } of page.slice(0, limit)) {
        const instance = find(id);
        // It may have been purged since the page was made.
        if (instance !== undefined) yield statusText(instance, showInput);
      }
    };
    const last = page.length > limit ? page[limit - 1]?.id : undefined;
    return inParts(200, jsonArray(statuses()), nextPage(last));
  }

  async #raise(request: DurableHttpRequest, id: string, name: string) {
    const instance = this.#find(id);
    if (instance === undefined) return empty(404);
    if (isTerminal(instance.status)) return empty(410);
    if (!isMediaType(request, "application/json"))
      return text(400, "Only application/json request content is supported");
    const data = jsonText(request.body, "unread");
    // An entity hears signals only.
    return isEntityId(id) ? empty(202) : answered(await this.#client.raise(id, name, data));
  }

  async #command(request: DurableHttpRequest, scope: UrlScope, id: string, operation: string) {
    const reason = request.query.get("reason");
    if (isEntityId(id) && COMMANDS_TO_ENTITIES.has(operation) && this.#find(id) !== undefined)
      return text(
        400,
        `The local host does not ${operation} an entity; Azure does, as with an orchestration.`,
      );
    switch (operation) {
      case "terminate":
        return answered(await this.#client.terminate(id, reason));
      case "suspend":
        return answered(await this.#client.suspend(id, reason), cannot("suspend", id));
      case "resume":
        return answered(await this.#client.resume(id, reason), cannot("resume", id));
      case "restart":
        return this.#restart(request, scope, id);
      case "rewind":
        return this.#rewind(id, reason);
      default:
        return undefined;
    }
  }

  async #restart(request: DurableHttpRequest, scope: UrlScope, id: string): Promise<DurableHttpResponse> {
    const withNewId = flag(request, "restartWithNewInstanceId", true);
    try {
      return await this.#started(request, scope, await this.#client.restart(id, withNewId));
    } catch (error) {
      if (!isLightningError(error)) throw error;
      if (error.code === "unknown_instance")
        return failure(400, "InstanceId does not match a valid orchestration instance.", {
          type: "System.ArgumentException",
          message: `${error.message} (Parameter 'instanceId')`,
        });
      if (error.code !== "instance_exists") throw error;
      return failure(409, "A non-terminal instance with this instance ID already exists.", {
        type: "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
        message: error.message,
      });
    }
  }

  /** The SDK shows these bodies as the error's message, so they are plain text in JSON; the `$` is the extension's. */
  async #rewind(id: string, reason: string | null): Promise<DurableHttpResponse> {
    const entity = isEntityId(id) ? this.#find(id) : undefined;
    const status = entity === undefined ? await this.#client.rewind(id, reason) : statusName(entity.status);
    if (status === "Failed") return empty(202);
    if (status === "missing") return json(404, `No orchestration with instance ID "$${id}" found.`);
    return json(
      412,
      `This orchestration has status ${status}, but only orchestrations in the "Failed" state can be rewound.`,
    );
  }

  async #purge(id: string): Promise<DurableHttpResponse> {
    try {
      const purged = await this.#client.purge(id);
      if (!purged && !isEntityId(id)) return empty(404);
      return json(200, { instancesDeleted: purged ? 1 : 0 });
    } catch (error) {
      if (!isLightningError(error) || error.code !== "instance_running") throw error;
      return json(412, error.message);
    }
  }

  async #purgeBy(request: DurableHttpRequest) {
    const filter = filterOf(request);
    if (filter.createdFrom === undefined)
      return json(400, "Please provide value for 'createdTimeFrom' parameter.");
    const unread = overlooked(request);
    // Overlooked as in Azure, a word with a slip would make the purge take everything.
    if (unread !== undefined) return text(400, `Nothing was purged: ${unread}`);
    const instancesDeleted = await this.#client.purgeBy(filter);
    return instancesDeleted === 0 ? empty(404) : json(200, { instancesDeleted });
  }
}

/** @param refusal what is answered when the instance's status has no place for the command */
function answered(sent: Sent, refusal?: (inState: StatusName) => DurableHttpResponse): DurableHttpResponse {
  if (typeof sent === "object") return refusal?.(sent.inState) ?? empty(202);
  return empty(sent === "sent" ? 202 : sent === "missing" ? 404 : 410);
}

/** The extension throws where an orchestration is suspended already, or is resumed and was not suspended. */
const cannot = (command: string, id: string) => (inState: StatusName) =>
  failure(500, WENT_WRONG, {
    type: "System.InvalidOperationException",
    message: `Cannot ${command} the orchestration instance ${id} because instance is in the ${inState} state.`,
  });

/** Where the request was sent to: there it can be asked again. */
function addressOf({ path, query }: DurableHttpRequest, { base }: UrlScope): string {
  const asked = query.toString();
  return `${base}/${path}${asked === "" ? "" : `?${asked}`}`;
}

/** As .NET's UrlDecode: a plus is a blank. */
function decoded(segment: string): string {
  const spaced = segment.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
