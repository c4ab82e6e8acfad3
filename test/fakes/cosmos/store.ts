import { createHash } from "node:crypto";
import type { Clock } from "../../../src/kernel/clock.ts";
import { effectiveKey, type Span, within } from "./ranges.ts";

/** What the data plane of one container answers to one operation. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string> | undefined;
}
export type Document = Record<string, unknown> & { id: string };
export interface Version {
  readonly document: Document;
  /** Its key as text. */
  readonly key: string;
  /** Where the key lies among the partitions. */
  readonly effective: string;
  readonly lsn: number;
}
export interface Operation {
  readonly operationType: string;
  readonly id?: string;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly resourceBody?: unknown;
}

interface PatchStep {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

const refusal = (status: number, code: string, message: string, headers?: Record<string, string>): Reply => ({
  status,
  body: { code, message },
  headers,
});
const ITEM_BYTES = 2 * 1024 * 1024;
/** What the service adds itself does not count against the size of an item. */
const ADDED = new Set(["_etag", "_ts", "_rid", "_self", "_attachments"]);
const textOf = (key: readonly unknown[]) => JSON.stringify(key);

const missing = () => refusal(404, "NotFound", "Entity with the specified id does not exist in the system.");
const stale = () => refusal(412, "PreconditionFailed", "One of the specified pre-condition is not met.");

/** The document after a patch, or why it is refused. */
function patched(document: Document, operations: readonly PatchStep[]): Document | string {
  const next: Document = structuredClone(document);
  if (operations.length > 10) return "More than 10 operations in a patch.";
  for (const { op, path, value } of operations) {
    const name = path.slice(1);
    if (op === "set") next[name] = value;
    else if (op === "remove" && name in next) delete next[name];
    else return `Patch cannot ${op} ${path}.`;
  }
  return next;
}

const result = ({ status, body, headers }: Reply) => ({
  statusCode: status,
  eTag: headers?.etag,
  requestCharge: 1,
  ...(status < 300 && body !== undefined ? { resourceBody: body } : {}),
});

/**
 * The documents of one container: hierarchical keys, etags, expiry, atomic batches, a log sequence number per write. What
 * is read together stays together until the next write, so that not every page of a query looks at every document.
 */
export function createStore(paths: readonly string[], defaultTtl: number | undefined, clock: Clock) {
  /** The documents of each key by their ids. */
  const partitions = new Map<string, Map<string, Version>>();
  /** The versions in the order of their writes; until it is tidied with those that do not stand any more. */
  let log: Version[] = [];
  let isTidy = true;
  const kept = new Map<string, readonly Version[]>();
  let lsn = 0;
  const seconds = () => Math.floor(clock.now() / 1000);

  function expired({ document }: Version): boolean {
    if (defaultTtl === undefined) return false;
    const ttl = typeof document.ttl === "number" ? document.ttl : defaultTtl;
    return ttl > 0 && (document._ts as number) + ttl <= seconds();
  }
  const keyOf = (document: Document) => paths.map((path) => document[path.slice(1)]);
  function find(key: readonly unknown[], id: string): Version | undefined {
    const found = partitions.get(textOf(key))?.get(id);
    return found === undefined || expired(found) ? undefined : found;
  }
  /** Puts a version under its key and id; undefined: what is there is deleted. */
  function put(key: readonly unknown[], id: string, version: Version | undefined): void {
    const partition = partitions.get(textOf(key)) ?? new Map<string, Version>();
    partitions.set(textOf(key), partition);
    if (partition.has(id)) isTidy = false;
    if (version === undefined) partition.delete(id);
    else {
      partition.set(id, version);
      log.push(version);
    }
    kept.clear();
  }
  function standing(): readonly Version[] {
    if (!isTidy)
      log = log.filter((version) => partitions.get(version.key)?.get(version.document.id) === version);
    isTidy = true;
    return log;
  }
  /** What expires may do so without a write, and is not kept. */
  function keep(name: string, select: () => Version[]): readonly Version[] {
    if (defaultTtl !== undefined) return select().filter((version) => !expired(version));
    const found = kept.get(name) ?? select();
    kept.set(name, found);
    return found;
  }

  function store(key: readonly unknown[], body: Document, status: number): Reply {
    const own = Object.fromEntries(Object.entries(body).filter(([name]) => !ADDED.has(name)));
    if (Buffer.byteLength(JSON.stringify(own)) > ITEM_BYTES)
      return refusal(413, "RequestEntityTooLarge", "Request size is too large");
    lsn += 1;
    const rid = createHash("md5")
      .update(JSON.stringify([key, body.id]))
      .digest("base64");
    const etag = `"${lsn.toString(16)}"`;
    const added = {
      _rid: rid,
      _self: `docs/${rid}`,
      _attachments: "attachments/",
      _etag: etag,
      _ts: seconds(),
    };
    const document = { ...body, ...added };
    put(key, body.id, { document, key: textOf(key), effective: effectiveKey(key), lsn });
    return { status, body: document, headers: { etag } };
  }

  function apply(key: readonly unknown[], operation: Operation): Reply {
    if (key.length !== paths.length)
      return refusal(400, "BadRequest", "The partition key has fewer components than the container's.");
    const { operationType: type, ifMatch, ifNoneMatch } = operation;
    const body = operation.resourceBody as Document;
    if (["Create", "Upsert", "Replace"].includes(type)) {
      if (/[/\\?#]/.test(body.id))
        return refusal(400, "BadRequest", "The id has characters that are not allowed.");
      if (JSON.stringify(keyOf(body)) !== JSON.stringify(key))
        return refusal(400, "BadRequest", "The document's partition key does not match the header.");
    }
    const id = operation.id ?? body.id;
    const found = find(key, id);
    if (type === "Create")
      return found === undefined ? store(key, body, 201) : refusal(409, "Conflict", "The id exists already.");
    if (found === undefined) {
      if (type === "Upsert") return store(key, body, 201);
      return missing();
    }
    if (ifMatch !== undefined && ifMatch !== found.document._etag) return stale();
    if (type === "Upsert" || type === "Replace") return store(key, body, 200);
    if (type === "Read") {
      const headers = { etag: String(found.document._etag) };
      return ifNoneMatch === found.document._etag
        ? { status: 304, headers }
        : { status: 200, body: found.document, headers };
    }
    if (type === "Delete") {
      put(key, id, undefined);
      return { status: 204 };
    }
    const given = operation.resourceBody as { operations?: PatchStep[] } | PatchStep[];
    const next = patched(found.document, Array.isArray(given) ? given : (given.operations ?? []));
    return typeof next === "string" ? refusal(400, "BadRequest", next) : store(key, next, 200);
  }

  /** All or nothing; the operations beside the one that failed answer 424. */
  function batch(key: readonly unknown[], operations: readonly Operation[]): Reply {
    if (Buffer.byteLength(JSON.stringify(operations)) > ITEM_BYTES)
      return refusal(413, "RequestEntityTooLarge", "Request size is too large");
    if (operations.length > 100) return refusal(400, "BadRequest", "More than 100 operations in a batch.");
    const before = new Map(partitions.get(textOf(key)));
    const replies: Reply[] = [];
    for (const operation of operations) {
      const reply = apply(key, operation);
      replies.push(reply);
      if (reply.status >= 400) {
        partitions.set(textOf(key), before);
        isTidy = false;
        kept.clear();
        const failed = operations.map((_, n) => ({
          statusCode: n === replies.length - 1 ? reply.status : 424,
        }));
        return { status: 207, body: failed };
      }
    }
    return { status: 200, body: replies.map(result) };
  }

  return {
    apply,
    batch,
    /** The documents of one key. */
    ofKey: (key: readonly unknown[]) =>
      keep(textOf(key), () => [...(partitions.get(textOf(key))?.values() ?? [])]),
    /** Those whose effective keys lie within every span. */
    within: (spans: readonly Span[]) =>
      keep(spans.map(({ min, max }) => `${min} ${max}`).join(), () =>
        standing().filter(({ effective }) => spans.every((span) => within(span, effective))),
      ),
    /** The number of the last write. */
    end: () => lsn,
    /** The latest versions written after a number, in the order of their writes. */
    after(from: number): Version[] {
      const versions = standing();
      const last = versions.findLastIndex((version) => version.lsn <= from);
      return versions.slice(last + 1).filter((version) => !expired(version));
    },
  };
}

export type Store = ReturnType<typeof createStore>;
