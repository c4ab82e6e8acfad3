import { createRequire } from "node:module";
import type { Version } from "./store.ts";

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

/** The plan that the service makes of a query, with the marks by which its rewritten form is known again here. */
export function planOf({ query }: QuerySpec) {
  const orders = [...(/ORDER BY (.*)$/.exec(query)?.[1] ?? "").matchAll(/(c\["\w+"\]) (ASC|DESC)/g)];
  const counts = query.includes("COUNT(");
  return {
    partitionedQueryExecutionInfoVersion: 2,
    queryInfo: {
      distinctType: "None",
      groupByExpressions: [],
      groupByAliases: [],
      orderBy: orders.map(([, , way]) => (way === "ASC" ? "Ascending" : "Descending")),
      orderByExpressions: orders.map(([, expression]) => expression),
      aggregates: counts ? ["Count"] : [],
      hasSelectValue: counts,
      rewrittenQuery: counts ? COUNTED + query : orders.length > 0 ? ORDERED + query : query,
    },
    queryRanges: [{ min: "", max: "FF", isMinInclusive: true, isMaxInclusive: false }],
  };
}

/** Runs a query, or the rewritten form of one, over the versions of a partition. */
export function runQuery(
  spec: QuerySpec,
  versions: readonly Version[],
  compositeIndexes: readonly (readonly CompositePath[])[],
): unknown[] {
  const documents = versions.map(({ document }) => document);
  const options = { parameters: spec.parameters ?? [], compositeIndexes: withReverses(compositeIndexes) };
  const run = (sql: string) => statementOf(sql).exec(documents, options).result;
  if (spec.query.startsWith(COUNTED)) return run(spec.query.slice(COUNTED.length)).map((item) => [{ item }]);
  if (!spec.query.startsWith(ORDERED)) return run(spec.query);
  const sql = spec.query.slice(ORDERED.length);
  const fields = [...(/ORDER BY (.*)$/.exec(sql)?.[1] ?? "").matchAll(/c\["(\w+)"\]/g)].map(
    ([, name]) => name ?? "",
  );
  const whole = run(sql.replace(/^SELECT .*? FROM c\b/, "SELECT * FROM c")) as Record<string, unknown>[];
  return run(sql).map((payload, n) => ({
    _rid: whole[n]?._rid,
    orderByItems: fields.map((field) => ({ item: whole[n]?.[field] })),
    payload,
  }));
}
