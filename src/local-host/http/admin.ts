import { type HostKeys, isOneOf, presentedKey } from "./keys.ts";
import { type IncomingCall, jsonReply, type OutgoingReply, readBody, textReply } from "./message.ts";

export interface AdminDeps {
  readonly version: string;
  /** Function names with their trigger types. */
  functions(): readonly { readonly name: string; readonly trigger: string }[];
  /** Runs a function that has no HTTP trigger, in the background; false when there is none of that name. */
  trigger(name: string, input: string): boolean;
}

/** Liveness, for which no key is asked; the process id distinguishes this host from another one on the same port. */
export function pingReply(state: "starting" | "running"): OutgoingReply {
  return {
    status: 200,
    headers: [
      ["x-host-pid", String(process.pid)],
      ["x-host-state", state],
    ],
  };
}

/** Seconds since the process started are all that "uptime" means here. */
const uptime = () => Math.round(process.uptime());

/**
 * The part of the real host's `/admin` that is of use on a laptop: `host/ping`, `host/status`, `functions`, and
 * `POST functions/{name}` with `{"input": …}`, which runs a timer or change feed function now.
 */
export async function handleAdmin(
  deps: AdminDeps,
  call: IncomingCall,
  path: string,
  keys: HostKeys | undefined,
): Promise<OutgoingReply> {
  const parts = path.split("/").slice(1);
  if (parts.join("/").toLowerCase() === "host/ping") return pingReply("running");
  if (keys !== undefined && !isOneOf(presentedKey(call), [keys.master])) return textReply(401);
  if (call.method === "GET" && parts.join("/").toLowerCase() === "host/status")
    return jsonReply(200, {
      id: "local",
      state: "Running",
      version: deps.version,
      processId: process.pid,
      processUptime: uptime() * 1000,
    });
  if (call.method === "GET" && parts.length === 1 && parts[0]?.toLowerCase() === "functions")
    return jsonReply(200, deps.functions());
  if (call.method === "POST" && parts.length === 2 && parts[0]?.toLowerCase() === "functions") {
    const body = await readBody(call.body, 1_000_000);
    if (body === undefined) return textReply(413);
    const input = readInput(body.toString("utf8"));
    if (input === undefined) return textReply(400, 'The body must be JSON: {"input": …}.');
    return deps.trigger(parts[1] ?? "", input) ? textReply(202) : textReply(404);
  }
  return textReply(404);
}

function readInput(body: string): string | undefined {
  if (body.trim() === "") return "";
  try {
    const { input = "" } = JSON.parse(body) as { input?: unknown };
    return typeof input === "string" ? input : JSON.stringify(input);
  } catch {
    return undefined;
  }
}
