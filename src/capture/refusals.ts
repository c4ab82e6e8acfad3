import { isLightningError, unavailable } from "../kernel/errors.ts";
import type { EpisodeInput } from "../wire/types.ts";
import type { SendReport } from "./limits.ts";

/**
 * The codes by which `recordEpisodes` says no to an episode for what it is (`docs/errors.md`): later it would say the
 * same. Whatever else comes back, a proxy's 400 as well as a wrong key, can still be put right, so the episode is kept.
 * An episode that fails under a code that is not here is set aside in the end, not lost.
 */
const REFUSALS: ReadonlySet<string> = new Set([
  "invalid_input",
  "too_deep",
  "too_many_values",
  "bad_json",
  "number_not_exact",
  "body_too_large",
  "created_at_out_of_range",
  "episode_conflict",
  "episode_too_large",
  "item_too_large",
  "bad_document",
  "bad_id",
]);

/** Whether the receiver read it and said no. */
export const isRefusal = (thrown: unknown): boolean => isLightningError(thrown) && REFUSALS.has(thrown.code);

interface Result {
  readonly error?:
    | { readonly code: string; readonly field?: string | undefined; readonly message: string }
    | undefined;
}

/**
 * What `recordEpisodes` answered about each episode of a batch, in its order.
 * @throws LightningError unavailable `not_recorded` when none was stored
 */
export function reportOf(batch: readonly EpisodeInput[], results: readonly Result[]): SendReport {
  const faults = results.flatMap(({ error }, index) =>
    error === undefined
      ? []
      : [{ id: batch[index]?.id ?? "", code: error.code, field: error.field, message: error.message }],
  );
  const failed = faults.filter(({ code }) => !REFUSALS.has(code));
  if (failed.length > 0 && failed.length === batch.length)
    throw unavailable("not_recorded", `No episode was stored: ${failed[0]?.message ?? ""}`, {
      details: { code: failed[0]?.code },
    });
  return {
    refused: faults.filter(({ code }) => REFUSALS.has(code)),
    failed: failed.map(({ id }) => id),
  };
}
