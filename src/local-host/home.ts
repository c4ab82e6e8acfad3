import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

import { conflict, fatal, messageOf } from "../kernel/errors.ts";
import { DatabaseSync } from "./durable/store/sqlite.ts";
import { writeFileAtomic } from "./state-file.ts";

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
    if (holder === undefined || !isAlive(holder.pid)) return undefined;
    const state = await ping(holder);
    if (state === "running") return holder;
    if (state !== "starting" || performance.now() > until) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Takes hold of a home folder for this process; two hosts on one folder would work on the same orchestrations. The
 * lock is SQLite's on a file of its own, so that it ends with the process, however that ends.
 * @returns how to let go
 * @throws conflict `home_in_use`, fatal `home_unusable`
 */
export function claimHome(home: string, own: RunningHost): () => void {
  const { holder: file, lock: lockFile } = homeFiles(home);
  const lock = openLock(lockFile, home);
  try {
    lock.exec("PRAGMA busy_timeout = 200; BEGIN EXCLUSIVE");
  } catch (thrown) {
    lock.close();
    const other = readHolder(file);
    const who = other === undefined ? "Another process" : `Process ${other.pid} at ${other.url}`;
    throw conflict("home_in_use", `${who} holds the data folder ${home}.`, {
      cause: thrown,
      remedy: "Stop it, or use another folder (--home).",
    });
  }
  writeFileAtomic(file, `${JSON.stringify(own)}\n`, true);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    rmSync(file, { force: true });
    lock.close();
  };
}

/** @throws fatal `home_unusable` */
function openLock(file: string, home: string): DatabaseSync {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return new DatabaseSync(file);
  } catch (thrown) {
    throw fatal("home_unusable", `The data folder ${home} cannot be used: ${messageOf(thrown)}`, {
      cause: thrown,
      remedy: "Give a folder that this user can write (--home).",
    });
  }
}

function readHolder(file: string): RunningHost | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<RunningHost>;
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
