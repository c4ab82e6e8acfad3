import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { METRICS } from "../../src/evaluation/contract.ts";
import { invokeOver } from "../../src/sdk/transport.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import { cliAgainst } from "./cli-harness.ts";
import { noOrchestrations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

/** What reached the rows. */
const seen: Record<string, unknown>[] = [];
const rows: Operation[] = operationRows(readSettings({})).map((row) => ({
  ...row,
  run: async (input: Record<string, unknown>) => {
    seen.push(input);
    return { body: { status: "finished", verdict: "pass", outcome: "evaluated" } };
  },
}));
let door: Awaited<ReturnType<typeof loopback>>;
let lightning: ReturnType<typeof cliAgainst>;
beforeAll(async () => {
  door = await loopback(rows);
  lightning = cliAgainst(rows, door.url);
});
afterAll(() => door.stop());

const context = { orchestrations: noOrchestrations, waitMs: 0, door: "mcp" } as const;
const RUN = { run_id: "run-1", dataset_id: "dataset-1" };

/** Chooses a metric for an evaluation, and for a pipeline, through one door. */
const DOORS: Record<string, (metric: string) => Promise<unknown>> = {
  REST: async (metric) => {
    const post = (path: string, body: object) =>
      fetch(`${door.url}/api/lightning${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await post("/evaluations", { ...RUN, metric });
    await post("/pipelines", { evaluation: { metric } });
  },
  "the command line": async (metric) => {
    await lightning("evaluate", "--run-id", "run-1", "--dataset-id", "dataset-1", "--metric", metric);
    await lightning("run", "--no-wait", "--evaluation-metric", metric);
  },
  MCP: async (metric) => {
    const tools = mcpTools({ operations: rows });
    await tools.get("lightning_evaluate")?.call({ ...RUN, metric }, context);
    await tools.get("lightning_run_pipeline")?.call({ evaluation: { metric } }, context);
  },
  "the SDK": async (metric) => {
    const invoke = invokeOver(
      {
        invoke: async (name, input) => {
          const row = rows.find((one) => one.name === name) as Operation;
          return (await row.run(row.input.parse(input), { ...context, door: "rest" })) as never;
        },
        close: async () => {},
      },
      "a",
    );
    await invoke("startEvaluation", { runId: "run-1", datasetId: "dataset-1", metric: metric as "auto" });
    await invoke("runPipeline", { evaluation: { metric: metric as "auto" } });
  },
};

describe("what counts as right can be chosen", () => {
  test.each(Object.keys(DOORS))("for an evaluation and a pipeline, through %s", async (name) => {
    for (const metric of METRICS) {
      seen.length = 0;
      await DOORS[name]?.(metric);
      expect(seen).toHaveLength(2);
      expect(seen[0]).toMatchObject({ metric });
      expect(seen[1]).toMatchObject({ evaluation: { metric } });
    }
  });

  test("and is whole calls where nothing is chosen; the API's description says what each means", async () => {
    seen.length = 0;
    await lightning("evaluate", "--run-id", "run-1", "--dataset-id", "dataset-1");
    expect(seen[0]).toMatchObject({ metric: "auto" });
    const text = JSON.stringify(openapiDocument(operationRows(readSettings({}))));
    for (const metric of METRICS) expect(text).toContain(`\`${metric}\``);
    expect(text).toContain("`tool_names`, tool names alone");
  });
});
