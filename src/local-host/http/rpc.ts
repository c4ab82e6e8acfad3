import type { DurableEngine } from "../durable/port.ts";
import { type Handler, handleDurable } from "./front.ts";
import { refusal } from "./guard.ts";
import { textReply } from "./message.ts";

const PREFIX = "/durabletask";

/**
 * The port the Durable client in the app talks to. It asks for no key, as the extension's own does not, so nothing
 * that a browser sent gets through.
 * @param base public address of the extension's API, for the URLs in replies
 */
export function createRpcFront(
  engine: DurableEngine,
  base: string,
  code: string,
  bodyLimit: number,
): Handler {
  return async (call) => {
    if (
      refusal(call, { allowedHosts: [], allowedOrigins: [] }) !== undefined ||
      call.headers.origin !== undefined
    )
      return textReply(403);
    if (!call.url.pathname.startsWith(`${PREFIX}/`)) return textReply(404);
    return handleDurable(engine, call, { prefix: PREFIX, base, code, surface: "rpc", bodyLimit });
  };
}
