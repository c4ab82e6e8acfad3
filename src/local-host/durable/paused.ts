import type { DurableHttpRequest } from "./port.ts";

export const PAUSED =
  "The host is paused: instances can be looked at, terminated and purged, and nothing runs. Start it without --paused.";

/** What a paused engine does all the same: what only looks, and what makes an instance end or go. */
export function isServedPaused({ method, path }: Pick<DurableHttpRequest, "method" | "path">): boolean {
  return /^(?:GET|HEAD|DELETE)$/i.test(method) || /\/terminate\/?$/i.test(path);
}
