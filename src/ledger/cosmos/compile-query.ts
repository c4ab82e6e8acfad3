import type { SqlParameter, SqlQuerySpec } from "@azure/cosmos";
import type { ContainerKey } from "../containers.ts";
import { openToken, sealToken } from "../continuation.ts";
import type { Condition, Query } from "../ledger.ts";
import { definitionOf } from "../limits.ts";
import { fieldOf, queryFingerprint, refuseContinuation } from "../query-rules.ts";

/** Only words that Cosmos DB and the emulator of the tests both parse: no OFFSET, GROUP BY, DISTINCT or LIKE. */
const SYMBOL = { eq: "=", ne: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/** A name from the registry, or one that `checkFieldName` let through; the brackets also free keywords like `value`. */
const column = (field: string) => `c["${field}"]`;

/** Values leave as parameters only. */
function createParameters() {
  const parameters: SqlParameter[] = [];
  const bind = (value: string | number | boolean) => {
    const name = `@p${parameters.length}`;
    parameters.push({ name, value });
    return name;
  };
  return { parameters, bind };
}
type Bind = ReturnType<typeof createParameters>["bind"];

const GUARD = { string: "IS_STRING", number: "IS_NUMBER", boolean: "IS_BOOL", strings: "IS_ARRAY" } as const;

function compileCondition(c: ContainerKey, condition: Condition, bind: Bind): string {
  const { type } = fieldOf(c, condition.field);
  const field = column(condition.field);
  if (condition.op === "defined") return `${condition.value ? "" : "NOT "}IS_DEFINED(${field})`;
  if (condition.op === "contains") return `ARRAY_CONTAINS(${field}, ${bind(condition.value)})`;
  if (condition.op === "in")
    return condition.value.length === 0 ? "(false)" : `${field} IN (${condition.value.map(bind).join(", ")})`;
  // "Unequal" alone would also take values of other types.
  return `(${GUARD[type]}(${field}) AND ${field} ${SYMBOL[condition.op]} ${bind(condition.value)})`;
}

/**
 * The partition key stands in the text too, because a prefix of a hierarchical key is routed by it: by the name that its
 * first field (`alias`) has in the account, where that is another.
 */
function compileWhere(
  c: ContainerKey,
  { pk = [], where = [] }: Pick<Query, "pk" | "where">,
  alias: string | undefined,
  bind: Bind,
): string[] {
  const paths = definitionOf(c).partitionKey;
  return [
    ...pk.flatMap((value, level) => {
      const bound = bind(value);
      const names = level === 0 && alias !== undefined ? [alias, paths[level] ?? ""] : [paths[level] ?? ""];
      return names.map((name) => `${column(name)} = ${bound}`);
    }),
    ...where.map((condition) => compileCondition(c, condition, bind)),
  ];
}
const whereOf = (clauses: readonly string[]) =>
  clauses.length === 0 ? "" : ` WHERE ${clauses.join(" AND ")}`;

type Key = string | number;

/** Where a page ended: the order's value, the id, and the documents of exactly that place already given. */
export interface PageEnd {
  readonly value: Key | null;
  readonly id: string;
  readonly seen: readonly string[];
}

/**
 * Keyset paging: no token of the service is needed, so a continuation stays valid through partition splits and restarts. Documents of other
 * partition keys may share both the order's value and the id; those already given are named in the continuation and
 * left out, rather than adding the key to every composite index.
 */
export function compilePage(
  c: ContainerKey,
  query: Query,
  alias?: string,
): {
  readonly spec: SqlQuerySpec;
  readonly after: PageEnd | undefined;
  readonly orderField: string | undefined;
  readonly seal: (end: PageEnd) => string;
} {
  const { parameters, bind } = createParameters();
  const fingerprint = queryFingerprint(c, query);
  const orderField =
    query.orderBy === undefined || query.orderBy.field === "id" ? undefined : query.orderBy.field;
  const way = query.orderBy?.direction === "desc" ? "DESC" : "ASC";
  const beyond = way === "DESC" ? "<" : ">";
  const clauses = compileWhere(c, query, alias, bind);
  const after =
    query.after === undefined ? undefined : openPlace(query.after, fingerprint, orderField !== undefined);
  if (after !== undefined) {
    const id = column("id");
    if (orderField === undefined || after.value === null) clauses.push(`${id} ${beyond}= ${bind(after.id)}`);
    else {
      const value = bind(after.value);
      const field = column(orderField);
      clauses.push(
        `(${field} ${beyond} ${value} OR (${field} = ${value} AND ${id} ${beyond}= ${bind(after.id)}))`,
      );
    }
  }
  const order = [...(orderField === undefined ? [] : [orderField]), "id"].map(
    (field) => `${column(field)} ${way}`,
  );
  return {
    spec: {
      query: `SELECT ${columns(c, query, orderField)} FROM c${whereOf(clauses)} ORDER BY ${order.join(", ")}`,
      parameters,
    },
    after,
    orderField,
    seal: ({ value, id, seen }) => sealToken([fingerprint, value, id, seen]),
  };
}

/** What was asked for, and what a continuation and the ledger's own fields need. */
function columns(c: ContainerKey, { select }: Query, orderField: string | undefined): string {
  if (select === undefined) return "*";
  const needed = [orderField ?? "id", ...definitionOf(c).partitionKey];
  return [...new Set(["id", "_etag", "_ts", ...needed, ...select])].map(column).join(", ");
}

export function compileCount(
  c: ContainerKey,
  query: Pick<Query, "pk" | "where">,
  alias?: string,
): SqlQuerySpec {
  const { parameters, bind } = createParameters();
  return { query: `SELECT VALUE COUNT(1) FROM c${whereOf(compileWhere(c, query, alias, bind))}`, parameters };
}

/** The parts become bound values and the partition key comes from the query: a forged token reaches nothing new. */
function openPlace(token: string, fingerprint: string, ordered: boolean): PageEnd {
  const [bound, value, id, seen] = openToken(token, 4);
  if (bound !== fingerprint) return refuseContinuation("it belongs to another query");
  const good =
    typeof id === "string" &&
    Array.isArray(seen) &&
    seen.every((one) => typeof one === "string") &&
    (ordered ? typeof value === "string" || Number.isFinite(value) : value === null);
  return good ? { value: value as Key | null, id, seen } : refuseContinuation("it is damaged");
}
