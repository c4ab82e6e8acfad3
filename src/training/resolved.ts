import type { Dataset } from "../datasets/contract.ts";
import { invalid } from "../kernel/errors.ts";

/**
 * Refuses a dataset whose files hold what redaction replaces by now: asked when a training is requested, and again
 * before anything of it leaves, as a re-scan may have been there in between. @throws invalid `dataset_unresolved`
 */
export function demandResolved({ id, unresolved }: Pick<Dataset, "id" | "unresolved">): void {
  if (unresolved === undefined) return;
  const { lines: found, counts, rescan_id, redaction_version: version } = unresolved;
  throw invalid(
    "dataset_unresolved",
    `${found} ${found === 1 ? "line" : "lines"} of the dataset "${id}" hold what redaction ${version} replaces (${Object.keys(counts).join(", ")}).`,
    {
      field: "dataset_id",
      remedy: "Build it anew: its episodes have been redacted. Of golden conversations send the file again.",
      details: { lines: found, counts, rescan_id },
    },
  );
}
