import { readFileSync } from "node:fs";
import path from "node:path";
import { isProcessAlive } from "../kernel/process-alive.ts";

// Clients find a host with this file alone, on a Node without SQLite too: claiming a folder is in home.ts.

/** The files of a home folder's `host` part. */
export interface HomeFiles {
  readonly durableStore: string;
  readonly keys: string;
  readonly state: string;
  /** Says which process holds the folder. */
  readonly holder: string;
  /** Locked while a process holds the folder. */
  readonly lock: string;
}

export function homeFiles(home: string): HomeFiles {
  const folder = path.join(home, "host");
  return {
    durableStore: path.join(folder, "durable.sqlite"),
    keys: path.join(folder, "keys.json"),
    state: path.join(folder, "state.json"),
    holder: path.join(folder, "host.json"),
    lock: path.join(folder, "lock.sqlite"),
  };
}

export interface RunningHost {
  readonly pid: number;
  readonly url: string;
  /** Master key, when the host asks for keys. */
  readonly key?: string;
}

/** How long a host may take to answer before it counts as not answering. */
const PING_TIMEOUT_MS = 2000;
/** How long a host that is just starting is waited for. */
const START_TIMEOUT_MS = 15_000;

/**
 * The host that holds a home folder, if its process lives and its address answers as that process. One that is still
 * starting is waited for.
 */
export async function findRunningHost(home: string): Promise<RunningHost | undefined> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const holder = readHolder(homeFiles(home).holder);
    if (holder === undefined || !isProcessAlive(holder.pid)) return undefined;
    const state = await ping(holder);
    if (state === "running") return holder;
    if (state !== "starting" || performance.now() > until) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Who a holder file says holds the folder. */
export function readHolder(file: string): RunningHost | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<RunningHost>;
    if (typeof value.pid !== "number" || typeof value.url !== "string") return undefined;
    return { pid: value.pid, url: value.url, ...(value.key === undefined ? {} : { key: value.key }) };
  } catch {
    return undefined;
  }
}

/** The state that a running host reports, or undefined when another program answers, or none. */
async function ping(host: RunningHost): Promise<string | undefined> {
  try {
    const reply = await fetch(new URL("/admin/host/ping", host.url), {
      signal: AbortSignal.timeout(PING_TIMEOUT_MS),
    });
    await reply.body?.cancel();
    if (reply.headers.get("x-host-pid") !== String(host.pid)) return undefined;
    return reply.headers.get("x-host-state") ?? undefined;
  } catch {
    return undefined;
  }
}
