import { seededRandom } from "../../../src/local-host/seeded-random.ts";
import {
  ANY_CONTEXTS,
  type Context,
  LABELLED_ANY_CONTEXTS,
  LABELLED_CONTEXTS,
  MACHINE_MADE,
  TAIL_CONTEXTS,
  TAIL_VALUES,
} from "./contexts.ts";
import { AZURE_FORMS, LABELLED_FORMS, VENDOR_FORMS } from "./forms.ts";

/** One place in which one secret stands. */
export interface Case {
  /** What says that it is a secret: a label or neighbour, Azure's mark in it, or its vendor's. */
  readonly by: "label" | "azure form" | "vendor form";
  readonly kind: string;
  readonly context: string;
  readonly value: unknown;
  readonly secret: string;
}

const filled = (context: Context, secret: string): unknown =>
  typeof context === "string"
    ? context.replaceAll("S", (_s, at: number) => (isSlot(context, at) ? secret : "S"))
    : context(secret);
/** A capital S that stands alone, or behind an option's letter. */
function isSlot(template: string, at: number): boolean {
  const before = template[at - 1] ?? " ";
  const after = template[at + 1] ?? " ";
  if (/[A-Za-z0-9_]/.test(after)) return false;
  return !/[A-Za-z0-9_]/.test(before) || /(?:^|\s)-p$|%3D$|%3d$/.test(template.slice(0, at));
}
const nameOf = (context: Context): string =>
  typeof context === "string" ? context : context.toString().replace(/^\(secret\) => /, "");

/** The product's own corpus: the same cases for the same seed. */
export function corpus(seed = 1): Case[] {
  const random = seededRandom(seed);
  const cases: Case[] = [];
  for (const [kind, contexts] of Object.entries(LABELLED_CONTEXTS))
    for (const context of contexts)
      for (const form of MACHINE_MADE.has(kind) ? LABELLED_FORMS.slice(0, -1) : LABELLED_FORMS) {
        const secret = form(random);
        cases.push({ by: "label", kind, context: nameOf(context), value: filled(context, secret), secret });
      }
  for (const context of TAIL_CONTEXTS)
    for (const secret of TAIL_VALUES)
      cases.push({
        by: "label",
        kind: "odd letters in the value",
        context: nameOf(context),
        value: filled(context, secret),
        secret,
      });
  for (const { name, mark, make } of AZURE_FORMS)
    for (const [context, place] of Object.entries(ANY_CONTEXTS)) {
      const isLabelled = LABELLED_ANY_CONTEXTS.has(context);
      if (!mark && !isLabelled) continue;
      for (let n = 0; n < 3; n++) {
        const secret = make(random);
        const by = mark ? ("azure form" as const) : ("label" as const);
        cases.push({ by, kind: `azure: ${name}`, context, value: filled(place, secret), secret });
      }
    }
  for (const [name, make] of Object.entries(VENDOR_FORMS))
    for (const [context, place] of Object.entries(ANY_CONTEXTS)) {
      const secret = make(random);
      cases.push({
        by: "vendor form",
        kind: `vendor: ${name}`,
        context,
        value: filled(place, secret),
        secret,
      });
    }
  return cases;
}

export type Outcome = "removed" | "tail left" | "missed";

/** How much of a secret is left in a value, keys and JSON in strings included. */
export function outcome(value: unknown, secret: string): Outcome {
  const text = textsOf(value)
    .join("\n")
    .replace(/\[REDACTED:[a-z_]+\]/g, "");
  if (text.includes(secret)) return "missed";
  // JSON inside of text has its own way to write quotes.
  if (text.includes(JSON.stringify(secret).slice(1, -1))) return "missed";
  const window = Math.min(6, Math.max(4, secret.length >> 1));
  const end = secret.slice(-window);
  return text.includes(end) || text.includes(secret.slice(0, window)) ? "tail left" : "removed";
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsOf(member)]);
}
