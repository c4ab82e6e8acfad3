import { z } from "zod";
import { checkedLaterAs, nounOf } from "../../doors/nouns.ts";
import type { Side } from "./schema.ts";

interface Written {
  readonly zodSchema: z.core.$ZodType;
  readonly jsonSchema: object;
}

/**
 * Puts into a JSON schema, as zod writes it, what zod does not know: the noun's name, what an item is held to later, and
 * of a value that is changed when it is read what it looks like on the wire.
 */
export function asWritten({ zodSchema, jsonSchema }: Written, io: Side): void {
  if (io === "output" && zodSchema instanceof z.ZodPipe && Object.keys(jsonSchema).length === 0)
    Object.assign(jsonSchema, schemaOf(zodSchema.in));
  const like = checkedLaterAs(zodSchema);
  if (like !== undefined) Object.assign(jsonSchema, schemaOf(like));
  const noun = nounOf(zodSchema);
  if (noun !== undefined && !("id" in jsonSchema)) Object.assign(jsonSchema, { "x-noun": noun });
}

function schemaOf(schema: z.core.$ZodType): object {
  const {
    $schema: _dialect,
    $defs: _any,
    ...written
  } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: (one) => asWritten(one, "input"),
  });
  return written;
}
