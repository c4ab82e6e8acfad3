import { describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import { plain } from "../../src/surfaces/openapi/plain.ts";
import { SCHEMAS, type Schema } from "../../src/surfaces/openapi/schema.ts";

const rows = operationRows(readSettings({}));
const document = openapiDocument(rows);
const schemas = document.components?.schemas as Record<string, Schema>;

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema?: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: Schema }> }>;
}
const operations = Object.values(document.paths ?? {}).flatMap((path) =>
  [path.get, path.post].flatMap((one) => (one === undefined ? [] : [one as unknown as Described])),
);
const bodiesOf = (content: Record<string, { readonly schema?: Schema }> | undefined): Schema[] =>
  Object.values(content ?? {}).flatMap(({ schema }) => (schema === undefined ? [] : [schema]));
const asked = operations.flatMap(({ parameters = [], requestBody }) => [
  ...parameters.map(({ schema }) => schema),
  ...bodiesOf(requestBody?.content),
]);
const answered = operations.flatMap(({ responses }) =>
  Object.values(responses).flatMap(({ content }) => bodiesOf(content)),
);

const below = (schema: Schema): Schema[] => [
  ...Object.values(schema.properties ?? {}),
  ...(schema.oneOf ?? []),
  ...(schema.anyOf ?? []),
  ...(schema.allOf ?? []),
  ...[schema.items, schema.additionalProperties].filter((one) => typeof one === "object"),
];
/** A schema and all in it, references not followed. */
const within = (schema: Schema): Schema[] => [schema, ...below(schema).flatMap(within)];
const all = [...Object.values(schemas), ...asked, ...answered].flatMap(within);

/** Names of the components that these schemas lead to. */
function reached(from: readonly Schema[]): Set<string> {
  const names = new Set<string>();
  const follow = (schema: Schema): void => {
    for (const { $ref } of within(schema)) {
      const name = $ref?.slice(SCHEMAS.length);
      if (name === undefined || names.has(name)) continue;
      names.add(name);
      follow(schemas[name] ?? {});
    }
  };
  from.forEach(follow);
  return names;
}

const NOUNS = [
  "Episode",
  "EpisodeInput",
  "EpisodeSummary",
  "EpisodePage",
  "Message",
  "ToolCall",
  "ToolDefinition",
  "Reward",
  "RewardPage",
  "Correction",
  "ReviewOffer",
  "Dataset",
  "DatasetPage",
  "Recipe",
  "TrainingRun",
  "TrainingRunPage",
  "Estimate",
  "Grader",
  "Hyperparameters",
  "Evaluation",
  "EvaluationPage",
  "Verdict",
  "Deployment",
  "DeploymentPage",
  "ActiveDeployment",
  "Lineage",
  "Pipeline",
  "PipelinePage",
  "GatePolicy",
  "RedactionRules",
  "Rescan",
  "Health",
  "Stats",
  "Error",
];

describe("every noun is declared once", () => {
  test("under the name that people know it by", () => {
    expect(NOUNS.filter((name) => schemas[name] === undefined)).toEqual([]);
    expect(Object.keys(schemas).filter((name) => !/^[A-Z][A-Za-z]*$/.test(name))).toEqual([]);
  });

  test("and what each operation takes and answers has a name", () => {
    for (const { operationId, requestBody, responses } of operations) {
      const name = operationId.charAt(0).toUpperCase() + operationId.slice(1);
      const body = requestBody?.content["application/json"]?.schema;
      if (body?.properties === undefined && body !== undefined && body.type !== "object")
        expect(body.$ref).toBe(`${SCHEMAS}${name}Input`);
      for (const one of Object.values(responses).flatMap(({ content }) => bodiesOf(content)))
        expect([operationId, one.$ref ?? one.type]).not.toEqual([operationId, "object"]);
    }
  });

  test("and no object with members and no choice of texts stands anywhere else", () => {
    const inline = [...Object.values(schemas).flatMap(below), ...asked, ...answered].flatMap(within);
    expect(inline.filter(({ properties }) => Object.keys(properties ?? {}).length > 0)).toEqual([]);
    expect(inline.filter((one) => one.enum !== undefined && one.enum.length > 1)).toEqual([]);
  });

  test("and referred to: no component is unused, no reference leads nowhere", () => {
    expect([...reached([...asked, ...answered])].toSorted()).toEqual(Object.keys(schemas).toSorted());
    expect(JSON.stringify(document)).not.toMatch(/"x-noun"|__schema/);
  });
});

describe("generators read every form", () => {
  test("no tuple, no boolean items, no union but of objects told apart by their type", () => {
    for (const schema of all) {
      expect(schema).not.toMatchObject({ oneOf: expect.anything() });
      expect(schema).not.toMatchObject({ allOf: expect.anything() });
      expect(schema.prefixItems).toBeUndefined();
      expect(["undefined", "object"]).toContain(typeof schema.items);
      if (schema.anyOf === undefined) continue;
      const refs = schema.anyOf.map(({ $ref }) => $ref);
      expect(Object.values(schema.discriminator?.mapping ?? {})).toEqual(refs);
    }
  });

  test("every group of operations is declared, and says what it is about", () => {
    const used = new Set(
      Object.values(document.paths ?? {}).flatMap(({ get, post }) =>
        [get, post].flatMap((one) => one?.tags ?? []),
      ),
    );
    expect(document.tags?.map(({ name }) => name).toSorted()).toEqual([...used].toSorted());
    for (const { description } of document.tags ?? []) expect(description).toMatch(/\.$/);
  });

  test("what is required is declared", () => {
    for (const { required = [], properties = {} } of all)
      expect(required.filter((name) => !(name in properties))).toEqual([]);
  });

  test("whole numbers have 64 bits and no bounds that are no bounds", () => {
    for (const schema of all)
      if (schema.type === "integer") {
        expect(schema.format).toBe("int64");
        expect([schema.minimum, schema.maximum]).not.toContain(Number.MAX_SAFE_INTEGER);
        expect(schema.minimum).not.toBe(Number.MIN_SAFE_INTEGER);
      }
    expect(schemas.TrainingRun?.properties?.trained_tokens?.type).toBe("integer");
    expect(schemas.Episode?.properties?.schema_version?.type).toBe("integer");
  });

  test("null stands in a list of types alone, and among the values where these are listed", () => {
    for (const schema of all) {
      expect(schema.type).not.toBe("null");
      if (Array.isArray(schema.type) && schema.enum !== undefined)
        expect(schema.enum.includes(null)).toBe(schema.type.includes("null"));
    }
  });

  test("answers have no defaults, and may gain members", () => {
    const nouns = [...reached(answered)].filter((name) => !reached(asked).has(name));
    for (const schema of nouns.flatMap((name) => within(schemas[name] ?? {}))) {
      expect("default" in schema).toBe(false);
      expect(schema.additionalProperties).not.toBe(false);
    }
  });

  test("what is answered as one of several texts may be a further one, and says so", () => {
    for (const name of reached(answered)) {
      const { enum: values, description, "x-extensible-enum": open } = schemas[name] ?? {};
      if (values === undefined) continue;
      expect([name, open]).toEqual([name, values.filter((one) => one !== null)]);
      expect(description).toContain("Further values may come");
    }
  });
});

describe("times are date-time", () => {
  const IDS = new Set([
    "AuditWrite.after_etag",
    "DeploymentEvent.from",
    "DeploymentEvent.to",
    "DeploymentWithdrawn.to",
  ]);
  test("in answers and in what is sent", () => {
    for (const [noun, { properties = {} }] of Object.entries(schemas))
      for (const [field, { type, format }] of Object.entries(properties)) {
        if (!/(?:_at|_date|_until)$|^(?:at|since|until|test_after|watermark)$/.test(field)) continue;
        if (IDS.has(`${noun}.${field}`) || type === undefined || [type].flat().includes("integer")) continue;
        expect([noun, field, format]).toEqual([noun, field, "date-time"]);
      }
  });

  test("what is sent may be a day alone, whose meaning is told", () => {
    for (const field of ["start_date", "end_date", "test_after"])
      expect(schemas.BuildDatasetInput?.properties?.[field]?.description).toMatch(
        /a day alone is its (first|last) instant/,
      );
  });
});

describe("everything is described", () => {
  test("operations, by more than their summary", () => {
    for (const { operationId, summary, description = "" } of operations) {
      expect([operationId, description.startsWith(summary)]).toEqual([operationId, true]);
      expect(description.length).toBeGreaterThan(summary.length + 20);
    }
  });

  test("parameters and fields", () => {
    const silent = [
      ...operations.flatMap(({ operationId, parameters = [] }) =>
        parameters
          .filter(({ description, schema }) => (description ?? schema.description) === undefined)
          .map(({ name }) => `${operationId} ${name}`),
      ),
      ...Object.entries(schemas).flatMap(([noun, { properties = {} }]) =>
        Object.entries(properties)
          .filter(([, { description }]) => description === undefined || description === "")
          .map(([field]) => `${noun}.${field}`),
      ),
    ];
    expect(silent).toEqual([]);
  });
});

const object = (properties: Record<string, Schema>, required = Object.keys(properties)): Schema => ({
  type: "object",
  properties,
  required,
});
const text: Schema = { type: "string" };
test.each<[string, Schema, Schema]>([
  ["a text or null", { anyOf: [text, { type: "null" }] }, { type: ["string", "null"] }],
  [
    "one of some texts or null",
    { anyOf: [{ type: "string", enum: ["a", "b"] }, { type: "null" }] },
    { type: ["string", "null"], enum: ["a", "b", null] },
  ],
  [
    "a number or a word",
    { description: "n", anyOf: [{ type: "number" }, { type: "string", const: "auto" }] },
    { description: "n" },
  ],
  [
    "text or a list, or null",
    { anyOf: [text, { type: "array", items: text }, { type: "null" }] },
    { description: "Any JSON value." },
  ],
  [
    "two numbers",
    {
      anyOf: [
        { type: "number", const: 0 },
        { type: "number", const: 1 },
      ],
    },
    { type: "integer", minimum: 0, maximum: 1, format: "int64" },
  ],
  [
    "two words",
    {
      anyOf: [
        { type: "string", const: "a" },
        { type: "string", const: "b" },
      ],
    },
    { type: "string", enum: ["a", "b"] },
  ],
  [
    "two objects",
    { anyOf: [object({ a: text, b: text }), object({ b: text, c: { type: "boolean" } })] },
    object({ a: text, b: text, c: { type: "boolean" } }, ["b"]),
  ],
  [
    "objects with one member of two types",
    { anyOf: [object({ a: text }), object({ a: { type: "number" } })] },
    object({ a: { description: "Any JSON value." } }),
  ],
  [
    "a union in a union",
    { anyOf: [{ anyOf: [text, { type: "null" }] }, { type: "null" }] },
    { type: ["string", "null"] },
  ],
  [
    "two places",
    { type: "array", prefixItems: [{ type: "number" }, { type: "number" }] },
    { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 },
  ],
  ["any value", { $ref: `${SCHEMAS}__schema7` }, { description: "Any JSON value." }],
])("%s", (_what, schema, expected) => {
  expect(plain(schema, "output")).toEqual(expected);
  expect(plain({ type: "array", items: schema }, "input")).toEqual({ type: "array", items: expected });
});

/** Fields of answers that hold any JSON, because whoever recorded them chose its form. */
const FREE = [
  /\.(metadata|sampling|metrics|parameters)$/,
  /\.content$/, // A text or parts of it.
  /^ToolCall\.(arguments|result)$/,
  /^Correction\.correction$/,
  /Error\.details$/,
  /\.grader$/,
  /^TestRedactionReply\.redacted$/,
];

describe("in an answer", () => {
  test("a figure or a word has one form: any value stands where the form is its owner's alone", () => {
    const open = [...reached(answered)].flatMap((name) =>
      Object.entries(schemas[name]?.properties ?? {}).flatMap(([field, schema]) => {
        const inner = typeof schema.additionalProperties === "object" ? schema.additionalProperties : schema;
        const known = ["type", "$ref", "anyOf", "oneOf", "allOf", "enum"] as const;
        return known.some((key) => inner[key] !== undefined) ? [] : [`${name}.${field}`];
      }),
    );
    expect(open.filter((place) => !FREE.some((one) => one.test(place)))).toEqual([]);
    expect(open.length).toBeGreaterThan(5);
  });

  test("and one type: several stand only where the provider's own parameters are passed on", () => {
    const several = [...reached(answered)].flatMap((name) =>
      Object.entries(schemas[name]?.properties ?? {}).flatMap(([field, schema]) =>
        within(schema).some(
          ({ type }) => Array.isArray(type) && type.filter((one) => one !== "null").length > 1,
        )
          ? [`${name}.${field}`]
          : [],
      ),
    );
    expect(several).toEqual(["GraderScoreModel.sampling_params"]);
  });
});
