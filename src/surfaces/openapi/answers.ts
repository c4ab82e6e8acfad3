import { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import type { Operation } from "../../doors/operation.ts";
import { errorSchema } from "./error-schema.ts";
import { type Header, headersOf, LATER, MONITOR, REPLAYED, RETRY, TAG } from "./headers.ts";
import { refusalsOf } from "./refusals.ts";

/** What a row may answer, by status: what its `answers` and its place in the table say, and nothing else. */
export function responsesOf(operation: Operation): ZodOpenApiResponsesObject {
  const { answers = {}, rest } = operation;
  const get = rest.method === "GET";
  const json = { "application/json": { schema: operation.output } };
  const own = answers.headers ?? {};
  const done = { ...(get ? TAG : REPLAYED(operation)), ...texts(own) };
  return {
    ...(answers.stored === "always" ? {} : { 200: { description: "Done.", ...success(done, operation) } }),
    ...(answers.stored === undefined
      ? {}
      : { 201: { description: "Stored.", ...headersOf(REPLAYED(operation)), content: json } }),
    ...(answers.later === undefined
      ? {}
      : {
          202: {
            description: "Under way: the record so far, and the address at which to ask later.",
            ...headersOf({ ...LATER, ...(answers.monitor === undefined ? {} : MONITOR) }),
            content: json,
          },
        }),
    ...(answers.waits === undefined
      ? {}
      : { 202: { description: "Kept until what it belongs to comes.", content: json } }),
    ...(answers.file === undefined
      ? {}
      : {
          206: {
            description: "The bytes that `Range` asks for.",
            ...headersOf({ ...fileHeaders, ...texts(own), "Content-Range": "Which bytes, of how many." }),
            content: fileContent(answers.file),
          },
        }),
    ...(rest.manyAs === undefined
      ? {}
      : {
          207: {
            description: "Several items, each with its own result.",
            ...headersOf(REPLAYED(operation)),
            content: json,
          },
        }),
    ...(get
      ? {
          // Kiota takes a 304 beside a file for an operation that answers nothing.
          [answers.file === undefined ? 304 : "default"]: {
            description: "304: the caller has it already: its ETag is among those of `If-None-Match`.",
            ...headersOf({ ...(answers.file === undefined ? TAG : wholeFile), ...texts(own) }),
          },
        }
      : {}),
    ...Object.fromEntries(
      Object.entries(refusalsOf(operation)).map(([status, description]) => [
        status,
        { description, ...headersOf(refusalHeaders(status)), ...refusalContent(operation, status) },
      ]),
    ),
  };
}

function success(headers: Readonly<Record<string, Header>>, { answers, output }: Operation) {
  if (answers?.file === undefined)
    return { ...headersOf(headers), content: { "application/json": { schema: output } } };
  const whole = { ...headers, ...fileHeaders, "Content-Digest": "SHA-256 of this body (RFC 9530)." };
  return { ...headersOf(whole), content: fileContent(answers.file) };
}

const wholeFile = {
  ...TAG,
  "Accept-Ranges": "`bytes`: parts can be asked for.",
  "Repr-Digest": "SHA-256 of the whole file (RFC 9530).",
  "Content-Disposition": "The file's name.",
} satisfies Record<string, Header>;
const fileHeaders = {
  ...wholeFile,
  "Content-Length": z.number().int().min(0).optional().meta({ description: "Bytes of this body." }),
} satisfies Record<string, Header>;

const texts = (headers: Readonly<Record<string, string>>): Record<string, Header> => headers;

const fileContent = (mediaType: string) => ({
  [mediaType]: { schema: { type: "string" as const, format: "binary" } },
});

function refusalHeaders(status: string): Record<string, Header> {
  if (status === "429" || status === "503") return RETRY;
  return status === "416" ? { "Content-Range": "How many bytes there are: `bytes */N`." } : {};
}

/** A host that refuses a key or a name says no more than the status. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(["401", "421"]);

function refusalContent({ answers, output }: Operation, status: string) {
  if (WITHOUT_BODY.has(status)) return {};
  const findings = status === "503" && answers?.unwell === true && output instanceof z.ZodObject;
  const schema = findings ? output.extend({ error: errorSchema.shape.error.optional() }) : errorSchema;
  return { content: { "application/json": { schema } } };
}
