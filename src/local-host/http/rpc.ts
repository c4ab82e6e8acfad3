import { randomBytes } from "node:crypto";
import type { DurableEngine } from "../durable/port.ts";
import { type Handler, handleDurable } from "./front.ts";
import { refusal } from "./guard.ts";
import { isOneOf } from "./keys.ts";
import { textReply } from "./message.ts";

const PREFIX = "/durabletask";

/**
 * What opens the durable client's port, new in each process. The app's SDK is handed it in the address of its binding,
 * to which it appends; other accounts of this machine can find the port, but not this.
 */
export const newRpcSecret = (): string => randomBytes(32).toString("base64url");

/** The path that the port serves, and that the client's binding names. */
export const rpcPath = (secret: string): string => `${PREFIX}/${secret}`;

/**
 * The port the Durable client in the app talks to. The extension's own asks for nothing, since nobody else is in its
 * sandbox; on a shared machine this one does, and nothing that a browser sent gets through.
 * @param base public address of the extension's API, for the URLs in replies
 * @param code system key for those URLs: told to nobody who does not know `secret`
 */
export function createRpcFront(
  engine: DurableEngine,
  { base, code, secret, bodyLimit }: { base: string; code: string; secret: string; bodyLimit: number },
): Handler {
  return async (call) => {
    if (
      refusal(call, { allowedHosts: [], allowedOrigins: [] }) !== undefined ||
      call.headers.origin !== undefined
    )
      return textReply(403);
    const [, first, given] = call.url.pathname.split("/");
    if (`/${first}` !== PREFIX || !isOneOf(given, [secret])) return textReply(401);
    return handleDurable(engine, call, { prefix: rpcPath(secret), base, code, surface: "rpc", bodyLimit });
  };
}
