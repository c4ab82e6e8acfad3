import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createRewardWriter } from "../../src/sdk/rewards.ts";
import { invokeOver } from "../../src/sdk/transport.ts";
import { openWorld, type World } from "./waiting-world.ts";

let world: World;
beforeEach(async () => {
  world = await openWorld();
  await world.record({
    id: "ep-1",
    response_id: "chatcmpl-1",
    user_input: "Where is order 17?",
    assistant_output: "No idea.",
  });
});
afterEach(() => world.close());

const give = (raw: object) => world.call("recordFeedback", { response_id: "chatcmpl-1", ...raw });
const BETTER = "Order 17 was shipped on Monday.";

describe("feedback", () => {
  /** What is said, and the reward that it is. */
  test.each<[string, object, object]>([
    ["a thumb up", { thumbs: "up" }, { value: 1, metadata: {} }],
    ["a thumb down", { thumbs: "down" }, { value: -1, metadata: {} }],
    ["a score from 0 to 1", { score: 0.75 }, { value: 0.5, raw_value: 0.75 }],
    ["stars", { score: 2, score_min: 1, score_max: 5 }, { value: -0.5, raw_value: 2 }],
    ["a label that says how good", { label: "Correct" }, { value: 1, metadata: { tags: ["Correct"] } }],
    ["a label that says so so", { label: "neutral" }, { value: 0, metadata: { tags: ["neutral"] } }],
    [
      "thumbs with any label",
      { thumbs: "down", label: "too long" },
      { value: -1, metadata: { tags: ["too long"] } },
    ],
    [
      "a label beside tags",
      { label: "bad", metadata: { tags: ["tone"], at: 7 } },
      { value: -1, metadata: { tags: ["tone", "bad"], at: 7 } },
    ],
    [
      "a better answer with a label that is a member of every object",
      { better_answer: BETTER, label: "constructor" },
      { value: -1, metadata: { tags: ["constructor"] } },
    ],
    ["a better answer", { better_answer: BETTER }, { value: -1, metadata: { correction: BETTER } }],
    [
      "a better answer with a score",
      { better_answer: BETTER, score: 0.5 },
      { value: 0, metadata: { correction: BETTER } },
    ],
    [
      "a comment on a metric by somebody",
      { thumbs: "up", comment: "thanks", metric: "tone", evaluator: "ann" },
      { value: 1, comments: "thanks", rubric: "tone", evaluator: "ann" },
    ],
  ])("%s is a reward", async (_said, raw, reward) => {
    const { status, body } = await give(raw);
    expect(status).toBe(201);
    expect(body).toMatchObject({ source: "human_approval", episode_id: "ep-1", ...reward });
  });

  test.each<[string, object, string]>([
    ["nothing", {}, "feedback_without_value"],
    ["a comment alone", { comment: "hm" }, "feedback_without_value"],
    ["a label that only sorts", { label: "long" }, "feedback_without_value"],
    ["a label that is a member of every object", { label: "constructor" }, "feedback_without_value"],
    ["a label that is every object's prototype", { label: "__proto__" }, "feedback_without_value"],
    ["thumbs and a score", { thumbs: "up", score: 1 }, "feedback_values"],
    ["a scale without a score", { thumbs: "up", score_max: 5 }, "feedback_values"],
    ["an empty scale", { score: 1, score_min: 5, score_max: 5 }, "invalid_reward"],
    ["a better answer that is the answer", { better_answer: "No idea." }, "correction_invalid"],
    [
      "a better answer for a turn that is not there",
      { better_answer: { turn: 9, text: "x" } },
      "correction_invalid",
    ],
  ])("%s is refused, and nothing is stored", async (_said, raw, code) => {
    await expect(give(raw)).rejects.toMatchObject({ code, status: 422 });
    expect(await world.rewards()).toEqual([]);
  });

  test("that came first and says what the agent turns out to have said is refused when it comes", async () => {
    await world.call("recordFeedback", { response_id: "chatcmpl-2", better_answer: BETTER });
    await world.record({ response_id: "chatcmpl-2", assistant_output: BETTER });
    await world.deliver();
    expect(await world.rewards()).toEqual([]);
    expect((await world.waiting())[0]?.reason).toContain("correction_invalid");
  });

  test("is the signed-in person's, whoever the body names", async () => {
    const raw = { response_id: "chatcmpl-1", thumbs: "up", evaluator: "somebody" };
    const { body } = await world.call("recordFeedback", raw, { principal: "ann@example.com" });
    expect(body).toMatchObject({ evaluator: "ann@example.com", writer: "ann@example.com" });
  });

  test("by the SDK says whether it waits", async () => {
    const writer = createRewardWriter(
      invokeOver(
        { invoke: (name, input) => world.call(name, { ...input }), close: async () => {} },
        "mcp-agents",
        world.clock,
      ),
    );
    expect(await writer.feedback({ responseId: "chatcmpl-1", thumbs: "up" })).toMatchObject({ value: 1 });
    const late = await writer.feedback({ traceId: "t", betterAnswer: BETTER });
    expect("waiting" in late && late.named).toEqual({ trace_id: "t" });
    expect(await writer.recordHumanApproval({ spanId: "s", approved: true })).toMatchObject({
      waiting: true,
    });
    expect((await writer.listWaitingRewards({ state: "waiting" })).waiting).toHaveLength(2);
  });
});
