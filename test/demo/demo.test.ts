import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { readCorpus, toolNames } from "../../demo/corpus.ts";
import {
  chooseCorrected,
  fromJsonl,
  goldenLine,
  type Line,
  shuffleAnswers,
  toJsonl,
} from "../../demo/golden.ts";
import { openHome, saveState } from "../../demo/home.ts";
import { readOptions } from "../../demo/options.ts";
import { type DemoResult, exitCodeOf, toJson, toTable } from "../../demo/report.ts";
import { createSandbox } from "../../demo/sandbox.ts";
import { countGroups, setAside } from "../../demo/set-aside.ts";
import type { Outcome } from "../../demo/traffic.ts";
import { checkExample } from "../../src/datasets/validate/line.ts";

const corpus = readCorpus();
const folders: string[] = [];
const freshFolder = () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "lightning-demo-test-"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const tool = (name: string) => ({ type: "function", function: { name, parameters: { type: "object" } } });
const asked = (line: Line) => JSON.stringify(line.messages.slice(0, -1));
const answered = (line: Line) => JSON.stringify(line.messages.at(-1));
const frame = { system: "Do it.", tools: toolNames(corpus).map(tool) };

describe("setting requests aside", () => {
  const { work, judges } = setAside(corpus);

  it("leaves at least 80 groups to judge and at least 400 requests to work on", () => {
    expect(countGroups(judges)).toBeGreaterThanOrEqual(80);
    expect(work.length).toBeGreaterThanOrEqual(400);
    expect(work.length + judges.length).toBe(corpus.length);
  });

  it("never parts a group", () => {
    const judging = new Set(judges.map(({ group }) => group));
    expect(work.filter(({ group }) => judging.has(group))).toEqual([]);
  });
});

describe("golden conversations", () => {
  it("are lines that a golden dataset accepts", () => {
    const faulty = corpus.filter((request) => {
      const { session_id, ...line } = goldenLine(frame, request);
      return session_id === undefined || !checkExample(line).ok;
    });
    expect(faulty.map(({ id }) => id)).toEqual([]);
  });

  it("correct only unfulfilled requests, and about half of them", () => {
    const outcomes = corpus.map(
      (request, i): Outcome => ({
        request,
        fulfilled: i % 2 === 0,
        answer: { answer: "", model: "m", tool_calls: [] },
      }),
    );
    const corrected = chooseCorrected(outcomes, 1);
    const fulfilled = new Set(outcomes.filter((one) => one.fulfilled).map((one) => one.request));
    expect(corrected.filter((request) => fulfilled.has(request))).toEqual([]);
    expect(corrected.length / (corpus.length / 2)).toBeGreaterThan(0.4);
    expect(corrected.length / (corpus.length / 2)).toBeLessThan(0.6);
    expect(chooseCorrected(outcomes, 2)).not.toEqual(corrected);
  });

  it("survive being written as JSONL and read again", () => {
    const lines = corpus.slice(0, 20).map((request) => goldenLine(frame, request));
    expect(fromJsonl(toJsonl(lines))).toEqual(lines);
  });
});

describe("the control", () => {
  const lines = corpus.slice(0, 300).map((request) => goldenLine(frame, request));
  const shuffled = shuffleAnswers(lines);

  it("keeps every request, and every answer exactly once", () => {
    expect(shuffled.map(asked)).toEqual(lines.map(asked));
    expect(shuffled.map(answered).toSorted()).toEqual(lines.map(answered).toSorted());
  });

  it("gives nearly every request the answer of another one, the same ones each time", () => {
    const kept = shuffled.filter((line, i) => answered(line) === answered(lines[i] as Line));
    expect(kept.length).toBeLessThan(lines.length * 0.05);
    expect(shuffleAnswers(lines)).toEqual(shuffled);
  });

  it("takes the first decision of an episode and leaves what followed from its result out", () => {
    const [first] = lines;
    const episode = [...(first?.messages ?? []), { role: "tool" }, { role: "assistant", content: "Done." }];
    expect(shuffleAnswers([{ messages: episode, tools: [] }])).toEqual([
      { messages: first?.messages, tools: [] },
    ]);
  });
});

describe("the sandbox", () => {
  it("brings back what a request is about and takes away what it is to make", () => {
    const sandbox = createSandbox(freshFolder(), corpus);
    sandbox.reset();
    const at = (file: string) => path.join(sandbox.root, file);
    const original = readFileSync(at("notes/retro.md"), "utf8");
    writeFileSync(at("notes/retro.md"), "spoilt");
    writeFileSync(at("notes/lunch.md"), "soup on Friday");
    for (const request of corpus.filter(({ group }) => group === "read-retro" || group === "write-lunch"))
      sandbox.prepare(request);
    expect(readFileSync(at("notes/retro.md"), "utf8")).toBe(original);
    expect(existsSync(at("notes/lunch.md"))).toBe(false);
  });
});

describe("the demo's home", () => {
  it("is emptied, unless it is to be kept", async () => {
    const home = path.join(freshFolder(), "demo");
    await openHome(home, false);
    saveState(home, { rounds: 3, golden: ["dataset-1"] });
    writeFileSync(path.join(home, "something"), "");
    expect(await openHome(home, true)).toEqual({ rounds: 3, golden: ["dataset-1"] });
    expect(await openHome(home, false)).toEqual({ rounds: 0, golden: [] });
    expect(existsSync(path.join(home, "something"))).toBe(false);
  });

  it("is never a folder with something else in it", async () => {
    const home = freshFolder();
    writeFileSync(path.join(home, "thesis.txt"), "years of work");
    await expect(openHome(home, false)).rejects.toThrow(/not a folder of the demo/);
    expect(existsSync(path.join(home, "thesis.txt"))).toBe(true);
  });
});

describe("the report", () => {
  const evaluation = {
    pairs: 200,
    baseline_accuracy: 0.25,
    candidate_accuracy: 0.5,
    difference: 0.25,
    interval: [0.18, 0.32] as const,
    p_value: 1e-9,
    candidate_only: 55,
    baseline_only: 5,
    reasons: ["The candidate is better."],
  };
  const result: DemoResult = {
    round: 1,
    home: path.resolve(".lightning/demo"),
    agent_id: "mcp-agents",
    accuracy_before: 0.25,
    accuracy_after: 0.5,
    evaluation,
    verdict: "pass",
    outcome: "promoted",
    control: { ...evaluation, candidate_accuracy: 0.1, difference: -0.15, interval: [-0.2, -0.1] },
    control_verdict: "fail",
    control_outcome: "gate_failed",
    control_promoted: false,
    methods: [
      { method: "preferences (dpo)", lines: 245, evaluation, verdict: "pass", outcome: "promoted" },
      { method: "reinforcement (rft)", lines: 245, evaluation, verdict: "fail", outcome: "gate_failed" },
    ],
    active_model: "tuned-1",
    active_is_tuned: true,
    fulfilled_before: 0.2,
    fulfilled_after: 0.4,
    counts: { pairs: 200, set_aside_groups: 90, requests_sent: 500, tools: 22 },
    pipeline_id: "pipeline-1",
    stage_seconds: { start: 1, pipeline: 3 },
    pipeline_seconds: { training: 2 },
    seconds: 21.04,
  };

  it("ends with 0 only when the tuned model serves and the control does not", () => {
    expect(exitCodeOf(result)).toBe(0);
    expect(exitCodeOf({ ...result, verdict: "fail", outcome: "gate_failed" })).toBe(2);
    expect(exitCodeOf({ ...result, verdict: "inconclusive" })).toBe(2);
    expect(exitCodeOf({ ...result, control_verdict: "pass" })).toBe(1);
    expect(exitCodeOf({ ...result, control_promoted: true })).toBe(1);
    expect(exitCodeOf({ ...result, active_is_tuned: false })).toBe(1);
  });

  it("is one JSON object with the agreed fields", () => {
    expect(JSON.parse(toJson(result))).toMatchObject({
      accuracy_before: 0.25,
      accuracy_after: 0.5,
      interval: [0.18, 0.32],
      verdict: "pass",
      control_verdict: "fail",
      active_model: "tuned-1",
      seconds: 21,
    });
  });

  it("is one table whose lines are equally long", () => {
    const lines = toTable(result)
      .split("\n")
      .filter((line) => /^[│┌├└]/.test(line));
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.join("\n")).toContain("25.0 % → 50.0 %, fail, gate failed");
    expect(lines.join("\n")).toContain("+25.0 points (95 %: +18.0 to +32.0)");
  });
});

describe("the demo's options", () => {
  it("are few, and unknown ones are refused", () => {
    expect(readOptions(["--help"])).toBe("help");
    expect(readOptions(["--json", "--keep"])).toEqual({
      home: path.resolve(".lightning/demo"),
      keep: true,
      json: true,
    });
    expect(() => readOptions(["--seed", "3"])).toThrow(/--seed/);
  });
});
