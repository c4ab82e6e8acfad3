import { z } from "zod";
import { LONGEST_KEY, takesKey } from "../../doors/idempotency-key.ts";
import { nameNoun } from "../../doors/nouns.ts";
import type { Operation } from "../../doors/operation.ts";
import { LARGEST_BODY } from "../rest-body.ts";

const PREFER = z.string().optional().meta({
  description:
    "`wait=N`: seconds to wait for a long operation before 202 is answered, 0 to 200; 10 without it.",
  example: "wait=10",
});
const CONTENT_ENCODING = z.enum(["gzip", "deflate", "br", "identity"]);
// Of no row, and so not called after the first that has it.
nameNoun(CONTENT_ENCODING, "ContentEncoding");
const ENCODING = CONTENT_ENCODING.optional().meta({
  description: `How the body is packed; unpacked it has at most ${LARGEST_BODY} bytes, as a body that is not packed.`,
});
const KEY = z.string().min(1).max(LONGEST_KEY).optional().meta({
  description:
    "The same key with the same input, for the same agent, is carried out once and answered alike; with other input it is refused (409 `idempotency_conflict`). While it is being carried out: 409 `idempotency_in_progress`.",
});
const text = (description: string) => z.string().optional().meta({ description });

const NONE_MATCH = text(
  "ETags that the caller has; where the content is still one of them, 304 is answered.",
);
const MATCH = text("The ETag that must still be the content's; else 412 is answered.");
const RANGE = text("`bytes=from-to`, `bytes=from-` or `bytes=-last`: one range of the file's bytes.");
const IF_RANGE = text(
  "The ETag that the range is of; where it is not the file's, the whole file is answered.",
);

/** The request headers that a row reads, under their names. */
export function headerParameters(operation: Operation): Record<string, z.ZodType> {
  const { answers = {}, rest } = operation;
  if (rest.method === "GET")
    return {
      "If-None-Match": NONE_MATCH,
      "If-Match": MATCH,
      ...(answers.file === undefined ? {} : { Range: RANGE, "If-Range": IF_RANGE }),
    };
  return {
    ...(answers.later === undefined ? {} : { Prefer: PREFER }),
    "Content-Encoding": ENCODING,
    ...(takesKey(operation) ? { "Idempotency-Key": KEY } : {}),
    ...(answers.changes === undefined
      ? {}
      : {
          "If-Match": text(
            `The ETag of GET \`${answers.changes}\`: the change is made in that state alone; else 412 is answered.`,
          ),
        }),
  };
}
