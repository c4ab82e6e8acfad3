import { afterEach, describe, expect, test } from "@jest/globals";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { startEvaluationInputSchema } from "../../src/evaluation/contract.ts";
import { evaluationOperations } from "../../src/evaluation/operations.ts";
import { MOST_EXAMPLES, toQuestion } from "../../src/evaluation/plan.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { invalid, isLightningError, notFound, unavailable } from "../../src/kernel/errors.ts";
import type { OperationName } from "../../src/operations.ts";
import { runPipelineInputSchema } from "../../src/pipelines/contract.ts";
import { AGENT, callContext, runRecord } from "../deployments/world.ts";
import { evaluationWorld, exampleLine, lastText, toolTurn } from "./world.ts";

type World = Awaited<ReturnType<typeof evaluationWorld>>;
const worlds: World[] = [];
async function make(options?: Parameters<typeof evaluationWorld>[0]): Promise<World> {
  const world = await evaluationWorld(options);
  worlds.push(world);
  return world;
}
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.dispose()));
});

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );

describe("asking for an evaluation", () => {
  test("takes the run's model against its base model on the test side", async () => {
    const { request } = await make();
    expect((await request()).evaluation).toMatchObject({
      candidate: "ft:run-1",
      baseline: "gpt-4o-mini",
      split: "test",
      status: "pending",
    });
  });

  test("takes the validation side where there is no test side, and what serves now as the baseline `active`", async () => {
    const { request, dataset, serve } = await make();
    await dataset("dataset-2", { validation: { lines: [exampleLine(1)], groups: [] } });
    expect((await request({ dataset_id: "dataset-2" })).evaluation.split).toBe("validation");
    serve("ft:older");
    expect((await request({ baseline: "active" })).evaluation.baseline).toBe("ft:older");
    expect((await request({ baseline: "gpt-4.1" })).evaluation.baseline).toBe("gpt-4.1");
  });

  test("compares with what serves where no baseline is named, on every door (loop G3)", async () => {
    const asked = { agent_id: AGENT, run_id: "run-1", dataset_id: "dataset-1" };
    expect(startEvaluationInputSchema.parse(asked).baseline).toBe("active");
    expect(runPipelineInputSchema.parse({ agent_id: AGENT }).evaluation.baseline).toBe("active");
    const { service, serve } = await make();
    const evaluated = async () => (await service.prepare(startEvaluationInputSchema.parse(asked))).evaluation;
    expect(await evaluated()).toMatchObject({ baseline: "gpt-4o-mini", baseline_asked: "active" });
    serve("ft:better");
    expect(await evaluated()).toMatchObject({ baseline: "ft:better", baseline_asked: "active" });
  });

  test("of a run judges that run's model: a name beside it is one that is seen to call it (loop G1)", async () => {
    const { request } = await make();
    expect(await codeOf(request({ candidate: "ft:a-good-one" }))).toBe("422 candidate_of_other_model");
    expect((await request({ candidate: "ft:run-1" })).evaluation.id).toBe((await request()).evaluation.id);

    const azure = await make({ modelBehind: async (name) => (name === "by-hand" ? "ft:run-1" : "ft:alpha") });
    expect(await codeOf(azure.request({ candidate: "alphas" }))).toBe("422 candidate_of_other_model");
    expect((await azure.request({ candidate: "by-hand" })).evaluation).toMatchObject({
      run_id: "run-1",
      candidate: "by-hand",
      candidate_model: "ft:run-1",
    });
  });

  test("meets in one evaluation when it is asked for twice, and begins anew after a failure", async () => {
    const { request, activities } = await make();
    const [one, two] = [await request(), await request()];
    expect(two).toMatchObject({ existed: true, evaluation: { id: one.evaluation.id } });
    await activities.failEvaluation({ agent_id: AGENT, id: one.evaluation.id, code: "x", message: "y" });
    expect((await request()).evaluation.id).not.toBe(one.evaluation.id);
  });

  test("names what is wrong", async () => {
    const { request, ledger, clock, dataset } = await make();
    const { tuned_model_name: _, ...busy } = runRecord("run-busy", clock, { status: "running" });
    await ledger.create("runs", busy);
    await dataset("dataset-2", {}, { status: "building" });
    expect(await codeOf(request({ run_id: "run-none" }))).toBe("404 run_not_found");
    expect(await codeOf(request({ run_id: "run-busy" }))).toBe("409 run_not_succeeded");
    expect(await codeOf(request({ run_id: undefined }))).toBe("422 no_candidate");
    expect(await codeOf(request({ dataset_id: "dataset-none" }))).toBe("404 dataset_not_found");
    expect(await codeOf(request({ dataset_id: "dataset-2" }))).toBe("409 dataset_not_ready");
    expect(await codeOf(request({ baseline: "ft:run-1" }))).toBe("422 same_model");
  });
});

describe("an evaluation", () => {
  test("passes a candidate that routes every request right where the baseline does not", async () => {
    const { request, evaluate, service, asked, files } = await make();
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("pass");
    const ended = await service.get(AGENT, evaluation.id);
    expect(ended).toMatchObject({
      status: "finished",
      plan: { examples: 60, batches: 6, skipped: 0, contamination: "none" },
      result: { pairs: 60, candidate_accuracy: 1, baseline_accuracy: 0, missing: 0 },
    });
    expect(ended.sample).toHaveLength(20);
    expect(ended.sample?.[0]).toMatchObject({ expected: "search({})", baseline_answer: "fetch({})" });
    expect((await files.stat(ended.pairs_key ?? ""))?.bytes).toBeGreaterThan(0);
    expect(asked).toHaveLength(120);
  });

  test("asks with what came before the first turn of the assistant, and nothing of what came after", () => {
    const question = toQuestion(exampleLine(7));
    expect(question?.prompt.map((one) => one.role)).toEqual(["system", "user"]);
    expect(question?.expected.tool_calls?.[0]?.function.name).toBe("search");
    expect(question?.tools).toHaveLength(1);
    expect(toQuestion(JSON.stringify({ messages: [{ role: "user", content: "hi" }] }))).toBeUndefined();
    const notLearnt = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b", weight: 0 },
      { role: "user", content: "c" },
      { role: "assistant", content: "d" },
    ];
    expect(toQuestion(JSON.stringify({ messages: notLearnt }))).toMatchObject({ expected: { content: "d" } });
  });

  test("asks nothing twice when its steps run again", async () => {
    const { request, activities, asked, evaluate, service } = await make();
    const { evaluation } = await request();
    const ref = { agent_id: AGENT, id: evaluation.id };
    expect(await activities.claimEvaluation({ ...ref, instance_id: "one" })).toEqual({ kind: "claimed" });
    expect(await activities.claimEvaluation({ ...ref, instance_id: "one" })).toEqual({ kind: "claimed" });
    expect(await activities.claimEvaluation({ ...ref, instance_id: "two" })).toEqual({ kind: "elsewhere" });
    const plan = await activities.planEvaluation(ref);
    expect(await activities.planEvaluation(ref)).toEqual(plan);
    const batch = await activities.answerEvaluationBatch({ ...ref, batch: 0 });
    expect(await activities.answerEvaluationBatch({ ...ref, batch: 0 })).toEqual(batch);
    expect(asked).toHaveLength(20);
    await evaluate(evaluation.id);
    const ended = await service.get(AGENT, evaluation.id);
    expect(await activities.judgeEvaluation({ ...ref, batches: 6 })).toEqual({ verdict: "pass" });
    await activities.failEvaluation({ ...ref, code: "late", message: "too late" });
    expect(await service.get(AGENT, evaluation.id)).toEqual(ended);
    expect(await activities.claimEvaluation({ ...ref, instance_id: "one" })).toEqual({ kind: "finished" });
    expect(asked).toHaveLength(120);
  });

  test("asks again what met a passing fault, and keeps what was answered", async () => {
    const { request, evaluate, asked, service } = await make({
      examples: 50,
      answer: ({ model, messages }, times) => {
        if (messages.at(-1)?.content === "request 7" && times < 3) throw unavailable("provider_busy", "429");
        return toolTurn(model === "ft:run-1" ? "search" : "fetch");
      },
    });
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("pass");
    expect((await service.get(AGENT, evaluation.id)).result).toMatchObject({ pairs: 50, missing: 0 });
    expect(asked).toHaveLength(100 + 2 * 2);
  });

  test("counts what a provider cannot answer as missing, never as wrong", async () => {
    const { request, evaluate, asked, service } = await make({
      answer: ({ model, messages }) => {
        const content = messages.at(-1)?.content;
        if (content === "request 7") throw invalid("provider_rejected", "content filter");
        if (content === "request 8" && model === "ft:run-1")
          throw unavailable("provider_busy", "503 for ever");
        return toolTurn(model === "ft:run-1" ? "search" : "fetch");
      },
    });
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("pass");
    expect((await service.get(AGENT, evaluation.id)).result).toMatchObject({
      pairs: 58,
      missing: 2,
      candidate_accuracy: 1,
    });
    // For two hours, with growing pauses.
    const times = asked.filter((one) => one === "ft:run-1 request 8").length;
    expect(times > 20 && times < 40).toBe(true);
  });

  test("is inconclusive when too many answers are missing, and can then be asked for again", async () => {
    const { request, evaluate } = await make({
      answer: ({ model, messages }) => {
        if (/[05]$/.test(lastText({ messages }))) throw invalid("provider_rejected", "no");
        return toolTurn(model === "ft:run-1" ? "search" : "fetch");
      },
    });
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("inconclusive");
    const again = await request();
    expect(again.existed).toBe(false);
    expect(again.evaluation.id).not.toBe(evaluation.id);
  });

  test("asks without a temperature where a model refuses one", async () => {
    const { request, evaluate } = await make({
      answer: ({ model, temperature }) => {
        if (temperature !== undefined) throw invalid("provider_rejected", "Unsupported value: temperature");
        return toolTurn(model === "ft:run-1" ? "search" : "fetch");
      },
    });
    expect(await evaluate((await request()).evaluation.id)).toBe("pass");
  });

  test("takes a thousand of many examples, the same ones every time", async () => {
    const { request, activities, dataset, service } = await make();
    const many = Array.from({ length: 2500 }, (_, n) => exampleLine(n));
    await dataset("dataset-2", { test: { lines: [...many, ...many.slice(0, 10)], groups: [] } });
    const { evaluation } = await request({ dataset_id: "dataset-2" });
    const plan = await activities.planEvaluation({ agent_id: AGENT, id: evaluation.id });
    expect(plan).toEqual({ kind: "planned", batches: MOST_EXAMPLES / 10 });
    expect((await service.get(AGENT, evaluation.id)).plan?.examples).toBe(MOST_EXAMPLES);
  });
});

describe("contamination", () => {
  test("is refused: held-out examples that share a group with the candidate's training or validation side", async () => {
    const { request, evaluate, dataset, asked, service } = await make();
    for (const [id, group] of [
      ["dataset-2", "b"],
      ["dataset-3", "c"],
    ] as const) {
      await dataset(id, { test: { lines: [exampleLine(1)], groups: ["x", group] } });
      const { evaluation } = await request({ dataset_id: id });
      expect(await evaluate(evaluation.id)).toBe("contaminated");
      expect((await service.get(AGENT, evaluation.id)).error).toContain("contaminated: 1 sessions or inputs");
    }
    expect(asked).toEqual([]);
  });

  test("is the training side of the candidate's own dataset, and not its validation side", async () => {
    const { request, evaluate } = await make();
    expect(await evaluate((await request({ split: "train" })).evaluation.id)).toBe("contaminated");
    expect(await evaluate((await request({ split: "validation" })).evaluation.id)).toBe("inconclusive");
  });

  test("cannot be ruled out for a model of which no run is known, and the verdict says so", async () => {
    const { request, evaluate, service } = await make({
      answer: ({ model }) => toolTurn(model === "ft:stranger" ? "search" : "fetch"),
    });
    const { evaluation } = await request({ run_id: undefined, candidate: "ft:stranger" });
    expect(await evaluate(evaluation.id)).toBe("pass");
    const { plan, result } = await service.get(AGENT, evaluation.id);
    expect(plan?.contamination).toBe("unchecked");
    expect(result?.reasons.join(" ")).toContain("Nobody checked");
  });

  test("is looked for where a candidate is named by its model: it is its run's", async () => {
    const { request, evaluate } = await make();
    const { evaluation } = await request({ run_id: undefined, candidate: "ft:run-1", split: "train" });
    expect(evaluation.run_id).toBe("run-1");
    expect(await evaluate(evaluation.id)).toBe("contaminated");
  });

  test("is looked for in what the models were trained on that the candidate was tuned from", async () => {
    const { request, evaluate, dataset, ledger, clock } = await make();
    await dataset("dataset-2", { train: { lines: [exampleLine(5000)], groups: ["x"] } });
    const change = { dataset_id: "dataset-2", dataset_hash: "hash-of-dataset-2", base_model: "ft:run-1" };
    await ledger.create("runs", runRecord("run-2", clock, change));
    const { evaluation } = await request({ run_id: "run-2", split: "train" });
    expect(await evaluate(evaluation.id)).toBe("contaminated");
    expect(await evaluate((await request({ run_id: "run-2", split: "test" })).evaluation.id)).not.toBe(
      "contaminated",
    );
  });

  const long = (n: number, more = "") =>
    exampleLine(0).replace(
      "request 0",
      `please find the invoice that belongs to customer ${n * 7919} of region ${n * 104_729} and tell me whether it was paid last month, then read me the delivery notes of parcel ${n * 1_299_709}${more}`,
    );
  const many = Array.from({ length: 60 }, (_, n) => n + 1);

  test("is seen where the questions are nearly those that were trained on", async () => {
    const { request, evaluate, dataset, ledger, clock, service } = await make();
    await dataset("dataset-2", { train: { lines: many.map((n) => long(n)), groups: ["x"] } });
    await ledger.create("runs", runRecord("run-2", clock, { dataset_id: "dataset-2" }));
    const polite = many.map((n) => long(n, ". Thanks!").replace("Be helpful.", "Be very helpful."));
    await dataset("dataset-3", { test: { lines: polite, groups: ["y"] } });
    const { evaluation } = await request({ run_id: "run-2", dataset_id: "dataset-3" });
    expect(await evaluate(evaluation.id)).toBe("contaminated");
    expect((await service.get(AGENT, evaluation.id)).error).toMatch(/\d+ of 60 held-out examples are nearly/);
  });

  test("of a few examples leaves those out and says so", async () => {
    const { request, evaluate, dataset, ledger, clock, service } = await make();
    await dataset("dataset-2", { train: { lines: [long(1), long(2)], groups: ["x"] } });
    await ledger.create("runs", runRecord("run-2", clock, { dataset_id: "dataset-2" }));
    const fresh = Array.from({ length: 60 }, (_, n) => exampleLine(n));
    await dataset("dataset-3", { test: { lines: [...fresh, long(1, "!"), long(2, "!")], groups: ["y"] } });
    const { evaluation } = await request({ run_id: "run-2", dataset_id: "dataset-3" });
    expect(await evaluate(evaluation.id)).not.toBe("contaminated");
    const { plan, result } = await service.get(AGENT, evaluation.id);
    expect(plan).toMatchObject({ examples: 60, near_trained: 2, contamination: "none" });
    expect(result?.reasons.join(" ")).toContain(
      "2 examples of the side were not asked: they are nearly the same",
    );
  });

  test("is seen by the texts after the split key was changed, and sessions are said not to be compared", async () => {
    const { request, evaluate, dataset, service } = await make();
    const recipe = { kind: "golden", split_key: "another" };
    await dataset("dataset-2", { test: { lines: [exampleLine(1000)], groups: ["z"] } }, { recipe });
    expect(await evaluate((await request({ dataset_id: "dataset-2" })).evaluation.id)).toBe("contaminated");
    const fresh = Array.from({ length: 60 }, (_, n) => exampleLine(2000 + n));
    await dataset("dataset-3", { test: { lines: fresh, groups: ["z"] } }, { recipe });
    const { evaluation } = await request({ dataset_id: "dataset-3" });
    expect(await evaluate(evaluation.id)).toBe("pass");
    const { plan, result } = await service.get(AGENT, evaluation.id);
    expect(plan?.contamination).toBe("unchecked");
    expect(result?.reasons.join(" ")).toContain("Only the texts were compared");
  });
});

describe("a baseline that the provider does not know", () => {
  test("ends the evaluation before the candidate is hosted or anything is asked, with the provider's words", async () => {
    const { request, evaluate, asked, service } = await make({
      ping: () => {
        throw notFound("provider_missing", "DeploymentNotFound: The API deployment does not exist.");
      },
    });
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("baseline_uncallable");
    expect((await service.get(AGENT, evaluation.id)).error).toMatch(
      /"gpt-4o-mini" cannot be called: DeploymentNotFound.*FOUNDRY_MODEL_DEPLOYMENT_NAME/,
    );
    expect(asked).toEqual([]);
  });

  test("is not concluded from a rate limit or an outage", async () => {
    const { request, evaluate } = await make({
      ping: () => {
        throw unavailable("provider_busy", "429");
      },
    });
    expect(await evaluate((await request()).evaluation.id)).toBe("pass");
  });

  test("or any other fault of the answers is told in the verdict's reasons, the commonest of them, with the model that met it", async () => {
    const { request, evaluate, service } = await make({
      answer: ({ model, messages }) => {
        if (messages.at(-1)?.content === "request 7") throw invalid("provider_rejected", "Too long.");
        if (model !== "ft:run-1") throw invalid("provider_rejected", "The content filter said no.");
        return toolTurn("search");
      },
    });
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).toBe("inconclusive");
    expect((await service.get(AGENT, evaluation.id)).result?.reasons.join(" ")).toContain(
      'Missing answers: 61. The commonest fault, 59 of them, of the baseline "gpt-4o-mini": The content filter said no.',
    );
  });
});

describe("the doors of evaluations", () => {
  test("start one and answer with its verdict, show it and list it", async () => {
    const { service, evaluate } = await make();
    const table: readonly Operation[] = evaluationOperations({
      service,
      settings: { agentId: AGENT },
      clock: systemClock,
    });
    const call = async (name: OperationName, raw: Record<string, unknown>, waitMs?: number) => {
      const operation = table.find((one) => one.name === name);
      if (operation === undefined) throw new Error(name);
      const context = callContext(async (orchestration, id) => {
        expect(orchestration).toBe("evaluateModel");
        if (waitMs !== 0) await evaluate(id);
      }, waitMs);
      const reply = await operation.run(parseInput(operation, raw), context);
      return {
        status: reply.status ?? 200,
        body: operation.output.parse(reply.body) as Record<string, unknown>,
      };
    };
    const input = { run_id: "run-1", dataset_id: "dataset-1" };
    expect(await call("startEvaluation", input, 0)).toMatchObject({
      status: 202,
      body: { status: "pending" },
    });
    const { status, body } = await call("startEvaluation", input);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, verdict: "pass", status: "finished" });
    const shown = await call("getEvaluation", { evaluation_id: body.evaluation_id });
    expect(shown.body).toMatchObject({ verdict: "pass", candidate: "ft:run-1" });
    expect((await call("listEvaluations", {})).body).toMatchObject({ evaluations_found: 1 });
  });
});

describe("what an evaluation counts", () => {
  /** The right tool, and arguments that are wrong altogether. */
  const wrongArguments = (world: Parameters<typeof evaluationWorld>[0] = {}) =>
    make({
      ...world,
      answer: ({ model }) =>
        model === "ft:run-1" ? toolTurn("search", '{"q":"DELETE EVERYTHING"}') : toolTurn("fetch"),
    });

  test("refuses a model that calls the right tools with wrong arguments, unless names alone were chosen", async () => {
    const { request, evaluate, service } = await wrongArguments();
    const { evaluation } = await request();
    expect(await evaluate(evaluation.id)).not.toBe("pass");
    expect((await service.get(AGENT, evaluation.id)).result?.candidate_accuracy).toBe(0);
    const names = (await request({ metric: "tool_names" })).evaluation;
    expect(names.id).not.toBe(evaluation.id);
    expect(await evaluate(names.id)).toBe("pass");
    expect((await service.get(AGENT, names.id)).result?.reasons.join()).toContain(
      "Judged by tool names alone on 60 pairs: arguments were not compared.",
    );
  });

  test("lines of one session, as the dataset's build found them, are one piece of evidence", async () => {
    const { request, evaluate, service, dataset, files } = await make();
    // Others than the run was tuned on.
    const held = Array.from({ length: 60 }, (_, n) => exampleLine(2000 + n));
    const key = "dataset-2/line_groups_test.txt";
    await files.write(
      key,
      (async function* () {
        yield held.map((_, n) => `${n % 20}\n`).join("");
      })(),
    );
    const side = { lines: held, groups: ["x"] };
    await dataset("dataset-2", { test: side }, { line_groups: { test: key } });
    const { evaluation } = await request({ dataset_id: "dataset-2" });
    expect(await evaluate(evaluation.id)).toBe("inconclusive");
    const { plan, result } = await service.get(AGENT, evaluation.id);
    expect(plan).toMatchObject({ examples: 60, groups: 20 });
    expect(result).toMatchObject({ pairs: 60, groups: 20 });
    expect(result?.reasons[0]).toContain("Only 20 independent groups in 60 pairs");
  });

  test("nearly equal questions are one piece of evidence, also in a dataset that kept no groups", async () => {
    const { request, evaluate, service, dataset } = await make();
    const asked = (n: number, end: string) =>
      JSON.stringify({
        messages: [
          {
            role: "user",
            content: `please look up in the archive of year ${n} volume ${n * 7} chapter ${n * 3} page ${n * 11} whatever was written there about ship number ${n * 13} and its cargo of ${n * 17} crates of salt${end}`,
          },
          toolTurn("search"),
        ],
        tools: [{ type: "function", function: { name: "search" } }],
      });
    const lines = Array.from({ length: 30 }, (_, n) => [asked(n + 1, "."), asked(n + 1, " !")]).flat();
    await dataset("dataset-2", { test: { lines, groups: ["x"] } });
    const { evaluation } = await request({ dataset_id: "dataset-2" });
    expect(await evaluate(evaluation.id)).toBe("inconclusive");
    expect((await service.get(AGENT, evaluation.id)).result).toMatchObject({ pairs: 60, groups: 30 });
  });

  test("free text that neither model words as expected is no verdict, and says that only equality counts", async () => {
    const { request, evaluate, service, dataset } = await make({
      answer: ({ model }) => ({
        role: "assistant",
        content: model === "ft:run-1" ? "Order 1158." : "No idea.",
      }),
    });
    const lines = Array.from({ length: 83 }, (_, n) =>
      JSON.stringify({
        messages: [
          { role: "user", content: `which order came in ${n}?` },
          { role: "assistant", content: `It was order ${n}` },
        ],
      }),
    );
    await dataset("dataset-2", { test: { lines, groups: ["x"] } });
    const { evaluation } = await request({ dataset_id: "dataset-2" });
    expect(await evaluate(evaluation.id)).toBe("inconclusive");
    const reasons = (await service.get(AGENT, evaluation.id)).result?.reasons.join(" ");
    expect(reasons).toContain("nothing was measured");
    expect(reasons).toContain("only equality is judged");
    expect(reasons).not.toContain("ruled out");
  });

  test("tells before anything is asked which gain its groups can show, at what was seen so far", async () => {
    const { request, dataset, asked, evaluate } = await make();
    const held = Array.from({ length: 60 }, (_, n) => exampleLine(n));
    const counted = { group_counts: { train: 0, validation: 0, test: 60, largest: 1 } };
    await dataset("dataset-2", { test: { lines: held, groups: ["x"] } }, counted);
    const first = (await request({ dataset_id: "dataset-2" })).evaluation;
    expect(first.power).toMatchObject({ groups: 60, differing: 0.3, differing_is: "assumed" });
    expect(first.power?.smallest_gain).toBeGreaterThan(0.15);
    expect(first.power?.smallest_gain).toBeLessThan(0.3);
    expect(asked).toEqual([]);
    await evaluate(first.id);
    const second = (await request({ dataset_id: "dataset-2", metric: "exact" })).evaluation;
    expect(second.power).toMatchObject({ differing: 1, differing_is: "seen" });
  });
});
