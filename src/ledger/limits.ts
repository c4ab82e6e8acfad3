import { invalid, tooLarge } from "../kernel/errors.ts";
import {
  CONTAINERS,
  type ContainerDefinition,
  type ContainerKey,
  type FieldDefinition,
  type FieldType,
} from "./containers.ts";
import { checkJson, NESTING } from "./json-values.ts";
import type { BatchOperation, LedgerDocument, PartitionKey, PatchOperation } from "./ledger.ts";

/** What the service takes in one item, and in the body of one request. */
const SERVICE_BYTES = 2 * 1024 * 1024;
/**
 * Kept free of it: the mark of a write, the key's second name where the account has one, and the service's own members
 * are stored in the item, too.
 */
const ADDED_BYTES = 4 * 1024;
/** The same in a batch, with the words that stand around each operation. */
const ADDED_TO_OPERATION_BYTES = 1024;

/**
 * Cosmos DB's limits (docs/facts.md#cosmos-limits), enforced by every adapter, so that what the laptop accepts the
 * cloud accepts too.
 */
export const LIMITS = {
  itemBytes: SERVICE_BYTES - ADDED_BYTES,
  idBytes: 1023,
  partitionKeyBytes: 2048,
  nesting: NESTING,
  batchOperations: 100,
  batchBytes: SERVICE_BYTES,
  patchOperations: 10,
  queryLimit: 1000,
  inValues: 100,
  ttlSeconds: 2 ** 31 - 1,
} as const;

/** A document that passed every rule, as text: later changes of the caller's object can't reach the store. */
export interface PreparedDocument {
  readonly id: string;
  readonly pk: PartitionKey;
  readonly json: string;
  /** UTF-8 bytes of `json`. */
  readonly bytes: number;
  /** Seconds to live; undefined: for ever. */
  readonly ttl: number | undefined;
}

export function definitionOf(c: ContainerKey): ContainerDefinition {
  if (!Object.hasOwn(CONTAINERS, c)) throw invalid("unknown_container", `There is no container "${c}".`);
  return CONTAINERS[c];
}

/** Steps of a path, spelled as they are or escaped: in a URL they would stand for the container, not for a document in it. */
const PATH_STEP = /^(?:\.|%2e){1,2}$/i;

/** @throws invalid `bad_id` */
export function checkId(id: unknown): asserts id is string {
  const reason =
    typeof id !== "string" || id === ""
      ? "must be a string that is not empty"
      : /[/\\?#]/.test(id)
        ? "must not contain / \\ ? or #"
        : PATH_STEP.test(id)
          ? "must not be . or .."
          : /\p{Cc}/u.test(id)
            ? "must not contain control characters"
            : !id.isWellFormed()
              ? "must be well-formed Unicode"
              : Buffer.byteLength(id) > LIMITS.idBytes
                ? `must be at most ${LIMITS.idBytes} bytes of UTF-8`
                : undefined;
  if (reason !== undefined) throw invalid("bad_id", `A document's id ${reason}.`, { field: "id" });
}

/** @throws invalid `bad_partition_key` unless it has all levels of the container's key. */
export function checkPartitionKey(c: ContainerKey, pk: readonly string[]): void {
  const paths = definitionOf(c).partitionKey;
  if (!Array.isArray(pk) || pk.length !== paths.length)
    throw invalid("bad_partition_key", `The partition key of "${c}" has ${paths.length} values.`, {
      remedy: `Give [${paths.join(", ")}].`,
    });
  pk.forEach((value, level) => {
    checkKeyValue(value, paths[level] ?? "");
  });
}

/** @throws invalid `bad_partition_key` */
export function checkKeyValue(value: unknown, field: string): asserts value is string {
  if (typeof value !== "string" || value === "" || !value.isWellFormed())
    throw invalid("bad_partition_key", `"${field}" is part of the partition key: a string, not empty.`, {
      field,
    });
  if (Buffer.byteLength(value) > LIMITS.partitionKeyBytes)
    throw invalid("bad_partition_key", `"${field}" is longer than ${LIMITS.partitionKeyBytes} bytes.`, {
      field,
    });
}

/** Cosmos's own members are refused, because it would overwrite them without a word; `_etag` and `_ts` are left out. */
const RESERVED = ["_rid", "_self", "_attachments", "_lsn"];

function withoutOwn(document: LedgerDocument & Record<string, unknown>): typeof document {
  // A new document has neither: nothing to leave out, and nothing to copy.
  if (!("_etag" in document || "_ts" in document)) return document;
  const { _etag, _ts, ...members } = document;
  return members;
}

/**
 * @throws invalid `bad_id`, `bad_partition_key`, `bad_document`
 * @throws too_large `item_too_large`
 */
export function prepareDocument(c: ContainerKey, document: LedgerDocument): PreparedDocument {
  const definition = definitionOf(c);
  if (typeof document !== "object" || document === null || Array.isArray(document))
    throw invalid("bad_document", "A document must be a JSON object.");
  const members = withoutOwn(document as LedgerDocument & Record<string, unknown>);
  checkId(members.id);
  const pk = definition.partitionKey.map((field) => {
    const value = members[field];
    checkKeyValue(value, field);
    return value;
  }) as unknown as PartitionKey;
  for (const name of RESERVED)
    if (Object.hasOwn(members, name))
      throw invalid("bad_document", `"${name}" is a name that Cosmos DB keeps for itself.`, { field: name });
  checkJson(members, "", 1);
  for (const field in definition.fields) {
    const { type, always } = definition.fields[field] as FieldDefinition;
    if (always || members[field] !== undefined) checkField(c, field, type, members[field], always ?? false);
  }
  checkTtl(members.ttl);
  const json = JSON.stringify(members);
  const bytes = checkItemSize(json);
  return { id: members.id, pk, json, bytes, ttl: liveSeconds(c, members.ttl) };
}

/** The seconds a document of this container lives, or undefined. */
export function liveSeconds(c: ContainerKey, ttl: unknown): number | undefined {
  return definitionOf(c).ttl && typeof ttl === "number" && ttl > 0 ? ttl : undefined;
}

/** UTF-8 bytes of a document's text. @throws too_large `item_too_large` */
export function checkItemSize(json: string): number {
  const bytes = Buffer.byteLength(json);
  if (bytes > LIMITS.itemBytes)
    throw tooLarge(
      "item_too_large",
      `A document of ${bytes} bytes is over the ledger's ${LIMITS.itemBytes}.`,
      {
        remedy: "Store large content in files and its reference in the document.",
      },
    );
  return bytes;
}

function checkTtl(ttl: unknown): void {
  if (ttl === undefined || ttl === -1) return;
  if (!Number.isInteger(ttl) || (ttl as number) < 1 || (ttl as number) > LIMITS.ttlSeconds)
    throw invalid("bad_document", "ttl must be -1 or a whole number of seconds from 1.", { field: "ttl" });
}

/** Fixed width, so that string order is time order. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Fields that every document has must have their type; every `…_at` of the registry must be a time of fixed width. */
function checkField(c: ContainerKey, field: string, type: FieldType, value: unknown, always: boolean): void {
  if (always && !isOfType(type, value))
    throw invalid("bad_document", `Every document of "${c}" needs "${field}", a ${type}.`, { field });
  if (
    field.endsWith("_at") &&
    typeof value === "string" &&
    !(TIME.test(value) && !Number.isNaN(Date.parse(value)))
  )
    throw invalid("bad_document", `"${field}" must be a UTC time like 2026-01-01T00:00:00.000Z.`, { field });
}

function isOfType(type: FieldType, value: unknown): boolean {
  if (type !== "strings") return typeof value === type;
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,254}$/;

/** A top-level member's name as `patch` and `select` take it. @throws invalid `unknown_field` */
export function checkFieldName(name: unknown): asserts name is string {
  if (typeof name !== "string" || !FIELD_NAME.test(name))
    throw invalid("unknown_field", "A field's name is letters, digits and _, starting with a letter.", {
      field: typeof name === "string" ? name.slice(0, 100) : undefined,
    });
}

/** @throws invalid `bad_patch`, `unknown_field`, `bad_document` */
export function checkPatch(c: ContainerKey, operations: readonly PatchOperation[]): void {
  const definition = definitionOf(c);
  if (operations.length < 1 || operations.length > LIMITS.patchOperations)
    throw invalid(
      "bad_patch",
      `A patch has 1 to ${LIMITS.patchOperations} operations, not ${operations.length}.`,
    );
  for (const operation of operations) {
    const { field } = operation;
    checkFieldName(field);
    if (operation.op !== "set" && operation.op !== "remove")
      throw invalid("bad_patch", "A patch sets or removes fields.", { field });
    if (field === "id" || definition.partitionKey.includes(field))
      throw invalid("bad_patch", `"${field}" identifies the document and cannot be patched.`, { field });
    const registered = Object.hasOwn(definition.fields, field) ? definition.fields[field] : undefined;
    if (operation.op === "remove") {
      if (registered?.always)
        throw invalid("bad_patch", `Every document of "${c}" needs "${field}".`, { field });
      continue;
    }
    checkJson(operation.value, field, 2);
    if (field === "ttl") checkTtl(operation.value);
    if (registered) checkField(c, field, registered.type, operation.value, registered.always ?? false);
  }
}

/** The batch's operations with their documents prepared. @throws invalid `batch_not_promised`, `bad_batch`, too_large */
export function prepareBatch(
  c: ContainerKey,
  pk: PartitionKey,
  operations: readonly BatchOperation[],
): PreparedBatchOperation[] {
  if (definitionOf(c).partitionKey.length > 1)
    throw invalid("batch_not_promised", `"${c}" has a hierarchical key: no batches there.`);
  checkPartitionKey(c, pk);
  if (operations.length < 1) throw invalid("bad_batch", "A batch needs at least one operation.");
  if (operations.length > LIMITS.batchOperations)
    throw tooLarge("batch_too_large", `A batch has at most ${LIMITS.batchOperations} operations.`);
  let bytes = operations.length * ADDED_TO_OPERATION_BYTES;
  const prepared = operations.map((operation): PreparedBatchOperation => {
    if (operation.op === "delete") {
      checkId(operation.id);
      return { op: "delete", id: operation.id, ifMatch: operation.ifMatch };
    }
    if (!["create", "upsert", "replace"].includes(operation.op))
      throw invalid("bad_batch", "A batch creates, upserts, replaces or deletes.");
    const document = prepareDocument(c, operation.document);
    if (document.pk[0] !== pk[0])
      throw invalid("bad_batch", "Every document of a batch must have the batch's partition key.");
    bytes += document.bytes;
    return {
      op: operation.op,
      document,
      ifMatch: operation.op === "replace" ? operation.ifMatch : undefined,
    };
  });
  if (bytes > LIMITS.batchBytes)
    throw tooLarge("batch_too_large", `A batch of ${bytes} bytes is over the ledger's ${LIMITS.batchBytes}.`);
  return prepared;
}

export type PreparedBatchOperation =
  | {
      readonly op: "create" | "upsert" | "replace";
      readonly document: PreparedDocument;
      readonly ifMatch: string | undefined;
    }
  | { readonly op: "delete"; readonly id: string; readonly ifMatch: string | undefined };
