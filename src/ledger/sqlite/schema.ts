import {
  CONTAINER_KEYS,
  CONTAINERS,
  type ContainerDefinition,
  type ContainerKey,
  type FieldType,
} from "../containers.ts";

/**
 * One table a container. `lsn` (log sequence number) comes from the one row of `_store`, so that it grows with every write of the whole
 * store and is never used twice: an updated document moves to the end, and `lsn > ? ORDER BY lsn` is the change feed
 * in latest-version form with no log beside it. `pk2` is empty where the key has one level. `expires` is in seconds.
 */
export const tableOf = (c: ContainerKey) => `c_${c}`;

const LETTER: Record<FieldType, string> = { string: "s", number: "n", boolean: "b", strings: "a" };
/** The column's name holds its type: a field whose type changes gets a new column and no stale index. */
export const columnOf = (field: string, type: FieldType) =>
  field === "id" ? "id" : `${LETTER[type]}_${safe(field)}`;

/** Registry names alone come here; the check makes a slip in the registry a fault at start and not an injection. */
function safe(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`"${name}" is no name for a field of the registry.`);
  return name;
}

export const jsonPath = (field: string) => `'$.${safe(field)}'`;

/** Typed as Cosmos is: a value of another type counts as absent, so true is not 1 and "abc" is not above 5. */
const TYPED_VALUE: Record<"string" | "number" | "boolean", (path: string) => string> = {
  string: (path) => `CASE json_type(doc, ${path}) WHEN 'text' THEN json_extract(doc, ${path}) END`,
  number: (path) =>
    `CASE WHEN json_type(doc, ${path}) IN ('integer', 'real') THEN json_extract(doc, ${path}) END`,
  boolean: (path) => `CASE json_type(doc, ${path}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END`,
};

const SQL_TYPE = { string: "TEXT", number: "REAL", boolean: "INTEGER" };

/** The column that a container's documents go by within the first level of the key: `pk2` where that is the id. */
export const idColumnOf = (c: ContainerKey) =>
  (CONTAINERS[c] as ContainerDefinition).partitionKey[1] === "id" ? "pk2" : "id";

function baseTable(c: ContainerKey): string[] {
  const table = tableOf(c);
  const byId = `${table}_id`;
  const hierarchical = CONTAINERS[c].partitionKey.length > 1;
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
       pk1 TEXT NOT NULL, pk2 TEXT NOT NULL, id TEXT NOT NULL, ts INTEGER NOT NULL, lsn INTEGER NOT NULL UNIQUE,
       expires INTEGER, doc TEXT NOT NULL, UNIQUE (pk1, pk2, id))`,
    `CREATE INDEX IF NOT EXISTS ${table}_expires ON ${table} (expires) WHERE expires IS NOT NULL`,
    // Each index is a page more to write for a document: where the key itself is in the order of ids, it has none.
    hierarchical && idColumnOf(c) === "id"
      ? `CREATE INDEX IF NOT EXISTS ${byId} ON ${table} (pk1, id)`
      : `DROP INDEX IF EXISTS ${byId}`,
  ];
}

/**
 * The statements that bring an empty or older store to the registry as it is. Fields are virtual generated columns,
 * which ALTER TABLE can add without touching a row: a field new to the registry needs no migration.
 */
export function schemaStatements(columnsOf: (table: string) => ReadonlySet<string>): string[] {
  return CONTAINER_KEYS.flatMap((c) => {
    const definition: ContainerDefinition = CONTAINERS[c];
    const table = tableOf(c);
    const present = columnsOf(table);
    const statements = baseTable(c);
    for (const [field, { type, indexed, always }] of Object.entries(definition.fields)) {
      if (type === "strings") continue;
      const column = columnOf(field, type);
      if (!present.has(column))
        statements.push(
          `ALTER TABLE ${table} ADD COLUMN ${column} ${SQL_TYPE[type]} GENERATED ALWAYS AS (${TYPED_VALUE[type](jsonPath(field))}) VIRTUAL`,
        );
      if (!indexed) continue;
      // Times order lists by themselves; the other fields are filtered on, in lists that go by time.
      const rest = field.endsWith("_at") || !("created_at" in definition.fields) ? "id" : "s_created_at, id";
      const name = `${table}_${column}`;
      const columns = `${table} (pk1, ${column}, ${rest})`;
      if (always) statements.push(`CREATE INDEX IF NOT EXISTS ${name} ON ${columns}`);
      // A document without the field costs its index nothing; every comparison leaves such documents out anyway.
      else
        statements.push(
          `DROP INDEX IF EXISTS ${name}`,
          `CREATE INDEX IF NOT EXISTS ${name}_set ON ${columns} WHERE ${column} IS NOT NULL`,
        );
    }
    // created_at must exist before an index of another field names it.
    return statements.toSorted((a, b) => rank(a) - rank(b));
  });
}

const rank = (statement: string) => (statement.startsWith("CREATE INDEX") ? 1 : 0);
