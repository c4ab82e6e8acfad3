import type { ContainerKey } from "../containers.ts";
import { openToken, sealToken } from "../continuation.ts";
import type { Condition, Query } from "../ledger.ts";
import { checkFieldName, definitionOf } from "../limits.ts";
import { fieldOf, queryFingerprint, refuseContinuation } from "../query-rules.ts";
import { columnOf, idColumnOf, jsonPath, tableOf } from "./schema.ts";

type Value = string | number;
export interface Statement {
  readonly sql: string;
  readonly values: Value[];
}

const SYMBOL = { eq: "=", ne: "<>", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;
const toValue = (value: string | number | boolean): Value =>
  typeof value === "boolean" ? Number(value) : value;

/**
 * A field that is part of the key stands in the key's columns too. Many values are looked up there, in the index of the
 * key; for one value the field's own index gives the order as well.
 */
function columnFor(c: ContainerKey, { field, op }: Condition): string {
  const { type } = fieldOf(c, field);
  if (field === "id" && op === "in") return idColumnOf(c);
  const level = field === "id" || op !== "in" ? -1 : definitionOf(c).partitionKey.indexOf(field);
  return level < 0 ? columnOf(field, type) : `pk${level + 1}`;
}

interface Ordered {
  readonly column: string | undefined;
  /** Operators that bound the column where the page's continuation bounds it closer: each page would start there. */
  readonly passed: readonly Condition["op"][];
}

/**
 * One condition. `ordered` is the column the page goes by: ranges over other columns get a unary plus, which keeps
 * SQLite from choosing their index and then sorting all matches for every page.
 */
function compileCondition(c: ContainerKey, condition: Condition, ordered: Ordered | undefined): Statement {
  const column = columnFor(c, condition);
  if (condition.op === "defined") {
    if (condition.field === "id") return { sql: condition.value ? "1" : "0", values: [] };
    const not = condition.value ? "NOT " : "";
    return { sql: `json_type(doc, ${jsonPath(condition.field)}) IS ${not}NULL`, values: [] };
  }
  if (condition.op === "contains") {
    const path = jsonPath(condition.field);
    return {
      sql: `(json_type(doc, ${path}) = 'array' AND EXISTS
             (SELECT 1 FROM json_each(doc, ${path}) AS item WHERE item.type = 'text' AND item.value = ?))`,
      values: [condition.value],
    };
  }
  if (condition.op === "in")
    return {
      sql: `${column} IN (${condition.value.map(() => "?").join(", ")})`,
      values: [...condition.value],
    };
  const isOther =
    ordered !== undefined && (column !== ordered.column || ordered.passed.includes(condition.op));
  const plus = isOther && condition.op !== "eq" ? "+" : "";
  return { sql: `${plus}${column} ${SYMBOL[condition.op]} ?`, values: [toValue(condition.value)] };
}

interface Where {
  readonly clauses: string[];
  readonly values: Value[];
}

/** What is asked, be it expired or not. */
function compileAsked(
  c: ContainerKey,
  { pk = [], where = [] }: Pick<Query, "pk" | "where">,
  ordered?: Ordered,
): Where {
  const parts = where.map((condition) => compileCondition(c, condition, ordered));
  const clauses = [...pk.map((_, level) => `pk${level + 1} = ?`), ...parts.map((part) => part.sql)];
  // The column is part of the unique index, and empty where the key has one level.
  if (definitionOf(c).partitionKey.length === 1 && pk.length === 1) clauses.push("pk2 = ''");
  return { clauses, values: [...pk, ...parts.flatMap((part) => part.values)] };
}

function compileWhere(
  c: ContainerKey,
  query: Pick<Query, "pk" | "where">,
  nowSeconds: number,
  ordered?: Ordered,
): Where {
  const { clauses, values } = compileAsked(c, query, ordered);
  if (definitionOf(c).ttl) {
    clauses.push("(expires IS NULL OR expires > ?)");
    values.push(nowSeconds);
  }
  return { clauses, values };
}

const whereOf = (clauses: string[]) => (clauses.length === 0 ? "" : `WHERE ${clauses.join(" AND ")}`);

/** The columns that give a page its total order; ids repeat across partition keys, so open levels follow. */
function orderColumns(c: ContainerKey, query: Query): string[] {
  const first = query.orderBy === undefined || query.orderBy.field === "id" ? [] : [query.orderBy.field];
  const levels = definitionOf(c)
    .partitionKey.map((path, level) => ({ path, level: level + 1 }))
    .slice(query.pk?.length ?? 0)
    .filter(({ path }) => path !== "id");
  return [
    ...first.map((field) => columnOf(field, fieldOf(c, field).type)),
    first.length === 0 ? idColumnOf(c) : "id",
    ...levels.map(({ level }) => `pk${level}`),
  ];
}

export interface CompiledPage extends Statement {
  /** The continuation behind a row of the result, an array in the order of the columns: the keys stand at its end. */
  readonly continuation: (row: readonly unknown[]) => string;
}

/**
 * What a row brings: the whole document, or `id` and the JSON text of each chosen field, so that a page of a few fields
 * does not carry and parse all the texts beside them.
 */
function resultColumns(c: ContainerKey, { select }: Query): string {
  if (select === undefined) return "lsn, ts, doc";
  const { partitionKey } = definitionOf(c);
  const text = (field: string) => {
    const level = partitionKey.indexOf(plainName(field));
    // A field of the key is there without its document.
    return level < 0 ? `doc -> '$.${field}'` : `json_quote(pk${level + 1})`;
  };
  return ["lsn, ts, id", ...select.map((field, i) => `${text(field)} AS f${i}`)].join(", ");
}

/** Fields of `select` need not be in the registry. */
function plainName(name: string): string {
  checkFieldName(name);
  return name;
}

/**
 * Equal to one value, or to one of a few, in an indexed field: few documents match, so their index is to be read and
 * the matches sorted. SQLite keeps no statistics here and would rather walk the whole partition in order.
 */
function sortsMatches(c: ContainerKey, { where = [] }: Query, firstColumn: string | undefined): boolean {
  const asksIndexed = (wanted: Condition["op"]) =>
    where.some(({ field, op }) => op === wanted && fieldOf(c, field).indexed === true);
  // The indexes of filtered fields go on with created_at and id: for one value that order comes without sorting.
  return asksIndexed("in") || (asksIndexed("eq") && firstColumn !== "s_created_at");
}

const ABOVE = ["gt", "gte"] as const;
const BELOW = ["lt", "lte"] as const;

/** Keyset paging: a page starts behind the last document seen, so inserts and deletes can't shift it. */
export function compilePage(c: ContainerKey, query: Query, nowSeconds: number): CompiledPage {
  const plain = orderColumns(c, query);
  const columns = sortsMatches(c, query, plain[0]) ? plain.map((column) => `+${column}`) : plain;
  const everyKey = query.pk === undefined && isIndexed(c, query.orderBy?.field);
  const descending = query.orderBy?.direction === "desc";
  const passed = query.after === undefined ? [] : descending ? BELOW : ABOVE;
  const { clauses, values } = compileWhere(c, query, nowSeconds, { column: columns[0], passed });
  if (everyKey) clauses.unshift("pk1 = agents.agent");
  const fingerprint = queryFingerprint(c, query);
  if (query.after !== undefined) {
    const keys = openContinuation(query.after, fingerprint, columns.length);
    clauses.push(`(${columns.join(", ")}) ${descending ? "<" : ">"} (${columns.map(() => "?").join(", ")})`);
    values.push(...keys);
  }
  const order = columns.map((column) => `${column} ${descending ? "DESC" : "ASC"}`).join(", ");
  const keys = columns.map((column, i) => `${column} AS k${i}`).join(", ");
  const table = tableOf(c);
  const most = query.limit + 1;
  const result = `SELECT ${resultColumns(c, query)}, ${keys} FROM`;
  const ordered = `${whereOf(clauses)} ORDER BY ${order} LIMIT ?`;
  return {
    sql: everyKey
      ? `${agentsOf(table)} ${result} agents CROSS JOIN ${table}
         ON rowid IN (SELECT rowid FROM ${table} ${ordered}) ORDER BY ${order} LIMIT ?`
      : `${result} ${table} ${ordered}`,
    values: everyKey ? [...values, most, most] : [...values, most],
    continuation: (row) => sealToken([fingerprint, ...row.slice(-columns.length)]),
  };
}

/**
 * Every first level of the key, by a jump through an index for each. A page over all of them in the order of an
 * indexed field is then made of the first few of each, where one scan would read and sort the whole table.
 */
const agentsOf = (table: string) =>
  `WITH RECURSIVE agents (agent) AS (SELECT min(pk1) FROM ${table} UNION ALL
     SELECT (SELECT min(pk1) FROM ${table} WHERE pk1 > agent) FROM agents WHERE agent IS NOT NULL)`;

const isIndexed = (c: ContainerKey, field: string | undefined) =>
  field !== undefined && field !== "id" && fieldOf(c, field).indexed === true;

/**
 * All that match, less those of them that have expired: `expires` is in no other index, so that asking each match for
 * it would read every document. The expired are few (a sweep removes them), and have an index of their own.
 */
export function compileCount(
  c: ContainerKey,
  query: Pick<Query, "pk" | "where">,
  nowSeconds: number,
): Statement {
  const { clauses, values } = compileAsked(c, query);
  const table = tableOf(c);
  const all = `SELECT count(*) FROM ${table} ${whereOf(clauses)}`;
  if (!definitionOf(c).ttl) return { sql: `SELECT (${all}) AS n`, values };
  // The limit keeps SQLite from merging the two and starting from another index.
  const past = `(SELECT rowid AS gone FROM ${table} WHERE expires <= ? LIMIT -1)`;
  const expired = `SELECT count(*) FROM ${past} CROSS JOIN ${table} ON ${table}.rowid = gone ${whereOf(clauses)}`;
  return { sql: `SELECT (${all}) - (${expired}) AS n`, values: [...values, nowSeconds, ...values] };
}

/** The keys become bound values and the partition key comes from the query: a forged token reaches nothing new. */
function openContinuation(token: string, fingerprint: string, count: number): Value[] {
  const [bound, ...keys] = openToken(token, count + 1);
  if (bound !== fingerprint) return refuseContinuation("it belongs to another query");
  const good = keys.every((key) => typeof key === "string" || Number.isFinite(key));
  return good ? (keys as Value[]) : refuseContinuation("it is damaged");
}
