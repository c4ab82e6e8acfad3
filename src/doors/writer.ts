import type { CallContext } from "./operation.ts";

/** Who writes where nobody is signed in, and what an episode says about itself. */
export const NAMELESS_WRITERS = { local: "local", key: "key", auto: "auto" } as const;

/** Whom what a call writes belongs to; a body cannot say. The caller's roles may come to count beside the name. */
export const writerOf = ({ principal, caller }: Pick<CallContext, "principal" | "caller">): string =>
  principal ?? NAMELESS_WRITERS[caller?.kind === "key" ? "key" : "local"];
