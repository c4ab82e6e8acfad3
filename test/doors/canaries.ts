import type { z } from "zod";

/** Texts that hold a secret and a mark of their own, one for each place in which a caller may write. */
export class Canaries {
  #count = 0;
  /** Where each was put, by its number. */
  readonly places = new Map<number, string>();

  /** The forms that a place may take: labelled, in code, in a line of a file, and by its own form, which fits ids too. */
  at(place: string): Record<string, string> {
    const n = 1000 + this.#count++;
    this.places.set(n, place);
    const secret = `CNRY${n}x9Qz7`;
    return {
      labelled: `Canary, password=${secret} .`,
      line: JSON.stringify({
        messages: [
          { role: "user", content: `My password=${secret} .` },
          { role: "assistant", content: "Noted." },
        ],
      }),
      code: `def grade(sample, item):\n  password = "${secret}"\n  return 1.0`,
      token: `ghp_${secret.padEnd(36, "a1B2c3D4")}`,
      address: `${secret}@example.org`,
    };
  }

  /** Places whose secret stands somewhere in a text. */
  foundIn(text: string): string[] {
    const found = new Set<string>();
    for (const [, n] of text.matchAll(/CNRY(\d{4,6})x9Qz7/gi))
      found.add(this.places.get(Number(n)) ?? `unknown canary ${n}`);
    return [...found];
  }
}

type Schema = z.core.$ZodType;
const defOf = (schema: Schema) => (schema as z.ZodType).def as z.core.$ZodTypes["_zod"]["def"];
const parses = (schema: Schema, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;

/** One value of a schema with a canary in one place. */
interface Variant {
  readonly path: string;
  readonly value: unknown;
}

const inner = (schema: Schema): Schema => {
  const def = defOf(schema);
  if ("innerType" in def) return inner(def.innerType);
  if (def.type !== "pipe") return schema;
  return inner(defOf(def.in).type === "transform" ? def.out : def.in);
};

/** The least that a schema takes. */
function least(given: Schema): unknown {
  const schema = inner(given);
  const def = defOf(schema);
  if (def.type === "object")
    return Object.fromEntries(
      Object.entries(def.shape).flatMap(([name, member]) =>
        parses(member, undefined) ? [] : [[name, least(member)]],
      ),
    );
  if (def.type === "array") return parses(schema, []) ? [] : [least(def.element)];
  if (def.type === "union") return least(def.options[0] as Schema);
  if (def.type === "tuple") return def.items.map(least);
  if (def.type === "enum") return Object.values(def.entries)[0];
  if (def.type === "literal") return def.values[0];
  return SOME.find((one) => parses(schema, one));
}
const SOME: readonly unknown[] = [
  "text",
  "2026-06-01T10:00:00Z",
  "0".repeat(64),
  "def grade(sample, item):\n  return 1.0",
  1,
  0,
  0.5,
  1000,
  true,
  {},
];

/**
 * Every place of a schema in which a string can stand, at any depth, each with every form of canary that the schema
 * takes there. What schemas do not describe (free JSON) gets some forms of its own.
 * @param base a valid value to begin with
 */
export function* variants(
  given: Schema,
  base: unknown,
  path: string,
  canaries: Canaries,
): Generator<Variant> {
  const schema = inner(given);
  const def = defOf(schema);
  if (def.type === "object") {
    const whole = isRecord(base) ? base : (least(schema) as Record<string, unknown>);
    for (const [name, member] of Object.entries(def.shape))
      for (const one of variants(member, whole[name], `${path}.${name}`, canaries))
        yield { path: one.path, value: { ...whole, [name]: one.value } };
    if (def.catchall !== undefined && defOf(def.catchall).type !== "never")
      for (const one of freeVariants(`${path}.*`, canaries))
        yield { path: one.path, value: { ...whole, other: one.value } };
  } else if (def.type === "array") {
    const first: unknown = Array.isArray(base) ? base[0] : undefined;
    for (const one of variants(def.element, first, `${path}[]`, canaries))
      yield { path: one.path, value: [one.value] };
  } else if (def.type === "record") {
    for (const one of variants(def.keyType, undefined, `${path}{key}`, canaries))
      yield { path: one.path, value: { [String(one.value)]: least(def.valueType) } };
    for (const one of variants(def.valueType, undefined, `${path}{}`, canaries))
      yield { path: one.path, value: { more: one.value } };
  } else if (def.type === "union") {
    for (const option of def.options)
      yield* variants(option, parses(option, base) ? base : undefined, path, canaries);
  } else if (def.type === "string") {
    for (const [form, text] of Object.entries(canaries.at(path)))
      if (parses(given, text)) yield { path: `${path} (${form})`, value: text };
  } else if (def.type === "lazy" || def.type === "unknown" || def.type === "any")
    yield* freeVariants(path, canaries);
}

function* freeVariants(path: string, canaries: Canaries): Generator<Variant> {
  const { labelled, token } = canaries.at(path);
  yield { path: `${path} (text)`, value: labelled };
  yield { path: `${path} (deep)`, value: { a: [{ b: [labelled] }] } };
  yield { path: `${path} (key)`, value: { [String(labelled)]: 1, [String(token)]: "x" } };
  yield {
    path: `${path} (JSON in text)`,
    value: JSON.stringify({ a: { password: canaries.at(path).token } }),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
