import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

/**
 * Episodes a second through the app's own HTTP function, each answered when it is on the disk. The app runs in a
 * process of its own; this one only sends.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    connections: { type: "string", default: "32" },
    bytes: { type: "string", default: "1500" },
  },
});
const home = mkdtempSync(path.join(os.tmpdir(), "lightning-ingest-"));
const root = path.join(import.meta.dirname, "../..");
const app = spawn(process.execPath, ["src/start.ts", "--port", "0", "--home", home], {
  cwd: root,
  env: { ...process.env, LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "files") },
});
let said = "";
for (const stream of [app.stdout, app.stderr])
  stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
process.on("exit", () => {
  app.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});
const begun = performance.now();
let port = "";
while (port === "") {
  port = /Listening on http:\/\/localhost:(\d+)/.exec(said)?.[1] ?? "";
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
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(values.connections) });
function post(body: string, type: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { agent, port, host: "127.0.0.1", path: "/api/lightning/episodes", method: "POST" };
    const headers = { "content-type": type, "content-length": Buffer.byteLength(body) };
    const request = http.request({ ...options, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject).end(body);
  });
}

async function measure(name: string, perRequest: number): Promise<void> {
  const until = performance.now() + Number(values.seconds) * 1000;
  const type = perRequest === 1 ? "application/json" : "application/x-ndjson";
  let sent = 0;
  let refused = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: Number(values.connections) }, async () => {
      while (performance.now() < until) {
        const status = await post(Array.from({ length: perRequest }, episode).join("\n"), type);
        if (status >= 200 && status < 300) sent += perRequest;
        else refused++;
      }
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  console.log(
    `${name}: ${Math.round(sent / seconds)} episodes/s, ${refused} refused, load ${os.loadavg()[0]?.toFixed(1)}`,
  );
}
await measure("warm-up", 1);
await measure("one a request", 1);
await measure("NDJSON, 100 a request", 100);
process.exit(0);
