import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createApp } from "../../src/app.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { parseInput, ROUTE_PREFIX } from "../../src/doors/operation.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { type Field, inputFields } from "../../src/surfaces/fields.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import { restRoutes } from "../../src/surfaces/rest.ts";
import { cliAgainst } from "./cli-harness.ts";
import { noOrchestrations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const rows = operationRows(readSettings({}));
const row = (name: string) => {
  const found = rows.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
};

/** The table of operations that users were promised: name, REST, command, MCP tools. */
const PROMISED = [
  ["recordEpisodes", "POST /episodes", "record", "lightning_record_episode"],
  ["listEpisodes", "GET /episodes", "list-episodes", "lightning_list_episodes"],
  ["getEpisode", "GET /episodes/{}", "show-episode", "lightning_get_episode"],
  ["addPart", "POST /parts", undefined, undefined],
  ["getPart", "GET /parts/{}", "show-part", "lightning_get_part"],
  ["assignReward", "POST /rewards", "reward", "lightning_assign_reward"],
  ["listRewards", "GET /rewards", "list-rewards", "lightning_list_rewards"],
  ["buildDataset", "POST /datasets", "build-dataset", "lightning_build_dataset"],
  ["buildGoldenDataset", "POST /datasets/golden", "build-golden", "lightning_build_golden"],
  ["addGoldenPart", "POST /datasets/golden/parts", undefined, undefined],
  ["startEvaluation", "POST /evaluations", "evaluate", "lightning_evaluate"],
  ["getEvaluation", "GET /evaluations/{}", "evaluation", "lightning_get_evaluation"],
  ["listPairs", "GET /evaluations/{}/pairs", "pairs", "lightning_list_pairs"],
  ["listDatasets", "GET /datasets", "list-datasets", "lightning_list_datasets"],
  ["getDataset", "GET /datasets/{}", "show-dataset", "lightning_get_dataset"],
  ["cancelDataset", "POST /datasets/{}/cancel", "cancel-dataset", "lightning_cancel_dataset"],
  ["validateFile", "POST /datasets/validate", "validate", "lightning_validate_file"],
  ["listExamples", "GET /datasets/{}/examples", "list-examples", undefined],
  ["explainExample", "GET /datasets/{}/examples/{}/why", "why", "lightning_explain_example"],
  ["traceEpisode", "GET /lineage/episodes/{}", "trace", "lightning_trace_episode"],
  ["estimateTraining", "POST /training/estimate", "estimate", "lightning_estimate_training"],
  ["getDatasetFile", "GET /datasets/{}/files/{}", undefined, undefined],
  ["startTraining", "POST /training", "train", "lightning_train lightning_start_training"],
  ["getTrainingRun", "GET /training/{}", "status", "lightning_training_status lightning_get_training_status"],
  ["listTrainingRuns", "GET /training", "list-runs", "lightning_list_training_runs"],
  ["cancelTraining", "POST /training/{}/cancel", "cancel", "lightning_cancel_training"],
  ["promote", "POST /deployments", "promote", "lightning_promote lightning_promote_deployment"],
  ["rollback", "POST /deployments/rollback", "rollback", "lightning_rollback_deployment"],
  ["deactivate", "POST /deployments/deactivate", "deactivate", "lightning_deactivate_deployment"],
  ["getGatePolicy", "GET /deployments/policy", "gate-policy", "lightning_get_gate_policy"],
  ["setGatePolicy", "POST /deployments/policy", "set-gate-policy", "lightning_set_gate_policy"],
  ["listDeployments", "GET /deployments", "list-deployments", "lightning_list_deployments"],
  ["getActiveDeployment", "GET /deployments/active", "active", "lightning_get_active_deployment"],
  ["getLineage", "GET /lineage", "lineage", "lightning_get_lineage"],
  ["getLineageOf", "GET /lineage/{}/{}", undefined, undefined],
  ["getOperationStatus", "GET /operations/{}/{}", undefined, undefined],
  ["verifyAnswer", "POST /lineage/verify", "verify-answer", "lightning_verify_answer"],
  ["selectModel", "GET /model", "model", "lightning_select_model"],
  ["runPipeline", "POST /pipelines", "run", "lightning_run_pipeline"],
  ["getPipeline", "GET /pipelines/{}", "pipeline", "lightning_get_pipeline"],
  ["decidePipeline", "POST /pipelines/{}/approval", "approve", "lightning_approve_pipeline"],
  ["listDeadLetters", "GET /dead-letters", "dead-letters list", "lightning_list_dead_letters"],
  ["retryDeadLetters", "POST /dead-letters/retry", "dead-letters retry", "lightning_retry_dead_letters"],
  ["getStats", "GET /stats", "stats", "lightning_get_stats"],
  ["getHealth", "GET /health", "health", "lightning_health"],
  ["reconcileTraining", "POST /training/{}/reconcile", "reconcile", "lightning_reconcile_training"],
  ["cleanUpTraining", "POST /training/clean-up", "clean-up-training", "lightning_clean_up_training"],
  ["takeUpRecords", "POST /records/take-up", "take-up", "lightning_take_up_records"],
  ["listRetirements", "GET /retirements", "retirements", "lightning_list_retirements"],
  [
    "reconcileDeployments",
    "POST /deployments/reconcile",
    "reconcile-deployments",
    "lightning_reconcile_deployments",
  ],
  [
    "cleanUpDeployments",
    "POST /deployments/clean-up",
    "clean-up-deployments",
    "lightning_clean_up_deployments",
  ],
  ["getRedactionRules", "GET /redaction/rules", "redaction rules", "lightning_get_redaction_rules"],
  ["setRedactionRules", "POST /redaction/rules", "redaction set-rules", "lightning_set_redaction_rules"],
  ["testRedaction", "POST /redaction/test", "redaction test", "lightning_test_redaction"],
  ["rescanEpisodes", "POST /redaction/rescans", "redaction rescan", "lightning_rescan_episodes"],
  ["listRescans", "GET /redaction/rescans", "redaction rescans", "lightning_list_rescans"],
  ["getRescan", "GET /redaction/rescans/{}", "redaction rescan-status", "lightning_get_rescan"],
  ["cancelRescan", "POST /redaction/rescans/{}/cancel", "redaction cancel-rescan", "lightning_cancel_rescan"],
] as const;

describe("the table of operations", () => {
  test.each(PROMISED)("%s has the doors it was promised: %s, %s, %s", (name, rest, cli, mcp) => {
    const { rest: place, cli: words, mcp: tools } = row(name);
    expect(`${place.method} ${place.path.replaceAll(/\{[^}]+\}/g, "{}")}`).toBe(rest);
    expect(words).toBe(cli);
    expect(tools?.join(" ")).toBe(mcp);
  });

  test.each(rows.map((one) => [one.name, one] as const))(
    "%s has an example that its own schema accepts",
    (_name, one) => {
      expect(() => parseInput(one, { ...one.example })).not.toThrow();
    },
  );

  test("names a field inside an object by its path, and the characters that an id may have", () => {
    expect(() => parseInput(row("runPipeline"), { approval: { timeout_minutes: 0 } })).toThrow(
      expect.objectContaining({ code: "invalid_input", field: "approval.timeout_minutes" }),
    );
    expect(() => parseInput(row("getEpisode"), { episode_id: "a/b" })).toThrow(
      "letters, digits, `.`, `_` or `-`",
    );
  });

  test.each(rows.map((one) => [one.name, one] as const))("%s refuses what it does not know", (_name, one) => {
    expect(() => parseInput(one, { ...one.example, nonsense: 1 })).toThrow(
      expect.objectContaining({ code: "invalid_input", field: "nonsense" }),
    );
  });

  test.each(rows.map((one) => [one.name, one] as const))(
    "%s takes in its path, its aliases and its list only fields it has",
    (_name, one) => {
      const names = inputFields(one).map(({ name }) => name);
      const inPath = [...one.rest.path.matchAll(/\{(\w+)\??\}/g)].map((match) => match[1]);
      expect(names).toEqual(expect.arrayContaining(inPath));
      expect(names).toEqual(expect.arrayContaining(Object.values(one.aliases ?? {})));
      if (one.rest.manyAs !== undefined) expect(names).toContain(one.rest.manyAs);
      for (const alias of Object.keys(one.aliases ?? {})) expect(names).not.toContain(alias);
    },
  );

  test.each(rows.map((one) => [one.name, one] as const))(
    "%s describes every field of its input, also inside objects and lists",
    (_name, one) => {
      const bare = (fields: readonly Field[], path: string): string[] =>
        fields.flatMap((field) => [
          ...(field.description === undefined ? [path + field.name] : []),
          ...bare(field.fields ?? [], `${path}${field.name}.`),
          ...bare(field.items?.fields ?? [], `${path}${field.name}[].`),
        ]);
      expect(bare(inputFields(one), "")).toEqual([]);
    },
  );

  test("has a command and a tool for every row but those that hand over files or parts of one, or show what another row shows too", () => {
    const lacks = (door: "cli" | "mcp") =>
      rows.filter((one) => one[door] === undefined).map(({ name }) => name);
    expect(lacks("cli")).toEqual([
      "addPart",
      "addGoldenPart",
      "getDatasetFile",
      "getCorrectionsFile",
      "getLineageOf",
      "getOperationStatus",
    ]);
    expect(lacks("mcp")).toEqual([
      "addPart",
      "addGoldenPart",
      "getDatasetFile",
      "listExamples",
      "getCorrectionsFile",
      "getLineageOf",
      "getOperationStatus",
    ]);
  });

  test("agent_id is LIGHTNING_AGENT_ID on every door where there is one", () => {
    for (const one of operationRows(readSettings({ LIGHTNING_AGENT_ID: "support" }))) {
      if (!("agent_id" in one.input.shape)) continue;
      const { agent_id: _given, ...rest } = one.example;
      expect(parseInput(one, rest)).toEqual(expect.objectContaining({ agent_id: "support" }));
    }
  });

  test("what reads is got, what changes is posted", () => {
    // Questions whose words are too many for an address.
    const asked = new Set(["estimateTraining", "validateFile", "verifyAnswer", "testRedaction"]);
    for (const { name, effect, rest } of rows)
      expect([name, rest.method]).toEqual([name, effect === "read" && !asked.has(name) ? "GET" : "POST"]);
  });
});

describe("doors made from the table", () => {
  test("routes and tools are unique, and tools say whether they read or destroy", () => {
    expect(restRoutes(rows)).toHaveLength(rows.length);
    const tools = mcpTools({ operations: rows });
    expect(tools.size).toBe(rows.flatMap(({ mcp }) => mcp ?? []).length);
    expect(tools.get("lightning_rollback_deployment")?.listed("whole").annotations?.destructiveHint).toBe(
      true,
    );
    expect(tools.get("lightning_get_stats")?.listed("short").annotations?.readOnlyHint).toBe(true);
    for (const { listed } of tools.values()) expect(listed("whole").inputSchema.type).toBe("object");
  });

  test("OpenAPI describes every row, with resolvable references and an example for each body", () => {
    const document = openapiDocument(rows, { server: "http://localhost:7071" });
    expect(document.openapi).toBe("3.1.0");
    const text = JSON.stringify(document);
    const ids = new Set<string>();
    for (const { operation, method } of restRoutes(rows)) {
      const { path } = operation.rest;
      const described = document.paths?.[`/${ROUTE_PREFIX}${path}`]?.[method === "GET" ? "get" : "post"];
      expect(described?.summary).toBe(operation.summary);
      expect(described?.responses?.["422"]).toBeDefined();
      if (method === "POST") expect(JSON.stringify(described?.requestBody)).toContain('"example"');
      const inPath = (described?.parameters ?? []).filter((one) => "in" in one && one.in === "path");
      expect(inPath).toHaveLength([...path.matchAll(/\{/g)].length);
      ids.add(described?.operationId ?? "");
    }
    expect(ids.size).toBe(rows.length);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(Object.keys(document.components?.schemas ?? {})).toContain(name);
    expect(Object.keys(document.components?.securitySchemes ?? {})).toContain("functionKey");
    // What a caller writes as a time is text, though it is stored as UTC.
    expect(JSON.stringify(document.components?.schemas?.BuildDatasetInput)).toMatch(
      /"start_date":\{[^{}]*"type":"string"/,
    );
    expect(text).not.toMatch(/"(start|end)_date":\{\}/);
  });

  test("every code of a fault on the way in has its heading in docs/errors.md, where that exists", () => {
    let headings: string;
    try {
      headings = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
    } catch {
      return;
    }
    for (const code of ["invalid_input", "bad_json", "internal_error"]) expect(headings).toContain(code);
  });
});

describe("every door refuses the same bad input with the same code", () => {
  let door: Awaited<ReturnType<typeof loopback>>;
  beforeAll(async () => {
    door = await loopback(rows);
  });
  afterAll(() => door.stop());

  const cases = [
    ["buildDataset", { name: "v1", min_reward: 7 }, ["--name", "v1", "--min-reward", "7"], "min_reward"],
    [
      "assignReward",
      { episode_id: "ep-1", source: "hearsay" },
      ["--episode-id", "ep-1", "--source", "hearsay"],
      "source",
    ],
    ["promote", { run_id: "../../etc" }, ["--run-id", "../../etc"], "run_id"],
    [
      "startTraining",
      { dataset_id: "d-1", n_epochs: 0 },
      ["--dataset-id", "d-1", "--epochs", "0"],
      "n_epochs",
    ],
    ["listRewards", { limit: 0 }, ["--limit", "0"], "limit"],
  ] as const;

  test.each(cases)("%s with %j", async (name, input, options, field) => {
    const { rest, cli, mcp } = row(name);
    const query = new URLSearchParams(
      Object.entries(input).map(([key, value]): [string, string] => [key, String(value)]),
    ).toString();
    const response = await fetch(
      `${door.url}/api/lightning${rest.path}${rest.method === "GET" ? `?${query}` : ""}`,
      rest.method === "GET"
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(input) },
    );
    expect(response.status).toBe(422);
    expect(await response.json()).toEqual({
      error: expect.objectContaining({ code: "invalid_input", field }),
    });

    const rpc = await fetch(`${door.url}/api/mcp`, {
      method: "POST",
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: "1",
        method: "tools/call",
        params: { name: mcp?.[0], arguments: input },
      }),
    });
    const { result } = (await rpc.json()) as { result: { isError: boolean; content: { text: string }[] } };
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toContain(`Code: invalid_input\nField: ${field}`);

    const run = await cliAgainst(rows, door.url)(...(cli ?? "").split(" "), ...options);
    expect(run.code).toBe(2);
    const option = options.find(
      (word) =>
        word.startsWith("--") &&
        word.replaceAll("-", "").endsWith(field.replace(/^n_/, "").replaceAll("_", "")),
    );
    expect(run.err).toContain(`Code: invalid_input\n   Option: ${option}\n`);
  });
});

describe("the original's defects at its doors", () => {
  const settings = readSettings({});
  const ledger = openSqliteLedger({ file: ":memory:", clock: systemClock });
  const app = createApp({ settings, ledger, logger: silentLogger });
  afterAll(() => app.close());
  const context = { orchestrations: noOrchestrations, door: "mcp", waitMs: 0 } as const;

  test("deactivation over MCP works, also when nothing is active (defect 9.1)", async () => {
    const result = await app.mcp.tools
      .get("lightning_deactivate_deployment")
      ?.call({ reason: "test" }, context);
    expect(result).toEqual(
      expect.objectContaining({
        success: true,
        message: expect.any(String),
        base_model: expect.any(String),
        reason: "test",
      }),
    );
  });

  test("a reward of an unknown source is refused over MCP and not taken for an evaluation (defect 10: unknown source becomes eval_score)", async () => {
    await expect(
      app.mcp.tools
        .get("lightning_assign_reward")
        ?.call({ episode_id: "ep-1", reward_value: 1, reward_source: "hearsay" }, context),
    ).rejects.toMatchObject({ code: "invalid_input" });
    expect(await ledger.count("rewards", {})).toBe(0);
  });

  test("the default of min_reward is one on every door: the setting", () => {
    expect(
      inputFields(row("buildDataset")).find(({ name }) => name === "min_reward")?.default,
    ).toBeUndefined();
  });
});

describe("the command line", () => {
  const lightning = cliAgainst(rows, "http://127.0.0.1:9", {
    files: {
      "./data/golden_conversations.jsonl": "{}",
      "episodes.jsonl": "{}",
      "lineage.json": JSON.stringify(row("verifyAnswer").example.answer),
    },
  });

  test.each(rows.flatMap(({ cli }) => (cli === undefined ? [] : [cli])))(
    "%s has help whose example is right usage",
    async (cli) => {
      const { code, out } = await lightning(...cli.split(" "), "--help");
      expect(code).toBe(0);
      const example = /Example:\n {2}\$ lightning (.*)\n/.exec(out)?.[1] ?? "";
      expect(example).toMatch(new RegExp(`^${cli}\\b`));
      const words = [...example.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
      // Right usage fails only because nobody answers there.
      const run = await lightning(...words, ...(/^ +--yes/m.test(out) ? ["--yes"] : []));
      expect([run.code, run.err]).toEqual([1, expect.stringContaining("endpoint_unreachable")]);
    },
  );

  const design = [
    "build-dataset --agent-id mcp-agents --name v1 --min-reward 0.5",
    "build-dataset --agent-id mcp-agents --name customer-service-v1 --min-reward 0.5 --sources human_approval,eval_score",
    "build-golden --agent-id mcp-agents --name golden-v1 --golden-file ./data/golden_conversations.jsonl",
    "list-datasets --agent-id mcp-agents",
    "train --dataset-id dataset-abc123 --agent-id mcp-agents",
    "train --dataset-id ds-abc123 --agent-id mcp-agents --base-model gpt-4o-mini-2024-07-18 --epochs 3 --no-wait",
    "list-runs --agent-id mcp-agents --status running",
    "status --run-id run-xyz789 --agent-id mcp-agents",
    "promote --run-id run-xyz789 --agent-id mcp-agents --promoted-by admin@example.com --yes",
    "list-deployments --agent-id mcp-agents",
    "rollback --agent-id mcp-agents --target-id dep-1 --reason worse --rolled-back-by admin@example.com --yes",
    "deactivate --agent-id mcp-agents --reason test --yes",
    "lineage --agent-id mcp-agents",
    "health",
    "record --file episodes.jsonl",
    "approve --pipeline-id pipeline-1 --reject",
    // As `retirements` prints it.
    "run --agent-id mcp-agents --dataset-id dataset-1 --training-base-model new --evaluation-baseline active",
    "run --name weekly --dataset-min-reward 0.5 --training-base-model m --approval-required --no-promote",
  ];
  test.each(design)("the design's and the original's line is right usage: %s", async (line) => {
    const run = await lightning(...line.split(" "));
    expect([run.code, run.err]).toEqual([1, expect.stringContaining("endpoint_unreachable")]);
  });
});
