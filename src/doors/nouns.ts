import { z } from "zod";

/** What schemas are called where they are declared once: in the API's description and in the types of the wire. */
const nouns = z.registry<{ readonly noun: string }>();

export function nameNoun(schema: z.ZodType, noun: string): void {
  nouns.add(schema, { noun });
}

/** Items that are taken as they come, because each is refused for itself, and what each should be. */
const items = new WeakMap<z.core.$ZodType, z.ZodType>();

/** Any value; the API's description shows the schema that a row holds it to afterwards. */
export function checkedLater(like: z.ZodType): z.ZodUnknown {
  const schema = z.unknown();
  items.set(schema, like);
  return schema;
}

export const checkedLaterAs = (schema: z.core.$ZodType): z.ZodType | undefined => items.get(schema);

/** A schema's name, also of the same one with a description of its own. */
export const nounOf = (schema: z.core.$ZodType): string | undefined => nouns.get(schema)?.noun;
