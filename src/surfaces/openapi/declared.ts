import type { createDocument } from "zod-openapi";
import { type Place, pascal, singular, toComponents } from "./components.ts";
import { plain } from "./plain.ts";
import { SCHEMAS, type Schema, type Side } from "./schema.ts";

type Document = ReturnType<typeof createDocument>;
type Components = NonNullable<NonNullable<Document["components"]>["schemas"]>;

/** The same document with each noun declared once under `components`, in forms that generators read. */
export function declaredOnce(document: Document): Document {
  const holders: { readonly holder: { schema?: Schema }; readonly side: Side; readonly name: string }[] = [];
  for (const { operation, operationId } of operationsOf(document)) {
    const name = pascal(operationId);
    for (const holder of operation.parameters ?? [])
      holders.push({ holder, side: "input", name: `${name}Input${pascal(holder.name)}` });
    for (const holder of Object.values(operation.requestBody?.content ?? {}))
      holders.push({ holder, side: "input", name: `${name}Input` });
    for (const { content = {}, headers = {} } of Object.values(operation.responses ?? {}))
      for (const holder of [...Object.values(content), ...Object.values(headers)])
        holders.push({ holder, side: "output", name: nameOfAnswer(operationId, holder.schema) });
  }
  const own = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>).filter(
    ([name]) => !name.startsWith("__"),
  );
  const places: Place[] = [
    ...own.map(([name, schema]) => ({
      schema: { ...plain(schema, "output"), "x-noun": name },
      side: "output" as const,
      name,
    })),
    ...holders.map(({ holder, side, name }) => ({ schema: plain(holder.schema ?? {}, side), side, name })),
  ];
  const { schemas, placed } = toComponents(places);
  holders.forEach(({ holder }, i) => {
    if (holder.schema !== undefined) holder.schema = placed[own.length + i] ?? {};
  });
  noteOpenChoices(
    schemas,
    places.map(({ side }, i) => (side === "output" ? (placed[i] ?? {}) : {})),
  );
  return { ...document, components: { ...document.components, schemas: schemas as Components } };
}

interface Operation {
  readonly parameters?: { readonly name: string; schema?: Schema }[];
  readonly requestBody?: { readonly content?: Record<string, { schema?: Schema }> };
  readonly responses?: Record<
    string,
    {
      readonly content?: Record<string, { schema?: Schema }>;
      readonly headers?: Record<string, { schema?: Schema }>;
    }
  >;
}

function operationsOf(document: Document): { readonly operation: Operation; readonly operationId: string }[] {
  return Object.values(document.paths ?? {}).flatMap((path) =>
    [path.get, path.post].flatMap((operation) =>
      operation === undefined
        ? []
        : [{ operation: operation as Operation, operationId: operation.operationId ?? "" }],
    ),
  );
}

/** `getEvaluation` answers an `Evaluation`, `listEvaluations` an `EvaluationPage`, whatever else a reply of its own. */
function nameOfAnswer(operationId: string, schema: Schema | undefined): string {
  const [, verb, noun = ""] = /^(get|list)([A-Z]\w*)$/.exec(operationId) ?? [];
  if (verb === "get") return noun;
  if (verb === "list" && schema?.properties?.["continuation"] !== undefined) return `${singular(noun)}Page`;
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
