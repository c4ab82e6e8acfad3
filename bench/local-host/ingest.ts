import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { type Answer, Connection } from "./sender.ts";

/**
 * Episodes a second through the app's own HTTP function, each answered when it is on the disk. The app runs in a
 * process of its own; this one sends, and looks at every answer.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    connections: { type: "string", default: "32" },
    bytes: { type: "string", default: "1500" },
    /** Folder for a CPU profile of the app. */
    profile: { type: "string" },
    only: { type: "string" },
  },
});
const home = mkdtempSync(path.join(os.tmpdir(), "lightning-ingest-"));
const root = path.join(import.meta.dirname, "../..");
const profile =
  values.profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", path.resolve(values.profile)];
const app = spawn(
  process.execPath,
  [...profile, "--import", "./bin/compile-cache.js", "src/start.ts", "--port", "0", "--home", home],
  {
    cwd: root,
    env: { ...process.env, LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "files") },
  },
);
let said = "";
for (const stream of [app.stdout, app.stderr])
  stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
process.on("exit", () => {
  app.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});
const begun = performance.now();
let port = 0;
while (port === 0) {
  port = Number(/Listening on http:\/\/localhost:(\d+)/.exec(said)?.[1] ?? 0);
  if (app.exitCode !== null) throw new Error(said);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log(`start ${Math.round(performance.now() - begun)} ms`);

let next = 0;
const filler = "It rained over the harbour and the ferry was late. ".repeat(40);
function episode(): string {
  const id = `ep-${next++}`;
  const short = { id, agent_id: "desk", session_id: "s", user_input: "How is it?", assistant_output: "" };
  const room = Number(values.bytes) - JSON.stringify(short).length;
  return JSON.stringify({ ...short, assistant_output: filler.slice(0, Math.max(1, room)) });
}

const connections: Connection[] = [];
for (let n = 0; n < Number(values.connections); n++) connections.push(await Connection.open(port));

/** Every episode of the request is recorded, and new. */
function isRecorded({ status, body }: Answer, count: number): boolean {
  return count === 1
    ? status === 201 && body.includes('"status":"recorded"')
    : status === 207 && body.includes(`"recorded":${count},"duplicates":0,"failed":0`);
}

/** Seconds of processor time of the app: its main thread, and all of it. Linux only. */
function appSeconds(): { main: number; all: number } {
  const TICKS = 100;
  let main = 0;
  let all = 0;
  try {
    for (const thread of readdirSync(`/proc/${app.pid}/task`)) {
      const stat = readFileSync(`/proc/${app.pid}/task/${thread}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
      all += seconds;
      if (thread === String(app.pid)) main = seconds;
    }
  } catch {
    return { main: Number.NaN, all: Number.NaN };
  }
  return { main, all };
}

async function measure(name: string, perRequest: number): Promise<void> {
  const until = performance.now() + Number(values.seconds) * 1000;
  const type = perRequest === 1 ? "application/json" : "application/x-ndjson";
  let sent = 0;
  let refused = 0;
  const took: number[] = [];
  const from = performance.now();
  const own = process.cpuUsage();
  const before = appSeconds();
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < until) {
        const body = Array.from({ length: perRequest }, episode).join("\n");
        const asked = performance.now();
        const answer = await connection.post("/api/lightning/episodes", type, body);
        took.push(performance.now() - asked);
        if (isRecorded(answer, perRequest)) sent += perRequest;
        else refused++;
      }
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  const after = appSeconds();
  const { user, system } = process.cpuUsage(own);
  took.sort((a, b) => a - b);
  const at = (share: number) => (took[Math.floor((took.length - 1) * share)] ?? 0).toFixed(1);
  const share = (cpu: number) => (cpu / seconds).toFixed(2);
  const micros = (cpu: number) => Math.round((cpu * 1e6) / Math.max(1, sent));
  console.log(
    `${name}: ${Math.round(sent / seconds)} episodes/s, ${refused} refused, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; ` +
      `cores: app's main thread ${share(after.main - before.main)}, all of it ${share(after.all - before.all)}, ` +
      `sender ${share((user + system) / 1e6)}; app ${micros(after.main - before.main)} + ` +
      `${micros(after.all - after.main - before.all + before.main)} µs an episode; load ${os.loadavg()[0]?.toFixed(1)}`,
  );
}
const wants = (name: string) => values.only === undefined || values.only === name;
if (wants("one")) {
  await measure("warm-up", 1);
  await measure("one a request", 1);
}
if (wants("many")) await measure("NDJSON, 100 a request", 100);
const total = await fetch(`http://127.0.0.1:${port}/api/lightning/stats?agent_id=desk`);
const { statistics } = (await total.json()) as { statistics: { total_episodes: number } };
console.log(`stored ${statistics.total_episodes} of ${next} sent`);
for (const connection of connections) connection.close();
if (values.profile !== undefined) {
  app.kill("SIGTERM");
  await new Promise((resolve) => app.once("exit", resolve));
}
process.exit(0);
