type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What of a value the JSON schema does not declare: fields without a name in it, kinds and values that it does not take,
 * fields that it demands and that are not there.
 * @param schemas what `$ref`s point at, by name
 */
export function undeclaredIn(schema: Json, value: unknown, schemas: Json, path = "$"): string[] {
  if (typeof schema.$ref === "string")
    return undeclaredIn(schemas[schema.$ref.split("/").at(-1) ?? ""] as Json, value, schemas, path);
  const of = (some: unknown) =>
    (some as readonly Json[]).map((one) => undeclaredIn(one, value, schemas, path));
  if (Array.isArray(schema.allOf)) {
    const [together = {}, ...others] = merged(schema, schemas);
    return others.length === 0 ? undeclaredIn(together, value, schemas, path) : [`${path}: allOf of unions`];
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) {
    const faults = of(options);
    return faults.some((some) => some.length === 0) ? [] : (shortest(faults) ?? []);
  }
  if (schema.const !== undefined && schema.const !== value) return [`${path}: ${JSON.stringify(value)}`];
  if (Array.isArray(schema.enum) && !schema.enum.includes(value))
    return [`${path}: ${JSON.stringify(value)}`];
  const kinds = schema.type === undefined ? [] : [schema.type].flat();
  if (kinds.length > 0 && !kinds.some((kind) => isOf(kind, value)))
    return [`${path}: ${JSON.stringify(value)?.slice(0, 80)} is no ${kinds.join("|")}`];
  if (Array.isArray(value))
    return isObject(schema.items)
      ? value.flatMap((item, n) => undeclaredIn(schema.items as Json, item, schemas, `${path}[${n}]`))
      : [];
  return isObject(value) ? inObject(schema, value, schemas, path) : [];
}

function inObject(schema: Json, value: Json, schemas: Json, path: string): string[] {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, Json>>;
  const required = (schema.required ?? []) as readonly string[];
  const more = schema.additionalProperties;
  const missing = required.filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    const at = `${path}.${name}`;
    if (properties[name] !== undefined) return undeclaredIn(properties[name], member, schemas, at);
    // A map, or any JSON, has no names; an object with named fields has those alone.
    if (isObject(more) && Object.keys(more).length > 0) return undeclaredIn(more, member, schemas, at);
    return schema.properties === undefined && more !== false ? [] : [`${at} is not declared`];
  });
  return [...missing, ...wrong];
}

/** The members of an `allOf` as one object. */
function merged({ allOf, ...own }: Json, schemas: Json): Json[] {
  const parts = [...(allOf as readonly Json[]), own].map((part) =>
    typeof part.$ref === "string" ? (schemas[part.$ref.split("/").at(-1) ?? ""] as Json) : part,
  );
  if (parts.some((part) => part.anyOf !== undefined || part.oneOf !== undefined)) return [{}, {}];
  return [
    {
      type: "object",
      properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})) as Json,
      required: parts.flatMap((part) => (part.required ?? []) as string[]),
    },
  ];
}

const shortest = (some: readonly string[][]): string[] | undefined =>
  some.toSorted((a, b) => a.length - b.length)[0];

function isOf(kind: unknown, value: unknown): boolean {
  if (kind === "null") return value === null;
  if (kind === "array") return Array.isArray(value);
  if (kind === "object") return isObject(value);
  if (kind === "integer") return Number.isInteger(value);
  return typeof value === kind;
}
