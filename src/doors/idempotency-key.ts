import { z } from "zod";
import { badRequest, invalid } from "../kernel/errors.ts";
import { redactedLater } from "./kept.ts";
import type { Operation } from "./operation.ts";

export const LONGEST_KEY = 255;
/** Printable ASCII, as a header can carry it; no spaces at its ends, which a header would lose. */
const KEY = new RegExp(`^(?! )[ -~]{1,${LONGEST_KEY}}(?<! )$`);

const keySchema = redactedLater(
  "its hash alone is stored",
  z.string().regex(KEY, `1 to ${LONGEST_KEY} printable ASCII characters are taken`),
)
  .optional()
  .meta({
    description:
      "Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header.",
  });

/** Whether an Idempotency-Key holds for calls of the row: for every POST that does not say why not. */
export const takesKey = ({ rest, idempotency }: Pick<Operation, "rest" | "idempotency">): boolean =>
  rest.method === "POST" && (idempotency === undefined || !("none" in idempotency));

/** Whether our own clients send a key with every call: the row pays or moves. */
export const sendsKey = ({ idempotency = {} }: Pick<Operation, "idempotency">): boolean =>
  "sent" in idempotency;

/** The row with the field `idempotency_key`, by which doors without headers take a key. */
export function withKeyField(operation: Operation): Operation {
  if (!takesKey(operation)) return operation;
  return { ...operation, input: operation.input.extend({ idempotency_key: keySchema }) };
}

/** The header's key. @throws bad_request `bad_idempotency_key` */
export function keyOfHeader(text: string): string {
  if (KEY.test(text)) return text;
  throw badRequest(
    "bad_idempotency_key",
    `The Idempotency-Key header must have 1 to ${LONGEST_KEY} printable ASCII characters.`,
    { field: "Idempotency-Key", remedy: "Send a UUID." },
  );
}

/** The one key of a request. @throws invalid `invalid_input` when header and field name two */
export function oneKey(field: string | undefined, header: string | undefined): string | undefined {
  if (field !== undefined && header !== undefined && field !== header)
    throw invalid("invalid_input", "idempotency_key and the Idempotency-Key header name two keys.", {
      field: "idempotency_key",
      remedy: "Send one of them.",
    });
  return field ?? header;
}
