import { afterEach, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation, Reply } from "../../src/doors/operation.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import type { OperationName } from "../../src/operations.ts";
import { commandOf } from "../../src/surfaces/cli/commands.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

type Scripted = Reply<Record<string, unknown>> | Error;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** The real rows, answering from a script: each name has its answers in order, the last one repeated. */
async function scripted(
  script: Record<string, Scripted[]>,
  files: Record<string, string> = {},
  person?: boolean,
) {
  const calls: [string, Record<string, unknown>][] = [];
  const keys: (string | undefined)[] = [];
  const rows: Operation[] = operationRows(readSettings({})).map((row) => ({
    ...row,
    run: async (input, context) => {
      calls.push([row.name, input]);
      keys.push(context.idempotencyKey);
      const answers = script[row.name] ?? [];
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) throw new Error(`nothing scripted for ${row.name}`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  }));
  const door = await loopback(rows);
  stops.push(() => door.stop());
  return {
    calls,
    keys,
    rows,
    url: door.url,
    lightning: cliAgainst(rows, door.url, { files, ...(person === undefined ? {} : { answer: person }) }),
  };
}
const running = { run_id: "run-1", agent_id: "a", status: "running", state: "queued" };

describe("train", () => {
  const start = { startTraining: [{ status: 202, body: running }] };

  test("tells each state once and outlasts a function app that is away for a moment", async () => {
    const { lightning } = await scripted({
      ...start,
      getTrainingRun: [
        { body: running },
        unavailable("busy", "Busy."),
        { body: { ...running, state: "running" } },
        { body: { ...running, state: "running" } },
        { body: { ...running, status: "succeeded", state: "succeeded", tuned_model: "ft:one" } },
      ],
    });
    const { code, out } = await lightning("train", "--dataset-id", "dataset-1");
    expect(code).toBe(0);
    expect(out).toMatch(
      / {3}Status: running\n {3}🔄 running\n\n✅ Training completed successfully!\n {3}Tuned model: ft:one\n/,
    );
  });

  test("tells once what the run waits for, and in the end why it failed and what to do", async () => {
    const waiting = { since: "2026-01-01T00:00:00.000Z", reason: "429: too many jobs." };
    const { lightning } = await scripted({
      ...start,
      getTrainingRun: [
        { body: { ...running, waiting } },
        { body: { ...running, waiting: { ...waiting, again_at: "2026-01-01T00:05:00.000Z" } } },
        {
          body: {
            ...running,
            status: "failed",
            error_message: "PermissionDenied",
            error: { code: "provider_rejected", message: "PermissionDenied", remedy: "Give it a role." },
          },
        },
      ],
    });
    const { out } = await lightning("train", "--dataset-id", "dataset-1");
    expect(out.match(/waits: 429: too many jobs\./g)).toHaveLength(1);
    expect(out).toContain("❌ Training failed: PermissionDenied\n   Remedy: Give it a role.\n");
  });

  test("says that an equal request was made before, and how to train all the same", async () => {
    const { lightning } = await scripted({
      startTraining: [
        { body: { ...running, status: "succeeded", deduplicated: true, tuned_model: "ft:one" } },
      ],
    });
    const { out } = await lightning("train", "--dataset-id", "dataset-1");
    expect(out).toContain(
      "nothing was started or paid for again.\n   To train anew all the same: --force-new",
    );
  });

  test("says what to do about an equal run that has stopped, and nothing while one is under way", async () => {
    const hint = "An equal run was given up while its job may still be going. Reconcile it.";
    const { lightning } = await scripted({
      startTraining: [
        { body: { ...running, status: "failed", deduplicated: true, hint, error_message: "Gave up." } },
        { body: { ...running, deduplicated: true } },
      ],
      getTrainingRun: [{ body: { ...running, status: "succeeded", tuned_model: "ft:one" } }],
    });
    const stopped = await lightning("train", "--dataset-id", "dataset-1");
    expect(stopped.out).toContain(hint);
    expect(stopped.out).not.toContain("--force-new");
    expect((await lightning("train", "--dataset-id", "dataset-1")).out).not.toContain("--force-new");
  });

  test("--force-new has a key: a lost answer is asked for again under it, and a person is told it", async () => {
    const away = unavailable("busy", "Busy.");
    const { lightning, keys } = await scripted({
      startTraining: [away, { body: { ...running, status: "succeeded", tuned_model: "ft:one" } }],
    });
    const args = ["train", "--dataset-id", "dataset-1", "--force-new", "--json", "--yes"];
    expect((await lightning(...args)).code).toBe(0);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
    await lightning(...args);
    expect(keys[2]).not.toBe(keys[0]);

    const gone = await scripted({ startTraining: [away] });
    const failed = await gone.lightning(...args);
    expect(failed.code).not.toBe(0);
    expect(failed.err + failed.out).toContain(`--idempotency-key ${gone.keys[0]}`);
    await gone.lightning(...args, "--idempotency-key", "mine");
    expect(gone.keys.at(-1)).toBe("mine");
  });

  test("a dry run asks for the estimate of that very training and starts nothing", async () => {
    const { lightning, calls } = await scripted({
      estimateTraining: [{ body: { base_model: "base-1" } }],
    });
    const args = ["train", "--dataset-id", "dataset-1", "--epochs", "5", "--dry-run"];
    const { code, out } = await lightning(...args);
    expect([code, out]).toEqual([0, expect.stringContaining("Estimate")]);
    expect(calls).toEqual([
      ["estimateTraining", expect.objectContaining({ dataset_id: "dataset-1", n_epochs: 5 })],
    ]);
    expect(JSON.parse((await lightning(...args, "--json")).out)).toEqual({ base_model: "base-1" });
  });

  test("a failed or cancelled run is exit 1", async () => {
    const { lightning } = await scripted({
      ...start,
      getTrainingRun: [
        {
          body: { ...running, status: "failed", error_message: "line 3 is not valid" },
        },
        { body: { ...running, status: "cancelled" } },
      ],
    });
    const failed = await lightning("train", "--dataset-id", "dataset-1");
    expect([failed.code, failed.out.split("\n\n")[1]]).toEqual([
      1,
      "❌ Training failed: line 3 is not valid\n",
    ]);
    const cancelled = await lightning("train", "--dataset-id", "dataset-1");
    expect([cancelled.code, cancelled.out]).toEqual([
      1,
      expect.stringContaining("⛔ Training was cancelled"),
    ]);
  });

  test("a run that outlasts the wait is in progress, exit 0", async () => {
    const { lightning } = await scripted({ ...start, getTrainingRun: [{ body: running }] });
    const { code, out } = await lightning("train", "--dataset-id", "dataset-1");
    expect(code).toBe(0);
    expect(out).toContain(
      "⏳ Training is in progress (run ID: run-1)\n   To look: lightning status --run-id run-1 --agent-id a\n",
    );
  });
});

describe("train asks before it spends", () => {
  const estimate = (cost_usd: unknown) => [
    { body: { base_model: "m", examples: 10, cost_usd, limits: [], hosting: [], notes: [] } },
  ];
  const script = (cost_usd: unknown) => ({
    estimateTraining: estimate(cost_usd),
    startTraining: [{ body: { ...running, status: "succeeded" } }],
  });
  const train = ["train", "--dataset-id", "dataset-1"];
  const started = (calls: readonly [string, unknown][]) => calls.some(([name]) => name === "startTraining");

  test.each([
    [true, 0],
    [false, 1],
  ])("a person sees the estimate and says %s", async (answer, exit) => {
    const { lightning, calls } = await scripted(script({ low: 1, high: 2.5 }), {}, answer);
    const { code, out } = await lightning(...train);
    expect([code, started(calls)]).toEqual([exit, answer]);
    expect(out).toMatch(/Cost: \$1\.00 to \$2\.50[\s\S]*Start the training\?/);
    if (!answer) expect(out).toContain("⛔ Nothing was started.");
  });

  test("where nobody is there, only what costs nothing is started", async () => {
    for (const [cost, said] of [
      [{ low: 1, high: 2.5 }, "may cost up to $2.50"],
      [undefined, "costs nobody knows how much"],
    ] as const) {
      const { lightning, calls } = await scripted(script(cost));
      const plain = await lightning(...train);
      expect([plain.code, started(calls)]).toEqual([1, false]);
      expect(plain.err).toContain(said);
      expect(plain.err).toMatch(/not_confirmed[\s\S]*--budget-usd/);
      const json = await lightning(...train, "--json");
      expect([json.code, started(calls)]).toEqual([1, false]);
      expect(JSON.parse(json.out)).toMatchObject({ error: { code: "not_confirmed" } });
    }
    const free = await scripted(script({ low: 0, high: 0 }));
    expect((await free.lightning(...train)).code).toBe(0);
    expect(started(free.calls)).toBe(true);
  });

  test("who says --yes or a budget is not asked", async () => {
    for (const more of [["--yes"], ["--budget-usd", "3"], ["--yes", "--json"]]) {
      const { lightning, calls } = await scripted(script({ low: 1, high: 2.5 }));
      expect((await lightning(...train, ...more)).code).toBe(0);
      expect(started(calls)).toBe(true);
    }
  });
});

test("validate fails a script whose file cannot be trained on, and says what each warning means", async () => {
  const report = { file: "a.jsonl", examples: 1, tokens: 5, faults_found: 1, warnings: { no_system: 1 } };
  const faults = Array.from({ length: 22 }, (_, n) => ({
    file: "a.jsonl",
    line: n + 1,
    rule: "no_user",
    message: "No turn is the user's.",
    remedy: "Add a user turn.",
  }));
  const { lightning } = await scripted(
    {
      validateFile: [
        { body: { valid: false, files: [report], faults } },
        { body: { valid: true, files: [], faults: [] } },
      ],
    },
    { "a.jsonl": "{}" },
  );
  const bad = await lightning("validate", "--file", "a.jsonl");
  expect(bad.code).toBe(1);
  expect(bad.out).toContain("⚠️  no_system (1): Lines have no system turn");
  expect(bad.out).toContain("a.jsonl:20 no_user: No turn is the user's. Add a user turn.");
  expect(bad.out).toContain("… and 2 more; --json shows them");
  expect((await lightning("validate", "--file", "a.jsonl")).code).toBe(0);
});

test("the lineage of a dataset that no deployment came of shows its runs, and what is missing as missing", async () => {
  const { lightning } = await scripted({
    getLineage: [
      {
        body: {
          kind: "runs",
          id: "run-1",
          lineage: [],
          events: [],
          training_run: { id: "run-1", status: "succeeded", base_model: "m" },
          dataset: { id: "dataset-1", missing: true },
          evaluations: [],
        },
      },
    ],
  });
  const { out } = await lightning("lineage", "--kind", "runs", "--id", "run-1");
  expect(out).toContain("Lineage of run-1");
  expect(out).toMatch(/Dataset.*dataset-1.*missing/);
  expect(out).toMatch(/Training run.*run-1/);
  expect(out).not.toContain("No deployments yet");
});

describe("what takes longer than a request", () => {
  test("a build is followed to its end", async () => {
    const going = { dataset_id: "dataset-1", id: "dataset-1", agent_id: "a", name: "v1", status: "building" };
    const { lightning, calls } = await scripted({
      buildDataset: [{ status: 202, body: going }],
      getDataset: [
        { body: going },
        {
          body: {
            ...going,
            status: "ready",
            training_count: 8,
            validation_count: 2,
            local_path: "train.jsonl",
          },
        },
      ],
    });
    const { code, out } = await lightning("build-dataset", "--name", "v1");
    expect(code).toBe(0);
    expect(out).toContain(
      "   Training examples: 8\n   Validation examples: 2\n   Training file: train.jsonl\n",
    );
    expect(calls.at(-1)).toEqual(["getDataset", { agent_id: "a", dataset_id: "dataset-1" }]);
    const left = await lightning("build-dataset", "--name", "v1", "--no-wait");
    expect([left.code, left.out]).toEqual([0, "\n⏳ The build is in progress (ID: dataset-1)\n"]);
  });

  test("a re-scan tells how far it is, and fails where something could not be looked through", async () => {
    const none = { of: 0, read: 0, changed: 0, failed: 0 };
    const at = (read: number, failed: number) => ({
      episodes: { of: 40, read, changed: 3, failed },
      parts: none,
      rewards: none,
      waiting_rewards: none,
      answers: none,
      datasets: none,
    });
    const body = (status: string, read: number, failed = 0) => ({
      rescan_id: "rescan-1",
      id: "rescan-1",
      agent_id: "a",
      status,
      scanning: "episodes",
      redaction_version: "2026.11",
      tallies: at(read, failed),
      counts: {},
      failures: [],
      stale_datasets: [],
      created_at: "2026-01-01T00:00:00.000Z",
    });
    for (const [status, failed, exit] of [
      ["finished", 0, 0],
      ["finished", 1, 1],
      ["failed", 0, 1],
      ["cancelled", 0, 1],
    ] as const) {
      const { lightning } = await scripted({
        rescanEpisodes: [{ status: 202, body: body("pending", 0) }],
        getRescan: [
          { body: body("running", 20) },
          { body: body("running", 20) },
          { body: body(status, 40, failed) },
        ],
      });
      const { code, out } = await lightning("redaction", "rescan", "--yes");
      expect([status, failed, code]).toEqual([status, failed, exit]);
      expect(out.split("episodes: 20 of 40 looked at")).toHaveLength(2);
      expect(out).toContain("episodes: 40 of 40 looked at, 3 with findings");
      const shown = await lightning("redaction", "rescan-status", "--rescan-id", "rescan-1");
      expect(shown.code).toBe(exit);
      const left = await lightning("redaction", "rescan", "--yes", "--no-wait");
      expect([left.code, left.out]).toEqual([0, expect.stringContaining("rescan-1")]);
    }
  });

  test("a golden file is read and sent", async () => {
    const { lightning, calls } = await scripted(
      {
        buildGoldenDataset: [
          {
            body: {
              dataset_id: "dataset-2",
              name: "g",
              status: "ready",
              training_count: 4,
              validation_count: 1,
            },
          },
        ],
      },
      { "golden.jsonl": '{"messages":[]}\n' },
    );
    const { out } = await lightning("build-golden", "--name", "g", "--golden-file", "golden.jsonl");
    expect(calls[0]?.[1]).toEqual({ agent_id: "mcp-agents", name: "g", content: '{"messages":[]}\n' });
    expect(out).toBe(`
✅ Golden dataset created successfully!
   ID: dataset-2
   Name: g
   Training examples: 4
   Validation examples: 1
`);
  });

  test("a promotion is asked about until it serves", async () => {
    const { lightning, calls } = await scripted({
      promote: [
        { status: 202, body: { deployment_id: "dep-1", is_active: false, state: "probing" } },
        {
          body: {
            deployment_id: "dep-1",
            is_active: true,
            tuned_model: "ft:one",
            warnings: ["Nobody evaluated it."],
          },
        },
      ],
    });
    const { code, out } = await lightning("promote", "--run-id", "run-1", "--agent-id", "a", "--yes");
    expect([code, calls.length]).toEqual([0, 2]);
    expect(out).toContain("✅ Model promoted successfully!");
    expect(out).toContain("⚠️  Nobody evaluated it.");
  });

  test("a pipeline shows each stage as it begins and fails when it does not promote", async () => {
    const made = {
      pipeline_id: "pipeline-1",
      id: "pipeline-1",
      agent_id: "a",
      status: "running",
      stage: "dataset",
    };
    const { lightning } = await scripted({
      runPipeline: [{ status: 202, body: made }],
      getPipeline: [
        { body: { ...made, dataset_id: "dataset-1" } },
        { body: { ...made, dataset_id: "dataset-1", run_id: "run-1" } },
        {
          body: {
            ...made,
            dataset_id: "dataset-1",
            run_id: "run-1",
            evaluation_id: "eval-1",
            verdict: "fail",
            status: "finished",
            outcome: "gate_failed",
          },
        },
      ],
    });
    const { code, out } = await lightning("run");
    expect(code).toBe(3);
    expect(out).toMatch(
      /🚀 Running the pipeline\.\.\.\n {3}Pipeline ID: pipeline-1\n {3}🔄 dataset: dataset-1\n {3}🔄 training: run-1\n {3}🔄 evaluation: eval-1\n {3}⚖️ {2}verdict: fail\n\n❌ Pipeline ended: gate_failed/u,
    );
  });

  test("a pipeline that waits for a person says how to decide", async () => {
    const waiting = {
      pipeline_id: "pipeline-1",
      agent_id: "a",
      status: "waiting_for_approval",
      stage: "approval",
    };
    const { lightning, calls } = await scripted({
      runPipeline: [{ status: 202, body: waiting }],
      decidePipeline: [{ body: { ...waiting, status: "running", approved: false } }],
    });
    const { code, out } = await lightning("run", "--approval-required", "--dataset-min-reward", "0.5");
    expect([code, out]).toEqual([
      0,
      expect.stringContaining("lightning approve --pipeline-id pipeline-1 --approve"),
    ]);
    expect(calls[0]?.[1]).toEqual(
      expect.objectContaining({
        dataset: { min_reward: 0.5 },
        approval: expect.objectContaining({ required: true }),
      }),
    );
    expect(
      (await lightning("approve", "--pipeline-id", "pipeline-1", "--reject", "--reason", "no")).out,
    ).toContain("⛔ Pipeline rejected");
    expect(calls.at(-1)?.[1]).toEqual(expect.objectContaining({ approved: false, reason: "no" }));
    expect((await lightning("approve", "--pipeline-id", "pipeline-1")).code).toBe(2);
    expect((await lightning("approve", "--pipeline-id", "p", "--approve", "--reject")).code).toBe(2);
  });

  test("health exits 1 when the app is unhealthy and shows what it found", async () => {
    const { lightning } = await scripted({
      getHealth: [
        {
          status: 503,
          body: { status: "unhealthy", checks: { ledger: { ok: false, message: "disk I/O error" } } },
        },
        { body: { status: "degraded", checks: { provider: { ok: false, message: "away" } } } },
      ],
    });
    const { code, out } = await lightning("health");
    expect([code, out]).toEqual([
      1,
      "\n🏥 RL Ledger Health Check:\n   ❌ unhealthy\n   ❌ ledger: disk I/O error\n",
    ]);
    expect((await lightning("health")).code).toBe(0);
  });

  test("many episodes are recorded in parts, and the numbers are of the whole file", async () => {
    const { lightning, calls } = await scripted(
      {
        recordEpisodes: [
          { status: 207, body: { results: Array.from({ length: 100 }, () => ({ status: "recorded" })) } },
          {
            status: 207,
            body: { results: [{ status: "error", error: { code: "invalid_episode", message: "no" } }] },
          },
        ],
      },
      { "many.jsonl": '{"user_input":"a","assistant_output":"b"}\n'.repeat(101) },
    );
    const { code, out } = await lightning("record", "--file", "many.jsonl", "--agent-id", "a");
    expect([code, calls.length]).toEqual([1, 2]);
    expect(out).toContain("❌ 1 of 101 episodes refused\n   #101: no (invalid_episode)");
  });

  test("a part that is lost tells the key of the whole file, under which the file can be sent again", async () => {
    const whole = {
      status: 207,
      body: { results: Array.from({ length: 100 }, () => ({ status: "recorded" })) },
    };
    const { lightning, keys } = await scripted(
      {
        recordEpisodes: [
          whole,
          unavailable("gone", "Gone."),
          unavailable("gone", "Gone."),
          unavailable("gone", "Gone."),
          whole,
        ],
      },
      { "many.jsonl": '{"user_input":"a","assistant_output":"b"}\n'.repeat(150) },
    );
    const args = ["record", "--file", "many.jsonl", "--agent-id", "a"];
    const lost = await lightning(...args);
    const key = /--idempotency-key (\S+)/.exec(lost.err)?.[1] ?? "";
    expect(keys).toEqual([`${key}.0`, `${key}.100`, `${key}.100`, `${key}.100`]);
    await lightning(...args, "--idempotency-key", key);
    expect(keys.slice(4)).toEqual([`${key}.0`, `${key}.100`]);
  });
});

const lines = (name: OperationName, body: object) => commandOf(name).text?.(body as never, { agent_id: "x" });

test("a dataset is shown with its distributions and what was left out as bars, by the figures of the reply", async () => {
  const figures = {
    rewards: { edges: [-1, 0, 0.5, 1], counts: [0, 2, 8] },
    tokens: { edges: [0, 16, 32, 64], counts: [0, 10, 0] },
    lengths: { edges: [0, 64, 128], counts: [4, 6] },
    tools: { read_file: 3, search: 6 },
  };
  const body = { dataset_id: "dataset-1", name: "v1", training_count: 8, validation_count: 2, figures };
  const { lightning } = await scripted({
    getDataset: [{ body: { ...body, dropped: { duplicate: 40, no_reward: 1 } } }],
  });
  const { code, out } = await lightning("show-dataset", "--dataset-id", "dataset-1");
  expect(code).toBe(0);
  const drawn = out.split("\n\n").slice(1);
  const full = "█".repeat(40);
  expect(drawn.map((chart) => chart.trimEnd().split("\n"))).toEqual([
    ["   Rewards of what was kept", `   0 to 0.5  2  ${"█".repeat(10)}`, `   0.5 to 1  8  ${full}`],
    ["   Tokens of an example", `   16 to 32  10  ${full}`],
    ["   Bytes of an example", `     0 to 64  4  ${"█".repeat(26)}▋`, `   64 to 128  6  ${full}`],
    ["   Examples that call a tool", `      search  6  ${full}`, `   read_file  3  ${"█".repeat(20)}`],
    ["   Left out, by reason", `   duplicate  40  ${full}`, "   no_reward   1  █"],
  ]);
  const { out: json } = await lightning("show-dataset", "--dataset-id", "dataset-1", "--json");
  expect(JSON.parse(json)).toMatchObject({ figures, dropped: { duplicate: 40 } });
});

describe("lists in the original's form", () => {
  const dash = "-".repeat(80);
  const double = "=".repeat(80);

  test("datasets", () => {
    expect(
      lines("listDatasets", {
        agent_id: "x",
        datasets: [{ dataset_id: "dataset-1", name: "v1", training_count: 8, validation_count: 2 }],
      }),
    ).toEqual([
      "📦 Datasets for agent 'x':",
      dash,
      "   ID: dataset-1",
      "   Name: v1",
      "   Training examples: 8",
      "   Validation examples: 2",
      dash,
    ]);
  });

  test("runs, with a sign for each status", () => {
    const runs = ["pending", "running", "succeeded", "failed", "cancelled"].map((status) => ({
      run_id: "run-1",
      status,
    }));
    expect(
      lines("listTrainingRuns", { training_runs: runs })?.filter((line) => line.includes("run-1")),
    ).toEqual(["⏳ run-1", "🔄 run-1", "✅ run-1", "❌ run-1", "⛔ run-1"]);
  });

  test("deployments and lineage", () => {
    const one = { deployment_id: "dep-1", tuned_model: "ft:one", is_active: true };
    const deployments = lines("listDeployments", { deployments: [one, { ...one, is_active: false }] });
    expect(deployments?.slice(0, 4)).toEqual([
      "🚀 Deployments for agent 'x':",
      dash,
      "🟢 ACTIVE dep-1",
      "   Tuned model: ft:one",
    ]);
    expect(deployments).toContain("⚪ dep-1");
    expect(
      lines("getLineage", {
        lineage: [
          {
            ...one,
            training_run: { id: "run-1", status: "succeeded" },
            dataset: { id: "dataset-1", missing: true },
          },
        ],
        events: [],
      }),
    ).toEqual([
      "📜 Deployment lineage for agent 'x':",
      double,
      "🟢 ACTIVE dep-1",
      "   Tuned model: ft:one",
      "   Training run: run-1",
      "      status: succeeded",
      "   Dataset: dataset-1 (missing)",
      double,
    ]);
  });

  test("roll-back and deactivation", () => {
    expect(
      lines("rollback", {
        deployment_id: "dep-1",
        tuned_model: "ft:one",
        rollback_from: "dep-2",
        rollback_reason: "worse",
      }),
    ).toEqual([
      "✅ Rolled back successfully!",
      "   Deployment ID: dep-1",
      "   Tuned model: ft:one",
      "   Rolled back from: dep-2",
      "   Reason: worse",
    ]);
    expect(lines("deactivate", { base_model: "base-1", reason: "test" })?.[0]).toBe(
      "✅ Deployment deactivated for agent 'x'",
    );
  });
});

describe("status and evaluation", () => {
  const waiting = {
    since: "2026-01-01T00:00:00.000Z",
    reason: "429: slow down.",
    again_at: "2026-01-01T00:05:00.000Z",
  };
  const told =
    "Waits for: 429: slow down. (since 2026-01-01T00:00:00.000Z; again at 2026-01-01T00:05:00.000Z)";

  test("tell what a run or evaluation waits for, and a failed run's last events", async () => {
    const event = (n: number) => ({
      id: `ev-${n}`,
      created_at: waiting.since,
      level: "error",
      message: `event ${n}`,
    });
    const { lightning } = await scripted({
      getTrainingRun: [
        { body: { ...running, waiting, look_failed: { at: waiting.since, message: "no connection" } } },
        {
          body: { ...running, status: "failed", error_message: "bad", events: [1, 2, 3, 4, 5, 6].map(event) },
        },
      ],
      getEvaluation: [{ body: { evaluation_id: "eval-1", status: "running", waiting } }],
    });
    const first = (await lightning("status", "--run-id", "run-1")).out;
    expect(first).toContain(told);
    expect(first).toContain("Last look: failed: no connection");
    expect((await lightning("evaluation", "--evaluation-id", "eval-1")).out).toContain(told);
    const failed = (await lightning("status", "--run-id", "run-1")).out;
    expect(failed).toContain("   - error: event 6\n");
    expect(failed).not.toContain("event 1");
  });
});

describe("Ctrl+C while a command waits", () => {
  const cases = [
    ["train", ["train", "--dataset-id", "dataset-1", "--yes"], "cancel --run-id run-1 --agent-id a"],
    ["evaluate", ["evaluate", "--dataset-id", "d", "--run-id", "r"], "cannot be cancelled"],
    ["build-dataset", ["build-dataset", "--name", "v"], "cancel-dataset --dataset-id dataset-1 --agent-id a"],
    ["run", ["run"], "cancel --run-id run-1 --agent-id a"],
    ["promote", ["promote", "--run-id", "run-1", "--yes"], "cannot be cancelled"],
  ] as const;
  test.each(cases)("%s: says that it goes on, how to look and how to end it", async (_name, argv, way) => {
    const pipeline = {
      pipeline_id: "p-1",
      agent_id: "a",
      status: "running",
      stage: "training",
      run_id: "run-1",
    };
    const evaluation = { evaluation_id: "e-1", agent_id: "a", status: "running", metric: "auto" };
    const dataset = { dataset_id: "dataset-1", agent_id: "a", status: "building" };
    const { rows, url } = await scripted({
      estimateTraining: [{ body: { base_model: "m", cost_usd: { low: 0, high: 0 } } }],
      startTraining: [{ status: 202, body: running }],
      getTrainingRun: [{ body: running }],
      startEvaluation: [{ status: 202, body: evaluation }],
      getEvaluation: [{ body: evaluation }],
      buildDataset: [{ status: 202, body: dataset }],
      getDataset: [{ body: dataset }],
      runPipeline: [{ status: 202, body: pipeline }],
      getPipeline: [{ body: pipeline }],
      promote: [{ status: 202, body: { deployment_id: "dep-1", agent_id: "a", is_active: false } }],
      whoAmI: [{ body: { agent_id: "a" } }],
    });
    for (const kind of ["local-host", "embedded"] as const) {
      const { code, err } = await cliAgainst(rows, url, { interruptAfterMs: 1000, kind })(...argv);
      expect(code).toBe(130);
      expect(err).toMatch(kind === "embedded" ? /goes on whenever a host runs/ : /goes on\./);
      expect(err).toContain("To look: lightning ");
      expect(err).toContain(way);
    }
  });
});
