import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { benchArguments } from "../arguments.ts";

const { connections, kib, json } = benchArguments({
  script: "bench/local-host/half-sent.ts",
  measures: `What the app's process holds in memory while so many callers have each sent a part of a long body and then
nothing, what they are answered, and how long another request takes meanwhile.`,
  takes: {
    connections: { about: "callers", standard: 2000 },
    kib: { about: "of a body of 8 MiB that each sends, in KiB", standard: 512 },
    json: { about: "one line for machines", standard: false },
  },
  examples: ["", "--connections 200"],
});

const home = mkdtempSync(path.join(os.tmpdir(), "lightning-half-sent-"));
let child: ChildProcess | undefined;
process.on("exit", () => {
  child?.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

async function start(): Promise<number> {
  child = spawn(process.execPath, [...NODE_OPTIONS, "src/start.ts", "--port", "0"], {
    cwd: path.join(import.meta.dirname, "../.."),
    env: {
      ...process.env,
      LIGHTNING_HOME: home,
      LIGHTNING_DATA_DIR: path.join(home, "files"),
      LIGHTNING_LOG_LEVEL: "error",
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (;;) {
    const port = /Listening on http:\/\/localhost:(\d+)/.exec(said)?.[1];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** MiB of the app's process: now, and at most so far. */
function memory(): { now: number; peak: number } {
  const status = readFileSync(`/proc/${child?.pid}/status`, "utf8");
  const of = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { now: of("VmRSS"), peak: of("VmHWM") };
}

const port = await start();
const before = memory();
const part = Buffer.alloc(kib * 1024, 0x20);
const head = `POST /api/lightning/episodes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${8 * 1024 * 1024}\r\n\r\n`;
let [refused, reset] = [0, 0];
const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = net.connect(port, "127.0.0.1");
    let answered = false;
    socket.on("data", (chunk: Buffer) => {
      if (chunk.toString("latin1").startsWith("HTTP/1.1 503 ")) refused++;
      answered = true;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (!answered) reset++;
    });
    await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
    socket.write(head);
    await new Promise((resolve) => socket.write(part, resolve));
    return socket;
  }),
);
await new Promise((resolve) => setTimeout(resolve, 2000));
const begun = performance.now();
const episode = JSON.stringify({ user_input: "q", assistant_output: "a" });
const reply = await fetch(`http://127.0.0.1:${port}/api/lightning/episodes`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: episode,
});
const took = Math.round(performance.now() - begun);
const open = sockets.filter((socket) => !socket.closed).length;
const { now, peak } = memory();
const figures = {
  connections,
  kib,
  refused,
  reset,
  open,
  before: before.now,
  now,
  peak,
  status: reply.status,
  took,
};
console.log(
  json
    ? JSON.stringify(figures)
    : `${connections} callers sent ${kib} KiB each of 8 MiB: ${refused} were answered 503, ${reset} closed without an answer, ${open} wait.
Memory of the app's process: ${before.now} MiB before, ${peak} at most, ${now} then. Another caller's episode: ${reply.status} after ${took} ms.`,
);
process.exit(reply.status === 201 ? 0 : 1);
