import { type Schema, type Side, shapeOf } from "./schema.ts";

/**
 * A schema in the forms that generators of clients read alike, whatever zod writes: no tuples, no union but that of
 * objects told apart by a member, no `null` beside a type, no reference to itself.
 */
export function plain(schema: Schema | boolean, side: Side): Schema {
  if (typeof schema === "boolean") return {};
  // All that refers to itself is any JSON value; `Error` is a component already.
  if (schema.$ref?.includes("/__") === true) return anyValue(schema);
  const made = ownForm(schema, side);
  const { properties, items, additionalProperties, oneOf } = made;
  if (properties !== undefined) made.properties = mapped(properties, (one) => plain(one, side));
  if (items !== undefined) made.items = plain(items, side);
  if (oneOf !== undefined) made.oneOf = oneOf.map((one) => plain(one, side));
  if (typeof additionalProperties === "object") {
    const values = plain(additionalProperties, side);
    made.additionalProperties = Object.keys(values).length === 0 ? true : values;
  }
  return made;
}

export const mapped = <Value, Made>(
  record: Readonly<Record<string, Value>>,
  make: (one: Value, name: string) => Made,
) => Object.fromEntries(Object.entries(record).map(([name, one]) => [name, make(one, name)]));

const ANY_VALUE = "Any JSON value.";
const anyValue = ({ description }: Schema): Schema => ({ description: description ?? ANY_VALUE });

function ownForm(schema: Schema, side: Side): Schema {
  const { anyOf, prefixItems, propertyNames: _names, ...made } = schema;
  if (anyOf !== undefined)
    return ownForm(
      ofUnion(
        made,
        anyOf.map((one) => ownForm(one, side)),
      ),
      side,
    );
  if (prefixItems !== undefined) {
    const [items = {}] = prefixItems;
    return { ...made, items, minItems: prefixItems.length, maxItems: prefixItems.length };
  }
  const { required, additionalProperties: value } = made;
  // Values under names that all have to be there: the object with these members.
  if (required !== undefined && made.properties === undefined && typeof value === "object") {
    made.properties = Object.fromEntries(required.map((name) => [name, value]));
    delete made.additionalProperties;
  }
  if (made.format === "date-time") delete made.pattern;
  if (made.type === "number" && Number.isInteger(made.const)) made.type = "integer";
  if (made.type === "integer" || (Array.isArray(made.type) && made.type.includes("integer"))) {
    made.format = "int64";
    if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
    if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
  }
  if (side === "output") {
    delete made.default;
    // What is answered may gain members in a later version.
    if (made.additionalProperties === false) delete made.additionalProperties;
  }
  return made;
}

/** A union in one schema. */
function ofUnion(about: Schema, parts: readonly Schema[]): Schema {
  const whole = parts.flatMap((part) => part.anyOf ?? [part]);
  const values = distinct(whole.filter(({ type }) => type !== "null"));
  const one = merged(values);
  if (one === undefined) return anyValue(about);
  const noun = values.length === 1 ? one["x-noun"] : undefined;
  const { "x-noun": _noun, ...rest } = one;
  const made = { ...rest, ...(noun === undefined ? {} : { "x-noun": noun }), ...about };
  return values.length === whole.length ? made : orNull(made);
}

const distinct = (schemas: readonly Schema[]): Schema[] => [
  ...new Map(schemas.map((one) => [shapeOf(one), one])).values(),
];

/** One schema that takes what any of these takes, where they are of one type; undefined: nothing less than any value. */
function merged(parts: readonly Schema[]): Schema | undefined {
  const [first, ...others] = parts;
  if (first === undefined || others.length === 0) return first;
  const types = new Set(parts.map(typeOf));
  if (types.size !== 1 || parts.some(({ oneOf, $ref }) => oneOf !== undefined || $ref !== undefined))
    return undefined;
  const [type] = types;
  if (type === "object") return others.reduce(mergedObjects, first);
  if (type === "string" || type === "number" || type === "integer") {
    const values = parts.map((part) => part.enum ?? (part.const === undefined ? undefined : [part.const]));
    if (values.some((known) => known === undefined)) return { type };
    const known = values.flatMap((one) => one ?? []);
    // Generators make names of an enum's values: numbers are none.
    return type === "string"
      ? { type, enum: [...new Set(known)] }
      : { type: "integer", minimum: Math.min(...known.map(Number)), maximum: Math.max(...known.map(Number)) };
  }
  return type === "boolean" ? { type } : undefined;
}

const typeOf = ({ type }: Schema): string | undefined => (typeof type === "string" ? type : undefined);

/** All members of both; required is what both require. */
function mergedObjects(a: Schema, b: Schema): Schema {
  const properties: Record<string, Schema> = { ...a.properties };
  for (const [name, theirs] of Object.entries(b.properties ?? {})) {
    const ours = properties[name];
    properties[name] = ours === undefined ? theirs : either(ours, theirs);
  }
  const required = (a.required ?? []).filter((name) => b.required?.includes(name) === true);
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

function either(a: Schema, b: Schema): Schema {
  if (shapeOf(a) === shapeOf(b)) return a;
  const description = a.description ?? b.description;
  return ofUnion(description === undefined ? {} : { description }, [a, b]);
}

function orNull(schema: Schema): Schema {
  const { type, const: only, oneOf, $ref } = schema;
  if (type === undefined || oneOf !== undefined || $ref !== undefined) return schema;
  const known = schema.enum ?? (only === undefined ? undefined : [only]);
  return {
    ...schema,
    type: [...new Set([type, "null"].flat())],
    ...(known === undefined ? {} : { enum: [...new Set([...known, null])] }),
  };
}
