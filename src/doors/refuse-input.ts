import type { z } from "zod";
import { invalid, type LightningError } from "../kernel/errors.ts";

/** Faults told of one input; a file of nonsense has thousands. */
const MOST_FAULTS = 20;

/** What a schema found, as the error of every door: the first fault names its field, the details name them all. */
export function refusedInput(
  error: z.ZodError,
  { whole, remedy }: { readonly whole: string; readonly remedy: string },
): LightningError {
  const faults = error.issues.slice(0, MOST_FAULTS).map((issue) => ({
    field: issue.path.join(".") || ("keys" in issue ? issue.keys.join(", ") : ""),
    reason: issue.message,
  }));
  const first = faults[0] ?? { field: "", reason: "not valid" };
  return invalid("invalid_input", `${first.field || whole}: ${first.reason}`, {
    field: first.field || undefined,
    remedy,
    details: faults,
  });
}
