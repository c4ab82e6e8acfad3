import type { z } from "zod";
import { defOf } from "./kept.ts";

/**
 * A value without the members that are null where the schema takes none and does without them: many serialisers write
 * every unset member as null. Null stays where it means something (nullable fields, free JSON) and where a field is
 * demanded, so that the refusal tells of it.
 */
export const nullsAsAbsent = (schema: z.core.$ZodType, value: unknown): unknown =>
  holdsNull(value) ? cleaned(schema, value) : value;

function cleaned(schema: z.core.$ZodType, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const form = formOf(schema);
  const def = defOf(form);
  if (def.type === "array" && Array.isArray(value)) return value.map((item) => cleaned(def.element, item));
  if (def.type === "union")
    return (
      def.options.map((option) => cleaned(option, value)).find((one, n) => takes(def.options[n], one)) ??
      value
    );
  if (def.type === "intersection") return cleaned(def.right, cleaned(def.left, value));
  if (def.type === "record" && !Array.isArray(value))
    return mapped(value, (_, member) => cleaned(def.valueType, member));
  if (def.type !== "object" || Array.isArray(value)) return value;
  return mapped(value, (name, member) => {
    const field = Object.hasOwn(def.shape, name) ? def.shape[name] : undefined;
    if (field === undefined) return member;
    return member === null && !takes(field, null) && takes(field, undefined)
      ? undefined
      : cleaned(field, member);
  });
}

function mapped(value: object, how: (name: string, member: unknown) => unknown): object {
  const entries = Object.entries(value).flatMap(([name, member]) => {
    const made = how(name, member);
    return made === undefined && member === null ? [] : [[name, made] as const];
  });
  return Object.fromEntries(entries);
}

/** The schema under optional, default, pipes and the like. */
function formOf(schema: z.core.$ZodType): z.core.$ZodType {
  const def = defOf(schema);
  if ("innerType" in def) return formOf(def.innerType);
  if (def.type === "lazy") return formOf(def.getter());
  if (def.type === "pipe") return formOf(defOf(def.in).type === "transform" ? def.out : def.in);
  return schema;
}

const takes = (schema: z.core.$ZodType | undefined, value: unknown): boolean =>
  (schema as z.ZodType).safeParse(value).success;

function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === "object" && Object.values(value).some(holdsNull);
}
