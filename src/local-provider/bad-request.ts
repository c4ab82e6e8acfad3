import type { z } from "zod";
import { WireError } from "./http.ts";

/** `messages[0].content`, as OpenAI names a place in a body. */
export const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    "",
  );

/** 400 for a parameter that OpenAI has and this provider cannot follow. */
export const unsupported = (param: string, what = "is not supported by the local provider") =>
  new WireError(400, "unsupported_parameter", `Unsupported parameter: '${param}' ${what}.`, { param });

/** A body as its schema reads it. @throws WireError 400 with OpenAI's code for the fault and the place of it */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw faultOf(parsed.error.issues[0] as z.core.$ZodIssue, body);
}

/** Of a union the fault of the alternative that came furthest tells most, before one of another type altogether. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const reached = (one: z.core.$ZodIssue) => one.path.length + (one.code === "invalid_type" ? 0 : 0.5);
  const [best] = issue.errors
    .flatMap((issues) => issues.slice(0, 1).map(innermost))
    .toSorted((a, b) => reached(b) - reached(a));
  return best === undefined || reached(best) === 0 ? issue : { ...best, path: [...issue.path, ...best.path] };
}

function faultOf(outer: z.core.$ZodIssue, body: unknown): WireError {
  const issue = innermost(outer);
  const refuse = (code: string, param: string, message: string) =>
    new WireError(400, code, message, { param });
  const param = placeOf(issue.path);
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    body,
  );
  if (issue.code === "unrecognized_keys") {
    const unknown = placeOf([...issue.path, issue.keys[0] as string]);
    return refuse("unknown_parameter", unknown, `Unknown parameter: '${unknown}'.`);
  }
  if (value === undefined)
    return refuse("missing_required_parameter", param, `Missing required parameter: '${param}'.`);
  if (issue.code === "custom" && issue.params?.unsupported === true) return unsupported(param);
  if (issue.code === "invalid_type")
    return refuse("invalid_type", param, `Invalid type for '${param}': expected ${issue.expected}.`);
  if (issue.code === "too_small" || issue.code === "too_big") {
    const below = issue.code === "too_small";
    const bound = below ? issue.minimum : issue.maximum;
    if (issue.origin === "array" && below && Number(bound) === 1)
      return refuse("empty_array", param, `Invalid '${param}': empty array. Expected a minimum length 1.`);
    const kind = ["array", "string"].includes(issue.origin)
      ? `${issue.origin}_${below ? "below_min" : "above_max"}_length`
      : `${Number.isInteger(value) ? "integer" : "decimal"}_${below ? "below_min" : "above_max"}_value`;
    return refuse(kind, param, `Invalid '${param}': expected ${below ? "at least" : "at most"} ${bound}.`);
  }
  return refuse("invalid_value", param, `Invalid value for '${param}': ${issue.message}.`);
}
