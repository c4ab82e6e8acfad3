import { Status } from "../history/history.ts";

/** Which instances a list or a purge takes. */
export interface InstanceFilter {
  readonly prefix?: string | undefined;
  /** Bounds on the time of creation, ms. */
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  readonly statuses?: readonly number[] | undefined;
}

/** Sorts behind every text that begins with what stands before it. */
const LAST = "\u{10FFFF}";

/** The order of an Azure table, which is that of the ids; entities are instances like any other, always running. */
export function pageQuery(
  { prefix, createdFrom, createdTo, statuses }: InstanceFilter,
  after: string,
  limit: number,
): { readonly sql: string; readonly values: (string | number)[] } {
  const rows = (table: string, status: string, created: string) => {
    const bounds: [condition: string, ...values: (string | number)[]][] = [["id > ?", after]];
    if (prefix) bounds.push(["id BETWEEN ? AND ?", prefix, prefix + LAST]);
    if (createdFrom !== undefined) bounds.push([`${created} >= ?`, createdFrom]);
    if (createdTo !== undefined) bounds.push([`${created} <= ?`, createdTo]);
    if (statuses !== undefined)
      bounds.push([`${status} IN (${statuses.map(() => "?").join(",")})`, ...statuses]);
    const where = bounds.map(([condition]) => condition).join(" AND ");
    return {
      sql: `SELECT id, ${status} AS status FROM ${table} WHERE ${where}`,
      values: bounds.flatMap(([, ...values]) => values),
    };
  };
  const parts = [
    rows("instances", "status", "created_at"),
    rows("entities", String(Status.Running), "updated_at"),
  ];
  return {
    sql: `${parts.map(({ sql }) => sql).join(" UNION ALL ")} ORDER BY id LIMIT ?`,
    values: [...parts.flatMap(({ values }) => values), limit],
  };
}
