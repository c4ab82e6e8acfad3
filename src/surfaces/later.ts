import { type Operation, ROUTE_PREFIX } from "../doors/operation.ts";

/** How often somebody who follows work is asked to come, in seconds: what it costs to read one record. */
const POLL_SECONDS = 5;

type Facts = Readonly<Record<string, unknown>>;

/**
 * The headers of a 202: where to ask how the work stands, and after how many seconds. The address is that of the request
 * up to our routes, so that it holds wherever the request came through. None where the answer does not name the work.
 */
export function laterHeaders(
  { answers, input: { shape } }: Pick<Operation, "answers" | "input">,
  input: Facts,
  body: unknown,
  requestUrl: string,
): Record<string, string> {
  if (answers?.later === undefined) return {};
  const told: Facts = { ...input, ...(body as Facts) };
  const fields = [...answers.later.matchAll(/\{(\w+)\}/g)].map(([, field = ""]) => field);
  // No address is better than one that leads nowhere.
  if (fields.some((field) => told[field] === undefined || told[field] === null)) return {};
  const path = answers.later.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(String(told[field])),
  );
  const { agent_id: of } = told;
  const agent = "agent_id" in shape && typeof of === "string" ? `?agent_id=${encodeURIComponent(of)}` : "";
  const { origin, pathname } = new URL(requestUrl);
  const prefix = pathname.slice(0, pathname.indexOf(`/${ROUTE_PREFIX}/`) + 1);
  return {
    location: `${origin}${prefix}${ROUTE_PREFIX}${path}${agent}`,
    "retry-after": String(POLL_SECONDS),
  };
}
