import type { createDocument } from "zod-openapi";
import { type Place, pascal, singular, toComponents } from "./components.ts";
import { plain } from "./plain.ts";
import { SCHEMAS, type Schema } from "./schema.ts";
import { describeFields } from "./words/words.ts";

type Document = ReturnType<typeof createDocument>;
type Components = NonNullable<NonNullable<Document["components"]>["schemas"]>;

/** The same document with each noun declared once under `components`, in forms that generators read. */
export function declaredOnce(document: Document): Document {
  const holders = holdersOf(document);
  const known = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>).filter(
    ([name]) => !name.startsWith("__"),
  );
  const places: Place[] = [
    ...known.map(([name, schema]) => ({
      schema: { ...plain(schema, "output"), "x-noun": name },
      side: "output" as const,
      name,
    })),
    ...holders.map(({ holder, ...place }) => ({ ...place, schema: plain(holder.schema, place.side) })),
  ];
  const { schemas, placed } = toComponents(places);
  holders.forEach(({ holder }, i) => {
    holder.schema = placed[known.length + i] ?? {};
  });
  noteOpenChoices(
    schemas,
    placed.filter((_schema, i) => places[i]?.side === "output"),
  );
  describeFields(schemas);
  return { ...document, components: { ...document.components, schemas: schemas as Components } };
}

/** What has a schema: a parameter, a header, a body of one media type. */
interface Holder {
  schema: Schema;
}
interface Held extends Omit<Place, "schema"> {
  readonly holder: Holder;
}
type Named<Value> = Readonly<Record<string, Value>>;
interface Answer {
  readonly content?: Named<Partial<Holder>>;
  readonly headers?: Named<Partial<Holder>>;
}
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly (Partial<Holder> & { readonly name: string })[];
  readonly requestBody?: { readonly content?: Named<Partial<Holder>> };
  readonly responses?: Named<Answer>;
}

const METHODS = ["get", "head", "post", "put", "patch", "delete"] as const;

/** Everything in the document that has a schema, the shared answers and headers among it. */
function holdersOf({ paths = {}, components = {} }: Document): Held[] {
  const held: Held[] = [];
  const add = (holder: Partial<Holder>, place: Omit<Place, "schema">) => {
    if (holder.schema !== undefined) held.push({ ...place, holder: holder as Holder });
  };
  const addAnswer = ({ content = {}, headers = {} }: Answer, nameOf: (schema?: Schema) => string) => {
    for (const holder of [...Object.values(content), ...Object.values(headers)])
      add(holder, { side: "output", name: nameOf(holder.schema) });
  };
  for (const path of Object.values(paths))
    for (const method of METHODS) {
      const operation = path[method] as Operation | undefined;
      if (operation === undefined) continue;
      const { operationId, parameters = [], requestBody, responses = {} } = operation;
      const name = `${pascal(operationId)}Input`;
      for (const one of parameters) add(one, { side: "input", name: `${name}${pascal(one.name)}` });
      for (const one of Object.values(requestBody?.content ?? {}))
        add(one, { side: "input", name, own: true });
      for (const [status, one] of Object.entries(responses))
        addAnswer(one, (schema) =>
          // A refusal that is no `Error` alone: what `getHealth` says where it is not well is `HealthRefused`.
          status >= "400" && status < "600"
            ? `${nameOfAnswer(operationId, schema)}Refused`
            : nameOfAnswer(operationId, schema),
        );
    }
  for (const [name, one] of Object.entries((components.responses ?? {}) as Named<Answer>))
    addAnswer(one, () => name);
  for (const [name, one] of Object.entries((components.headers ?? {}) as Named<Partial<Holder>>))
    add(one, { side: "output", name });
  return held;
}

/** `getEvaluation` answers an `Evaluation`, `listEvaluations` an `EvaluationPage`, whatever else a reply of its own. */
function nameOfAnswer(operationId: string, schema: Schema | undefined): string {
  const [, verb, noun = ""] = /^(get|list)([A-Z]\w*)$/.exec(operationId) ?? [];
  if (verb === "get") return noun;
  if (verb === "list" && schema?.properties?.continuation !== undefined) return `${singular(noun)}Page`;
  return `${pascal(operationId)}Reply`;
}

const OPEN = "Further values may come: take one that you do not know as text.";

/** Whatever is answered as one of several texts may be a further one in a later version. */
function noteOpenChoices(schemas: Record<string, Schema>, answers: readonly Schema[]): void {
  const seen = new Set<string>();
  const follow = (schema: Schema): void => {
    const name = schema.$ref?.slice(SCHEMAS.length);
    const target = name === undefined ? undefined : schemas[name];
    if (name !== undefined && target !== undefined && !seen.has(name)) {
      seen.add(name);
      follow(target);
    }
    for (const one of [
      ...Object.values(schema.properties ?? {}),
      ...(schema.anyOf ?? []),
      ...[schema.items, schema.additionalProperties].filter((each) => typeof each === "object"),
    ])
      follow(one);
  };
  answers.forEach(follow);
  for (const name of seen) {
    const schema = schemas[name] as Schema;
    if (schema.enum === undefined) continue;
    schema.description = schema.description === undefined ? OPEN : `${schema.description} ${OPEN}`;
    schema["x-extensible-enum"] = schema.enum.filter((one) => one !== null);
  }
}
