import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");
/** A start takes seconds; this is for machines that have much else to do. */
const START_MS = 120_000;
const STOP_MS = 30_000;
/** Of the environment only what a process needs: no setting of the person at the keyboard joins in. */
const INHERITED = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TEMP",
  "SystemRoot",
  "DOTNET_ROOT",
  "NUGET_PACKAGES",
  "HTTPS_PROXY",
  "https_proxy",
  "SSL_CERT_FILE",
];
const inherited = (): Record<string, string> =>
  Object.fromEntries(
    INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );

const running = new Set<ChildProcess>();
const folders = new Set<string>();
/** Whatever way this process ends, none of its own outlives it, and no folder. */
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

/** A folder among the temporary ones, which goes away at the end of this process if it is not removed before. */
export function scratchFolder(prefix: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), prefix));
  folders.add(folder);
  return folder;
}

/** A process that can be ended and started again at will, with its output kept. */
export class Program {
  readonly #file: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  /** What it wrote since it was first started. */
  output = "";

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#file = file;
    this.#args = args;
    this.#env = env;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves once it has written the word. @throws Error with its last lines when it ends before */
  async start(word: string): Promise<void> {
    const child = spawn(this.#file, this.#args, {
      cwd: ROOT,
      env: { ...inherited(), ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("close", () => running.delete(child));
    const from = this.output.length;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const say = (what: string) =>
      reject(new Error(`${[this.#file, ...this.#args].join(" ")} ${what}:\n${this.tail()}`));
    const late = setTimeout(() => say("did not come up"), START_MS);
    const look = (chunk: Buffer) => {
      this.output += chunk.toString();
      if (this.output.includes(word, from)) resolve();
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("error", (fault) => say(fault.message));
    child.once("close", () => say("ended at its start"));
    await promise.finally(() => clearTimeout(late));
  }

  /** `SIGKILL` gives it no chance to tidy up. */
  async end(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.runs) return;
    const closed = once(child, "close");
    child.kill(signal);
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await closed;
    clearTimeout(killer);
  }

  /** The end of what it wrote. */
  tail(lines = 20): string {
    return this.output.trimEnd().split("\n").slice(-lines).join("\n");
  }
}

/** No program of a check takes longer, unless it waits for something that does not come. */
const LONGEST_MS = 15 * 60_000;

/** Runs a program to its end. @throws Error with its output unless it ends well, and in time */
export async function run(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...inherited(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const late = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  running.delete(child);
  if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code}:\n${output}`);
  return output;
}

/** Ports of loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
