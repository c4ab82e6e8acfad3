import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { takesKey } from "../../doors/idempotency-key.ts";
import type { Operation } from "../../doors/operation.ts";
import { ROUTE_PREFIX } from "../../doors/operation.ts";
import { packageVersion } from "../package-version.ts";
import { responsesOf } from "./answers.ts";
import { asWritten } from "./as-written.ts";
import { declaredOnce } from "./declared.ts";
import { descriptionOf } from "./describe.ts";
import { headerParameters } from "./parameters.ts";
import { tagOf, tagsOf } from "./tags.ts";

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
  const document = createDocument(
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
      security: [{ functionKey: [] }, { functionKeyInQuery: [] }, { signIn: [] }],
      tags: tagsOf(operations),
      paths,
      components: {
        securitySchemes: {
          functionKey: { type: "apiKey", in: "header", name: "x-functions-key" },
          functionKeyInQuery: { type: "apiKey", in: "query", name: "code" },
          signIn: {
            type: "http",
            scheme: "bearer",
            bearerFormat: "JWT",
            description: "A Microsoft Entra token for the app, where persons sign in.",
          },
        },
      },
    },
    {
      // Transforms (times made UTC) change a value, not what it looks like on the wire.
      allowEmptySchema: { pipe: true, transform: true, custom: true, unknown: true, any: true },
      reused: "inline",
      override: (written) => asWritten(written, written.io),
    },
  );
  return declaredOnce(document);
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
    description: descriptionOf(operation),
    tags: [tagOf(operation)],
    ...extensions(operation),
    requestParams: {
      ...(inPath.length > 0 ? { path: z.object(pathShape) } : {}),
      ...(get && Object.keys(rest).length > 0 ? { query: z.object(rest) } : {}),
      header: z.object(headerParameters(operation)),
    },
    ...(get ? {} : { requestBody: { required: true, content: bodyContent(operation, rest, example) } }),
    responses: responsesOf(operation),
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
