import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end; the longest time is a guard against one that hangs. */
export function run(
  file: string,
  args: readonly string[],
  { timeoutMs = 150_000, ...options }: SpawnOptions & { timeoutMs?: number } = {},
): Promise<Ended> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  const text = listen(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...text }));
  });
}

/** What a program writes, gathered while it runs. */
export function listen(child: ChildProcess): { out: string; err: string } {
  const text = { out: "", err: "" };
  child.stdout?.on("data", (piece: Buffer) => {
    text.out += piece.toString();
  });
  child.stderr?.on("data", (piece: Buffer) => {
    text.err += piece.toString();
  });
  return text;
}

/** How long a server may take to tell its address, and to stop. */
const PATIENCE_MS = 60_000;
const isPosix = process.platform !== "win32";

/** A server started as a command: waits for the address it tells, and stops it in good order. */
export async function withServer<T>(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const what = [file, ...args].join(" ");
  // A group of its own: npx does not hand a signal on to what it runs, as a terminal does.
  const child = spawn(file, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    detached: isPosix,
    shell: !isPosix,
  });
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (isPosix && child.pid !== undefined) process.kill(-child.pid, signal);
      else child.kill(signal);
    } catch {
      // It has ended.
    }
  };
  const killNow = () => kill("SIGKILL");
  process.once("exit", killNow);
  const text = listen(child);
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  try {
    return await use(await soon(addressOf(child, text), `${what} told no address: ${text.err}${text.out}`));
  } finally {
    kill("SIGTERM");
    await soon(ended, `${what} did not stop`).finally(killNow);
    process.off("exit", killNow);
  }
}

function addressOf(
  child: ChildProcess,
  text: { readonly out: string; readonly err: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`It ended (${code}): ${text.err}${text.out}`)));
    child.stdout?.on("data", () => {
      const found = /Listening on (http:\/\/[^\s,]+)/.exec(text.out)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

async function soon<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
