import { z } from "zod";
import { ID_PATTERN } from "../kernel/ids.ts";
import { keptExact } from "./kept.ts";

/** Schemas that every stage's contract shares, in wire form. */
export const idSchema = keptExact(
  "records are found by it",
  z
    .string()
    .regex(ID_PATTERN, "must be 1 to 100 letters, digits, `.`, `_` or `-`, starting with a letter or digit"),
);

export const agentIdSchema = idSchema.meta({ description: "The agent; LIGHTNING_AGENT_ID when absent." });

/**
 * What a setting of this deployment gives where a caller says nothing. No description of the API tells it: clients are
 * made from one deployment and used at another, and some send the defaults that they know.
 */
const settingsDefault = <Schema extends z.ZodType>(
  schema: Schema,
  value: z.util.NoUndefined<z.output<Schema>>,
) => schema.default(value).meta({ default: undefined });

export const agentOr = (agentId: string) => settingsDefault(agentIdSchema, agentId);

/** A time as it is stored and answered. */
export const storedTimeSchema = z.iso.datetime();

/** On a record that an orchestration works on: how often a dead one was started again for it, and why the last time. */
export const takenUpSchema = z.object({
  times: z.number().int().meta({ description: "How often within a day." }),
  since: storedTimeSchema.optional().meta({ description: "The first of these times." }),
  at: storedTimeSchema,
  because: z.string(),
});

/** On the answer about a record that an orchestration works on, or is to work on. */
export const placeInQueueSchema = z.number().int().min(1).optional().meta({
  description:
    "It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun.",
});

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
/** Any JSON value; NaN and infinities cannot come over the wire and are refused from code. */
export const jsonSchema: z.ZodType<Json> = z.json();

/**
 * Where a value holds the key `__proto__`, at any depth; undefined: nowhere. A plain object cannot hold it: schemas and
 * copies would leave it out without a word, so that doors refuse it.
 */
export function placeOfProto(value: unknown): string[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, "__proto__")) return ["__proto__"];
  for (const name in value) {
    const below = placeOfProto((value as Record<string, unknown>)[name]);
    if (below !== undefined) return [name, ...below];
  }
  return undefined;
}
/** Anything by name. A key `__proto__`, at any depth, is refused: it would vanish. */
export const metadataSchema = z.preprocess<
  unknown,
  z.ZodRecord<z.ZodString, typeof jsonSchema>,
  Record<string, unknown>
>(
  (value, context) => {
    if (placeOfProto(value) !== undefined)
      context.addIssue({ code: "custom", message: 'must not hold the key "__proto__"' });
    return value;
  },
  z.record(z.string().max(200), jsonSchema),
);

/** What is left over at the provider this long is missed by nobody. */
const LEFTOVER_DAYS = 7;
/** The least age of leftovers to remove; LIGHTNING_CLEAN_UP_AFTER_DAYS goes before the default of seven days. */
export const olderThanDaysSchema = (setting: number | undefined, what: string) =>
  settingsDefault(
    z
      .number()
      .int()
      .min(0)
      .max(3650)
      .meta({
        description: `${what} LIGHTNING_CLEAN_UP_AFTER_DAYS when absent, ${LEFTOVER_DAYS} without it.`,
      }),
    setting ?? LEFTOVER_DAYS,
  );

/** Paging, the same on every list. */
export const pagingSchema = {
  limit: z.number().int().min(1).max(1000).default(20).meta({ description: "Items on a page, 1 to 1000." }),
  continuation: keptExact("it is our own, and signed", z.string().max(8000))
    .optional()
    .meta({ description: "The continuation of the page before." }),
};
export const continuationSchema = z.string().optional().meta({
  description: "There are more: asked with this, the next page is answered. Absent on the last page.",
});
/** How many items a page holds, by the name that it has had from the beginning. */
export const foundSchema = (what: string) =>
  z
    .number()
    .int()
    .meta({ description: `${what} on this page, not of all: \`continuation\` says that there are more.` });
