import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { configureApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { replyJudge } from "../../test/surfaces/fuzz/replies.ts";
import { type Api, asCurl, fuzzedRequest } from "../../test/surfaces/fuzz/requests.ts";
import { benchArguments } from "../arguments.ts";

const { requests, seed, shown } = benchArguments({
  script: "bench/fuzz/main.ts",
  measures: "Sends requests made from the API description, valid and bent, and judges every reply by it.",
  takes: {
    requests: { about: "how many", standard: 10_000 },
    seed: { about: "decides them all; without it, the time does", standard: Date.now() % 1_000_000 },
    shown: { about: "failing requests that are printed", standard: 20 },
  },
  examples: ["", "--requests 300 --seed 1"],
});

const home = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-fuzz-"));
const clock = new VirtualClock();
configureApp({
  settings: readSettings({ LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "files") }),
  clock,
  logger: silentLogger,
});
const host = await LocalHost.start({
  folder: path.resolve(import.meta.dirname, "../.."),
  home,
  clock,
  logger: silentLogger,
  env: {},
});
let failed = 0;
const statuses = new Map<number, number>();
const begun = performance.now();
try {
  const api = (await (await host.fetch("/api/lightning/openapi.json")).json()) as Api;
  const judge = replyJudge(api);
  const random = seededRandom(seed);
  for (let i = 0; i < requests; i++) {
    const request = fuzzedRequest(api, random);
    const { method, address, headers, body } = request;
    let reply: Response;
    try {
      const init = { method, headers, ...(body === undefined ? {} : { body: new Uint8Array(body) }) };
      reply = await host.until(host.fetch(address, init), { withinMs: 60_000 });
    } catch (thrown) {
      // What `Request` itself refuses is never sent.
      if (thrown instanceof TypeError) continue;
      failed++;
      console.log(`${i}: ${String(thrown)}\n  ${asCurl(request, host.baseUrl).slice(0, 4000)}`);
      continue;
    }
    statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
    const fault = judge(request, { status: reply.status, headers: reply.headers, text: await reply.text() });
    if (fault === undefined) continue;
    failed++;
    if (failed <= shown) console.log(`${i}: ${fault}\n  ${asCurl(request, host.baseUrl).slice(0, 4000)}`);
  }
} finally {
  await host.stop();
  await fs.rm(home, { recursive: true, force: true });
}
const told = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
console.log(
  `${requests} requests, seed ${seed}: ${failed} failed, ${((performance.now() - begun) / 1000).toFixed(0)} s; ${told.join(", ")}`,
);
process.exit(failed === 0 ? 0 : 1);
