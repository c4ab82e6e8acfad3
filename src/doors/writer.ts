import type { CallContext } from "./operation.ts";

/** Who writes where nobody is signed in, and what an episode says about itself. */
export const NAMELESS_WRITERS = { local: "local", key: "key", auto: "auto" } as const;

/** Nobody known by name, or the app itself. */
export const isNameless = (writer: string): boolean =>
  (Object.values(NAMELESS_WRITERS) as string[]).includes(writer);

/** Whom what a call writes belongs to; a body cannot say, and no person bears a name of those above. */
export function writerOf({ principal, caller }: Pick<CallContext, "principal" | "caller">): string {
  if (principal === undefined) return NAMELESS_WRITERS[caller?.kind === "key" ? "key" : "local"];
  return isNameless(principal.trim().toLowerCase()) ? `${principal} (signed in)` : principal;
}
