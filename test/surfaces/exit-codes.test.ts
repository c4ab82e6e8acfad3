import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { conflict, invalid, type LightningError } from "../../src/kernel/errors.ts";
import { EXIT_MEANINGS } from "../../src/surfaces/cli/exit-codes.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

/** What every row of the real table answers, whenever it is asked. */
let answer: Record<string, unknown> | LightningError = {};
const rows: Operation[] = operationRows(readSettings({})).map((row) => ({
  ...row,
  run: async () => {
    if (answer instanceof Error) throw answer;
    return { body: answer };
  },
}));
let door: Awaited<ReturnType<typeof loopback>>;
let lightning: ReturnType<typeof cliAgainst>;
beforeAll(async () => {
  door = await loopback(rows);
  lightning = cliAgainst(rows, door.url);
});
afterAll(() => door.stop());

const evaluation = (more: object) => ({
  evaluation_id: "eval-1",
  id: "eval-1",
  agent_id: "a",
  candidate: "ft:one",
  baseline: "base",
  metric: "auto",
  grading: 2,
  ...more,
});
const verdict = (said: string) => evaluation({ status: "finished", verdict: said });
const pipeline = (more: object) => ({
  pipeline_id: "pipeline-1",
  id: "pipeline-1",
  agent_id: "a",
  status: "finished",
  stage: "done",
  ...more,
});
const refusedBy = (code: string, said: string | undefined) =>
  conflict(code, "The gate says no.", { details: { run_id: "run-1", verdict: said ?? null } });

const EVALUATE = ["evaluate", "--run-id", "run-1", "--dataset-id", "dataset-1"];
const SHOW = ["evaluation", "--evaluation-id", "eval-1"];
const PIPELINE = ["pipeline", "--pipeline-id", "pipeline-1"];
const PROMOTE = ["promote", "--run-id", "run-1", "--yes"];
const served = {
  deployment_id: "dep-1",
  run_id: "run-1",
  tuned_model: "ft:one",
  warnings: ["Nobody judged it."],
};

const TABLE: readonly (readonly [
  string,
  readonly string[],
  Record<string, unknown> | LightningError,
  number,
])[] = [
  ["evaluate that passes", EVALUATE, verdict("pass"), 0],
  ["evaluate that fails its verdict", EVALUATE, verdict("fail"), 3],
  ["evaluate that cannot tell", EVALUATE, verdict("inconclusive"), 4],
  ["evaluate that breaks", EVALUATE, evaluation({ status: "failed", error: "x" }), 1],
  ["evaluate that outlasts the wait", EVALUATE, evaluation({ status: "running" }), 5],
  ["evaluate --no-wait that goes on", [...EVALUATE, "--no-wait"], evaluation({ status: "running" }), 0],
  ["evaluate --no-wait of one that was judged", [...EVALUATE, "--no-wait"], verdict("fail"), 3],
  ["evaluate that is refused", EVALUATE, invalid("same_model", "The same."), 1],
  ["evaluate without a dataset", ["evaluate"], verdict("pass"), 2],
  ["evaluation with pass", SHOW, verdict("pass"), 0],
  ["evaluation with fail", SHOW, verdict("fail"), 3],
  ["evaluation with inconclusive", SHOW, verdict("inconclusive"), 4],
  ["evaluation under way", SHOW, evaluation({ status: "running" }), 5],
  ["evaluation that broke", SHOW, evaluation({ status: "failed", error: "x" }), 1],
  ["run that promotes", ["run"], pipeline({ outcome: "promoted", verdict: "pass" }), 0],
  ["run that evaluates alone", ["run"], pipeline({ outcome: "evaluated", verdict: "pass" }), 0],
  ["run with nothing new", ["run"], pipeline({ outcome: "nothing_new" }), 0],
  ["run that waits for a person", ["run"], pipeline({ status: "waiting_for_approval" }), 0],
  ["run that fails the gate", ["run"], pipeline({ outcome: "gate_failed", verdict: "fail" }), 3],
  ["run that cannot tell", ["run"], pipeline({ outcome: "gate_inconclusive", verdict: "inconclusive" }), 4],
  ["run that is rejected", ["run"], pipeline({ outcome: "rejected", verdict: "pass" }), 1],
  ["run that nobody decides", ["run"], pipeline({ outcome: "approval_timeout", verdict: "pass" }), 1],
  ["run that breaks", ["run"], pipeline({ outcome: "failed", status: "failed", error: "x" }), 1],
  ["run that outlasts the wait", ["run"], pipeline({ status: "running", stage: "training" }), 5],
  ["run --no-wait", ["run", "--no-wait"], pipeline({ status: "running", stage: "dataset" }), 0],
  ["pipeline that failed the gate", PIPELINE, pipeline({ outcome: "gate_failed", verdict: "fail" }), 3],
  ["pipeline under way", PIPELINE, pipeline({ status: "running", stage: "training" }), 5],
  ["promote that serves, with a warning", PROMOTE, { ...served, is_active: true }, 0],
  ["promote that outlasts the wait", PROMOTE, { ...served, is_active: false }, 5],
  ["promote --no-wait", [...PROMOTE, "--no-wait"], { ...served, is_active: false }, 0],
  ["promote of a failed verdict under require", PROMOTE, refusedBy("gate_required", "fail"), 3],
  ["promote of what is proven worse", PROMOTE, refusedBy("override_required", "fail"), 3],
  ["promote without a verdict under require", PROMOTE, refusedBy("gate_required", undefined), 4],
  [
    "promote of an inconclusive verdict under require",
    PROMOTE,
    refusedBy("gate_required", "inconclusive"),
    4,
  ],
  ["promote of an unknown run", PROMOTE, invalid("run_not_found", "No such run."), 1],
];

describe("a command's exit code answers a gate's question", () => {
  test.each(TABLE)("%s", async (_name, argv, reply, code) => {
    answer = reply;
    for (const json of [[], ["--json"]]) {
      const run = await lightning(...argv, ...json);
      expect([run.code, run.err.slice(0, 200)]).toEqual([code, expect.any(String)]);
    }
  });

  test("and --help of each such command, of `lightning` itself and README say which there are", async () => {
    const readme = readFileSync("README.md", "utf8");
    for (const [code, meaning] of EXIT_MEANINGS) {
      expect(readme).toContain(`| ${code} | ${meaning} |`);
      expect((await lightning("--help")).out).toContain(`  ${code}  ${meaning}`);
      for (const command of ["evaluate", "evaluation", "run", "pipeline", "promote"]) {
        const { out } = await lightning(command, "--help");
        expect(out).toContain("Exit status:");
        expect(out).toContain(code === 0 ? "\n  0  " : `  ${code}  ${meaning}`);
      }
    }
  });
});
