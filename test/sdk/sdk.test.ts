import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { LightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { camelRecord, snakeRecord } from "../../src/sdk/names.ts";
import { createSdk } from "../../src/sdk/sdk.ts";
import { sendOver } from "../../src/sdk/send-captured.ts";
import { type Invoke, restTransport } from "../../src/sdk/transport.ts";
import { fileReply } from "../support/file-reply.ts";
import { fakeOperations } from "../surfaces/fake-operations.ts";
import { loopback } from "../surfaces/loopback.ts";

interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | undefined;
}

/** An SDK whose operations answer from a script: each name has its answers in order, the last one repeated. */
function scripted(
  script: Record<string, ({ status?: number; body: Record<string, unknown> } | Error)[]>,
  env: Record<string, string> = {},
) {
  const calls: Call[] = [];
  const clock = new VirtualClock();
  const sdk = createSdk({
    settings: readSettings({ LIGHTNING_AGENT_ID: "support", ...env }),
    clock,
    logger: silentLogger,
    transport: {
      async invoke(operation, input, options) {
        calls.push({ operation, input, idempotencyKey: options?.idempotencyKey });
        // Time passes only while somebody waits.
        setImmediate(() => clock.fireNext());
        const answers = script[operation] ?? [];
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer === undefined) throw new Error(`nothing scripted for ${operation}`);
        if (answer instanceof Error) throw answer;
        return { status: answer.status ?? 200, body: answer.body };
      },
      close: async () => {},
    },
  });
  return { sdk, calls, clock };
}

test("what waits to be sent is bounded by LIGHTNING_CAPTURE_MEMORY_MB, whatever the size of what is captured", () => {
  const home = mkdtempSync(path.join(tmpdir(), "lightning-memory-"));
  const waiting = (megabytes: string): number => {
    const { sdk } = scripted(
      {},
      {
        ENABLE_LIGHTNING_CAPTURE: "true",
        LIGHTNING_HOME: path.join(home, megabytes),
        LIGHTNING_CAPTURE_MEMORY_MB: megabytes,
      },
    );
    for (let i = 0; i < 10; i++)
      sdk.captureHook.captureFromToolResult({ toolName: "read_file", result: `${i}`.padEnd(300 * 1024) });
    return sdk.captureHook.stats().queued;
  };
  // Beside what waits the first is in hand to be written.
  expect([waiting("1"), waiting("2"), waiting("64")]).toEqual([4, 7, 10]);
  rmSync(home, { recursive: true });
});

describe("the design's SDK example", () => {
  test("builds, trains, promotes and reads the active model", async () => {
    const tuned = "ft:gpt-4o-mini:org::abc123";
    const { sdk, calls } = scripted({
      buildDataset: [{ status: 202, body: { id: "dataset-1", agent_id: "mcp-agents", status: "building" } }],
      getDataset: [
        { body: { id: "dataset-1", status: "building" } },
        { body: { id: "dataset-1", agent_id: "mcp-agents", status: "ready", training_count: 800 } },
      ],
      startTraining: [{ body: { run_id: "run-1", status: "running" } }],
      getTrainingRun: [
        { body: { id: "run-1", run_id: "run-1", status: "running" } },
        { body: { id: "run-1", run_id: "run-1", status: "succeeded", tuned_model_name: tuned } },
      ],
      promote: [
        { status: 202, body: { deployment_id: "dep-1", is_active: false } },
        { body: { deployment_id: "dep-1", is_active: true, tuned_model: tuned } },
      ],
      getActiveDeployment: [
        { body: { has_active_deployment: true, deployment_id: "dep-1", deployment_name: tuned } },
      ],
    });
    const dataset = await sdk.datasetBuilder.buildDataset({
      agentId: "mcp-agents",
      name: "v1",
      minReward: 0.5,
    });
    expect([dataset.id, dataset.trainingCount]).toEqual(["dataset-1", 800]);
    const run = await sdk.trainingRunner.runTraining({
      datasetId: dataset.id,
      agentId: "mcp-agents",
      wait: true,
    });
    expect(run.tunedModelName).toBe(tuned);
    const deployment = await sdk.deploymentRegistry.promote({
      agentId: "mcp-agents",
      trainingRunId: run.id,
      promotedBy: "admin@example.com",
    });
    expect(deployment.isActive).toBe(true);
    expect(await sdk.deploymentRegistry.getActiveModel("mcp-agents")).toBe(tuned);

    const first = (name: string) => calls.find(({ operation }) => operation === name)?.input;
    expect(first("buildDataset")).toEqual({ agent_id: "mcp-agents", name: "v1", min_reward: 0.5 });
    expect(first("startTraining")).toEqual({ agent_id: "mcp-agents", dataset_id: "dataset-1" });
    expect(first("promote")).toEqual({
      agent_id: "mcp-agents",
      run_id: "run-1",
      promoted_by: "admin@example.com",
    });
    const keys = calls.filter(({ operation }) => operation === "promote").map((call) => call.idempotencyKey);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  test("rewards say what was judged, in the words of the table", async () => {
    const { sdk, calls } = scripted({ assignReward: [{ body: { reward_id: "rew-1", value: 1 } }] });
    const writer = sdk.rewardWriter;
    const about = { episodeId: "ep-123", agentId: "mcp-agents" };
    expect(
      await writer.recordHumanApproval({ ...about, approved: true, reviewer: "admin@example.com" }),
    ).toEqual({
      rewardId: "rew-1",
      value: 1,
    });
    await writer.recordEvalScore({ ...about, score: 0.85, rubric: "accuracy" });
    await writer.recordTestResult({ ...about, passed: false, testName: "intent_match" });
    await writer.recordSafetyCheck({ episodeId: "ep-123", passed: true });
    const wire = { episode_id: "ep-123", agent_id: "mcp-agents" };
    expect(calls.map(({ input }) => input)).toEqual([
      { ...wire, source: "human_approval", value: 1, evaluator: "admin@example.com" },
      { ...wire, source: "eval_score", raw_value: 0.85, rubric: "accuracy" },
      { ...wire, source: "test_result", value: -1, rubric: "intent_match" },
      { episode_id: "ep-123", agent_id: "support", source: "safety_check", value: 1 },
    ]);
  });

  test("a build that fails is an error, a run that fails is a result", async () => {
    const { sdk } = scripted({
      buildDataset: [{ body: { id: "dataset-1", status: "failed", error: "no rewarded episodes" } }],
      startTraining: [{ body: { run_id: "run-1", status: "failed" } }],
    });
    await expect(sdk.datasetBuilder.buildDataset({ name: "v1" })).rejects.toThrow("no rewarded episodes");
    expect((await sdk.trainingRunner.runTraining({ datasetId: "dataset-1", wait: true })).status).toBe(
      "failed",
    );
  });

  test("what is put off is asked for again after the time named, and told when that is long or comes too often", async () => {
    const later = (ms: number) =>
      new LightningError("limited", "rate_limited", "Too many.", { retryAfterMs: ms });
    const reward = { episodeId: "ep-1", score: 0.5, rubric: "accuracy" };
    const { sdk, calls, clock } = scripted({
      assignReward: [later(7000), later(5000), { body: { reward_id: "r" } }],
    });
    const begun = clock.now();
    expect(await sdk.rewardWriter.recordEvalScore(reward)).toMatchObject({ rewardId: "r" });
    expect([calls.length, clock.now() - begun]).toEqual([3, 12_000]);
    for (const [answers, asked] of [
      [[later(61_000)], 1],
      [[later(1)], 3],
    ] as const) {
      const other = scripted({ assignReward: [...answers] });
      await expect(other.sdk.rewardWriter.recordEvalScore(reward)).rejects.toMatchObject({
        code: "rate_limited",
      });
      expect(other.calls).toHaveLength(asked);
    }
  });

  test("what is put off without a time, as by a proxy, is asked for again after pauses that double", async () => {
    const later = new LightningError("limited", "http_429", "Too many.");
    const { sdk, calls, clock } = scripted({ assignReward: [later, later, { body: { reward_id: "r" } }] });
    const begun = clock.now();
    await sdk.rewardWriter.recordEvalScore({ episodeId: "ep-1", score: 0.5, rubric: "accuracy" });
    expect([calls.length, clock.now() - begun]).toEqual([3, 3000]);
  });

  test("a training whose answer is lost is asked for again under its key; each call has its own", async () => {
    const lost = new LightningError("unavailable", "endpoint_unreachable", "gone", { ambiguous: true });
    const { sdk, calls } = scripted({
      startTraining: [lost, { body: { run_id: "run-1", status: "succeeded" } }],
    });
    const { runTraining } = sdk.trainingRunner;
    expect((await runTraining({ datasetId: "dataset-1", forceNew: true })).id).toBe("run-1");
    await runTraining({ datasetId: "dataset-1", forceNew: true });
    await runTraining({ datasetId: "dataset-1", forceNew: true, idempotencyKey: "mine" });
    const [first, again, second, mine] = calls.map((call) => call.idempotencyKey);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(again).toBe(first);
    expect(second).not.toBe(first);
    expect(mine).toBe("mine");
  });

  test("waiting ends after LIGHTNING_MAX_WAIT_MINUTES and says that the run goes on", async () => {
    const { sdk } = scripted(
      {
        startTraining: [{ body: { run_id: "run-1", status: "running" } }],
        getTrainingRun: [{ body: { run_id: "run-1", status: "running" } }],
      },
      { LIGHTNING_MAX_WAIT_MINUTES: "1" },
    );
    await expect(sdk.trainingRunner.runTraining({ datasetId: "dataset-1", wait: true })).rejects.toThrow(
      expect.objectContaining({ code: "still_running" }),
    );
  });
});

const active = (name: string) => ({
  body: { has_active_deployment: true, deployment_id: "dep-1", deployment_name: name },
});

describe("the capture hook", () => {
  const env = { ENABLE_LIGHTNING_CAPTURE: "true", LIGHTNING_HOME: mkdtempSync(path.join(tmpdir(), "sdk-")) };
  afterAll(() => rmSync(env.LIGHTNING_HOME, { recursive: true, force: true }));

  test("records episodes in batches, under the agent of the process", async () => {
    const { sdk, calls } = scripted(
      {
        recordEpisodes: [
          { status: 207, body: { success: true, recorded: 1, results: [{ index: 0, status: "recorded" }] } },
        ],
      },
      env,
    );
    const capture = sdk.captureHook.startCapture({ userInput: "hello", model: "base-1" });
    capture.endCapture({ assistantOutput: "hi" });
    await sdk.captureHook.flush();
    expect(calls).toEqual([
      expect.objectContaining({
        operation: "recordEpisodes",
        input: expect.objectContaining({
          episodes: [
            expect.objectContaining({
              id: capture.id,
              agent_id: "support",
              user_input: "hello",
              assistant_output: "hi",
            }),
          ],
        }),
      }),
    ]);
    await sdk.close();
  });

  describe("takes from the answer what became of each episode", () => {
    const batch = ["ep-1", "ep-2"].map((id) => ({
      id,
      agent_id: "a",
      user_input: "x",
      assistant_output: "",
    }));
    const answering = (body: unknown) =>
      sendOver((async () => ({ status: 207, body })) as unknown as Invoke)(batch);
    const error = (index: number, status: number, code: string) => ({
      index,
      status: "error",
      error: { status, code, message: "No.", field: "messages" },
    });

    test("one that is refused and one that comes again, by id", async () => {
      const results = [error(0, 422, "invalid_input"), error(1, 503, "busy")];
      expect(await answering({ success: false, recorded: 0, failed: 2, results })).toEqual({
        refused: [{ id: "ep-1", code: "invalid_input", field: "messages", message: "No." }],
        failed: ["ep-2"],
      });
    });

    test("a store that can take none now is asked again", async () => {
      const results = [error(0, 503, "busy"), error(1, 503, "busy")];
      await expect(answering({ success: false, recorded: 0, failed: 2, results })).rejects.toThrow(
        expect.objectContaining({ kind: "unavailable", code: "not_recorded" }),
      );
    });

    test.each([{}, { status: "ok" }, { results: [] }, { recorded: "2" }])(
      "%j is no answer of ours, whatever its status: nothing was recorded",
      async (body) => {
        await expect(answering(body)).rejects.toThrow(expect.objectContaining({ code: "not_lightning" }));
      },
    );
  });
});

describe("getModelDeployment", () => {
  const env = { USE_TUNED_MODEL: "true", FOUNDRY_MODEL_DEPLOYMENT_NAME: "base-1" };
  test("asks the registry of the process's agent once and remembers", async () => {
    const { sdk, calls } = scripted({ getActiveDeployment: [active("ft:one")] }, env);
    expect(await sdk.selector.getModelDeployment()).toBe("ft:one");
    expect(await sdk.selector.getModelDeployment()).toBe("ft:one");
    expect(calls).toEqual([expect.objectContaining({ input: { agent_id: "support" } })]);
  });

  test("answers from the settings when no function app is in reach, without an error", async () => {
    const down = new LightningError("unavailable", "no_host", "No function app is running.");
    const { sdk } = scripted(
      { getActiveDeployment: [down] },
      { ...env, TUNED_MODEL_DEPLOYMENT_NAME: "ft:fallback" },
    );
    expect(await sdk.selector.getModelDeployment()).toBe("ft:fallback");
  });

  test("is the base model, unasked, while USE_TUNED_MODEL is off", async () => {
    const { sdk, calls } = scripted({}, { FOUNDRY_MODEL_DEPLOYMENT_NAME: "base-1" });
    expect(await sdk.selector.getModelDeployment()).toBe("base-1");
    expect(calls).toEqual([]);
  });

  test("a roll-back through the SDK is seen by the next call", async () => {
    const { sdk } = scripted(
      {
        getActiveDeployment: [active("ft:two"), active("ft:one")],
        rollback: [{ body: { is_active: true } }],
      },
      env,
    );
    expect(await sdk.selector.getModelDeployment()).toBe("ft:two");
    await sdk.deploymentRegistry.rollback({ reason: "worse" });
    expect(await sdk.selector.getModelDeployment()).toBe("ft:one");
  });
});

describe("transports", () => {
  const { operations } = fakeOperations();

  test("carry answers and refusals, with the door's code and field", async () => {
    const door = await loopback(operations);
    const { invoke } = restTransport({
      settings: { endpoint: door.url, functionKey: "key", home: "./none" },
      findHost: async () => undefined,
    });
    expect((await invoke("buildDataset", { name: "v1" })).body).toEqual(
      expect.objectContaining({ dataset_id: "dataset-abc123" }),
    );
    await expect(invoke("buildDataset", { name: "v1", min_reward: 9 })).rejects.toThrow(
      expect.objectContaining({ code: "invalid_input", field: "min_reward", kind: "invalid" }),
    );
    await expect(invoke("buildDataset", { name: "taken" })).rejects.toThrow(
      expect.objectContaining({ code: "name_taken", kind: "conflict" }),
    );
    // The code of the release before goes along, for clients that still switch on it.
    await expect(invoke("getTrainingRun", { run_id: "run-none" })).rejects.toThrow(
      expect.objectContaining({ code: "run_not_found", formerly: "run_missing", kind: "not_found" }),
    );
    // A URL would lose such a step of the path, and another operation would be asked.
    for (const run_id of [".", ".."])
      await expect(invoke("getTrainingRun", { run_id })).rejects.toThrow(
        expect.objectContaining({ code: "invalid_input", field: "run_id" }),
      );
    for (const name of ["nothing", "toString"])
      await expect(invoke(name, {})).rejects.toThrow(expect.objectContaining({ code: "unknown_operation" }));
    await door.stop();
    await expect(invoke("buildDataset", { name: "v1" })).rejects.toThrow(
      expect.objectContaining({ code: "endpoint_unreachable", ambiguous: true }),
    );
  });

  test("a local host is looked for again after it went away, and none is started unasked", async () => {
    const hosts: (string | undefined)[] = [];
    const rest = restTransport({
      settings: { endpoint: undefined, functionKey: undefined, home: "./none" },
      findHost: async () => {
        const url = hosts.shift();
        return url === undefined ? undefined : { url };
      },
    });
    await expect(rest.invoke("buildDataset", { name: "v1" })).rejects.toThrow(
      expect.objectContaining({ code: "no_host" }),
    );
    const door = await loopback(operations);
    hosts.push(door.url);
    expect((await rest.invoke("buildDataset", { name: "v1" })).status).toBe(200);
    await door.stop();
    const next = await loopback(operations);
    hosts.push(next.url);
    await expect(rest.invoke("buildDataset", { name: "v1" })).rejects.toThrow(
      expect.objectContaining({ code: "endpoint_unreachable" }),
    );
    expect((await rest.invoke("buildDataset", { name: "v1" })).status).toBe(200);
    await next.stop();
  });
});

describe("callOperation", () => {
  test("reaches every operation of the table, with the process's agent where it is about one", async () => {
    const seen: { name: string; input: Record<string, unknown> }[] = [];
    const rows = operationRows(readSettings({})).map((row) => ({
      ...row,
      async run(input: Record<string, unknown>) {
        seen.push({ name: row.name, input });
        return { body: { some_name: row.name } };
      },
    }));
    const settings = readSettings({ LIGHTNING_AGENT_ID: "support" });
    const door = await loopback(rows);
    const transport = restTransport({
      settings: { endpoint: door.url, functionKey: "key", home: "./none" },
      findHost: async () => undefined,
    });
    const sdk = createSdk({ settings, logger: silentLogger, transport });
    for (const row of rows) {
      const { agent_id: _agent, ...example } = row.example;
      // The compiler knows every name and its input; here they come from the table.
      const call = sdk.callOperation as (name: string, input: object) => Promise<object>;
      expect(await call(row.name, camelRecord(example))).toEqual({ someName: row.name });
      const isAbout = "agent_id" in row.input.shape;
      expect([row.name, seen.at(-1)?.name, seen.at(-1)?.input.agent_id]).toEqual([
        row.name,
        row.name,
        isAbout ? "support" : undefined,
      ]);
    }
    // An input that may be empty may be left out; one that may not, may not.
    expect(await sdk.callOperation("reconcileDeployments")).toEqual({ someName: "reconcileDeployments" });
    // @ts-expect-error its `name` is missing
    await expect(sdk.callOperation("buildDataset")).rejects.toMatchObject({ field: "name" });
    // @ts-expect-error a misspelt name does not compile
    await expect(sdk.callOperation("nothing")).rejects.toMatchObject({ code: "unknown_operation" });
    // An agent that an operation does not know is refused, not dropped: it would reach further than was meant.
    await expect(
      // @ts-expect-error nor does a field that the operation does not take
      sdk.callOperation("cleanUpTraining", { agentId: "support" }),
    ).rejects.toMatchObject({ code: "invalid_input", field: "agent_id" });
    await door.stop();
  });

  test("answers a file with its text, also one of a single line", async () => {
    const [row] = operationRows(readSettings({})).filter(({ name }) => name === "getDatasetFile");
    const line = '{"messages":[]}\n';
    const file = {
      ...(row as Operation),
      run: async () => ({ body: {}, file: fileReply(line) }),
    };
    const door = await loopback([file]);
    const transport = restTransport({
      settings: { endpoint: door.url, functionKey: "key", home: "./none" },
      findHost: async () => undefined,
    });
    const sdk = createSdk({ settings: readSettings({}), logger: silentLogger, transport });
    const answer = await sdk.callOperation("getDatasetFile", { datasetId: "dataset-1", split: "train" });
    expect(answer).toEqual({ content: line, contentType: "application/jsonl" });
    await door.stop();
  });
});

test("names turn round between the wire and the code", () => {
  expect(camelRecord({ tuned_model_name: 1, a: { b_c: 2 } })).toEqual({ tunedModelName: 1, a: { b_c: 2 } });
  expect(snakeRecord({ minReward: 0.5, nEpochs: 3, gone: undefined })).toEqual({
    min_reward: 0.5,
    n_epochs: 3,
  });
});
