import { z } from "zod";

/**
 * What becomes of the strings that a schema describes when they enter by an operation. Without a word about it they are
 * redacted; whoever wants otherwise says so here, with the reason.
 */
export interface Entry {
  /**
   * `exact`: kept as it stands, and a write that brings a secret in it is refused. `expression`: likewise, where it is
   * written out. `later`: redacted further in, or never stored. `name`: of somebody, redacted one to one, so that two
   * people stay two.
   */
  readonly how: "exact" | "expression" | "later" | "name";
  readonly because: string;
  /** It names a model or a deployment, to be used. */
  readonly isModel?: boolean;
}

/** Beside the schemas and not in them, so that no description shows it. What is made of a schema (`meta`, `max`) inherits it. */
const entries = z.registry<Entry>();

export const entryOf = (schema: z.core.$ZodType): Entry | undefined => entries.get(schema);

const marked =
  (how: Entry["how"], isModel = false) =>
  <Schema extends z.ZodType>(because: string, schema: Schema): Schema => {
    // A schema that others use too stays as it is.
    const own = schema.clone();
    entries.add(own, { how, because, ...(isModel ? { isModel } : {}) });
    return own;
  };

/** Must be exact: an id, a name that a provider compares. A secret in it refuses a write, as nothing can stand in its place. */
export const keptExact = marked("exact");
/** A model or a deployment that the input says to use, as the provider knows it: rights are asked of whose it is. */
export const modelName = <Schema extends z.ZodType>(schema: Schema): Schema =>
  marked("exact", true)("the provider knows it by this name", schema);
/** A regular expression: `token=[0-9a-f]{32}` tells of secrets and holds none. */
export const keptExpression = marked("expression");
/** Is redacted where it is read in its own form, or is looked at and never stored. */
export const redactedLater = marked("later");
/** The name of a person, a team or a program, as the caller gives it. */
export const claimedName = <Schema extends z.ZodType>(schema: Schema): Schema =>
  marked("name")("names are told apart", schema);

type Def = z.core.$ZodTypes["_zod"]["def"];
export const defOf = (schema: z.core.$ZodType): Def => (schema as z.ZodType).def as Def;

/** The schema under optional, default and the like, and what is said of it on the way down. */
export function bare(schema: z.core.$ZodType): {
  readonly schema: z.core.$ZodType;
  readonly entry: Entry | undefined;
} {
  let at = schema;
  for (;;) {
    const entry = entryOf(at);
    if (entry !== undefined) return { schema: at, entry };
    const def = defOf(at);
    if ("innerType" in def) at = def.innerType;
    // What is parsed comes out of a pipe; a transform at its end has no form, one at its beginning (preprocess) neither.
    else if (def.type === "pipe") at = defOf(def.out).type === "transform" ? def.in : def.out;
    else return { schema: at, entry: undefined };
  }
}
