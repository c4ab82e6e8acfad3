// A Restate server of one node on this machine, with its defaults; calls go through its HTTP ingress.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import * as restate from "@restatedev/restate-sdk";
import { measure, plan, report } from "./measure.mjs";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const [ingress, admin, node, service] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
];
const bench = restate.service({
  name: "bench",
  handlers: {
    async five(context) {
      let n = 0;
      for (let i = 0; i < 5; i++) n = await context.run("add", () => n + 1);
      return n;
    },
    async fan(context, width) {
      const done = await restate.RestatePromise.all(
        Array.from({ length: width }, (_, n) => context.run("add", () => n + 1)),
      );
      return done.length;
    },
  },
});
await restate.serve({ services: [bench], port: service });

const home = mkdtempSync(path.join(tmpdir(), "restate-"));
// The binary itself: the package's command is a wrapper that would leave it running.
const packageName = `@restatedev/restate-server-${process.platform}-${process.arch}`;
const server = spawn(
  path.join(import.meta.dirname, "node_modules", packageName, "bin/restate-server"),
  ["--base-dir", home],
  {
    stdio: "ignore",
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_DISABLE_TELEMETRY: "true",
      DO_NOT_TRACK: "1",
    },
  },
);
process.on("exit", () => {
  server.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});
for (let tries = 0; ; tries++) {
  const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
  }).catch(() => undefined);
  if (answer?.ok) break;
  if (tries > 300) throw new Error(`Restate did not start: ${answer && (await answer.text())}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const figures = await measure(async (name, input) => {
  const body =
    name === "five" ? {} : { headers: { "content-type": "application/json" }, body: String(input) };
  const answer = await fetch(`http://127.0.0.1:${ingress}/bench/${name}`, { method: "POST", ...body });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}, plan);
report(figures);
