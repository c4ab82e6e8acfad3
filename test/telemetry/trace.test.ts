import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { appOf, configureApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { loadVocabulary } from "../../src/datasets/tokens/vocabulary.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { conflict } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import type { Telemetry } from "../../src/telemetry/telemetry.ts";
import { startTracing } from "../../src/telemetry/tracing.ts";
import { golden } from "../scenarios/storm-desk.ts";

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, "../..");
const exporter = new InMemorySpanExporter();
let home: string;
let host: LocalHost;
let telemetry: Telemetry;

beforeAll(async () => {
  home = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-trace-"));
  const clock = new VirtualClock();
  const settings = readSettings({ LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "files") });
  telemetry = startTracing({ exporters: [exporter], settings, unbuffered: true });
  configureApp({ settings, clock, logger: silentLogger, telemetry });
  host = await LocalHost.start({
    folder: ROOT,
    home,
    clock,
    logger: silentLogger,
    changeSource: () => appOf().changeSource(),
  });
});
afterAll(async () => {
  await host.stop();
  await fs.rm(home, { recursive: true, force: true });
});

async function post(address: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await host.until(
    host.fetch(`/api/lightning${address}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    }),
  );
  return (await response.json()) as Record<string, string>;
}
const spans = () => exporter.getFinishedSpans();
const named = (name: string) => {
  const found = spans().find((span) => span.name.startsWith(name));
  if (found === undefined)
    throw new Error(
      `no span ${name} among ${spans()
        .map((one) => one.name)
        .join(", ")}`,
    );
  return found;
};
/** The names from a span up to the root of its trace. */
function upFrom(span: ReadableSpan): string[] {
  const parent = spans().find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  return [span.name, ...(parent === undefined ? [] : upFrom(parent))];
}

describe("one trace", () => {
  it("leads from a REST call through the orchestration and its steps to the provider", async () => {
    // Read in a thread, in real time: the virtual wait for the build would run out meanwhile.
    await loadVocabulary("o200k_base");
    const { dataset_id } = await post("/datasets/golden", {
      name: "lessons",
      content: golden(0, 40),
      test_split: 0,
    });
    exporter.reset();
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const { run_id } = await post(
      "/training",
      { dataset_id },
      { prefer: "wait=200", traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    await host.settle();

    const create = named("create_job");
    expect(create.spanContext().traceId).toBe(traceId);
    expect(upFrom(create)).toEqual([
      expect.stringMatching(/^create_job /),
      expect.any(String),
      "start trainModel",
      "startTraining",
    ]);
    expect(named("startTraining").attributes).toMatchObject({
      "lightning.door": "rest",
      "lightning.caller": "local",
      "lightning.dataset_id": dataset_id,
      "lightning.run_id": run_id,
    });
    // Every step of the run, to the last, is in it.
    const steps = spans().filter(({ attributes }) => attributes["lightning.step"] !== undefined);
    expect(steps.length).toBeGreaterThan(3);
    for (const step of steps) expect([step.name, step.spanContext().traceId]).toEqual([step.name, traceId]);
    expect(create.attributes).toMatchObject({
      "gen_ai.provider.name": "local",
      "lightning.provider.job_id": expect.stringMatching(/^ftjob-/),
    });
  });

  it("of a pipeline holds its children's steps and the chats of the evaluation", async () => {
    const held = await post("/datasets/golden", {
      name: "held out",
      content: golden(1000, 60),
      test_split: 1,
    });
    const lessons = await post("/datasets/golden", { name: "more", content: golden(0, 30), test_split: 0 });
    exporter.reset();
    await post(
      "/pipelines",
      { dataset_id: lessons.dataset_id, evaluation: { dataset_id: held.dataset_id, split: "test" } },
      { prefer: "wait=0" },
    );
    await host.settle();
    const root = named("runPipeline").spanContext().traceId;
    const chat = named("chat ");
    expect(chat.spanContext().traceId).toBe(root);
    expect(upFrom(chat).at(-1)).toBe("runPipeline");
    expect(chat.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.usage.input_tokens": expect.any(Number),
    });
    expect(named("create_job").spanContext().traceId).toBe(root);
  });

  it("begins at a call of a tool, whose span is the server's, under the trace that its message names", async () => {
    const called = async (
      name: string,
      args: object,
      trace: object,
      headers: Record<string, string> = {},
    ) => {
      exporter.reset();
      const response = await host.fetch("/api/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 7,
          method: "tools/call",
          params: { name, arguments: args, _meta: trace },
        }),
      });
      await response.text();
      return named("tools/call");
    };
    const of = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
    const told = await called("lightning_get_stats", {}, { traceparent: of("a") }, { traceparent: of("b") });
    expect(told).toMatchObject({
      name: "tools/call lightning_get_stats",
      kind: 1,
      status: { code: 0 },
      parentSpanContext: { spanId: "a".repeat(16) },
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "lightning_get_stats",
        "jsonrpc.request.id": "7",
      },
    });
    expect(told.spanContext().traceId).toBe("a".repeat(32));
    expect(told.links.map(({ context }) => context.traceId)).toEqual(["b".repeat(32)]);
    expect(upFrom(named("getStats"))).toEqual(["getStats", "tools/call lightning_get_stats"]);

    const overHttp = await called("lightning_get_stats", {}, {}, { traceparent: of("b") });
    expect(overHttp.parentSpanContext).toMatchObject({ traceId: "b".repeat(32), spanId: "b".repeat(16) });
    const odd = await called("lightning_get_stats", {}, { traceparent: "odd" }, { traceparent: of("b") });
    expect(odd.spanContext().traceId).toBe("b".repeat(32));

    const refused = await called("lightning_training_status", { run_id: "run-none" }, {});
    expect(refused).toMatchObject({
      status: { code: 2, message: "run_not_found" },
      attributes: { "error.type": "tool_error", "lightning.error.code": "run_not_found" },
    });
    const unknown = await called("what somebody said", {}, {});
    expect(unknown).toMatchObject({
      name: "tools/call",
      status: { code: 2, message: "-32602" },
      attributes: { "error.type": "-32602", "rpc.response.status_code": "-32602" },
    });
    expect(unknown.attributes).not.toHaveProperty("gen_ai.tool.name");
  });

  it("carries ids and counts, never what somebody said", () => {
    const texts = JSON.stringify(spans().map(({ attributes, status, name }) => [name, attributes, status]));
    const [first] = golden(0, 1).split("\n");
    const { messages } = JSON.parse(first ?? "") as { messages: { role: string; content: string }[] };
    const said = messages.map(({ content }) => (content ?? "").slice(0, 30)).filter((text) => text !== "");
    expect(said.length).toBeGreaterThan(1);
    expect(said.filter((text) => texts.includes(text))).toEqual([]);
  });

  it("is marked where something failed, by the error's code alone", async () => {
    exporter.reset();
    const fault = conflict("name_taken", "The name storm-desk is taken.");
    await expect(telemetry.span("attempt", {}, () => Promise.reject(fault))).rejects.toBe(fault);
    expect(named("attempt")).toMatchObject({
      status: { code: 2, message: "name_taken" },
      attributes: { "error.type": "name_taken" },
      events: [],
    });
  });

  it("begins anew where the host outside Azure invented a parent that nobody samples", async () => {
    exporter.reset();
    const invented = { traceParent: "00-11111111111111111111111111111111-2222222222222222-00" };
    await telemetry.follow(invented, undefined, () => telemetry.span("here", {}, async () => {}));
    expect(named("here").spanContext().traceId).not.toMatch(/^1+$/);
  });
});
