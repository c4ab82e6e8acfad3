// Ours, as a Functions app has it: @azure/functions and durable-functions, JSON both ways, every commit synced.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { OrchestrationHandler } from "durable-functions";
import { stderrLogger } from "../../../src/kernel/logger.ts";
import { LocalHost } from "../../../src/local-host/local-host.ts";
import { measure, plan, report } from "./measure.mjs";

const five: OrchestrationHandler = function* ({ df: context }) {
  let n = 0;
  for (let i = 0; i < 5; i++) n = (yield context.callActivity("add", n)) as number;
  return n;
};
const fan: OrchestrationHandler = function* ({ df: context }) {
  const work = Array.from({ length: context.getInput<number>() }, (_, n) => context.callActivity("add", n));
  return ((yield context.Task.all(work)) as number[]).length;
};
const home = mkdtempSync(path.join(tmpdir(), "lightning-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));
const host = await LocalHost.start({
  folder: home,
  home,
  logger: stderrLogger("error"),
  // Loaded by the host, as `lightning-host` loads an app's files.
  async app() {
    const df = await import("durable-functions");
    df.app.orchestration("five", five);
    df.app.orchestration("fan", fan);
    df.app.activity("add", { handler: (n: number) => n + 1 });
  },
});
const started = Math.round(performance.now());
const figures = await measure(async (name: string, input: number) => {
  const query = "timeout=120&pollingInterval=1";
  const address = `/runtime/webhooks/durabletask/orchestrators/${name}?${query}`;
  const answer = await host.fetch(address, { method: "POST", body: String(input) });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json() as Promise<number>;
}, plan);

let kept = {};
if (plan.finished > 0) {
  // Starts are answered when they are on the disk; so many at a time.
  // What is reachable, and what the process has from the system: the rest is pages the collector keeps for the next burst.
  const megabytes = () => {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss: Math.round(rss / 1e6), heap: Math.round(heapUsed / 1e6) };
  };
  const before = megabytes();
  let half = before;
  for (let n = 0; n < plan.finished; n += 1000) {
    await Promise.all(
      Array.from({ length: 1000 }, () =>
        host.fetch("/runtime/webhooks/durabletask/orchestrators/five?timeout=120&pollingInterval=1", {
          method: "POST",
          body: "0",
        }),
      ),
    );
    if (n + 1000 === plan.finished / 2) half = megabytes();
  }
  const after = megabytes();
  kept = {
    finished: plan.finished,
    rss_before_mb: before.rss,
    rss_half_way_mb: half.rss,
    rss_after_mb: after.rss,
    heap_before_mb: before.heap,
    heap_half_way_mb: half.heap,
    heap_after_mb: after.heap,
  };
}
await host.stop();
report({ ...figures, start_ms: started, ...kept });
