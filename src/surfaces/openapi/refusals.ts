import { z } from "zod";
import { takesKey } from "../../doors/idempotency-key.ts";
import { bare } from "../../doors/kept.ts";
import type { Operation } from "../../doors/operation.ts";

/** The refusals that a row can answer with, by status, each with what it means. */
export function refusalsOf(operation: Operation): Record<string, string> {
  const { answers = {}, input, rest, effect, open } = operation;
  const post = rest.method === "POST";
  const fields = Object.keys(input.shape);
  const can: Record<number, boolean> = {
    400: post || fields.includes("continuation"),
    403: open !== true,
    404: fields.some((field) => namesRecord(field, operation)),
    409: takesKey(operation) || answers.conflicts === true,
    412: !post || effect !== "read",
    415: post,
    416: answers.file !== undefined,
  };
  return Object.fromEntries(
    Object.entries(MEANINGS)
      .filter(([status]) => can[Number(status)] ?? true)
      .map(([status, meaning]) => [status, status === "400" ? unreadable(post, fields) : meaning]),
  );
}

const RECORDS = /^((episode|reward|dataset|run|evaluation|target|pipeline)_id|include_golden)$/;

/** An id in the path, or in the body of what does something with it; a filter of a list finds nothing instead. */
function namesRecord(field: string, { rest, input }: Operation): boolean {
  if (field === "agent_id") return false;
  if (rest.path.includes(`{${field}}`))
    return !(bare(input.shape[field] as z.ZodType).schema instanceof z.ZodEnum);
  return rest.method === "GET" ? field === "id" : RECORDS.test(field);
}

function unreadable(post: boolean, fields: readonly string[]): string {
  const faults = [
    ...(post ? ["a body that is not JSON in UTF-8, or an Idempotency-Key that is none"] : []),
    ...(fields.includes("continuation") ? ["a continuation that this list has not given"] : []),
  ];
  return `Cannot be read: ${faults.join("; ")}.`;
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: "Cannot be read.",
  401: "No function key or a wrong one: answered by the host, without a body. Where persons are let in, nobody is signed in: with the body of every refusal.",
  403: "The role for this agent is missing. A request from another site that the host refuses is answered as a text.",
  404: "There is no such thing.",
  409: "The state of the thing forbids it.",
  412: "It is not in the state that If-Match names, or somebody else was faster: read again and retry.",
  413: "Too large.",
  415: "Not a content type, or a content coding, that is taken.",
  416: "No byte of the file is in the range.",
  421: "The host does not serve the name that was asked for: answered by the host, as a text.",
  422: "Read and refused; nothing was stored.",
  429: "Too much was asked for: try again after Retry-After seconds. Nothing was stored.",
  500: "A fault on our side.",
  503: "Try again after Retry-After seconds.",
};
