import { z } from "zod";
import { takesKey } from "../../doors/idempotency-key.ts";
import { bare } from "../../doors/kept.ts";
import type { Operation } from "../../doors/operation.ts";

/**
 * The refusals that a row can answer with, by status, each with what it means. What is not in `can` comes to all rows:
 * 401 and 421 from the host; 413 and 422 because a GET has its query, whose fields may be too long or unknown; 429 and
 * 503 from what stands before every row (the rate, and the ledger with roles and rules); 500 wherever there is code.
 */
export function refusalsOf(operation: Operation): Record<string, string> {
  const { answers = {}, input, rest, effect, open } = operation;
  const post = rest.method === "POST";
  const fields = Object.keys(input.shape);
  const can: Record<number, boolean> = {
    400: post || fields.includes("continuation"),
    403: open !== true,
    404: fields.some((field) => namesRecord(field, operation)),
    409: takesKey(operation) || answers.conflicts === true,
    // A GET keeps If-Match. Whatever writes may lose to others over the same document (`etag_mismatch`).
    412: !post || effect !== "read",
    415: post,
    416: answers.file !== undefined,
  };
  const said: Readonly<Record<string, string>> = {
    400: unreadable(post, fields),
    412: outrun(operation),
  };
  return Object.fromEntries(
    Object.entries(MEANINGS)
      .filter(([status]) => can[Number(status)] ?? true)
      .map(([status, meaning]) => [status, said[status] ?? meaning]),
  );
}

/** What 412 means to a row: each has its own ways to it. */
function outrun({ answers, rest }: Operation): string {
  const conditional = rest.method === "GET" || answers?.changes !== undefined;
  return [
    ...(conditional ? ["It is not in the state that If-Match names (`content_changed`)."] : []),
    ...(rest.method === "GET" ? [] : ["Others were faster each time: read again and retry."]),
  ].join(" ");
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
    ...(post
      ? ["a body that is not JSON in UTF-8, an Idempotency-Key that is none, or a condition that is not kept"]
      : []),
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
  412: "Somebody else was faster.",
  413: "Too large.",
  415: "Not a content type, or a content coding, that is taken.",
  416: "No byte of the file is in the range.",
  421: "The host does not serve the name that was asked for: answered by the host, as a text.",
  422: "Read and refused; nothing was stored.",
  429: "Too much was asked for: try again after Retry-After seconds. Nothing was stored.",
  500: "A fault on our side.",
  503: "Try again after Retry-After seconds.",
};
