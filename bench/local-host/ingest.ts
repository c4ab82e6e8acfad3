import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";
import { type Answer, Connection } from "./sender.ts";

const values = benchArguments({
  script: "bench/local-host/ingest.ts",
  measures: `Episodes a second through the app's own HTTP function, each answered when it is on the disk, beside a handler that
only answers. The app runs in a process of its own; this one sends, and looks at every answer.`,
  takes: {
    seconds: { about: "length of each measurement", standard: 8 },
    connections: { about: "connections, all kept alive, each number in turn", standard: [128, 32] },
    bytes: { about: "length of an episode", standard: 1500 },
    profile: { about: "folder for a CPU profile of the app", standard: "" },
    only: {
      about: "requests of one episode, or of a hundred",
      standard: ["one", "many"],
      oneOf: ["one", "many"],
    },
  },
  examples: ["", "--only one --seconds 3 --connections 128", "--profile profiles"],
});
const home = mkdtempSync(path.join(os.tmpdir(), "lightning-ingest-"));
const root = path.join(import.meta.dirname, "../..");

interface App {
  readonly process: ChildProcess;
  readonly port: number;
}

async function startApp(args: readonly string[]): Promise<App> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...NODE_OPTIONS, ...args, "--port", "0"], {
    cwd: root,
    env: { ...process.env, LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "files") },
  });
  process.on("exit", () => child.kill("SIGKILL"));
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  let port = 0;
  while (port === 0) {
    port = Number(/Listening on http:\/\/localhost:(\d+)/.exec(said)?.[1] ?? 0);
    if (child.exitCode !== null) throw new Error(said);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log(`start ${Math.round(performance.now() - begun)} ms`);
  return { process: child, port };
}
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

let next = 0;
const acknowledged = new Map<App, number>();
const filler = "It rained over the harbour and the ferry was late. ".repeat(40);
/** By the length of the id: what follows it. Made once, for the sender shares two cores with what is measured. */
const rests = new Map<number, string>();
function episode(): string {
  const id = `ep-${next++}`;
  let rest = rests.get(id.length);
  if (rest === undefined) {
    const short = { agent_id: "desk", session_id: "s", user_input: "How is it?", assistant_output: "" };
    const room = values.bytes - JSON.stringify({ id, ...short }).length;
    rest = JSON.stringify({ ...short, assistant_output: filler.slice(0, Math.max(1, room)) }).slice(1);
    rests.set(id.length, rest);
  }
  return `{"id":"${id}",${rest}`;
}

/** Every episode of the request is recorded, and new. */
function isRecorded({ status, body }: Answer, count: number): boolean {
  return count === 1
    ? status === 201 && body.includes('"status":"recorded"')
    : status === 207 && body.includes(`"recorded":${count},"duplicates":0,"failed":0`);
}

/** Seconds of processor time of an app: its main thread, and all of it. Linux only. */
function secondsOf({ pid }: ChildProcess): { main: number; all: number } {
  const TICKS = 100;
  let main = 0;
  let all = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
      all += seconds;
      if (thread === String(pid)) main = seconds;
    }
  } catch {
    return { main: Number.NaN, all: Number.NaN };
  }
  return { main, all };
}

/** What a window gave. */
interface Window {
  /** Episodes a second. */
  readonly rate: number;
  /** What 99 of 100 requests took at most, in ms. */
  readonly p99: number;
  /** Microseconds of processor time of the app, all threads, an episode. */
  readonly cpu: number;
}

async function measure(name: string, app: App, perRequest: number, count: number): Promise<Window> {
  // New ones: the server closes those that were idle for some seconds.
  const connections: Connection[] = [];
  for (let n = 0; n < count; n++) connections.push(await Connection.open(app.port));
  const until = performance.now() + values.seconds * 1000;
  const type = perRequest === 1 ? "application/json" : "application/x-ndjson";
  let sent = 0;
  let refused = 0;
  const took: number[] = [];
  const from = performance.now();
  const own = process.cpuUsage();
  const before = secondsOf(app.process);
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < until) {
        const lines = Array.from({ length: perRequest }, episode);
        const asked = performance.now();
        const answer = await connection.post("/api/lightning/episodes", type, lines);
        took.push(performance.now() - asked);
        if (isRecorded(answer, perRequest)) sent += perRequest;
        else refused++;
      }
    }),
  );
  for (const connection of connections) connection.close();
  const seconds = (performance.now() - from) / 1000;
  const after = secondsOf(app.process);
  const { user, system } = process.cpuUsage(own);
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? 0;
  const share = (cpu: number) => (cpu / seconds).toFixed(2);
  const micros = (cpu: number) => Math.round((cpu * 1e6) / Math.max(1, sent));
  console.log(
    `${name}, ${count} connections: ${Math.round(sent / seconds)} episodes/s, ${refused} refused, ` +
      `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms; ` +
      `cores: app's main thread ${share(after.main - before.main)}, all of it ${share(after.all - before.all)}, ` +
      `sender ${share((user + system) / 1e6)}; app ${micros(after.main - before.main)} + ` +
      `${micros(after.all - after.main - before.all + before.main)} µs an episode; load ${os.loadavg()[0]?.toFixed(1)}`,
  );
  acknowledged.set(app, (acknowledged.get(app) ?? 0) + sent);
  return { rate: sent / seconds, p99: at(0.99), cpu: ((after.all - before.all) * 1e6) / Math.max(1, sent) };
}

/** The least, the median and the most of the rounds. */
const spread = (numbers: readonly number[]) =>
  [Math.min(...numbers), median(numbers), Math.max(...numbers)].map((number) => number.toFixed(2)).join(", ");

const ROUNDS = 3;
const wants = (name: string) => values.only.includes(name);
const profile = values.profile === "" ? [] : ["--cpu-prof", "--cpu-prof-dir", path.resolve(values.profile)];
const ours = await startApp([...profile, "src/start.ts", "--home", home]);
const echo = await startApp([
  "src/local-host/main.ts",
  path.join(import.meta.dirname, "echo-app"),
  "--quiet",
  "--home",
  path.join(home, "echo"),
]);
const doors = (
  [
    ["one", "one a request", 1],
    ["many", "NDJSON, 100 a request", 100],
  ] as const
).filter(([only]) => wants(only));
const summary: string[] = [];
for (const count of values.connections) {
  await measure("warm-up, a handler that only answers", echo, 1, count);
  for (const [, name, perRequest] of doors) {
    await measure(`warm-up, ${name}`, ours, perRequest, count);
    const ratios: number[] = [];
    const cpus: number[] = [];
    const p99s: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const most = await measure("a handler that only answers", echo, 1, count);
      const { rate, p99, cpu } = await measure(name, ours, perRequest, count);
      ratios.push(rate / most.rate);
      cpus.push(most.cpu / cpu);
      p99s.push(p99);
    }
    summary.push(
      `${name} : a handler that only answers, ${count} connections = ${spread(ratios)}; ` +
        `by processor time ${spread(cpus)}; p99 ${spread(p99s)} ms`,
    );
  }
}
console.log(`\nleast, median and most of ${ROUNDS} rounds\n${summary.join("\n")}`);
const total = await fetch(`http://127.0.0.1:${ours.port}/api/lightning/stats?agent_id=desk`);
const { statistics } = (await total.json()) as { statistics: { total_episodes: number } };
console.log(`stored ${statistics.total_episodes} of ${acknowledged.get(ours)} acknowledged`);
if (values.profile !== "") {
  ours.process.kill("SIGTERM");
  await new Promise((resolve) => ours.process.once("exit", resolve));
}
process.exit(0);
