import { performance } from "node:perf_hooks";
import { createCaptureHook } from "../../src/capture/capture.ts";
import { snapshot } from "../../src/capture/snapshot.ts";
import { wrapToolHandler } from "../../src/capture/wrap-tool-handler.ts";
import { readSettings } from "../../src/config/settings.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { redact } from "../../src/redaction/redact.ts";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";
import { PAYLOADS } from "./payloads.ts";

const { calls, json } = benchArguments({
  script: "bench/capture/main.ts",
  measures: "What does capturing one tool call cost the agent's own thread? See README.md.",
  takes: {
    calls: { about: "calls in each round", standard: 20_000 },
    json: { about: "lines for machines", standard: false },
  },
  examples: ["", "--calls 2000 --json"],
});
const ROUNDS = 7;
const SLICE = 500;

interface Figures {
  payload: string;
  bytes: number;
  /** Microseconds, the median of the rounds. */
  in_the_call: number;
  in_the_background: number;
  together: number;
  worst_call: number;
  off: number;
  structured_clone: number;
  snapshot: number;
  redaction: number;
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** Microseconds a call, the median of the rounds; a round of dear work is cut to about 100 ms. */
function each(work: () => unknown, times: number): number {
  const once = performance.now();
  work();
  const most = Math.max(1, Math.min(times, Math.floor(100 / (performance.now() - once))));
  const samples: number[] = [];
  for (let r = 0; r < ROUNDS; r++) {
    const start = performance.now();
    for (let i = 0; i < most; i++) work();
    samples.push(((performance.now() - start) * 1000) / most);
  }
  return median(samples);
}

async function measure(name: string, args: unknown, result: unknown): Promise<Figures> {
  const settings = readSettings({ ENABLE_LIGHTNING_CAPTURE: "true" });
  const hook = createCaptureHook({
    settings,
    clock: systemClock,
    logger: silentLogger,
    send: async () => {},
    limits: {
      maxQueued: SLICE * 2,
      maxQueuedBytes: Number.POSITIVE_INFINITY,
      flushIntervalMs: 60_000,
      batchSize: SLICE * 2,
    },
  });
  const bare = () => result;
  const captured = wrapToolHandler(hook, "search", bare as (args: unknown) => unknown);
  const inCall: number[] = [];
  const inBackground: number[] = [];
  let worst = 0;
  for (let done = 0; done < calls; done += SLICE) {
    let took = 0;
    for (let i = 0; i < SLICE; i++) {
      const start = performance.now();
      captured(args);
      const one = performance.now() - start;
      took += one;
      // The first slices run before the compiler has seen the code.
      if (done > calls / 4) worst = Math.max(worst, one);
    }
    inCall.push((took * 1000) / SLICE);
    const cpu = process.cpuUsage();
    await hook.flush();
    const used = process.cpuUsage(cpu);
    inBackground.push((used.user + used.system) / SLICE);
  }
  const { dropped, sent } = hook.stats();
  await hook.close();
  if (dropped > 0 || sent < calls) throw new Error(`${dropped} dropped, ${sent} of ${calls} sent`);
  const off = wrapToolHandler(
    createCaptureHook({
      settings: readSettings({}),
      clock: systemClock,
      logger: silentLogger,
      send: async () => {},
    }),
    "search",
    bare as (args: unknown) => unknown,
  );
  const times = Math.min(calls, 5000);
  const cost = round(median(inCall));
  const background = round(median(inBackground));
  return {
    payload: name,
    bytes: JSON.stringify([args, result]).length,
    in_the_call: cost,
    in_the_background: background,
    together: round(cost + background),
    worst_call: round(worst * 1000),
    off: round(each(() => off(args), times * 10)),
    structured_clone: round(each(() => structuredClone([args, result]), times)),
    snapshot: round(each(() => snapshot([args, result]), times)),
    redaction: round(each(() => redact([args, result]), times)),
  };
}

const rows: Figures[] = [];
for (const { name, args, result } of PAYLOADS) rows.push(await measure(name, args, result));
if (json)
  process.stdout.write(`${JSON.stringify({ unit: "µs per tool call", calls, rows }, undefined, 2)}\n`);
else {
  process.stdout.write(
    `Microseconds per captured tool call, ${calls} calls, Node ${process.versions.node}\n`,
  );
  console.table(Object.fromEntries(rows.map(({ payload, ...figures }) => [payload, figures])));
}
