import { z } from "zod";
import { takesKey } from "../../doors/idempotency-key.ts";
import type { Operation } from "../../doors/operation.ts";

/** A response header: what it says, where it is a text; else its schema. */
export type Header = string | z.ZodType;
type Headers = Readonly<Record<string, Header>>;

const seconds = (description: string) => z.number().int().min(1).optional().meta({ description });

export const TAG = { ETag: "Names this very content, for `If-None-Match` and `If-Match`." } satisfies Headers;
export const RETRY = { "Retry-After": seconds("Seconds; when to try again.") } satisfies Headers;
export const LATER = {
  Location: "The address of what comes of it: a GET that answers 200 with the record as it stands.",
  "Retry-After": seconds("Seconds until it is worth asking."),
} satisfies Headers;

/** Of work that a status monitor follows. */
export const MONITOR = {
  "Operation-Location": "The status monitor: how the work stands, in the words of the Azure REST guidelines.",
} satisfies Headers;

/** Of a row that takes a key. */
export const REPLAYED = (operation: Pick<Operation, "rest" | "idempotency">): Headers =>
  takesKey(operation)
    ? { "Idempotent-Replayed": "`true`: the answer of an earlier request under this Idempotency-Key." }
    : {};

/** As a response has them; nothing where there are none. */
export function headersOf(headers: Headers): { headers?: z.ZodObject } {
  const shape = Object.fromEntries(
    Object.entries(headers).map(([name, header]) => [
      name,
      typeof header === "string" ? z.string().optional().meta({ description: header }) : header,
    ]),
  );
  return Object.keys(shape).length === 0 ? {} : { headers: z.object(shape) };
}
