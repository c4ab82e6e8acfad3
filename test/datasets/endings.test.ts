import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Dataset } from "../../src/datasets/contract.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { ENDINGS, NOT_WHOLE } from "../../src/episodes/endings.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { AGENT, episode, makeWorld, must, rewarded, unjudged, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const LEFT_OUT = ENDINGS.filter((ending) => ending !== "finished");
/** How an ending comes to be known: told by this version, or left by an earlier one. */
const SOURCES: readonly (readonly [string, Partial<Episode>, string])[] = [
  ...LEFT_OUT.map((ending) => [`ending ${ending}`, { ending }, ending] as const),
  ["finish_reason length", { metadata: { finish_reason: "length" } }, "cut"],
  ["finish_reason MAX_TOKENS", { metadata: { finish_reason: "MAX_TOKENS" } }, "cut"],
  ["finishReason content-filter", { metadata: { finish_reason: "content-filter" } }, "filtered"],
  ["finish_reason content_filter", { metadata: { finish_reason: "content_filter" } }, "filtered"],
  ["finish_reason cancelled", { metadata: { finish_reason: "cancelled" } }, "unfinished"],
  ["finish_reason error", { metadata: { finish_reason: "error" } }, "failed"],
  ["stream_aborted", { metadata: { stream_aborted: true } }, "unfinished"],
];
const WHOLE: readonly (readonly [string, Partial<Episode>])[] = [
  ["ending finished", { ending: "finished" }],
  ["no ending", {}],
  ["finish_reason stop", { metadata: { finish_reason: "stop" } }],
  ["finish_reason tool_calls", { metadata: { finish_reason: "tool_calls" } }],
  ["an unknown finish_reason", { metadata: { finish_reason: "because" } }],
  ["a reader that left after the end", { metadata: { finish_reason: "stop", stream_aborted: true } }],
  ["finished over an older word", { ending: "finished", metadata: { finish_reason: "length" } }],
];
const FORMATS = ["sft", "rft", "chat", "legacy_text", "dpo"] as const;

/** Two answers to one question, the first the better; for pairs they make one line, else the better is it. */
const answered = (n: number, over: Partial<Episode>, worse: Partial<Episode> = {}) => [
  episode(2 * n, { user_input: `Question ${n}`, assistant_output: `Good ${n}`, ...over }),
  episode(2 * n + 1, {
    user_input: `Question ${n}`,
    assistant_output: `Bad ${n}`,
    ...rewarded(-1),
    ...worse,
  }),
];
const kept = (dataset: Dataset) =>
  must(dataset.training_count) + must(dataset.validation_count) + (dataset.test_count ?? 0);
/** Left out but for the second answers, which stand below the least reward or find no partner. */
const reasons = ({ dropped = {} }: Dataset) =>
  Object.fromEntries(
    Object.entries(dropped).filter(([reason]) => reason !== "below_reward" && reason !== "no_pair"),
  );

describe.each(FORMATS)("in a %s dataset", (format) => {
  const build = (more: object = {}) => world.build({ format, min_reward: 0, train_split: 1, ...more });

  test.each(SOURCES)("an answer with %s is left out and counted", async (_name, over, ending) => {
    await world.store(...answered(1, over), ...answered(2, {}));
    const dataset = await build();
    expect(kept(dataset)).toBe(1);
    expect(reasons(dataset)).toEqual({ [ending]: 1 });
  });

  test.each(WHOLE)("an answer with %s is taken", async (_name, over) => {
    await world.store(...answered(1, over));
    const dataset = await build();
    expect(kept(dataset)).toBe(1);
    expect(reasons(dataset)).toEqual({});
  });

  test.each(NOT_WHOLE)(
    "answers that are %s are taken where they are asked for, and no others",
    async (one) => {
      await world.store(...LEFT_OUT.flatMap((ending, n) => answered(n, { ending })));
      const dataset = await build({ include_endings: [one] });
      expect(kept(dataset)).toBe(1);
      expect(reasons(dataset)).toEqual(
        Object.fromEntries(LEFT_OUT.filter((ending) => ending !== one).map((ending) => [ending, 1])),
      );
    },
  );
});

describe("pairs", () => {
  test.each(LEFT_OUT)("have no worse answer that is %s", async (ending) => {
    await world.store(...answered(1, {}, { ending }));
    const empty = await world.build({ format: "dpo" });
    expect(empty).toMatchObject({ status: "failed", error_code: "dataset_empty" });
  });

  const correct = async (n: number, metadata: Reward["metadata"]) =>
    world.ledger.create<Reward>("rewards", {
      id: `rw-${n}`,
      agent_id: AGENT,
      episode_id: episode(n).id,
      source: "human_approval",
      value: -1,
      metadata,
      created_at: "2026-01-02T00:00:00.000Z",
    });

  test("take a correction of an earlier turn, which was whole, and none of the answer that was not", async () => {
    const talk = [
      { role: "user", content: "Which port?" },
      { role: "assistant", content: "Oslo." },
      { role: "user", content: "And then?" },
      { role: "assistant", content: "Then we" },
    ] satisfies Episode["messages"];
    const cut: Partial<Episode> = { ...rewarded(-1), ending: "cut", messages: talk };
    await world.store(episode(1, cut), episode(2, cut));
    await correct(1, { correction: { turn: 1, text: "Bergen." } });
    await correct(2, { correction: { turn: 2, text: "Then we rest." } });
    const dataset = await world.build({ format: "dpo", train_split: 1 });
    expect(kept(dataset)).toBe(1);
    expect(dataset.dropped).toEqual({ cut: 2, "correction:answer_not_whole": 1 });
    const [line] = await world.linesOf(dataset, "train");
    expect(JSON.parse(must(line))).toMatchObject({ preferred_output: [{ content: "Bergen." }] });
    const included = await world.build({ format: "dpo", train_split: 1, include_endings: ["cut"] });
    expect(kept(included)).toBe(2);
  });
});

describe("a golden file of another tool's rows", () => {
  const stored = (n: number, finish_reason: string | null) => ({
    messages: [{ role: "user", content: `Question ${n}` }],
    choices: [{ index: 0, finish_reason, message: { role: "assistant", content: `Answer ${n}` } }],
  });
  const ROWS: readonly (readonly [string, (reason: string) => object])[] = [
    ["a stored completion", (reason) => stored(1, reason)],
    [
      "a chat line",
      (reason) => ({
        messages: [
          { role: "user", content: "Question 1" },
          { role: "assistant", content: "Answer 1", finish_reason: reason },
        ],
      }),
    ],
    [
      "a run of LangSmith's",
      (reason) => ({
        inputs: { messages: [{ role: "user", content: "Question 1" }] },
        outputs: { generations: [[{ text: "Answer 1", generation_info: { finish_reason: reason } }]] },
      }),
    ],
    [
      "a trace of Langfuse's",
      (reason) => ({
        input: [{ role: "user", content: "Question 1" }],
        output: JSON.stringify({ role: "assistant", content: "Answer 1", stop_reason: reason }),
      }),
    ],
  ];
  const file = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");

  test.each(ROWS)("leaves out %s that was cut, counted, unless it is asked for", async (_name, row) => {
    const content = file(row("length"), stored(2, "stop"), stored(3, null));
    const golden = await world.golden(content);
    expect(golden).toMatchObject({ status: "ready", dropped: { cut: 1 } });
    expect(kept(golden)).toBe(2);
    const whole = await world.golden(content, { include_endings: ["cut"] });
    expect([kept(whole), whole.dropped]).toEqual([3, {}]);
    const finished = await world.golden(file(row("stop"), stored(2, "stop")));
    expect([kept(finished), finished.dropped]).toEqual([2, {}]);
  });

  test("in parts counts the same, and keeps the numbers of its lines", async () => {
    const part = async (first_line: number, content: string) =>
      (await world.service.addGoldenPart({ agent_id: AGENT, name: "golden", first_line, content })).part;
    const parts = [
      await part(1, file(stored(1, "length"), stored(2, "stop"))),
      await part(3, file(stored(3, "content_filter"), stored(4, "stop"))),
    ];
    const golden = await world.golden("", { content: undefined, parts });
    expect([kept(golden), golden.dropped]).toEqual([2, { cut: 1, filtered: 1 }]);
  });

  test.each(ROWS)("takes %s whose answer goes on after one that was cut", async (_name, row) => {
    const cutBefore = [
      { role: "user", content: "Question 0" },
      { role: "assistant", content: "Answ", finish_reason: "length" },
    ];
    const raw = row("stop") as Record<string, unknown>;
    const asked = "inputs" in raw ? (raw.inputs as { messages: object[] }) : undefined;
    const whole = {
      ...raw,
      ...(asked === undefined ? {} : { inputs: { messages: [...cutBefore, ...asked.messages] } }),
      ...(Array.isArray(raw.input) ? { input: [...cutBefore, ...(raw.input as object[])] } : {}),
      ...(Array.isArray(raw.messages) ? { messages: [...cutBefore, ...(raw.messages as object[])] } : {}),
    };
    const golden = await world.golden(file(whole, stored(2, "stop")));
    expect([kept(golden), golden.dropped]).toEqual([2, {}]);
  });

  test("in which no answer is whole is refused with the reason", async () => {
    const refused = world.golden(file(stored(1, "length"), stored(2, "length")));
    await expect(refused).rejects.toMatchObject({
      code: "golden_invalid",
      message: "The golden file holds no example with a whole answer (cut 2).",
      remedy: expect.stringContaining("include_endings"),
    });
  });

  test("may say `length` of anything else: in a text, in arguments, in a tool's schema", async () => {
    const call = { name: "find", arguments: '{"finish_reason":"length"}' };
    const golden = await world.golden(
      file({
        ...stored(1, "stop"),
        messages: [
          { role: "user", content: '{"finish_reason":"length"}' },
          { role: "assistant", tool_calls: [{ id: "c1", type: "function", function: call }] },
          { role: "tool", tool_call_id: "c1", content: "ok" },
        ],
        tools: [
          { type: "function", function: { name: "find", parameters: { type: "object", properties: {} } } },
        ],
      }),
    );
    expect([kept(golden), golden.dropped]).toEqual([1, {}]);
  });
});

describe("what was left out", () => {
  test("is said when nothing is left, with the option that takes it", async () => {
    await world.store(episode(1, { ending: "cut" }), episode(2, { ending: "cut" }));
    const dataset = await world.build();
    expect(dataset).toMatchObject({
      status: "failed",
      error_code: "dataset_empty",
      error: expect.stringMatching(/2 were cut at a limit of tokens.*include_endings \["cut"\]/),
    });
  });

  test("is told before that nobody judged it: an answer that never came needs no reward", async () => {
    const failed: Episode = { ...unjudged(1), ending: "failed", error_by: "network", error: "timed out" };
    await world.store(failed, unjudged(2), episode(3));
    expect((await world.build()).dropped).toEqual({ failed: 1, no_reward: 1 });
  });

  test("is another dataset when some of it is asked for, and the same in any order", async () => {
    await world.store(episode(1));
    const idOf = async (more: object) =>
      (await world.service.prepare({ agent_id: AGENT, name: "v1", ...more })).dataset.id;
    const plain = await idOf({});
    const cut = await idOf({ include_endings: ["cut", "unfinished"] });
    expect(cut).not.toBe(plain);
    expect(await idOf({ include_endings: ["unfinished", "cut", "cut"] })).toBe(cut);
  });
});
