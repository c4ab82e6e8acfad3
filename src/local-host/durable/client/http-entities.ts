import { entityId, entityParts } from "../entity.ts";
import type { DurableHttpRequest, DurableHttpResponse } from "../port.ts";
import type { DurableStore } from "../store/store.ts";
import type { DurableClient } from "./client.ts";
import { flag, isMediaType, nextPage, pageSize, pageStart, timeOf } from "./http-query.ts";
import { empty, json, STORAGE_REFUSED, text } from "./http-reply.ts";
import { jsonText, NoJson } from "./json-text.ts";

/** Stands for an empty entity key in a path. */
const EMPTY_KEY = "$";

const idOf = (name: string, key: string) => entityId(name, key === EMPTY_KEY ? "" : key);

export type EntityApi = ReturnType<typeof createEntityApi>;

/** The part of the Durable extension's HTTP API under `entities/`. */
export function createEntityApi(client: DurableClient, store: DurableStore) {
  return {
    /** Entities of one name, or all; those without state are left out where states are asked for, as there. */
    list(request: DurableHttpRequest, name: string | undefined): DurableHttpResponse {
      const fetchState = flag(request, "fetchState");
      const [limit, after] = [pageSize(request), pageStart(request)];
      if (limit === undefined) return STORAGE_REFUSED;
      if (limit === 0 || after === undefined) return json(200, [], nextPage(undefined));
      const [from, to] = [timeOf(request, "lastOperationTimeFrom"), timeOf(request, "lastOperationTimeTo")];
      const page = store.entities({ name, after, from, to }, limit + 1);
      const shown = page
        .slice(0, limit)
        .filter(({ state }) => !fetchState || state !== null)
        .map(({ id, updatedAt, state }) => ({
          entityId: entityParts(id),
          lastOperationTime: new Date(updatedAt).toISOString(),
          state: fetchState ? (JSON.parse(state ?? "null") as unknown) : null,
        }));
      return json(200, shown, nextPage(page.length > limit ? page[limit - 1]?.id : undefined));
    },

    /** An entity's state. */
    read(name: string, key: string): DurableHttpResponse {
      const { state } = store.entity(idOf(name, key));
      return state === null ? empty(404) : json(200, JSON.parse(state));
    },

    /** A signal: `op` of the query, or `delete` by DELETE; a body that is not JSON is a text. */
    async signal(request: DurableHttpRequest, name: string, key: string): Promise<DurableHttpResponse> {
      const operation =
        request.method.toUpperCase() === "DELETE" ? "delete" : (request.query.get("op") ?? "");
      let input: string | undefined;
      if (request.body !== "" && !isMediaType(request, "application/json"))
        input = JSON.stringify(request.body);
      else if (request.body !== "")
        try {
          input = jsonText(request.body, "unread");
        } catch (error) {
          if (!(error instanceof NoJson)) throw error;
          return text(400, `Could not parse JSON content: ${error.message}`);
        }
      await client.signal(idOf(name, key), operation, input);
      return empty(202);
    },
  };
}
