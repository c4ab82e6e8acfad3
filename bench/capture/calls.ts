import { performance } from "node:perf_hooks";
import OpenAI from "openai";
import { createCaptureHook } from "../../src/capture/capture.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { wrapToolHandler } from "../../src/capture/wrap-tool-handler.ts";
import { readSettings } from "../../src/config/settings.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { benchArguments } from "../arguments.ts";
import { median } from "../median.ts";
import { FORMS, type Form, provider } from "./provider.ts";

const { calls, rounds, json } = benchArguments({
  script: "bench/capture/calls.ts",
  measures: "What does a call of a model cost, raw and wrapped, in each of its forms? See README.md.",
  takes: {
    calls: { about: "calls in each round", standard: 400 },
    rounds: { about: "rounds, raw and wrapped in turn", standard: 15 },
    json: { about: "lines for machines", standard: false },
  },
  examples: ["", "--calls 50 --rounds 5 --json"],
});

interface Figures {
  readonly form: string;
  /** Microseconds of this thread's processor time a call, medians of the rounds. */
  readonly raw: number;
  readonly wrapped: number;
  readonly added: number;
  /** Redaction, shaping and handing over, between the agent's turns. */
  readonly background: number;
  /** `wrapped` to `raw`, the median of the rounds' own ratios. */
  readonly ratio: number;
}

const tenth = (n: number): number => Math.round(n * 10) / 10;

/** Microseconds a call of this process's processor time: others on the machine do not count. */
async function each(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < calls; i++) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function measure(
  name: string,
  raw: () => unknown,
  wrap: (hook: Hook) => () => unknown,
): Promise<Figures> {
  const hook = createHook();
  const wrapped = wrap(hook);
  const samples: { raw: number; wrapped: number; background: number }[] = [];
  for (let round = 0; round < rounds + 2; round++) {
    const bare = await each(raw);
    const captured = await each(wrapped);
    const before = process.cpuUsage();
    await hook.flush();
    const { user, system } = process.cpuUsage(before);
    // The first rounds run before the compiler has seen the code.
    if (round >= 2) samples.push({ raw: bare, wrapped: captured, background: (user + system) / calls });
  }
  const { captured, sent } = hook.stats();
  await hook.close();
  if (captured !== (rounds + 2) * calls || sent !== captured)
    throw new Error(`${name}: ${captured} captured and ${sent} sent of ${(rounds + 2) * calls}`);
  const middle = (of: (sample: (typeof samples)[number]) => number) => median(samples.map(of));
  return {
    form: name,
    raw: tenth(middle((one) => one.raw)),
    wrapped: tenth(middle((one) => one.wrapped)),
    added: tenth(middle((one) => one.wrapped - one.raw)),
    background: tenth(middle((one) => one.background)),
    ratio: Math.round(middle((one) => one.wrapped / one.raw) * 100) / 100,
  };
}

type Hook = ReturnType<typeof createHook>;
function createHook() {
  return createCaptureHook({
    settings: readSettings({ ENABLE_LIGHTNING_CAPTURE: "true" }),
    clock: systemClock,
    logger: silentLogger,
    send: async () => {},
    limits: {
      maxQueued: calls * 2,
      maxQueuedBytes: Number.POSITIVE_INFINITY,
      flushIntervalMs: 600_000,
      batchSize: calls * 2,
    },
  });
}

const client = (form: Form) =>
  new OpenAI({ apiKey: "none", baseURL: "http://127.0.0.1/v1", maxRetries: 0, fetch: provider(form) });

const begun = performance.now();
const rows: Figures[] = [];
for (const form of FORMS)
  rows.push(
    await measure(
      form.name,
      () => form.call(client(form)),
      (hook) => () => form.call(wrapOpenAI(hook, client(form))),
    ),
  );
// As a long-lived agent has it: one client, made and wrapped once.
for (const form of FORMS) {
  const one = client(form);
  const raw = client(form);
  rows.push(
    await measure(
      `${form.name}, one client`,
      () => form.call(raw),
      (hook) => {
        const view = wrapOpenAI(hook, one);
        return () => form.call(view);
      },
    ),
  );
}
const answer = { content: [{ type: "text", text: "14 of lamp in stock" }] };
const handler = async (_args: { item: string }) => answer;
rows.push(
  await measure(
    "tool handler",
    () => handler({ item: "lamp" }),
    (hook) => {
      const wrapped = wrapToolHandler(hook, "count_stock", handler);
      return () => wrapped({ item: "lamp" });
    },
  ),
);

if (json)
  process.stdout.write(
    `${JSON.stringify({ unit: "µs of processor time per call", calls, rounds, rows }, undefined, 2)}\n`,
  );
else {
  process.stdout.write(
    `Microseconds of processor time per call, ${rounds} rounds of ${calls}, Node ${process.versions.node}, ${Math.round((performance.now() - begun) / 1000)} s\n`,
  );
  console.table(Object.fromEntries(rows.map(({ form, ...figures }) => [form, figures])));
}
