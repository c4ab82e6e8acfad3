import { describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { OperationName } from "../../src/operations.ts";
import { commandOf } from "../../src/surfaces/cli/commands.ts";

const said = (operation: OperationName, body: Record<string, unknown>) =>
  (commandOf(operation).text?.(body, { agent_id: "mcp-agents" }) ?? []).join("\n");

describe("what the command line says of the provider's side", () => {
  test("a dry run says what would go and how to let it, and never that it went", () => {
    const removed = [
      {
        agent_id: "mcp-agents",
        deployment_name: "mcp-agents-1a",
        training_run_id: "run-1",
        requested_at: "2026-11-01T00:00:00.000Z",
        usd_an_hour: 1.7,
      },
    ];
    const dry = said("cleanUpDeployments", { dry_run: true, older_than_days: 7, removed, not_removed: [] });
    expect(dry).toContain("Would be removed (7 days or older); nothing was:");
    expect(dry).toContain("lightning clean-up-deployments --no-dry-run");
    expect(dry).toMatch(/mcp-agents-1a +mcp-agents +run-1 +2026-11-01T00:00:00.000Z +\$1.70/);
    const done = said("cleanUpDeployments", {
      dry_run: false,
      older_than_days: 7,
      removed,
      not_removed: [{ deployment_name: "mcp-agents-2b", reason: "Azure is away." }],
    });
    expect(done).toContain("✅ Removed (7 days or older):");
    expect(done).toContain("⚠️  mcp-agents-2b is still there: Azure is away.");
    expect(said("cleanUpTraining", { dry_run: true, older_than_days: 7, files: [], jobs: [] })).toBe(
      "🧹 Nothing to remove (7 days or older).",
    );
    expect(
      said("cleanUpTraining", {
        dry_run: false,
        older_than_days: 0,
        files: [{ id: "file-1", filename: "run-1-train.jsonl", run_id: "run-1" }],
        jobs: [{ id: "ftjob-1", state: "failed", run_id: "run-1" }],
        not_removed: [],
      }),
    ).toMatch(/✅ Removed[\s\S]*file +file-1 +run-1 +run-1-train.jsonl\n +job +ftjob-1 +run-1 +failed/);
  });

  test("records that lost their orchestration are told one by one, and what was left is counted", () => {
    const pipeline = { type: "pipeline", agent_id: "mcp-agents", id: "pipeline-1" };
    const body = {
      success: false,
      looked_at: 5,
      taken_up: [{ ...pipeline, because: "Failed: node exited with code 137" }],
      failed: [{ ...pipeline, id: "pipeline-2", code: "orchestration_terminated", message: "It was ended." }],
      settled: [{ type: "training_run", agent_id: "mcp-agents", id: "run-1", status: "succeeded" }],
      left: { alive: 1, not_begun: 1, changed: 0 },
      not_looked_after: [
        { ...pipeline, id: "pipeline-3", reason: "The engine is away." },
        { type: "dataset", reason: "The ledger is away." },
      ],
    };
    expect(said("takeUpRecords", body).split("\n")).toEqual([
      "🔎 Looked at 5 records that had not ended:",
      expect.stringMatching(/At work: +1$/),
      expect.stringMatching(/Not begun yet: +1$/),
      expect.stringMatching(/Taken up again: +1$/),
      expect.stringMatching(/Failed: +1$/),
      "   🔄 pipeline pipeline-1 of agent mcp-agents goes on: Failed: node exited with code 137",
      "   ❌ pipeline pipeline-2 of agent mcp-agents: orchestration_terminated: It was ended.",
      "   ✅ training_run run-1 of agent mcp-agents had been given up; its job has ended since: succeeded",
      "   ⚠️  pipeline pipeline-3 of agent mcp-agents not looked after: The engine is away.",
      "   ⚠️  records of type dataset not looked after: The ledger is away.",
    ]);
  });

  test.each(["getTrainingRun", "getPipeline", "getEvaluation"] as const)(
    "%s says that its record was taken up again, how often and why",
    (operation) => {
      const taken_up = { times: 2, at: "2026-11-01T00:41:00.000Z", because: "the engine does not know it" };
      expect(said(operation, { status: "running", state: "running", stage: "training", taken_up })).toMatch(
        /Taken up again: +2 times, last 2026-11-01T00:41:00.000Z: the engine does not know it/,
      );
    },
  );

  test("a comparison names what is lost, what comes back and what is not this app's", () => {
    const text = said("reconcileDeployments", {
      compared: true,
      seen: 3,
      lost: ["gone"],
      returning: [{ agent_id: "a", id: "dep-1", deployment_name: "gone" }],
      found: [],
      kept_awake: ["active"],
      not_answering: [],
      expiring: [],
      unknown: ["somebody-elses"],
    });
    expect(text.split("\n")).toEqual([
      "🔎 Compared with the provider: 3 deployments there",
      "   Kept awake: active",
      "   Removed by the provider: gone",
      "   Coming back: gone",
      "   Not this app's, left alone: somebody-elses",
    ]);
  });

  test("the calendar says unknown where nobody knows, and gives each plan as a command that is right usage", () => {
    const plan = {
      replaces: "old",
      base_model: "new",
      training_retires: "unknown",
      estimated_from: "nothing: the tokens of run run-1 are not known",
      gate: "an evaluation that says pass",
      request: { agent_id: "mcp-agents", dataset_id: "dataset-1" },
    };
    const text = said("listRetirements", {
      agent_id: "mcp-agents",
      bases: [{ model: "old", lifecycle: "unknown", training_retires: "unknown", base_retires: "unknown" }],
      runs: [],
      deployments: [],
      plan: [plan],
    });
    expect(text).toContain("Training ends: unknown");
    expect(text).toContain("cost unknown");
    expect(text).not.toContain("$0");
    const [, line = ""] = /\n +lightning (.*)\n/.exec(text) ?? [];
    const run = operationRows(readSettings({})).find(({ name }) => name === "runPipeline");
    expect(line).toBe(
      "run --agent-id mcp-agents --dataset-id dataset-1 --training-base-model new --evaluation-baseline active",
    );
    expect(run?.cli).toBe("run");
  });

  test("the audit tells who, what and why in two lines, and each id once", () => {
    const text = said("listAudit", {
      audit: [
        {
          created_at: "2026-11-28T01:24:22.157Z",
          outcome: "refused",
          operation: "promote",
          who: "ada@example.com",
          identity: "person",
          door: "mcp",
          code: "role_missing",
          ids: { run_id: "run-1", id: "dep-1", deployment_id: "dep-1", training_run_id: "run-1" },
          reason: "an outage",
        },
        {
          created_at: "2026-11-28T01:24:20.000Z",
          outcome: "done",
          operation: "promote",
          identity: "key",
          door: "rest",
        },
      ],
    });
    expect(text.split("\n").slice(1)).toEqual([
      "   2026-11-28T01:24:22.157Z  ⛔ promote  by ada@example.com through mcp: role_missing",
      "      Ids: run_id=run-1, deployment_id=dep-1",
      "      Reason: an outage",
      "   2026-11-28T01:24:20.000Z  ✅ promote  by nobody known (key) through rest",
    ]);
  });

  test("a deployment tells for ever what spoke against it, and which two persons let it through", () => {
    const one = {
      deployment_id: "dep-1",
      four_eyes: { requested_by: "ada", decided_by: "bo" },
      warnings: ["The evaluation eval-1 is stale.", "The gate was overridden: an outage"],
    };
    for (const text of [
      said("getLineage", { lineage: [one], events: [] }),
      said("listDeployments", { deployments: [one] }),
      said("getActiveDeployment", { has_active_deployment: true, ...one }),
    ])
      for (const part of [
        "Two persons: ada had it trained, bo let it through",
        "⚠️  The evaluation eval-1 is stale.",
        "⚠️  The gate was overridden: an outage",
      ])
        expect(text).toContain(part);
  });

  test("a roll-back to the base does not call it a tuned model, and a decided pipeline asks for no decision", () => {
    const back = said("rollback", {
      deployment_id: null,
      tuned_model: null,
      tuned_model_name: null,
      base_model: "base-1",
      rollback_from: "dep-1",
    });
    expect(back).toContain("Base model: base-1");
    expect(back).not.toContain("Tuned model");
    const waiting = { pipeline_id: "pipeline-1", status: "waiting_for_approval", approval_until: "tomorrow" };
    expect(said("getPipeline", waiting)).toContain("Decide: lightning approve");
    const decided = said("decidePipeline", { ...waiting, decision: { approved: true, decided_by: "bo" } });
    expect(decided).not.toContain("Decide:");
    expect(decided).toContain("Status: goes on as decided");
  });

  test("a policy says whose it is, and a status what the run may cost", () => {
    expect(
      said("getGatePolicy", { gate: "warn", gate_from: "setting", four_eyes: false, changes: [] }),
    ).toContain("Gate: warn (LIGHTNING_GATE_POLICY; the agent has none of its own)");
    expect(
      said("getTrainingRun", { run_id: "run-1", status: "running", cost: { basis: "No price." } }),
    ).toContain("Cost at most: unknown");
    expect(
      said("getTrainingRun", { run_id: "run-1", status: "running", cost: { usd_at_most: 0 } }),
    ).not.toContain("Cost");
  });
});
