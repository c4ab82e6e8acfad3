import { z } from "zod";

/** What schemas are called where they are declared once: in the API's description and in the types of the wire. */
const nouns = z.registry<{ readonly noun: string }>();

export function nameNoun(schema: z.ZodType, noun: string): void {
  nouns.add(schema, { noun });
}

/** A schema's name, also of the same one with a description of its own. */
export const nounOf = (schema: z.core.$ZodType): string | undefined => nouns.get(schema)?.noun;
