import { type ChildProcess, spawn } from "node:child_process";
import { type FSWatcher, watch as watchFolder } from "node:fs";
import path from "node:path";
import { isMain } from "../kernel/is-main.ts";

/** An editor writes a file in several steps; one start is enough for them all. */
const SETTLE_MS = 100;
/** Beside this file, as a source or compiled. */
const REPORTER = new URL(`./report-loaded${path.extname(import.meta.url)}`, import.meta.url).href;

/**
 * Runs a script and restarts it, after an end in good order, when a file that it loaded changes. Folders are watched,
 * not files: Node's own `--watch` loses sight of a file that an editor replaces instead of writing it.
 */
export function watch(script: string, args: readonly string[]): void {
  const loaded = new Set<string>();
  const folders = new Map<string, FSWatcher>();
  let child: ChildProcess | undefined;
  let changed = false;
  let stopping = false;
  let settling: NodeJS.Timeout | undefined;

  function start(): void {
    changed = false;
    const running = spawn(process.execPath, ["--import", REPORTER, script, ...args], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, LIGHTNING_HOST_WATCHED: "1" },
    });
    child = running;
    running.on("message", (message) => look((message as { readonly loaded: string }).loaded));
    running.on("exit", (code) => {
      child = undefined;
      if (stopping || (code === 0 && !changed)) process.exit(code ?? 0);
      if (changed) start();
      else console.error("The host has ended; it starts again when one of its files changes.");
    });
  }

  function look(file: string): void {
    loaded.add(file);
    const folder = path.dirname(file);
    if (folders.has(folder)) return;
    const watcher = watchFolder(folder, (_event, name) => {
      if (name !== null && loaded.has(path.join(folder, name))) again();
    });
    // A folder that was removed is looked at again when something is loaded from it.
    watcher.on("error", () => folders.delete(folder));
    folders.set(folder, watcher);
  }

  function again(): void {
    clearTimeout(settling);
    settling = setTimeout(() => {
      if (stopping || changed) return;
      console.error("A file changed; starting anew.");
      if (child === undefined) start();
      else {
        changed = true;
        child.kill("SIGTERM");
      }
    }, SETTLE_MS);
  }

  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      stopping = true;
      if (child === undefined) process.exit(0);
      // Ctrl+C reaches the child from the terminal; a second signal would end it at once.
      if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
    });
  start();
}

/** Tells the watcher of a file that is read, not loaded as a module. */
export function tellWatcher(file: string): void {
  if (process.env.LIGHTNING_HOST_WATCHED !== undefined && process.connected) process.send?.({ loaded: file });
}

/** What a host reads of an app's folder besides its code. Reported before it is read: it may be broken. */
export function tellWatcherOfConfig(folder: string): void {
  for (const file of ["package.json", "host.json", "local.settings.json"])
    tellWatcher(path.join(folder, file));
}

if (isMain(import.meta.url)) watch(process.argv[2] ?? "", process.argv.slice(3));
