import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { findRunningHost } from "../../src/local-host/local-host.ts";
import { RestDoor } from "./rest-door.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Of the parent's environment only what a process needs: no setting of the person at the keyboard joins a test. */
const INHERITED = ["PATH", "HOME", "TMPDIR", "TEMP", "SystemRoot"];

/** `npm start` in a process of its own, on one home: ended and started again at will. */
export class KilledApp extends RestDoor {
  readonly home: string;
  readonly #env: Record<string, string>;
  #child: ChildProcess | undefined;
  #url = "";
  #output = "";

  constructor(home: string, env: Record<string, string> = {}) {
    super();
    this.home = home;
    this.#env = env;
  }

  override get url(): string {
    return this.#url;
  }

  /** What the last start printed. */
  get output(): string {
    return this.#output;
  }

  async start(): Promise<void> {
    const env: Record<string, string> = {};
    for (const name of INHERITED) if (process.env[name] !== undefined) env[name] = process.env[name];
    const child = spawn(process.execPath, ["src/start.ts", "--port", "0", "--home", this.home], {
      cwd: ROOT,
      env: {
        ...env,
        LIGHTNING_DATA_DIR: path.join(this.home, "files"),
        LIGHTNING_POLL_INTERVAL: "0.1",
        ...this.#env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (this.#output += chunk));
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`The app ended at its start:\n${this.#output}`);
      const running = await findRunningHost(this.home);
      if (running !== undefined && running.pid === child.pid) {
        this.#url = running.url;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** `SIGKILL` gives it no chance to tidy up, `SIGTERM` lets it end in good order. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
