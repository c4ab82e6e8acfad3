import { promises as fs } from "node:fs";
import os from "node:os";
import path from "node:path";
import { nearLines } from "../../src/datasets/near-lines.ts";
import type { Message } from "../../src/episodes/contract.ts";
import { createEvaluationActivities } from "../../src/evaluation/activities.ts";
import { createEvaluationService } from "../../src/evaluation/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { ChatRequest } from "../../src/provider/provider.ts";
import { AGENT, chatProvider, runRecord } from "../deployments/world.ts";

export const toolTurn = (name: string, args = "{}"): Message => ({
  role: "assistant",
  tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }],
});

/** A line whose right answer is to call `tool`. */
export const exampleLine = (n: number, tool = "search") =>
  JSON.stringify({
    messages: [
      { role: "system", content: "Be helpful." },
      { role: "user", content: `request ${n}` },
      toolTurn(tool),
      { role: "tool", tool_call_id: "call_1", content: "found" },
      { role: "assistant", content: "done" },
    ],
    tools: [{ type: "function", function: { name: tool } }],
  });

/** What the user asked last. */
export const lastText = ({ messages }: Pick<ChatRequest, "messages">): string => {
  const content = messages.at(-1)?.content;
  return typeof content === "string" ? content : "";
};

async function* text(content: string): AsyncGenerator<string> {
  yield content;
}

type Answer = (request: ChatRequest, asked: number) => Message;

/**
 * The evaluation stage with a succeeded run `run-1` of `dataset-1`, on an embedded ledger and a temporary folder. The
 * candidate calls the right tool and the baseline another, unless `answer` says otherwise.
 */
export async function evaluationWorld(
  options: {
    examples?: number;
    answer?: Answer;
    ping?: (request: ChatRequest) => void;
    behind?: (deployment: string) => string;
    /** Which model a deployment calls, where there is an account that can be asked. */
    modelBehind?: (name: string) => Promise<string | undefined>;
  } = {},
) {
  const clock = new VirtualClock();
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-evaluation-"));
  const files = folderFiles(root);
  const asked: string[] = [];
  const answer: Answer =
    options.answer ?? (({ model }) => toolTurn(model === "ft:run-1" ? "search" : "fetch"));
  const provider = chatProvider(async (request) => {
    // Whether the baseline can be called at all is looked at first.
    if (lastText(request) === "ping") {
      options.ping?.(request);
      return { message: { role: "assistant", content: "pong" }, model: request.model, usage: {} };
    }
    const question = `${request.model} ${lastText(request)}`;
    asked.push(question);
    const message = answer(request, asked.filter((one) => one === question).length);
    const model = options.behind?.(request.model) ?? request.model;
    return { message, model, finish_reason: "stop", usage: {} };
  });

  /** A ready dataset; sides are given as lines, groups as their keys. */
  async function dataset(
    id: string,
    sides: Partial<Record<"train" | "validation" | "test", { lines: string[]; groups: string[] }>>,
    change: Record<string, unknown> = {},
  ): Promise<void> {
    const written: Record<string, unknown> = {};
    const groups: Record<string, string> = {};
    for (const [side, { lines, groups: keys }] of Object.entries(sides)) {
      const content = lines.map((line) => `${line}\n`).join("");
      const stored = await files.write(`${id}/${side}.jsonl`, text(content));
      written[side] = { ...stored, path: stored.key, lines: lines.length };
      groups[side] = `${id}/groups_${side}.txt`;
      await files.write(
        groups[side],
        text(
          keys
            .toSorted()
            .map((key) => `${key}\n`)
            .join(""),
        ),
      );
    }
    await ledger.create("datasets", {
      id,
      type: "dataset",
      agent_id: AGENT,
      name: id,
      status: "ready",
      content_hash: `hash-of-${id}`,
      created_at: "2026-01-01T00:00:00.000Z",
      files: written,
      groups,
      recipe: { kind: "golden" },
      ...change,
    } as never);
  }

  const held = Array.from({ length: options.examples ?? 60 }, (_, n) => exampleLine(n));
  await dataset("dataset-1", {
    train: { lines: [exampleLine(1000)], groups: ["a", "b"] },
    validation: { lines: held.slice(0, 5), groups: ["c"] },
    test: { lines: held, groups: ["d", "e"] },
  });
  await ledger.create("runs", runRecord("run-1", clock, { dataset_hash: "hash-of-dataset-1" }));

  const datasets = {
    nearLines: (file: string, others: readonly string[]) => nearLines(files, file, others),
  };
  let active: { deployment_name: string } | null = null;
  const service = createEvaluationService({
    ledger,
    files,
    provider,
    datasets,
    settings: { baseModelDeployment: undefined, baseModel: "gpt-4o-mini" },
    clock,
    deployments: {
      readActive: async () => active,
      ...(options.modelBehind === undefined
        ? {}
        : {
            models: {
              ensure: async () => ({ id: "hosted-1", deployment_name: "hosted" }),
              modelBehind: options.modelBehind,
            },
          }),
    },
  });
  const activities = createEvaluationActivities({
    service,
    ledger,
    files,
    provider,
    clock,
    settings: { keepAnswersDays: 90 },
    datasets,
  });

  const request = (change: Partial<Parameters<typeof service.prepare>[0]> = {}) =>
    service.prepare({
      agent_id: AGENT,
      run_id: "run-1",
      dataset_id: "dataset-1",
      baseline: "base",
      metric: "auto",
      ...change,
    });

  /** What the orchestration evaluateModel does, without its waits. */
  async function evaluate(id: string): Promise<string> {
    const ref = { agent_id: AGENT, id };
    await activities.claimEvaluation({ ...ref, instance_id: id });
    const plan = await activities.planEvaluation(ref);
    if (plan.kind === "rejected") {
      await activities.failEvaluation({ ...ref, code: plan.code, message: plan.message });
      return plan.code;
    }
    for (let batch = 0; batch < plan.batches; batch++)
      for (;;) {
        const { waiting } = await activities.answerEvaluationBatch({ ...ref, batch });
        if (waiting === undefined) break;
        clock.advance(waiting.retry_after_seconds * 1000);
      }
    return (await activities.judgeEvaluation({ ...ref, batches: plan.batches })).verdict;
  }

  return {
    clock,
    ledger,
    files,
    provider,
    datasets,
    asked,
    dataset,
    service,
    activities,
    request,
    evaluate,
    serve: (name: string) => {
      active = { deployment_name: name };
    },
    async dispose() {
      await ledger.close();
      await fs.rm(root, { recursive: true, force: true });
    },
  };
}
