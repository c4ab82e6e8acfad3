import { afterEach, describe, expect, test } from "@jest/globals";
import type { Evaluation } from "../../src/evaluation/contract.ts";
import { forgetOldAnswers } from "../../src/evaluation/kept-answers.ts";
import { LightningError, messageOf, notFound, unavailable } from "../../src/kernel/errors.ts";
import { FANNED_OUT } from "../../src/loop/activities.ts";
import { evaluateModel } from "../../src/loop/evaluate-model.ts";
import { AGENT } from "../deployments/world.ts";
import { orchestrate } from "../support/orchestrate.ts";
import { evaluationWorld, lastText, toolTurn } from "./world.ts";

type Options = NonNullable<Parameters<typeof evaluationWorld>[0]>;
type World = Awaited<ReturnType<typeof evaluationWorld>>;
const worlds: World[] = [];
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((one) => one.dispose()));
});

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CANDIDATE = "ft:run-1";
const right = (model: string) => toolTurn(model === CANDIDATE ? "search" : "fetch");
const busy = (retryAfterMs?: number) =>
  unavailable("provider_busy", "the provider answered 429. Rate limit reached.", { retryAfterMs });

async function* damaged(): AsyncGenerator<string> {
  yield "{\n";
}

/** `evaluateModel` with its real steps, `trouble` standing between it and the models. */
async function world(
  trouble: (model: string, question: string, elapsed: number) => void,
  options: Omit<Options, "answer"> = {},
) {
  let elapsed = () => 0;
  const made = await evaluationWorld({
    ...options,
    answer: (request) => {
      trouble(request.model, lastText(request), elapsed());
      return right(request.model);
    },
  });
  worlds.push(made);
  const began = made.clock.now();
  elapsed = () => made.clock.now() - began;
  const steps = made.activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
  const seen: Evaluation[] = [];
  const statuses: unknown[] = [];

  async function evaluated(change: Parameters<World["request"]>[0] = {}): Promise<Evaluation> {
    const { id } = (await made.request(change)).evaluation;
    await orchestrate(evaluateModel, {
      input: { agent_id: AGENT, id },
      instanceId: id,
      clock: made.clock,
      onStatus: (status) => void statuses.push(status),
      newWorker: async () => ({
        died: new Promise<never>(() => undefined),
        async run(name, input) {
          const work = async () => steps[name]?.(input);
          if (!(FANNED_OUT as readonly string[]).includes(name)) return work();
          const settled = await work().then(
            (value) => ({ ok: true, value }),
            (error: unknown) => ({ ok: false, fault: messageOf(error) }),
          );
          seen.push(await made.service.get(AGENT, id));
          return settled;
        },
      }),
    });
    return made.service.get(AGENT, id);
  }
  return { ...made, elapsed, evaluated, seen, statuses };
}
const isPing = (question: string) => question.endsWith(" ping");

describe("a provider in trouble during an evaluation", () => {
  test("a rate limit of three minutes costs the time and no answer, and the record says so meanwhile", async () => {
    const w = await world(
      (model, _question, elapsed) => {
        if (model === CANDIDATE && elapsed < 3 * MINUTE) throw busy(20_000);
      },
      { examples: 200 },
    );
    const ended = await w.evaluated();
    expect(ended).toMatchObject({ status: "finished", result: { verdict: "pass", pairs: 200, missing: 0 } });
    expect(ended.waiting).toBeUndefined();
    expect(w.asked.filter((one) => one.startsWith("gpt-4o-mini"))).toHaveLength(200);
    expect(w.elapsed()).toBeLessThan(5 * MINUTE);
    expect(w.seen.find((one) => one.waiting !== undefined)?.waiting).toMatchObject({
      reason: expect.stringContaining("Rate limit reached"),
      since: expect.any(String),
      again_at: expect.any(String),
    });
    expect(w.statuses).toContainEqual(
      expect.objectContaining({ step: "waiting", reason: expect.stringContaining("Rate limit reached") }),
    );
  });

  test("is not asked again before the time that it names, and by one batch alone", async () => {
    const asked: number[] = [];
    const w = await world((_model, _question, elapsed) => {
      asked.push(elapsed);
      if (elapsed < 30 * MINUTE) throw busy(10 * MINUTE);
    });
    expect((await w.evaluated()).result).toMatchObject({ verdict: "pass", missing: 0 });
    const early = [...new Set(asked.filter((at) => at < 30 * MINUTE))];
    expect(early).toEqual([0, 10 * MINUTE, 20 * MINUTE]);
    // Four at once of each side: a batch, not all sixty.
    expect(asked.filter((at) => at === 10 * MINUTE).length).toBeLessThanOrEqual(8);
  });

  test.each([
    ["is not ready yet", notFound("provider_missing", "DeploymentNotReady")],
    [
      "denies access",
      new LightningError("invalid", "provider_rejected", "PermissionDenied", { details: { status: 401 } }),
    ],
  ])("a deployment that %s for a moment is asked again", async (_name, fault) => {
    let flickers = 0;
    const w = await world((_model, question) => {
      if (/[05]$/.test(question) && flickers++ < 8) throw fault;
    });
    expect((await w.evaluated()).result).toMatchObject({ verdict: "pass", pairs: 60, missing: 0 });
  });

  test("an outage without an end is over after two hours, and the verdict says what the provider said", async () => {
    let isAway = true;
    const w = await world((model) => {
      if (isAway && model === CANDIDATE)
        throw unavailable("provider_unreachable", "no connection (ENOTFOUND).");
    });
    const ended = await w.evaluated();
    expect(ended.result).toMatchObject({ verdict: "inconclusive", missing: 60 });
    expect(ended.result?.reasons.join(" ")).toContain("ENOTFOUND");
    expect(w.elapsed()).toBeGreaterThan(115 * MINUTE);
    expect(w.elapsed()).toBeLessThan(4 * 60 * MINUTE);
    // What was answered is not paid for again.
    isAway = false;
    w.asked.length = 0;
    expect((await w.evaluated()).result).toMatchObject({ verdict: "pass", missing: 0 });
    expect(w.asked.filter((one) => one.startsWith("gpt-4o-mini") && !isPing(one))).toEqual([]);
    expect(w.asked.filter((one) => one.startsWith(CANDIDATE))).toHaveLength(60);
  });
});

describe("answers that were paid for", () => {
  test("serve another evaluation of the same examples", async () => {
    const w = await world(() => undefined);
    await w.evaluated();
    expect(w.asked).toHaveLength(120);
    w.asked.length = 0;
    expect((await w.evaluated({ metric: "tool_call" })).result).toMatchObject({ verdict: "pass", pairs: 60 });
    expect(w.asked.filter((one) => !isPing(one))).toEqual([]);
    // The baseline's answers serve another candidate, too.
    w.asked.length = 0;
    await w.evaluated({ run_id: undefined, candidate: "ft:another" });
    expect(w.asked.filter((one) => one.startsWith("gpt-4o-mini") && !isPing(one))).toEqual([]);
    expect(w.asked.filter((one) => one.startsWith("ft:another"))).toHaveLength(60);
  });

  test("are asked for anew when another version stands behind the deployment", async () => {
    let version = "2024-07-18";
    const w = await world(() => undefined, {
      behind: (deployment) => (deployment === CANDIDATE ? deployment : `${deployment}-${version}`),
    });
    await w.evaluated();
    version = "2025-04-14";
    w.asked.length = 0;
    await w.evaluated({ metric: "tool_call" });
    expect(w.asked.filter((one) => one.startsWith("gpt-4o-mini") && !isPing(one))).toHaveLength(60);
    expect(w.asked.filter((one) => one.startsWith(CANDIDATE) && !isPing(one))).toEqual([]);
  });

  test("are not asked for again by a step whose process died before it wrote its batch down", async () => {
    const w = await world(() => undefined);
    const { id } = (await w.request()).evaluation;
    const ref = { agent_id: AGENT, id };
    await w.activities.planEvaluation(ref);
    await w.activities.answerEvaluationBatch({ ...ref, batch: 0 });
    await w.files.delete(`${id}/answers-0000.jsonl`);
    w.asked.length = 0;
    expect(await w.activities.answerEvaluationBatch({ ...ref, batch: 0 })).toEqual({
      answered: 20,
      missing: 0,
    });
    expect(w.asked.filter((one) => !isPing(one))).toEqual([]);
  });

  test("that cannot be read any more are asked for again, and fail nothing", async () => {
    const w = await world(() => undefined, { examples: 10 });
    await w.evaluated();
    for (const key of await w.files.list("kept-answers/")) await w.files.write(key, damaged());
    w.asked.length = 0;
    expect(await w.evaluated({ metric: "tool_call" })).toMatchObject({ status: "finished" });
    expect(w.asked.filter((one) => !isPing(one)).length).toBeGreaterThan(0);
  });

  test("lie in a bounded number of files, and are forgotten when they are as old as the setting says", async () => {
    const w = await world(() => undefined, { examples: 200 });
    await w.evaluated();
    const settings = { keepAnswersDays: 90 };
    const files = async () => (await w.files.list("kept-answers/")).length;
    expect(await files()).toBeLessThanOrEqual(2 * 256);
    w.clock.advance(89 * DAY);
    expect(await forgetOldAnswers({ ...w, settings })).toBe(0);
    w.asked.length = 0;
    await w.evaluated({ metric: "tool_call" });
    expect(w.asked.filter((one) => !isPing(one))).toEqual([]);
    w.clock.advance(2 * DAY);
    await w.evaluated({ metric: "exact" });
    expect(w.asked.filter((one) => !isPing(one))).toHaveLength(400);
    w.clock.advance(91 * DAY);
    expect(await forgetOldAnswers({ ...w, settings })).toBeGreaterThan(0);
    expect(await files()).toBe(0);
  });
});
