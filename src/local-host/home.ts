import * as fs from "node:fs";
import path from "node:path";
import { conflict } from "../kernel/errors.ts";

/** The files of a home folder's `host` part. */
export interface HomeFiles {
  readonly durableStore: string;
  readonly keys: string;
  readonly state: string;
  /** Says which process holds the folder. */
  readonly holder: string;
}

export function homeFiles(home: string): HomeFiles {
  const folder = path.join(home, "host");
  return {
    durableStore: path.join(folder, "durable.sqlite"),
    keys: path.join(folder, "keys.json"),
    state: path.join(folder, "state.json"),
    holder: path.join(folder, "host.json"),
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

/** The host that holds a home folder, if its process lives and its address answers as that process. */
export async function findRunningHost(home: string): Promise<RunningHost | undefined> {
  const holder = readHolder(homeFiles(home).holder);
  if (holder === undefined || !isAlive(holder.pid)) return undefined;
  return (await answers(holder)) === "yes" ? holder : undefined;
}

/**
 * Takes hold of a home folder for this process; two hosts on one folder would work on the same orchestrations.
 * @returns how to let go
 * @throws conflict `home_in_use`
 */
export async function claimHome(home: string, own: RunningHost): Promise<() => void> {
  const { holder: file } = homeFiles(home);
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(own)}\n`;
  for (let attempt = 0; ; attempt++) {
    try {
      fs.writeFileSync(file, text, { flag: "wx", mode: 0o600 });
      break;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST" || attempt === 3) throw thrown;
    }
    const other = readHolder(file);
    if (other !== undefined && isAlive(other.pid) && (await answers(other)) !== "no")
      throw conflict("home_in_use", `Process ${other.pid} at ${other.url} holds the data folder ${home}.`, {
        remedy: "Stop it, or start this one with another --home.",
      });
    fs.rmSync(file, { force: true });
  }
  return () => {
    const holder = readHolder(file);
    if (holder?.pid === own.pid && holder.url === own.url) fs.rmSync(file, { force: true });
  };
}

function readHolder(file: string): RunningHost | undefined {
  try {
    const value = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<RunningHost>;
    if (typeof value.pid !== "number" || typeof value.url !== "string") return undefined;
    return { pid: value.pid, url: value.url, ...(value.key === undefined ? {} : { key: value.key }) };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** "silent": something takes the connection but does not answer in time, so it may be a busy host. */
async function answers(host: RunningHost): Promise<"yes" | "no" | "silent"> {
  try {
    const reply = await fetch(new URL("/admin/host/ping", host.url), {
      signal: AbortSignal.timeout(PING_TIMEOUT_MS),
    });
    await reply.body?.cancel();
    return reply.headers.get("x-host-pid") === String(host.pid) ? "yes" : "no";
  } catch (thrown) {
    return (thrown as Error).name === "TimeoutError" ? "silent" : "no";
  }
}
