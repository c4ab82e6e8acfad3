import { z } from "zod";
import { storedTimeSchema } from "./schemas.ts";

/** What keeps a record from going on, since when, in the words of whoever keeps it; gone as soon as it goes on. */
export const waitingSchema = z.object({
  since: storedTimeSchema,
  reason: z.string(),
  again_at: storedTimeSchema.optional().meta({ description: "When it is tried again, where that is known." }),
});
export type Waiting = z.output<typeof waitingSchema>;

/** A provider that asks for more than this is asked all the same: its limit may have been lifted (retry-after, back-off). */
const LONGEST_PAUSE_MS = 15 * 60_000;
const SHORTEST_PAUSE_MS = 1000;
/** Where the provider names no time, the pause grows with what was waited, from this to five minutes. */
const FIRST_PAUSE_MS = 30_000;
const SLOWEST_PAUSE_MS = 5 * 60_000;
const REASON_LENGTH = 500;

/** How long to pause: what the provider asks for, within bounds; else a back-off by what was waited already. */
export function pauseMs(waitedMs: number, retryAfterMs: number | undefined): number {
  const wanted = retryAfterMs ?? Math.max(FIRST_PAUSE_MS, Math.min(SLOWEST_PAUSE_MS, waitedMs / 3));
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, Math.ceil(wanted)));
}

/** Goes on waiting, for this reason; `since` stays that of the first. */
export const waitingOn = (
  before: Waiting | undefined,
  at: string,
  reason: string,
  again?: string,
): Waiting => ({
  since: before?.since ?? at,
  reason: reason.slice(0, REASON_LENGTH),
  ...(again === undefined ? {} : { again_at: again }),
});
