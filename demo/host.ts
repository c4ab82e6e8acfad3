import { type ChildProcess, spawn } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findRunningHost } from "../src/local-host/home.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
/** Three tool servers and the app on a machine that has other work. */
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;
/** The demo runs on the embedded engines whatever the shell it is started from is set to. */
const OURS =
  /^(LIGHTNING_|COSMOS_|AZURE_OPENAI_|FOUNDRY_|ENABLE_LIGHTNING_|USE_TUNED_|TUNED_MODEL_|WEBSITE_)/;

export interface RunningApp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** In good order; the process is gone when it returns. */
  stop(): Promise<void>;
}

const children = new Map<ChildProcess, Promise<void>>();
/** Whatever way this process ends, no host outlives it. */
process.on("exit", () => {
  for (const child of children.keys()) child.kill("SIGKILL");
});

/** Stops every app that still runs, so that it stops its tool servers in turn. */
export async function stopApps(): Promise<void> {
  await Promise.all([...children].map(async ([child, gone]) => stop(child, gone)));
}

async function stop(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await gone;
  clearTimeout(killer);
}

/**
 * Starts the function app as `npm start` does, in a process of its own.
 * @throws Error with the end of its log when it ends before it answers
 */
export async function startApp(
  home: string,
  settings: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  const logFile = path.join(home, "host.log");
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, ["src/start.ts", "--port", "0", "--home", home], {
    cwd: ROOT,
    env: { ...inherited, ...settings },
    stdio: ["ignore", log, log],
  });
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    const end = () => {
      ended = true;
      children.delete(child);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  children.set(child, gone);
  const until = performance.now() + START_LIMIT_MS;
  for (;;) {
    const host = await findRunningHost(home);
    if (host !== undefined && host.pid === child.pid)
      return { url: host.url, stop: async () => stop(child, gone) };
    if (ended || performance.now() > until) {
      child.kill("SIGKILL");
      const said = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-15).join("\n");
      throw new Error(`The function app did not start. The end of ${logFile}:\n${said}`);
    }
    await sleep(50);
  }
}
