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

/** A server started as a command: waits for the address it tells, and stops it in good order. */
export async function withServer<T>(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const child = spawn(file, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const text = listen(child);
  const ended = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) =>
        reject(new Error(`${args.join(" ")} ended (${code}): ${text.err}${text.out}`)),
      );
      child.stdout?.on("data", () => {
        const found = /(?:Listening on|listening on) (http:\/\/[^\s,]+)/.exec(text.out)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    return await use(url);
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}
