import { z } from "zod";
import { keptExpression } from "../doors/kept.ts";
import { storedTimeSchema } from "../doors/schemas.ts";
import type { LedgerDocument } from "../ledger/ledger.ts";
import { PSEUDONYM_KINDS } from "../redaction/pseudonyms.ts";

/** Bounds of an agent's own rules, and of those for every agent. */
export const MOST_RULES = 50;
export const LONGEST_PATTERN = 500;

/** One rule of an owner's: what matches is replaced wherever it stands. */
export const redactionRuleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w][\w .-]{0,59}$/, "must be 1 to 60 letters, digits, blanks, `_`, `.` or `-`")
    .meta({ description: "What the rule is called here; one name, one rule." }),
  pattern: keptExpression("it tells what to look for", z.string().min(1).max(LONGEST_PATTERN)).meta({
    description:
      "A regular expression in RE2's syntax: no backreferences, no looking around; `(?i)` ignores case.",
  }),
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,29}$/, "must be 1 to 30 lower-case letters, digits or `_`")
    .optional()
    .meta({
      description: "The word in the placeholder, `[REDACTED:customer_number]`; made of the name when absent.",
    }),
  pseudonym: z.boolean().default(false).meta({
    description: "The same value gets the same token: for ids of persons, never for a password or a key.",
  }),
  enabled: z.boolean().default(true).meta({ description: "False keeps the rule without using it." }),
  note: z.string().max(300).optional().meta({ description: "Why the rule is there." }),
});
export type RedactionRule = z.output<typeof redactionRuleSchema>;

/** `Customer number` → `customer_number`. */
export const kindOf = ({ kind, name }: Pick<RedactionRule, "kind" | "name">): string =>
  kind ??
  `rule_${name.toLowerCase().replace(/[^a-z0-9]+/g, "_")}`.replace(/^rule_(?=[a-z])/, "").slice(0, 30);

export const redactionRulesSchema = z.array(redactionRuleSchema).max(MOST_RULES);

export const pseudonymsSchema = z.array(z.enum(PSEUDONYM_KINDS)).max(PSEUDONYM_KINDS.length);

/** The rules of one agent, or those of every agent, with the version that each change of them raises. */
export const rulesRecordSchema = z.object({
  version: z.number().int().meta({ description: "0: nothing was ever set." }),
  rules: redactionRulesSchema,
  pseudonyms: pseudonymsSchema.meta({
    description: "Kinds of personal data of which the same value gets the same token.",
  }),
  changed_at: storedTimeSchema.optional(),
  changed_by: z.string().optional(),
});
export type RulesRecord = z.output<typeof rulesRecordSchema>;

/** As it lies in the ledger, in the partition of all of them. */
export interface RulesDocument extends RulesRecord, LedgerDocument {
  readonly agent_id: "redaction";
  readonly type: "redaction_rules";
  readonly created_at: string;
}

export const NO_RULES: RulesRecord = { version: 0, rules: [], pseudonyms: [] };
