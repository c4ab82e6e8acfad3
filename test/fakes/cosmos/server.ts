import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type Clock, systemClock } from "../../../src/kernel/clock.ts";
import { authorise, COSMOS_KEY } from "./authorise.ts";
import { type Chaos, createFaults, type Fault } from "./faults.ts";
import { answerChanges, answerQuery, type ContainerResource } from "./pages.ts";
import { planOf, type QuerySpec } from "./queries.ts";
import { createRanges, type Ranges } from "./ranges.ts";
import { createStore, type Operation, type Reply, type Store } from "./store.ts";

/**
 * `@vercel/cosmosdb-server` keeps the account, databases and containers and parses the queries; this shim adds what it
 * lacks and the ledger needs: the key check, partition filters, hierarchical keys, atomic batches, a change feed, expiry
 * and several physical partitions whose results the client has to merge, and which split and merge: who asks a former one is
 * answered 410 with sub-status 1002. Our reading of the service, not the service.
 */
interface Collection {
  read(): ContainerResource | undefined;
}
interface Account {
  database(id: string): { collection(id: string): Collection };
}
type Handler = (account: Account, req: IncomingMessage, res: ServerResponse, params: object) => unknown;

const require = createRequire(import.meta.url);
const { default: VercelAccount } = require("@vercel/cosmosdb-server/lib/account") as {
  default: new (host: string, port: number) => Account;
};
const { default: routeOf } = require("@vercel/cosmosdb-server/lib/routes") as {
  default: (req: IncomingMessage) => [object, Handler] | undefined;
};

export interface FakeCosmosOptions {
  readonly clock?: Clock;
  /** Faults by chance. */
  readonly chaos?: Chaos;
  /** Physical partitions, 2 if absent. */
  readonly partitions?: 1 | 2 | 4;
  /** An Entra token that is let in as a data contributor: it cannot make or change containers. */
  readonly token?: string;
  /** The account's default consistency; Strong if absent. */
  readonly consistency?: string;
}

function fail(res: ServerResponse, fault: Pick<Fault, "with" | "retryAfterMs">): void {
  if (fault.with === "never") return;
  if (fault.with === "drop") return void res.destroy();
  res.statusCode = fault.with;
  res.setHeader("content-type", "application/json");
  if (fault.retryAfterMs !== undefined) res.setHeader("x-ms-retry-after-ms", String(fault.retryAfterMs));
  res.end(JSON.stringify({ code: String(fault.with), message: `an injected ${fault.with}` }));
}

export type FakeCosmos = Awaited<ReturnType<typeof startFakeCosmos>>;

export async function startFakeCosmos({
  clock = systemClock,
  partitions = 2,
  token,
  chaos,
  consistency = "Strong",
}: FakeCosmosOptions = {}) {
  const faults = createFaults(chaos);
  const requests: string[] = [];
  const knobs = {
    /** What a request costs, in request units. */
    units: 1,
    /** Told of each request before it is answered: the place to split in the middle of something. */
    onRequest: undefined as ((line: string) => void) | undefined,
  };
  const stores = new Map<string, { readonly store: Store; readonly ranges: Ranges }>();
  let account: Account;
  let endpoint = "";

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const line = `${req.method ?? ""} ${req.url ?? ""}`;
    requests.push(line);
    knobs.onRequest?.(line);
    const fault = faults.take(req);
    if (fault !== undefined && fault.applied !== true) return fail(res, fault);
    const reply = await answer(req, res);
    if (fault !== undefined) return fail(res, fault);
    res.statusCode = reply.status;
    const text =
      reply.body === undefined || reply.status === 204 || reply.status === 304
        ? ""
        : JSON.stringify(reply.body);
    const headers = {
      "content-type": "application/json",
      "x-ms-request-charge": String(knobs.units),
      ...reply.headers,
    };
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    res.end(text);
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<Reply> {
    const path =
      (req.url ?? "/").split("?")[0]?.split("/").filter(Boolean).map(decodeURIComponent).join("/") ?? "";
    const refused = authorise(req, path, token);
    if (refused !== undefined) return refused;
    const [, db, , coll, kind, id] = path.split("/");
    if (db !== undefined && coll !== undefined && kind === "docs") return documents(req, db, coll, id);
    if (db !== undefined && coll !== undefined && kind === "pkranges") return partitionRanges(req, db, coll);
    return metadata(req, res);
  }

  async function metadata(req: IncomingMessage, res: ServerResponse): Promise<Reply> {
    const route = routeOf(req);
    if (route === undefined) return { status: 400, body: { message: "no route" } };
    const [params, handler] = route;
    res.statusCode = 200;
    const body = (await handler(account, req, res, params)) as Record<string, unknown> | undefined;
    const status = res.statusCode;
    if (req.url === "/" || req.url === "") {
      const here = [{ name: "here", databaseAccountEndpoint: endpoint }];
      return {
        status,
        body: {
          ...body,
          writableLocations: here,
          readableLocations: here,
          userConsistencyPolicy: { defaultConsistencyLevel: consistency },
        },
      };
    }
    // A container is gone with its documents.
    if (req.method === "DELETE")
      for (const key of stores.keys()) if (`/${key}/`.startsWith(`${req.url ?? ""}/`)) stores.delete(key);
    return { status, body: status >= 400 ? { message: "", ...body } : body };
  }

  function open(
    db: string,
    coll: string,
  ): { resource: ContainerResource; store: Store; ranges: Ranges } | undefined {
    const resource = account.database(db).collection(coll).read();
    if (resource === undefined) return undefined;
    const name = `dbs/${db}/colls/${coll}`;
    const known = stores.get(name) ?? {
      store: createStore(resource.partitionKey.paths, resource.defaultTtl, clock),
      ranges: createRanges(partitions),
    };
    stores.set(name, known);
    return { resource, ...known };
  }
  const noContainer: Reply = {
    status: 404,
    body: { code: "NotFound", message: "Owner resource does not exist" },
    headers: { "x-ms-substatus": "1003" },
  };

  /** A partition that was split or merged away. */
  const gone: Reply = {
    status: 410,
    body: { code: "Gone", message: "The requested resource is no longer available at the server." },
    headers: { "x-ms-substatus": "1002" },
  };

  function partitionRanges(req: IncomingMessage, db: string, coll: string): Reply {
    const found = open(db, coll);
    if (found === undefined) return noContainer;
    const etag = found.ranges.etag();
    if (req.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
    const all = found.ranges.all().map(({ id, min, max, parents }) => ({
      id,
      _rid: `range${id}`,
      minInclusive: min,
      maxExclusive: max,
      ridPrefix: Number(id),
      throughputFraction: 1 / found.ranges.all().length,
      status: "online",
      parents,
    }));
    return {
      status: 200,
      body: { _rid: found.resource._rid, PartitionKeyRanges: all, _count: all.length },
      headers: { etag },
    };
  }

  async function documents(
    req: IncomingMessage,
    db: string,
    coll: string,
    id: string | undefined,
  ): Promise<Reply> {
    const found = open(db, coll);
    if (found === undefined) return noContainer;
    const { store, resource, ranges } = found;
    const header = (name: string) => req.headers[name] as string | undefined;
    const is = (name: string) => header(name)?.toLowerCase() === "true";
    const key = header("x-ms-documentdb-partitionkey");
    const pk = key === undefined ? undefined : (JSON.parse(key) as unknown[]);
    const range = header("x-ms-documentdb-partitionkeyrangeid");
    const partition = range === undefined ? undefined : ranges.find(range);
    if (range !== undefined && partition === undefined) return gone;
    // Of a partition that was merged, the part that is asked for.
    const part = { min: header("x-ms-start-epk") ?? "", max: header("x-ms-end-epk") ?? "FF" };
    const spans = partition === undefined ? [] : [partition, part];
    const facts = { ifMatch: header("if-match"), ifNoneMatch: header("if-none-match") };

    if (req.method === "GET" && id === undefined)
      return answerChanges(
        store,
        resource,
        spans,
        header("if-none-match"),
        Number(header("x-ms-max-item-count") ?? 100),
      );
    const body = req.method === "GET" || req.method === "DELETE" ? undefined : await json(req);
    if (is("x-ms-cosmos-is-query-plan-request"))
      return { status: 200, body: planOf(body as QuerySpec, resource.partitionKey.paths) };
    if (is("x-ms-documentdb-isquery")) {
      if (pk !== undefined && pk.length !== resource.partitionKey.paths.length)
        return {
          status: 400,
          body: { code: "BadRequest", message: "The partition key has fewer components." },
        };
      return answerQuery(body as QuerySpec, resource, store, pk, spans, req);
    }
    if (is("x-ms-cosmos-is-batch-request")) return store.batch(pk ?? [], body as Operation[]);
    const type = {
      GET: "Read",
      PUT: "Replace",
      PATCH: "Patch",
      DELETE: "Delete",
      POST: is("x-ms-documentdb-is-upsert") ? "Upsert" : "Create",
    }[req.method ?? ""];
    return store.apply(pk ?? [], {
      operationType: type ?? "",
      ...(id === undefined ? {} : { id }),
      resourceBody: body,
      ...facts,
    });
  }

  const server = createServer((req, res) => {
    handle(req, res).catch((thrown: unknown) => {
      res.statusCode = 500;
      res.end(JSON.stringify({ message: (thrown as Error).stack }));
    });
  });
  // Client and server share a process here: one that is held up must not find its connections ended as idle.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  endpoint = `http://127.0.0.1:${port}/`;
  account = new VercelAccount("127.0.0.1", port);

  return {
    endpoint,
    key: COSMOS_KEY,
    faults,
    knobs,
    /** `METHOD path` of every request, oldest first. */
    requests,
    /** Splits every physical partition of the account in two, in the middle of what it holds. */
    split() {
      for (const { store, ranges } of stores.values()) ranges.split(store.within([]));
    },
    /** Merges each two neighbours into one. */
    merge() {
      for (const { ranges } of stores.values()) ranges.merge();
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
