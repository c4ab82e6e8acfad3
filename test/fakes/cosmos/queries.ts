import { createRequire } from "node:module";
import { conjunctsOf, spanOfQuery } from "./ranges.ts";
import type { Document, Version } from "./store.ts";

interface Statement {
  exec(documents: unknown[], options: object): { result: unknown[] };
}
const parse = (
  createRequire(import.meta.url)("@zeit/cosmosdb-query") as { default: (sql: string) => Statement }
).default;

export interface QuerySpec {
  readonly query: string;
  readonly parameters?: readonly { readonly name: string; readonly value: unknown }[];
}
interface CompositePath {
  readonly path: string;
  readonly order?: string;
}

const statements = new Map<string, Statement>();
function statementOf(sql: string): Statement {
  const known = statements.get(sql) ?? parse(sql);
  statements.set(sql, known);
  return known;
}

/** Needs the client's help over several partitions: the service refuses it there and sends the client for a plan. */
export const needsPlan = ({ query }: QuerySpec) => /\bORDER BY\b|\bCOUNT\(/.test(query);

/** The service serves an order by its composite index, or by the exact reverse of it. */
const withReverses = (indexes: readonly (readonly CompositePath[])[]) => [
  ...indexes,
  ...indexes.map((index) =>
    index.map(({ path, order }) => ({ path, order: order === "descending" ? "ascending" : "descending" })),
  ),
];

const ORDERED = "ORDERED: ";
const COUNTED = "COUNTED: ";

/**
 * The plan that the service makes of a query, with the marks by which its rewritten form is known again here. `paths`:
 * the container's key, by which the query is routed.
 */
export function planOf({ query, parameters = [] }: QuerySpec, paths: readonly string[]) {
  const { min, max, isPoint } = spanOfQuery(query, parameters, paths);
  const orders = ordersOf(query);
  const counts = query.includes("COUNT(");
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: "None",
      groupByExpressions: [],
      groupByAliases: [],
      orderBy: orders.map(({ sign }) => (sign === 1 ? "Ascending" : "Descending")),
      orderByExpressions: orders.map(({ field }) => `c["${field}"]`),
      aggregates: counts ? ["Count"] : [],
      hasSelectValue: counts,
      rewrittenQuery: counts ? COUNTED + query : orders.length > 0 ? ORDERED + query : query,
    },
    queryRanges: [{ min, max, isMinInclusive: true, isMaxInclusive: isPoint }],
  };
}

const COMPARED: Record<string, (a: string | number, b: string | number) => boolean> = {
  "=": (a, b) => a === b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
};
/** `c["f"] = @p`, or the same compared in the guard of its type. */
const SIMPLE = /^(?:\(IS_(?:STRING|NUMBER)\(c\["\w+"\]\) AND )?c\["(\w+)"\] (=|>=?|<=?) (@\w+)\)?$/;
/** Beyond the place where the page before ended: `(c["f"] > @p OR (c["f"] = @p AND …))`. */
const BEYOND = /^\(c\["(\w+)"\] ([<>]) (@\w+) OR \(c\["\1"\] = \3 AND /;

/** Whether a document may match at all, by the conditions that an index would answer; the engine has the last word. */
function mayMatch({ query, parameters = [] }: QuerySpec): (document: Document) => boolean {
  const conditions = conjunctsOf(query).flatMap((clause) => {
    const beyond = BEYOND.exec(clause);
    const [, field = "", symbol = "", name] = beyond ?? SIMPLE.exec(clause) ?? [];
    const compare = COMPARED[beyond === null ? symbol : `${symbol}=`];
    const wanted = parameters.find((parameter) => parameter.name === name)?.value;
    if (compare === undefined || (typeof wanted !== "string" && typeof wanted !== "number")) return [];
    return (document: Document) => {
      const value = document[field];
      return typeof value === typeof wanted && compare(value as string | number, wanted);
    };
  });
  return (document) => conditions.every((holds) => holds(document));
}

const ordersOf = (query: string) =>
  [...(/ORDER BY (.*)$/.exec(query)?.[1] ?? "").matchAll(/c\["(\w+)"\] (ASC|DESC)/g)].map(
    ([, field = "", way]) => ({ field, sign: way === "ASC" ? 1 : -1 }),
  );

const sorted = new WeakMap<readonly Version[], Map<string, readonly Version[] | undefined>>();
/**
 * The versions in the order of a query, as its index has them; undefined where it has none, or where the fields are not
 * all strings or all numbers, whose order is the engine's to know. Kept as long as the versions are.
 */
function inOrder(query: string, versions: readonly Version[]): readonly Version[] | undefined {
  const orders = ordersOf(query);
  const name = JSON.stringify(orders);
  const known = sorted.get(versions) ?? new Map<string, readonly Version[] | undefined>();
  sorted.set(versions, known);
  if (known.has(name)) return known.get(name);
  const isPlain = orders.every(({ field }) => {
    const type = typeof versions[0]?.document[field];
    return (
      ["string", "number"].includes(type) && versions.every(({ document }) => typeof document[field] === type)
    );
  });
  const found =
    orders.length > 0 && isPlain
      ? versions.toSorted((a, b) => {
          for (const { field, sign } of orders) {
            const [one, other] = [a.document[field] as string, b.document[field] as string];
            if (one !== other) return one < other ? -sign : sign;
          }
          return 0;
        })
      : undefined;
  known.set(name, found);
  return found;
}

/** The first so many for which a condition holds. */
function first(
  versions: readonly Version[],
  count: number,
  holds: (document: Document) => boolean,
): Document[] {
  const found: Document[] = [];
  for (const { document } of versions) {
    if (found.length >= count) break;
    if (holds(document)) found.push(document);
  }
  return found;
}

/**
 * Runs a query, or the rewritten form of one, over the versions of a partition. The engine copies every document that it
 * is given: of an ordered query it gets the leading ones alone, until it has found enough.
 * @param atLeast rows that are needed, if there are as many
 */
export function rowsOf(
  spec: QuerySpec,
  versions: readonly Version[],
  compositeIndexes: readonly (readonly CompositePath[])[],
  atLeast: number,
): unknown[] {
  const holds = mayMatch(spec);
  const leading = inOrder(spec.query, versions);
  for (let count = leading === undefined ? Number.POSITIVE_INFINITY : atLeast; ; count *= 4) {
    const documents = first(leading ?? versions, count, holds);
    const rows = runQuery(spec, documents, compositeIndexes);
    if (rows.length >= atLeast || documents.length < count) return rows;
  }
}

/** Of a count the engine needs no more of the documents than the fields that are named. */
function namedOf(query: string, documents: readonly Document[]): object[] {
  const names = [...query.matchAll(/c\["(\w+)"\]/g)].map(([, name = ""]) => name);
  return documents.map((document) =>
    Object.fromEntries(names.filter((name) => name in document).map((name) => [name, document[name]])),
  );
}

function runQuery(
  spec: QuerySpec,
  documents: readonly Document[],
  compositeIndexes: readonly (readonly CompositePath[])[],
): unknown[] {
  const options = { parameters: spec.parameters ?? [], compositeIndexes: withReverses(compositeIndexes) };
  const run = (sql: string, over: readonly object[] = documents) =>
    statementOf(sql).exec([...over], options).result;
  if (spec.query.startsWith(COUNTED)) {
    const sql = spec.query.slice(COUNTED.length);
    return run(sql, namedOf(sql, documents)).map((item) => [{ item }]);
  }
  if (!spec.query.startsWith(ORDERED)) return run(spec.query);
  const sql = spec.query.slice(ORDERED.length);
  const orders = ordersOf(sql);
  const whole = run(sql.replace(/^SELECT .*? FROM c\b/, "SELECT * FROM c")) as Record<string, unknown>[];
  const payloads = sql.startsWith("SELECT * FROM c") ? whole : run(sql);
  return payloads.map((payload, n) => ({
    _rid: whole[n]?._rid,
    orderByItems: orders.map(({ field }) => ({ item: whole[n]?.[field] })),
    payload,
  }));
}
