import { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import type { Operation } from "../../doors/operation.ts";

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

/** What a row may answer, by status. */
export function responsesOf(operation: Operation): ZodOpenApiResponsesObject {
  const get = operation.rest.method === "GET";
  return {
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
  };
}
