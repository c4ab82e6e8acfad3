/** The page's addresses. Filters and pages live in the query, so that a view can be sent to somebody. */

const VIEWS = [
  "overview",
  "review",
  "episodes",
  "datasets",
  "runs",
  "evaluations",
  "deployments",
  "pipelines",
  "lineage",
  "redaction",
] as const;
export type View = (typeof VIEWS)[number];

/** Views that no record has a page of its own in. */
const ALONE: readonly View[] = ["overview", "review", "redaction"];

export interface Route {
  readonly view: View;
  readonly id: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  /** The address, where it is none of the page's. */
  readonly lost?: string;
}

export const BASE = "/api/dashboard";

const isView = (text: string | undefined): text is View => VIEWS.some((view) => view === text);

export function parseRoute(pathname: string, search: string): Route {
  const rest = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : pathname;
  const [view, id, ...more] = rest.split("/").filter(Boolean).map(decoded);
  const query = Object.fromEntries(new URLSearchParams(search));
  const isKnown =
    view === undefined || (isView(view) && more.length === 0 && (id === undefined || !ALONE.includes(view)));
  if (!isKnown) return { view: "overview", id: undefined, query, lost: pathname };
  return { view: view ?? "overview", id, query };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What every address carries on: the agent, when one was chosen. */
let carried: Readonly<Record<string, string>> = {};
export function carryInAddresses(query: Readonly<Record<string, string>>): void {
  carried = query;
}

export function address(
  view: View,
  id?: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...carried, ...query }))
    if (value !== undefined && value !== "") params.set(name, String(value));
  const path = view === "overview" && id === undefined ? "/" : `/${view}`;
  const text = params.toString();
  return `${BASE}${path}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${text === "" ? "" : `?${text}`}`;
}

const KINDS: readonly (readonly [string, View])[] = [
  ["run-", "runs"],
  ["dataset-", "datasets"],
  ["eval-", "evaluations"],
  ["dep-", "deployments"],
  ["pipeline-", "pipelines"],
];

/** Where a record of our own making is shown. */
export const viewOfId = (id: string): View | undefined =>
  KINDS.find(([prefix]) => id.startsWith(prefix))?.[1];
