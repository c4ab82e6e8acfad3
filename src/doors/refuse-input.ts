import type { z } from "zod";
import { placeText } from "../kernel/depth.ts";
import { invalid, type LightningError } from "../kernel/errors.ts";
import { placeOfProto } from "./schemas.ts";

/** Faults told of one input; a file of nonsense has thousands. */
const MOST_FAULTS = 20;

/** Characters of one: a schema names every key that it does not know. */
const LONGEST_REASON = 500;

/** What a schema found, as the error of every door: the first fault names its field, the details name them all. */
export function refusedInput(
  error: z.ZodError,
  { whole, remedy }: { readonly whole: string; readonly remedy: string },
): LightningError {
  const faults = error.issues
    .flatMap(inside)
    .slice(0, MOST_FAULTS)
    .map((issue) => ({
      field: placeText(issue.path) || ("keys" in issue ? placeText([issue.keys.join(", ")]) : ""),
      reason:
        issue.message.length > LONGEST_REASON ? `${issue.message.slice(0, LONGEST_REASON)}…` : issue.message,
    }));
  const first = faults[0] ?? { field: "", reason: "not valid" };
  return invalid("invalid_input", `${first.field || whole}: ${first.reason}`, {
    field: first.field || undefined,
    remedy,
    details: faults,
  });
}

/** @throws invalid `invalid_input` for a key `__proto__` at any depth, with its place */
export function refuseProto(given: object, remedy: string): void {
  const place = placeOfProto(given);
  if (place === undefined) return;
  const field = placeText(place);
  const reason = 'must not hold the key "__proto__"';
  throw invalid("invalid_input", `${field}: ${reason}`, { field, remedy, details: [{ field, reason }] });
}

type Issue = z.core.$ZodIssue;

/** Of a value that may have one of several shapes: what is wrong within the shape that it has. */
function inside(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const near = issue.errors.filter((faults) =>
    faults.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
  );
  const [faults, ...others] = near;
  if (faults === undefined || others.length > 0) return [issue];
  return faults.flatMap((fault) => inside({ ...fault, path: [...issue.path, ...fault.path] }));
}
