import { mapped } from "./plain.ts";
import { SCHEMAS, type Schema, type Side, shapeOf } from "./schema.ts";

/** Where a schema stands in the description, and what it is called there if nothing else names it. */
export interface Place {
  readonly schema: Schema;
  readonly side: Side;
  readonly name: string;
  /** It has that name also where another one of its shape is declared: what an operation takes is its own. */
  readonly own?: true;
}

interface Shape {
  readonly schema: Schema;
  readonly sides: Set<Side>;
  /** What is said of it in its places. */
  readonly descriptions: Set<string | undefined>;
  /** Names given in contracts go before those of places. */
  readonly given: Set<string>;
  readonly places: Set<string>;
}

/**
 * Declares every object and every choice of texts once, by its name, and puts references in their places. Those of one
 * shape are one component. Its name is the one its contract gives it, else its shortest place: `Dataset` and
 * `figures` are `DatasetFigures`.
 * @returns the components, and each place's schema in the order of the places
 */
export function toComponents(places: readonly Place[]): {
  readonly schemas: Record<string, Schema>;
  readonly placed: Schema[];
} {
  const shapes = new Map<string, Shape>();
  for (const { schema, side, name, own } of places)
    visit(schema, name, (one, place) => {
      if (own === undefined || one !== schema) note(shapes, one, side, place);
    });
  const owned = places.filter(({ own, schema }) => own === true && isDeclared(schema));
  const names = namesOf(
    shapes,
    owned.map(({ name }) => name),
  );
  const nameOf = (schema: Schema) => names.get(keyOf(schema)) ?? "";
  const schemas: Record<string, Schema> = {};
  for (const { name, schema } of owned) schemas[name] = inner(schema, nameOf);
  for (const [key, name] of names) {
    const { schema, descriptions } = shapes.get(key) as Shape;
    const made = inner(schema, nameOf);
    // What is said of it in one place of several is not said of it.
    if (descriptions.size > 1) delete made.description;
    schemas[name] = made;
  }
  return {
    schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    placed: places.map(({ schema, name, own }) =>
      own === true && isDeclared(schema) ? { $ref: `${SCHEMAS}${name}` } : referred(schema, nameOf),
    ),
  };
}

const isDeclared = (schema: Schema): boolean =>
  schema.oneOf !== undefined ||
  (schema.enum !== undefined && schema.enum.length > 1) ||
  Object.keys(schema.properties ?? {}).length > 0;

const keyOf = (schema: Schema): string => shapeOf(withoutNouns(schema));

function withoutNouns(schema: Schema): Schema {
  const { "x-noun": _noun, ...rest } = schema;
  return children(rest, withoutNouns);
}

/** The schema with each of those directly in it changed. */
function children(schema: Schema, change: (one: Schema, step: string) => Schema): Schema {
  const { properties, items, additionalProperties, oneOf } = schema;
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: mapped(properties, change) }),
    ...(items === undefined ? {} : { items: change(items, "") }),
    ...(typeof additionalProperties === "object"
      ? { additionalProperties: change(additionalProperties, "") }
      : {}),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map((one) => change(one, kindOf(one) ?? "")) }),
  };
}

/** The value by which one of several objects is known. */
function kindOf({ properties }: Schema): string | undefined {
  const kind = properties?.type?.const;
  return typeof kind === "string" ? kind : undefined;
}

function visit(schema: Schema, place: string, see: (schema: Schema, place: string) => void): void {
  if (isDeclared(schema)) see(schema, place);
  const named = schema["x-noun"] ?? place;
  children(schema, (one, step) => {
    const within = step === "" ? singular(named) : `${named}${pascal(step)}`;
    visit(one, one["x-noun"] ?? within, see);
    return one;
  });
}

function note(shapes: Map<string, Shape>, schema: Schema, side: Side, place: string): void {
  const key = keyOf(schema);
  const shape = shapes.get(key) ?? {
    schema,
    sides: new Set(),
    descriptions: new Set(),
    given: new Set(),
    places: new Set(),
  };
  shapes.set(key, shape);
  shape.sides.add(side);
  shape.descriptions.add(schema.description);
  const noun = schema["x-noun"];
  if (noun === undefined) shape.places.add(place);
  else shape.given.add(noun);
}

/** Answers take their names first: what is sent in another shape under the same name is its input. */
function namesOf(shapes: ReadonlyMap<string, Shape>, others: readonly string[]): Map<string, string> {
  const wanted = [...shapes].map(([key, { schema, given, places, sides }]) => ({
    key,
    nullable: schema.type?.includes("null") === true,
    given: given.size > 0,
    name: shortest(given.size > 0 ? given : places),
    answered: sides.has("output"),
  }));
  const rank = (one: (typeof wanted)[number]) => (one.answered ? 0 : 2) + (one.given ? 0 : 1);
  wanted.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      Number(a.nullable) - Number(b.nullable) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : 1),
  );
  const taken = new Set(others.map((name) => name.toLowerCase()));
  const names = new Map<string, string>();
  for (const { key, name, answered, nullable } of wanted) {
    const own = free({ name, answered, nullable }, (one) => taken.has(one.toLowerCase()));
    taken.add(own.toLowerCase());
    names.set(key, own);
  }
  return names;
}

/** The first name of a shape that no other one has. What was asked and is answered again is a request. */
function free(
  {
    name,
    answered,
    nullable,
  }: { readonly name: string; readonly answered: boolean; readonly nullable: boolean },
  isTaken: (name: string) => boolean,
): string {
  const asked = name.endsWith("Input");
  const names = asked ? [answered ? name.replace(/Input$/, "Request") : name] : [name];
  if (nullable) names.push(`${name}OrNull`);
  if (!asked && !answered) names.push(`${name}Input`);
  const found = names.find((one) => !isTaken(one));
  if (found !== undefined) return found;
  for (let n = 2; ; n += 1) if (!isTaken(`${names.at(-1)}${n}`)) return `${names.at(-1)}${n}`;
}

const shortest = (names: ReadonlySet<string>): string =>
  [...names].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))[0] ?? "";

/** A reference where the schema is declared, with what is said of it in this place. */
function referred(schema: Schema, nameOf: (schema: Schema) => string): Schema {
  if (!isDeclared(schema)) return inner(schema, nameOf);
  const { description } = schema;
  const $ref = `${SCHEMAS}${nameOf(schema)}`;
  return description === undefined ? { $ref } : { $ref, description };
}

function inner(schema: Schema, nameOf: (schema: Schema) => string): Schema {
  const { "x-noun": _noun, ...rest } = schema;
  const { oneOf, ...made } = children(rest, (one) => referred(one, nameOf));
  if (rest.oneOf === undefined) return made;
  // NSwag takes a reference to a `oneOf` for its first member, which it does not generate then.
  const { type: _type, ...union } = made;
  const mapping = Object.fromEntries(
    rest.oneOf.flatMap((one, i) => {
      const [kind, $ref] = [kindOf(one), oneOf?.[i]?.$ref];
      return kind === undefined || $ref === undefined ? [] : [[kind, $ref]];
    }),
  );
  return { ...union, anyOf: oneOf ?? [], discriminator: { propertyName: "type", mapping } };
}

export const pascal = (name: string): string =>
  name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_all, letter: string) => letter.toUpperCase());

export function singular(name: string): string {
  if (/(?:ss|us|is)$/.test(name)) return name;
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  if (/(?:sses|uses|ches|shes|xes)$/.test(name)) return name.slice(0, -2);
  return name.endsWith("s") ? name.slice(0, -1) : name;
}
