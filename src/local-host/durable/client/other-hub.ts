import type { DurableHttpRequest, DurableHttpResponse } from "../port.ts";
import { STORAGE_REFUSED, text } from "./http-reply.ts";

/** Names of which Azure Storage makes the tables and containers of a hub (on 3.19.0); for others its calls fail. */
const HUB_NAME = /^[a-z][a-z0-9]{0,53}$/i;

/** The task hub that a request names, when it is not this host's. */
export function otherHubOf({ query }: DurableHttpRequest, own: string): string | undefined {
  const hub = query.get("taskHub") ?? "";
  return hub === "" || hub.toLowerCase() === own.toLowerCase() ? undefined : hub;
}

/**
 * Another hub has none of this host's instances. In Azure what is started or signalled there waits for an app that has
 * that hub; here none ever comes, so it is refused.
 * @param ask asks a hub in which there is nothing
 */
export function askOtherHub(
  hub: string,
  request: DurableHttpRequest,
  ask: () => Promise<DurableHttpResponse>,
): Promise<DurableHttpResponse> {
  if (!HUB_NAME.test(hub)) return Promise.resolve(STORAGE_REFUSED);
  const brings =
    /^\/?(?:orchestrators|entities)\//i.test(request.path) && request.method.toUpperCase() !== "GET";
  if (!brings) return ask();
  const why = `The local host has no task hub '${hub}', so nobody would take this up; Azure keeps it for an app of that hub.`;
  return Promise.resolve(text(400, why));
}
