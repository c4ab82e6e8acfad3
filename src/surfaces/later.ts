import { type Operation, ROUTE_PREFIX } from "../doors/operation.ts";
import { POLL_SECONDS } from "../doors/status-monitor.ts";

type Facts = Readonly<Record<string, unknown>>;

/**
 * The headers of a 202: where the record is read, where to ask how the work stands, and after how many seconds. The
 * addresses are those of the request up to our routes, so that they hold wherever the request came through. None where
 * the answer does not name the work.
 */
export function laterHeaders(
  { answers, input: { shape } }: Pick<Operation, "answers" | "input">,
  input: Facts,
  body: unknown,
  requestUrl: string,
): Record<string, string> {
  if (answers?.later === undefined) return {};
  const told: Facts = { ...input, ...(body as Facts) };
  // No address is better than one that leads nowhere.
  const isTold = ([, field = ""]: readonly string[]) => told[field] !== undefined && told[field] !== null;
  if (![...answers.later.matchAll(/\{(\w+)\}/g)].every(isTold)) return {};
  const { agent_id: of } = told;
  const agent = "agent_id" in shape && typeof of === "string" ? `?agent_id=${encodeURIComponent(of)}` : "";
  const { origin, pathname } = new URL(requestUrl);
  const prefix = pathname.slice(0, pathname.indexOf(`/${ROUTE_PREFIX}/`) + 1);
  const addressOf = (template: string) => {
    const path = template.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
      encodeURIComponent(String(told[field])),
    );
    return `${origin}${prefix}${ROUTE_PREFIX}${path}${agent}`;
  };
  return {
    location: addressOf(answers.later),
    ...(answers.monitor === undefined ? {} : { "operation-location": addressOf(answers.monitor) }),
    "retry-after": String(POLL_SECONDS),
  };
}
