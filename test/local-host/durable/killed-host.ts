// Run as a process of its own and killed: starts what is not started yet, works, and says when all has ended.
import { appendFileSync } from "node:fs";
import { systemClock } from "../../../src/kernel/clock.ts";
import { stderrLogger } from "../../../src/kernel/logger.ts";
import { createDurableEngine } from "../../../src/local-host/durable/engine.ts";
import { appInvoker } from "./app.ts";
import { recoveryApp } from "./recovery-app.ts";

const [, , storeFile = "", logFile = "", countText = "0"] = process.argv;
const count = Number(countText);
const engine = createDurableEngine({
  storeFile,
  invoker: appInvoker(recoveryApp((name) => appendFileSync(logFile, `${name}\n`), 30)),
  clock: systemClock,
  logger: stderrLogger("error"),
  taskHubName: "KillHub",
});

const call = (method: string, path: string, body = "") =>
  engine.handle({ method, path, query: new URLSearchParams(), headers: {}, body }, "http://x", "", "rpc");

await engine.start();
for (let n = 0; n < count; n++) {
  if ((await call("GET", `instances/run-${n}`)).status !== 404) continue;
  await call("POST", `orchestrators/everything/run-${n}`, JSON.stringify({ n, round: 0 }));
  process.stdout.write(`started run-${n}\n`);
}
for (;;) {
  const states = await Promise.all(
    Array.from({ length: count }, (_, n) => call("GET", `instances/run-${n}`)),
  );
  if (states.every(({ status }) => status === 200)) {
    process.stdout.write(`ended ${JSON.stringify(states.map(({ body }) => JSON.parse(body).output))}\n`);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await engine.stop();
