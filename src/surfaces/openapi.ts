import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { LONGEST_KEY, takesKey } from "../doors/idempotency-key.ts";
import type { Operation } from "../doors/operation.ts";
import { ROUTE_PREFIX } from "../doors/operation.ts";
import { packageVersion } from "./package-version.ts";
import { LARGEST_BODY } from "./rest-body.ts";

const errorSchema = z
  .object({
    error: z.object({
      code: z.string().meta({ description: "Stable; each has a heading in docs/errors.md." }),
      formerly: z.string().optional().meta({ description: "The code of the release before." }),
      message: z.string(),
      field: z.string().optional().meta({ description: "The input field at fault, as a path." }),
      remedy: z.string().optional(),
      details: z.unknown().optional(),
      retry_after_seconds: z
        .number()
        .int()
        .optional()
        .meta({ description: "When to try again; of 429 and 503, as the header Retry-After." }),
    }),
  })
  .meta({ id: "Error", description: "What every refusal looks like." });

/** Refusals any operation may answer with; a row's own are among them. */
const ERRORS: Record<string, string> = {
  400: "Cannot be read: not JSON, or not a content type that is taken.",
  401: "No function key or a wrong one; where persons are let in, nobody is signed in.",
  403: "The role for this agent is missing.",
  404: "There is no such thing.",
  409: "The state of the thing forbids it.",
  412: "Somebody else was faster: read again and retry.",
  413: "Too large.",
  422: "Read and refused; nothing was stored.",
  429: "Too much was asked for: try again after Retry-After seconds. Nothing was stored.",
  500: "A fault on our side.",
  503: "Try again after Retry-After seconds.",
};

/** Of these the error's `retry_after_seconds`, where it has it, stands in a header, too. */
const RETRIED: ReadonlySet<string> = new Set(["429", "503"]);
const retryHeaders = z.object({
  "Retry-After": z.number().int().min(1).optional().meta({ description: "Seconds; when to try again." }),
});

const preferParameter = z.string().optional().meta({
  description:
    "`wait=N`: seconds to wait for a long operation before 202 is answered, 0 to 200; 10 without it.",
  example: "wait=10",
});
const encodingParameter = z
  .enum(["gzip", "deflate", "br", "identity"])
  .optional()
  .meta({
    description: `How the body is packed; unpacked it has at most ${LARGEST_BODY} bytes, as a body that is not packed.`,
  });
const idempotencyParameter = z.string().min(1).max(LONGEST_KEY).optional().meta({
  description:
    "The same key with the same input, for the same agent, is carried out once and answered alike; with other input it is refused (409 `idempotency_conflict`). While it is being carried out: 409 `idempotency_in_progress`.",
});

/**
 * The API as an OpenAPI 3.1 document, from the same rows as the routes.
 * @param server address before `/api`, when it is known
 */
export function openapiDocument(
  operations: readonly Operation[],
  options: { readonly server?: string } = {},
): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const operation of operations) {
    for (const [path, suffix] of literalPaths(operation.rest.path)) {
      const address = `/${ROUTE_PREFIX}${path}`;
      const item = paths[address] ?? {};
      paths[address] = item;
      item[operation.rest.method === "GET" ? "get" : "post"] = describeOperation(operation, path, suffix);
    }
  }
  return createDocument(
    {
      openapi: "3.1.0",
      info: {
        title: "Agent Lightning",
        version: packageVersion(),
        description:
          "Episodes, rewards, datasets, training, evaluation, deployments and pipelines of agents.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: `${options.server ?? ""}/api` }],
      security: [{ functionKey: [] }, { functionKeyInQuery: [] }],
      paths,
      components: {
        securitySchemes: {
          functionKey: { type: "apiKey", in: "header", name: "x-functions-key" },
          functionKeyInQuery: { type: "apiKey", in: "query", name: "code" },
        },
      },
    },
    {
      // Transforms (times made UTC) change a value, not what it looks like on the wire.
      allowEmptySchema: { pipe: true, transform: true, custom: true, unknown: true, any: true },
      reused: "inline",
      override({ zodSchema, jsonSchema, io }) {
        if (io === "output" && zodSchema instanceof z.ZodPipe && Object.keys(jsonSchema).length === 0)
          Object.assign(jsonSchema, z.toJSONSchema(zodSchema.in, { io: "input" }), { $schema: undefined });
      },
    },
  );
}

/** `/lineage/{kind?}/{id?}` is two addresses in OpenAPI, which knows no optional segments. */
function literalPaths(path: string): [path: string, suffix: string][] {
  if (!path.includes("?}")) return [[path, ""]];
  const whole = path.replaceAll("?}", "}");
  return [
    [path.replaceAll(/\/\{[^}]+\?\}/g, ""), ""],
    [whole, "ById"],
  ];
}

function describeOperation(operation: Operation, path: string, suffix: string): ZodOpenApiOperationObject {
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? "");
  const shape = operation.input.shape as Record<string, z.ZodType>;
  const pick = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(shape).filter(([name]) => wanted(name)));
  const pathShape = pick((name) => inPath.includes(name));
  const rest = pick((name) => !inPath.includes(name));
  const get = operation.rest.method === "GET";
  const example = Object.fromEntries(
    Object.entries(operation.example).filter(([name]) => !inPath.includes(name)),
  );
  return {
    operationId: operation.name + suffix,
    summary: operation.summary,
    tags: [operation.rest.path.split("/")[1] ?? "other"],
    ...extensions(operation),
    requestParams: {
      ...(inPath.length > 0 ? { path: z.object(pathShape) } : {}),
      ...(get && Object.keys(rest).length > 0 ? { query: z.object(rest) } : {}),
      ...(get
        ? {}
        : {
            header: z.object({
              Prefer: preferParameter,
              "Content-Encoding": encodingParameter,
              ...(takesKey(operation) ? { "Idempotency-Key": idempotencyParameter } : {}),
            }),
          }),
    },
    ...(get ? {} : { requestBody: { required: true, content: bodyContent(operation, rest, example) } }),
    responses: {
      200: {
        description: "Done.",
        content: { "application/json": { schema: operation.output } },
      },
      ...(get
        ? {}
        : {
            201: {
              description: "Stored.",
              content: { "application/json": { schema: operation.output } },
            },
            202: {
              description: "Under way: the record so far, and the addresses to ask later.",
              content: { "application/json": { schema: operation.output } },
            },
          }),
      ...(operation.rest.manyAs === undefined
        ? {}
        : {
            207: {
              description: "Several items, each with its own result.",
              content: { "application/json": { schema: operation.output } },
            },
          }),
      ...Object.fromEntries(
        Object.entries(ERRORS).map(([status, description]) => [
          status,
          {
            description,
            ...(RETRIED.has(status) ? { headers: retryHeaders } : {}),
            content: { "application/json": { schema: errorSchema } },
          },
        ]),
      ),
    },
  };
}

function bodyContent(operation: Operation, rest: Record<string, z.ZodType>, example: unknown) {
  const body = z.strictObject(rest);
  const { manyAs } = operation.rest;
  return {
    "application/json": { schema: body, example },
    ...(manyAs === undefined
      ? {}
      : { "application/x-ndjson": { schema: z.string().meta({ description: "One JSON object a line." }) } }),
  };
}

/** What OpenAPI has no words for. */
const extensions = (operation: Operation) => ({
  "x-role": operation.role,
  ...(operation.open === true ? { "x-open": true } : {}),
  "x-effect": operation.effect,
  "x-idempotent": operation.idempotent,
  ...(operation.rest.method === "GET" ? {} : { "x-idempotency-key": takesKey(operation) }),
  ...(operation.idempotency !== undefined && "none" in operation.idempotency
    ? { "x-no-idempotency-key": operation.idempotency.none }
    : {}),
  ...(operation.cli === undefined ? {} : { "x-cli": `lightning ${operation.cli}` }),
  ...(operation.mcp === undefined ? {} : { "x-mcp-tools": [...operation.mcp] }),
  ...(operation.aliases === undefined ? {} : { "x-aliases": operation.aliases }),
});
