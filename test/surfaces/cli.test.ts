import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { cliAgainst } from "./cli-harness.ts";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const { operations, seen } = fakeOperations();
let door: Awaited<ReturnType<typeof loopback>>;
let lightning: ReturnType<typeof cliAgainst>;
beforeAll(async () => {
  door = await loopback(operations);
  lightning = cliAgainst(operations, door.url, {
    files: {
      "episodes.jsonl": '{"user_input":"a","assistant_output":"b"}\n{oops\n',
      "one.json": '{"user_input":"a"}',
    },
  });
});
afterAll(() => door.stop());
beforeEach(() => {
  seen.length = 0;
});

describe("the texts of the design", () => {
  test("build-dataset", async () => {
    const { code, out, err } = await lightning(
      "build-dataset",
      "--agent-id",
      "mcp-agents",
      "--name",
      "v1",
      "--min-reward",
      "0.5",
      "--description",
      "First production dataset",
    );
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(`
✅ Dataset created successfully!
   ID: dataset-abc123
   Name: v1
   Training examples: 800
   Validation examples: 200
   Training file: ./data/finetune/v1_train_20240131.jsonl
   Validation file: ./data/finetune/v1_validation_20240131.jsonl
`);
    expect(seen[0]?.input).toEqual({
      agent_id: "mcp-agents",
      name: "v1",
      min_reward: 0.5,
      description: "First production dataset",
    });
  });

  test("train waits for the end and says how to promote", async () => {
    const { code, out } = await lightning(
      "train",
      "--dataset-id",
      "dataset-abc123",
      "--agent-id",
      "mcp-agents",
    );
    expect(code).toBe(0);
    expect(out).toBe(`
🚀 Starting fine-tuning job...
   Dataset ID: dataset-abc123
   Run ID: run-xyz789
   Status: running

✅ Training completed successfully!
   Tuned model: ft:gpt-4o-mini:org::abc123
   To promote it: lightning promote --run-id run-xyz789 --agent-id mcp-agents
`);
    expect(seen.map(({ name }) => name)).toEqual(["startTraining", "getTrainingRun"]);
  });

  test("train --no-wait leaves it running", async () => {
    const { code, out } = await lightning(
      "train",
      "--dataset-id",
      "dataset-abc123",
      "--epochs",
      "2",
      "--no-wait",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/⏳ Training is in progress \(run ID: run-xyz789\)/);
    expect(seen.map(({ name }) => name)).toEqual(["startTraining"]);
    expect(seen[0]?.input).toEqual(expect.objectContaining({ n_epochs: 2 }));
  });

  test("promote", async () => {
    const { out } = await lightning(
      "promote",
      "--run-id",
      "run-xyz789",
      "--agent-id",
      "mcp-agents",
      "--promoted-by",
      "admin@example.com",
    );
    expect(out).toBe(`
✅ Model promoted successfully!
   Deployment ID: dep-456
   Tuned model: ft:gpt-4o-mini:org::abc123
   Agent ID: mcp-agents
`);
  });

  test("status and list-runs", async () => {
    expect((await lightning("status", "--run-id", "run-xyz789")).out).toBe(`
📊 Training run status:
   Run ID: run-xyz789
   Status: succeeded
   Tuned model: ft:gpt-4o-mini:org::abc123
`);
    const rule = "-".repeat(80);
    expect((await lightning("list-runs", "--agent-id", "mcp-agents")).out).toBe(`
🏋️ Training runs for agent 'mcp-agents':
${rule}
• run-1
${rule}

   There are more: --all shows every page. The next one alone:
   --continuation next==
`);
  });
});

describe("input", () => {
  test("lists are given by repetition or commas, booleans by two options", async () => {
    await lightning(
      "build-dataset",
      "--name",
      "v1",
      "--sources",
      "human_approval,eval_score",
      "--no-include-tools",
    );
    await lightning(
      "build-dataset",
      "--name",
      "v1",
      "--sources",
      "human_approval",
      "--sources",
      "eval_score",
      "--include-tools",
    );
    expect(seen.map(({ input }) => input)).toEqual([
      expect.objectContaining({ sources: ["human_approval", "eval_score"], include_tools: false }),
      expect.objectContaining({ sources: ["human_approval", "eval_score"], include_tools: true }),
    ]);
  });

  test("another spelling of a field is an option too", async () => {
    expect((await lightning("status", "--training-run-id", "run-1")).code).toBe(0);
  });

  test("LIGHTNING_AGENT_ID is the default of --agent-id", async () => {
    const support = cliAgainst(operations, door.url, { agentId: "support" });
    await support("list-runs");
    await support("list-runs", "--agent-id", "sales");
    await lightning("list-runs");
    expect(seen.map(({ input }) => (input as { agent_id: string }).agent_id)).toEqual([
      "support",
      "sales",
      "mcp-agents",
    ]);
  });

  test("record takes a file of one object or of lines, and names the lines that are refused", async () => {
    const { code, out } = await lightning("record", "--file", "episodes.jsonl");
    expect(code).toBe(1);
    expect(out).toBe(`
❌ 1 of 2 episodes refused
   #2: expected object (invalid_input)
`);
    expect((await lightning("record", "--file", "one.json")).code).toBe(0);
  });
});

describe("--json", () => {
  test("prints the REST reply", async () => {
    const { out } = await lightning("promote", "--run-id", "run-xyz789", "--json");
    expect(JSON.parse(out)).toEqual({
      deployment_id: "dep-456",
      is_active: true,
      tuned_model: "ft:gpt-4o-mini:org::abc123",
    });
    expect(JSON.parse((await lightning("train", "--dataset-id", "dataset-1", "--json")).out)).toEqual(
      expect.objectContaining({ status: "succeeded" }),
    );
  });

  test("tells wrong usage as JSON, too", async () => {
    for (const [argv, said] of [
      [["build-dataset"], "required option not given: --name <text>"],
      [["build-dataset", "--nam", "v"], "Did you mean --name?"],
      [["nonsense"], "unknown command 'nonsense'"],
    ] as const) {
      const { code, out, err } = await lightning(...argv, "--json");
      expect([code, err]).toEqual([2, ""]);
      expect(JSON.parse(out)).toEqual({
        error: {
          code: "wrong_usage",
          message: expect.stringContaining(said),
          remedy: expect.stringContaining("--help"),
        },
      });
    }
  });

  test("prints the REST error and fails", async () => {
    const { code, out, err } = await lightning("status", "--run-id", "run-none", "--json");
    expect([code, err]).toEqual([1, ""]);
    expect(JSON.parse(out)).toEqual({
      error: {
        code: "run_not_found",
        formerly: "run_missing",
        message: "Agent a has no training run run-none.",
        field: "run_id",
        remedy:
          "listTrainingRuns (GET /api/lightning/training) shows the ones there are; check agent_id too.",
      },
    });
  });
});

describe("failures", () => {
  test("a refusal is told with code, field and remedy, exit 1", async () => {
    const { code, out, err } = await lightning("build-dataset", "--name", "taken");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toBe(`
❌ That name is taken.
   Code: name_taken
   Option: --name
`);
  });

  test.each([
    [["build-dataset"], /required option not given: --name <text>/],
    [["build-dataset", "--name", "v", "--nonsense"], /unknown option '--nonsense'/],
    [
      ["build-dataset", "--name", "v", "--min-reward", "much"],
      /--min-reward: .*\n.*Code: invalid_input\n.*Option: --min-reward\n.*build-dataset --help/,
    ],
    [
      ["build-dataset", "--name", "v", "--min-reward", "7"],
      /--min-reward: .*\n.*Code: invalid_input\n.*Option: --min-reward\n.*build-dataset --help/,
    ],
    [["nonsense"], /unknown command 'nonsense'/],
    [["record"], /--file <file>/],
    [["record", "--file", "absent.json"], /absent\.json cannot be read/],
    [[], /Usage: lightning/],
  ])("wrong usage %j is told before anything is reached, exit 2", async (argv, told) => {
    const { code, err, connections } = await lightning(...argv);
    expect([code, connections]).toEqual([2, 0]);
    expect(err).toMatch(told);
    expect(seen).toEqual([]);
  });

  test("an app that is not there is told with what to do, exit 1", async () => {
    const { code, err } = await cliAgainst(operations, "http://127.0.0.1:9")("list-runs");
    expect(code).toBe(1);
    expect(err).toMatch(/Code: endpoint_unreachable\n {3}Remedy: .*LIGHTNING_ENDPOINT/);
  });

  test("stored text cannot move the cursor of the terminal", async () => {
    const { plain } = await import("../../src/surfaces/cli/layout.ts");
    expect(plain("a\u001b[2Jb\u0007c")).toBe("ab\\u0007c");
  });
});

describe("help", () => {
  test("lists every command and exits 0", async () => {
    const { code, out } = await lightning("--help");
    expect(code).toBe(0);
    for (const { cli } of operations)
      if (cli !== undefined) expect(out).toMatch(new RegExp(`^  ${cli}(?:\\|[\\w-]+)? `, "m"));
  });

  test("a command that has a noun form too shows it, and answers to it", async () => {
    expect((await lightning("status", "--help")).out).toContain("lightning status|training-status ");
    const [short, long] = [
      await lightning("status", "--run-id", "run-1"),
      await lightning("training-status", "--run-id", "run-1"),
    ];
    expect(long).toEqual(short);
    expect(long.code).toBe(0);
  });

  test.each(operations.flatMap(({ cli }) => (cli === undefined ? [] : [cli])))(
    "%s shows its options and an example that is itself right usage",
    async (cli) => {
      const { code, out } = await lightning(...cli.split(" "), "--help");
      expect(code).toBe(0);
      expect(out).toContain("--json");
      const example = /Example:\n {2}\$ lightning (.*)\n/.exec(out)?.[1];
      expect(example).toMatch(new RegExp(`^${cli}`));
    },
  );
});
