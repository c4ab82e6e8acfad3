import { Status, type StatusNumber } from "../history/history.ts";
import type { DurableHttpRequest } from "../port.ts";
import type { InstanceFilter } from "../store/listing.ts";

/** Rows on a page when the request names no `top`. */
const PAGE_SIZE = 100;
const LARGEST_PAGE = 1000;
const CONTINUATION = "x-ms-continuation-token";

/** How many rows a page has; undefined for a number that Azure Storage refuses. What is no whole number counts as absent. */
export function pageSize({ query }: DurableHttpRequest): number | undefined {
  const top = query.get("top")?.trim() ?? "";
  if (!/^[+-]?\d+$/.test(top)) return PAGE_SIZE;
  return Number(top) < 0 ? undefined : Math.min(Number(top), LARGEST_PAGE);
}

/** The id that the page begins behind: "" for the first, undefined when the token is none of ours. */
export function pageStart({ headers }: DurableHttpRequest): string | undefined {
  const token = headers[CONTINUATION] ?? "";
  if (token === "") return "";
  try {
    const after: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return typeof after === "string" ? after : undefined;
  } catch {
    return undefined;
  }
}

/** The header that says where the next page begins; it is there, empty, on the last one as well. */
export function nextPage(lastId: string | undefined): Record<string, string> {
  // A header takes ASCII only.
  const token = lastId === undefined ? "" : Buffer.from(JSON.stringify(lastId)).toString("base64url");
  return { [CONTINUATION]: token };
}

/** A time in ms; undefined when there is none that can be read. */
export function timeOf({ query }: DurableHttpRequest, name: string): number | undefined {
  const value = Date.parse(query.get(name) ?? "");
  return Number.isNaN(value) ? undefined : value;
}

/** .NET's bool.TryParse: anything but true and false counts as absent. */
export function flag({ query }: DurableHttpRequest, name: string, absent = false): boolean {
  const value = query.get(name)?.trim().toLowerCase();
  return value === "true" ? true : value === "false" ? false : absent;
}

export function isMediaType({ headers }: DurableHttpRequest, wanted: string): boolean {
  const [mediaType] = (headers["content-type"] ?? "").split(";");
  return mediaType?.trim().toLowerCase() === wanted;
}

/** What a list or a purge is to take: statuses by their name in .NET's spelling or by number; others are overlooked. */
export function filterOf(request: DurableHttpRequest): InstanceFilter {
  const { query } = request;
  const wanted = statusWords(request)
    .map(statusOf)
    .filter((status) => status !== undefined);
  return {
    prefix: query.get("instanceIdPrefix") ?? undefined,
    createdFrom: timeOf(request, "createdTimeFrom"),
    createdTo: timeOf(request, "createdTimeTo"),
    statuses: wanted.length === 0 ? undefined : wanted,
  };
}

const FILTER_NAMES = ["runtimeStatus", "createdTimeFrom", "createdTimeTo", "instanceIdPrefix"];

/** What of a filter `filterOf` would overlook, as a sentence; undefined when it takes all of it. */
export function overlooked(request: DurableHttpRequest): string | undefined {
  for (const name of request.query.keys()) {
    const meant = FILTER_NAMES.find((known) => known.toLowerCase() === name.toLowerCase());
    if (meant !== undefined && meant !== name) return `'${name}' is no parameter; '${meant}' is.`;
  }
  const word = statusWords(request).find((one) => one !== "" && statusOf(one) === undefined);
  if (word !== undefined)
    return `'${word}' is no runtimeStatus. They are ${Object.keys(Status).join(", ")}, in this spelling.`;
  const to = request.query.get("createdTimeTo") ?? "";
  return to !== "" && timeOf(request, "createdTimeTo") === undefined
    ? `'${to}' of createdTimeTo is no time such as 2026-12-24T18:00:00Z.`
    : undefined;
}

const statusWords = ({ query }: DurableHttpRequest): string[] =>
  query.getAll("runtimeStatus").flatMap((value) => value.split(",").map((word) => word.trim()));

/** By its name in .NET's spelling, or by its number; undefined when there is none. */
function statusOf(word: string): StatusNumber | undefined {
  return Object.entries(Status).find(([name, number]) =>
    /^\d+$/.test(word) ? Number(word) === number : word === name,
  )?.[1];
}
