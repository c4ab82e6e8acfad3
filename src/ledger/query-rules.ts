import { invalid } from "../kernel/errors.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import type { ContainerKey, FieldDefinition, FieldType } from "./containers.ts";
import type { Condition, Query } from "./ledger.ts";
import { checkFieldName, checkKeyValue, definitionOf, LIMITS } from "./limits.ts";

/** `id` is in every document of every container, so it filters and orders like a registered field. */
const ID_FIELD: FieldDefinition = { type: "string", always: true };

const MOST_CONDITIONS = 50;
const OPERATORS: Record<FieldType, ReadonlySet<string>> = {
  string: new Set(["eq", "ne", "gt", "gte", "lt", "lte", "in", "defined"]),
  number: new Set(["eq", "ne", "gt", "gte", "lt", "lte", "in", "defined"]),
  boolean: new Set(["eq", "ne", "defined"]),
  strings: new Set(["contains", "defined"]),
};

/**
 * The registry's entry of a field: the only way a name gets into a statement.
 * @throws invalid `unknown_field`
 */
export function fieldOf(c: ContainerKey, field: string): FieldDefinition {
  if (field === "id") return ID_FIELD;
  const { fields } = definitionOf(c);
  const found = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (found === undefined)
    throw invalid("unknown_field", `"${field.slice(0, 100)}" is not a field that "${c}" can be asked by.`, {
      field: field.slice(0, 100),
      remedy: `Use one of: id, ${Object.keys(fields).join(", ")}.`,
    });
  return found;
}

function checkCondition(c: ContainerKey, condition: Condition): void {
  const { field, op, value } = condition;
  const { type } = fieldOf(c, field);
  const refuse = (reason: string) => invalid("bad_condition", `"${field}" ${reason}.`, { field });
  if (!OPERATORS[type].has(op)) throw refuse(`is a ${type}: it cannot be compared by "${op}"`);
  const wanted: string = op === "defined" ? "boolean" : type === "strings" ? "string" : type;
  const isWanted = (item: unknown) =>
    typeof item === wanted && (typeof item !== "number" || Number.isFinite(item));
  if (op !== "in") {
    if (!isWanted(value)) throw refuse(`with "${op}" takes a ${wanted}`);
    return;
  }
  if (!Array.isArray(value) || value.length > LIMITS.inValues || !value.every(isWanted))
    throw refuse(`with "in" takes at most ${LIMITS.inValues} values, each a ${wanted}`);
}

/** @throws invalid `bad_partition_key`, `unknown_field`, `bad_condition` */
export function checkFilter(c: ContainerKey, query: Pick<Query, "pk" | "where">): void {
  const paths = definitionOf(c).partitionKey;
  if (query.pk !== undefined) {
    if (query.pk.length < 1 || query.pk.length > paths.length)
      throw invalid("bad_partition_key", `The partition key of "${c}" has 1 to ${paths.length} values.`);
    query.pk.forEach((value, level) => {
      checkKeyValue(value, paths[level] ?? "");
    });
  }
  const where = query.where ?? [];
  if (where.length > MOST_CONDITIONS)
    throw invalid("bad_condition", `A query has at most ${MOST_CONDITIONS} conditions.`);
  for (const condition of where) checkCondition(c, condition);
}

/** @throws invalid `bad_limit`, `bad_order`, and those of `checkFilter` */
export function checkQuery(c: ContainerKey, query: Query): void {
  checkFilter(c, query);
  checkLimit(query.limit);
  if (query.orderBy !== undefined) {
    const { field, direction } = query.orderBy;
    const { always, type } = fieldOf(c, field);
    if (!always || (type !== "string" && type !== "number"))
      throw invalid("bad_order", `"${field}" is not in every document of "${c}": it cannot order a query.`, {
        field,
      });
    if (direction !== "asc" && direction !== "desc")
      throw invalid("bad_order", "The direction of an order is asc or desc.", { field });
  }
  for (const name of query.select ?? []) checkFieldName(name);
  if (query.sharing !== undefined) checkFieldName(query.sharing);
}

/** @throws invalid `bad_limit` */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.queryLimit)
    throw invalid("bad_limit", `limit must be a whole number from 1 to ${LIMITS.queryLimit}.`, {
      field: "limit",
    });
}

/** What a continuation is bound to: everything of the query but the size of its pages. */
export function queryFingerprint(c: ContainerKey, query: Query): string {
  const { pk, where, orderBy, select } = query;
  const all = { c, pk: pk ?? [], where: where ?? [], orderBy: orderBy ?? null, select: select ?? null };
  return sha256(canonicalJson(all)).slice(0, 16);
}

/** @throws invalid `bad_continuation` always */
export function refuseContinuation(reason: string): never {
  throw invalid("bad_continuation", `The continuation cannot be used: ${reason}.`, {
    field: "after",
    remedy: "Use a continuation only with the query that returned it, or start again without one.",
  });
}
