/**
 * What the page's overview asks for at first: route under `/api/lightning`, and query. The page sends these before it
 * draws anything, and the app answers them once at its start, before anybody is there.
 */
export const FIRST_QUESTIONS: readonly (readonly [
  path: string,
  query?: Readonly<Record<string, string | number>>,
])[] = [
  ["/stats"],
  ["/stats/rewards"],
  ["/review"],
  ["/pipelines", { limit: 5 }],
  ["/deployments/active"],
  ["/lineage", { limit: 1 }],
  ["/me"],
];
