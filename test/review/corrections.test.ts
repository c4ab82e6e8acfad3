import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openWorld, type World } from "../scenarios/world.ts";

const tool = (name: string, properties: object, required: string[]) => ({
  type: "function",
  function: { name, parameters: { type: "object", properties, required, additionalProperties: false } },
});
const tools = [
  tool("move_file", { from: { type: "string" }, to: { type: "string" } }, ["from", "to"]),
  tool("read_file", { path: { type: "string" }, lines: { type: "integer" } }, ["path"]),
];
const calling = (id: string, name: string, args: object) => ({
  role: "assistant",
  content: null,
  tool_calls: [{ id, type: "function", function: { name, arguments: JSON.stringify(args) } }],
});
const result = (id: string, content: string) => ({ role: "tool", tool_call_id: id, content });
const user = (content: string) => ({ role: "user", content });
const said = (content: string) => ({ role: "assistant", content });
const readPlan = { tool_calls: [{ name: "read_file", arguments: { path: "plan.md" } }] };
const learntCalls = (line: { messages: { tool_calls?: unknown; weight?: number }[] }) =>
  line.messages.filter(({ tool_calls, weight }) => tool_calls !== undefined && weight !== 0);

describe("corrections", () => {
  let world: World;
  let agents = 0;
  let agent_id = "";
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
  });
  afterAll(() => world.close());

  /** An agent of its own, so that each test counts its corrections alone. */
  const freshAgent = () => {
    agent_id = `desk-${++agents}`;
  };
  const post = (address: string, body: object) =>
    world.call("POST", address, { agent_id, ...body }, { prefer: "wait=200" });
  const get = async (address: string) =>
    (await world.call("GET", `${address}${address.includes("?") ? "&" : "?"}agent_id=${agent_id}`)).body;
  const file = async (address: string) => {
    const reply = await world.fetch(`/api/lightning${address}?agent_id=${agent_id}`);
    const text = await reply.text();
    const lines = text.split("\n").filter((line) => line !== "");
    return { headers: reply.headers, lines: lines.map((line) => JSON.parse(line)) };
  };
  const record = async (id: string, messages: object[], more: object = {}) => {
    const body = { id, user_input: "What is the plan?", assistant_output: "", messages, tools, ...more };
    expect((await post("/episodes", body)).body.status).toBe("recorded");
  };
  /** One wrong call, its error, and an answer that makes the best of it. */
  const recordWrongCall = (id: string, more: object = {}) =>
    record(
      id,
      [
        user(`What is the plan of ${id}?`),
        calling("c1", "move_file", { from: "plan.md", to: "x" }),
        result("c1", "no such thing"),
        said("There is no plan."),
      ],
      { assistant_output: "There is no plan.", ...more },
    );
  const label = (id: string, body: object) =>
    post(`/review/${id}/label`, { reviewer: "kit", value: -1, ...body });
  const build = async (body: object) => {
    await world.settle();
    const { dataset_id, ...reply } = (
      await post("/datasets", { train_split: 1, name: JSON.stringify(body), ...body })
    ).body;
    if (dataset_id === undefined) return { reply, dataset: reply.error?.details ?? {}, lines: [] };
    const dataset = await get(`/datasets/${dataset_id}`);
    const { lines } =
      dataset.training_count > 0 ? await file(`/datasets/${dataset_id}/files/train`) : { lines: [] };
    return { reply, dataset, lines };
  };

  describe("of a tool call", () => {
    it("make a golden conversation that ends with the right call, and say what they cut off", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      expect((await label("ep-1", { tags: ["wrong tool"], correction: readPlan })).status).toBe(200);
      const { lines, headers } = await file("/review/corrections/golden");
      expect(lines).toMatchObject([
        {
          messages: [
            user("What is the plan of ep-1?"),
            {
              role: "assistant",
              tool_calls: [{ function: { name: "read_file", arguments: '{"path":"plan.md"}' } }],
            },
          ],
          tools,
        },
      ]);
      expect(lines[0].messages).toHaveLength(2);
      expect(headers.get("x-turns-dropped")).toBe("2");
      const built = (await post("/review/corrections/dataset", { name: "right calls" })).body;
      expect(built).toMatchObject({
        corrections: 1,
        lines: 1,
        left_out: {},
        turns_dropped: 2,
        status: "ready",
      });
      const dataset = await get(`/datasets/${built.dataset_id}`);
      expect(dataset.warnings).toMatchObject({ turns_after_correction_dropped: 2 });
    });

    it("make a pair of what was called and what should have been", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      await label("ep-1", { correction: readPlan });
      const pair = {
        input: { messages: [user("What is the plan of ep-1?")], tools },
        preferred_output: [{ tool_calls: [{ function: { name: "read_file" } }] }],
        non_preferred_output: [{ tool_calls: [{ function: { name: "move_file" } }] }],
      };
      expect((await file("/review/corrections/dpo")).lines).toMatchObject([pair]);
      const { lines } = await build({ format: "dpo" });
      expect(lines).toMatchObject([pair]);
      expect(lines[0].preferred_output).toHaveLength(1);
      expect(lines[0].non_preferred_output).toHaveLength(1);
    });

    it("name their turn where several called, and keep the right turns before it as lessons", async () => {
      freshAgent();
      const twoCalls = [
        user("What is the plan?"),
        calling("c1", "read_file", { path: "index.md" }),
        result("c1", "see plan.md"),
        calling("c2", "move_file", { from: "plan.md", to: "x" }),
        result("c2", "no such thing"),
        said("No plan."),
      ];
      await record("ep-1", twoCalls);
      const unclear = await label("ep-1", { correction: readPlan });
      expect(unclear).toMatchObject({
        status: 422,
        body: { error: { code: "correction_invalid", field: "correction.turn" } },
      });
      expect((await label("ep-1", { correction: { turn: 2, ...readPlan } })).status).toBe(200);
      const { lines } = await file("/review/corrections/golden");
      expect(learntCalls(lines[0]).length).toBe(2);
      expect(JSON.stringify(lines[0].messages)).not.toContain("move_file");
    });

    it("may be several calls, in the place of an answer, too", async () => {
      freshAgent();
      await record("ep-1", [user("Compare both."), said("I cannot.")], { assistant_output: "I cannot." });
      const both = [...readPlan.tool_calls, { name: "read_file", arguments: { path: "other.md", lines: 3 } }];
      expect((await label("ep-1", { correction: { tool_calls: both } })).status).toBe(200);
      const [line] = (await file("/review/corrections/golden")).lines;
      const ids = line.messages.at(-1).tool_calls.map(({ id }: { id: string }) => id);
      expect([ids.length, new Set(ids).size]).toEqual([2, 2]);
    });

    it.each([
      [
        "a tool that the agent was not offered",
        { tool_calls: [{ name: "fly", arguments: {} }] },
        "tool_calls.0.name",
      ],
      [
        "an argument of another type",
        { tool_calls: [{ name: "read_file", arguments: { path: 7 } }] },
        "tool_calls.0.arguments.path",
      ],
      [
        "an argument too few",
        { tool_calls: [{ name: "move_file", arguments: { from: "a" } }] },
        "tool_calls.0.arguments.to",
      ],
      [
        "an argument too many",
        { tool_calls: [{ name: "read_file", arguments: { path: "a", "x/y": 1 } }] },
        "tool_calls.0.arguments.x/y",
      ],
      [
        "the second of two calls",
        { tool_calls: [...readPlan.tool_calls, { name: "fly", arguments: {} }] },
        "tool_calls.1.name",
      ],
      ["a turn that is not there", { turn: 9, text: "x" }, "turn"],
    ])("are refused for %s, naming the place, at each door", async (_what, correction, place) => {
      freshAgent();
      await recordWrongCall("ep-1");
      const error = (field: string) => ({
        status: 422,
        body: { error: { code: "correction_invalid", field, remedy: expect.any(String) } },
      });
      expect(await label("ep-1", { correction })).toMatchObject(error(`correction.${place}`));
      const reward = { episode_id: "ep-1", value: -1, evaluator: "kit", metadata: { correction } };
      expect(await post("/rewards", reward)).toMatchObject(error(`metadata.correction.${place}`));
      expect((await get("/rewards?episode_id=ep-1")).rewards).toEqual([]);
    });

    it("are refused with the place of what has no such shape", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      const nameless = await label("ep-1", { correction: { tool_calls: [{ arguments: {} }] } });
      expect(nameless).toMatchObject({
        status: 422,
        body: { error: { field: "correction.tool_calls.0.name" } },
      });
      const twofold = await label("ep-1", { correction: { text: "x", ...readPlan } });
      expect(twofold).toMatchObject({ status: 422, body: { error: { field: "correction" } } });
    });
  });

  describe("of a text", () => {
    it("are left out and counted where a call was wrong and nobody corrected it", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      await recordWrongCall("ep-2");
      await label("ep-1", { tags: ["wrong tool"], correction: "The plan is to read more." });
      await label("ep-2", { tags: ["wrong_arguments"], correction: "The plan is to read more." });
      for (const format of ["golden", "dpo"]) {
        const { lines, headers } = await file(`/review/corrections/${format}`);
        expect([lines, headers.get("x-left-out")]).toEqual([[], "after_wrong_call=2"]);
      }
      const list = await get("/review/corrections");
      expect(list.corrections).toMatchObject([
        { not_golden: "after_wrong_call", not_dpo: "after_wrong_call" },
        {},
      ]);
      expect(list.formats.golden).toEqual({
        corrections: 2,
        lines: 0,
        left_out: { after_wrong_call: 2 },
        turns_dropped: 0,
      });
      const none = await post("/review/corrections/dataset", {});
      expect(none).toMatchObject({
        status: 422,
        body: { error: { code: "no_corrections", details: { left_out: { after_wrong_call: 2 } } } },
      });
      expect(none.body.error.message).toContain("after_wrong_call=2");
      expect((await build({ format: "dpo" })).reply.error.message).toContain(
        "2 corrections answer what followed a wrong call",
      );
    });

    it("teach the text alone where the episode was bad and nobody said where", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      await label("ep-1", { correction: "The plan is to read more." });
      const [line] = (await file("/review/corrections/golden")).lines;
      expect(line.messages.map(({ weight }: { weight?: number }) => weight)).toEqual([
        undefined,
        0,
        undefined,
        undefined,
      ]);
      expect((await file("/review/corrections/dpo")).lines).toMatchObject([
        {
          preferred_output: [said("The plan is to read more.")],
          non_preferred_output: [said("There is no plan.")],
        },
      ]);
    });

    it("may stand for an earlier turn, and what followed from it is cut off", async () => {
      freshAgent();
      const talk = [user("Hello."), said("What?"), user("The plan?"), said("None.")];
      await record("ep-1", talk, { assistant_output: "None." });
      await label("ep-1", { correction: { turn: 1, text: "Good morning." } });
      expect((await file("/review/corrections/golden")).lines).toEqual([
        { messages: [user("Hello."), said("Good morning.")], tools },
      ]);
      expect(await get("/review/corrections")).toMatchObject({
        corrections: [{ turn: 1, original: "What?" }],
      });
    });

    it("never teach a call that failed, whoever says so", async () => {
      freshAgent();
      const failing = (id: string, answer: string, more: object = {}) =>
        record(
          id,
          [user(`Plan ${id}?`), calling("c1", "read_file", { path: "a" }), result("c1", answer), said("No.")],
          more,
        );
      await failing("ep-1", "Error: ENOENT");
      await failing("ep-2", '{"error":"ENOENT"}');
      const error = { id: "c1", tool_name: "read_file", arguments: { path: "a" }, error: "ENOENT" };
      await failing("ep-3", "not there", { tool_calls: [error] });
      for (const id of ["ep-1", "ep-2", "ep-3"])
        await label(id, { value: 1, correction: { turn: 2, text: "It is gone." } });
      const { lines } = await file("/review/corrections/golden");
      expect(lines).toHaveLength(3);
      expect(lines.flatMap(learntCalls)).toEqual([]);
    });

    it("of an episode that answered nothing are golden with all its turns, and no pair, with the reason", async () => {
      freshAgent();
      const crashed = [user("Plan?"), calling("c1", "read_file", { path: "a" }), result("c1", "Read more.")];
      await record("ep-1", crashed);
      await record("ep-2", [user("Plan, please?"), said("")]);
      await record("ep-3", [user("And the plan?")]);
      for (const id of ["ep-1", "ep-2", "ep-3"]) await label(id, { correction: "To read more." });
      const { lines } = await file("/review/corrections/golden");
      expect(lines.map(({ messages }) => messages.length).toSorted((a, b) => a - b)).toEqual([2, 2, 4]);
      expect(lines.every(({ messages }) => messages.at(-1).content === "To read more.")).toBe(true);
      expect((await get("/review/corrections")).formats.dpo).toMatchObject({
        lines: 0,
        left_out: { nothing_said: 3 },
      });
      expect((await build({ format: "dpo" })).reply.error.message).toContain(
        "3 corrections stand where the agent said nothing",
      );
    });
  });

  describe("that correct nothing", () => {
    it.each([
      ["a text with a line end", "There is no plan.\n"],
      ["a text of its turn", { turn: 2, text: " There is no plan. " }],
      [
        "the same call with its arguments in another order",
        { tool_calls: [{ name: "move_file", arguments: { to: "x", from: "plan.md" } }] },
      ],
      ["white space", "  "],
    ])("are none at any door: %s", async (_what, correction) => {
      freshAgent();
      await recordWrongCall("ep-1");
      await recordWrongCall("ep-2");
      await label("ep-1", { correction });
      const reward = {
        episode_id: "ep-2",
        value: -1,
        evaluator: "kit",
        metadata: { correction, tags: ["kept"] },
      };
      expect((await post("/rewards", reward)).body.metadata).toEqual({ tags: ["kept"] });
      expect(await get("/review")).toMatchObject({ corrections: 0 });
      expect((await build({ format: "dpo" })).lines).toEqual([]);
    });
  });

  describe("that were taken back or replaced", () => {
    it("reach no file and no dataset, and their tags choose nothing", async () => {
      freshAgent();
      for (const id of ["ep-1", "ep-2"]) {
        await recordWrongCall(id);
        await post("/rewards", { episode_id: id, source: "eval_score", value: 1, evaluator: "judge" });
      }
      await label("ep-1", { tags: ["oops"], correction: "Taken back." });
      await post("/review/undo", { reviewer: "kit" });
      await label("ep-2", { tags: ["oops"], correction: "Replaced." });
      await label("ep-2", { value: -0.5, correction: "The last word." });
      expect((await build({ format: "dpo" })).lines.map((line) => line.preferred_output[0].content)).toEqual([
        "The last word.",
      ]);
      expect((await file("/review/corrections/dpo")).lines).toHaveLength(1);
      expect((await build({ tags: ["oops"], min_reward: -1 })).reply.error.message).toContain(
        "2 carry none of the tags",
      );
    });

    it("are none once their author has approved the answer at another door", async () => {
      freshAgent();
      await recordWrongCall("ep-1");
      await label("ep-1", { correction: readPlan });
      expect((await get("/review/corrections")).corrections).toHaveLength(1);
      expect(await get("/review")).toMatchObject({ corrections: 1 });
      world.clock.advance(1000);
      await post("/rewards", { episode_id: "ep-1", value: 1, evaluator: "kit" });
      expect((await get("/review/corrections")).corrections).toEqual([]);
      world.clock.advance(60_000);
      expect(await get("/review")).toMatchObject({ corrections: 0 });
      for (const format of ["golden", "dpo"])
        expect((await file(`/review/corrections/${format}`)).lines).toEqual([]);
    });

    it("are not named as where a line came from", async () => {
      freshAgent();
      await record("ep-1", [user("Plan?"), said("None.")], { assistant_output: "None." });
      await label("ep-1", { value: 0.1 });
      world.clock.advance(1000);
      const { reward_id } = (await label("ep-1", { value: 1 })).body;
      await build({ format: "sft" });
      const { rewards, datasets } = await get("/lineage/episodes/ep-1");
      expect(datasets[0].edges[0].reward_ids).toEqual([reward_id]);
      expect(rewards.map((one: { standing: boolean }) => one.standing).toSorted()).toEqual([false, true]);
    });
  });

  describe("and the datasets of episodes", () => {
    it.each(["sft", "chat", "rft", "legacy_text"])(
      "%s: what a person corrected is not learnt as it was, and counted",
      async (format) => {
        freshAgent();
        await recordWrongCall("ep-1");
        await record("ep-2", [user("Plan?"), said("To read.")], { assistant_output: "To read." });
        for (const id of ["ep-1", "ep-2"])
          await post("/rewards", { episode_id: id, source: "test_result", value: 1, evaluator: "ci" });
        await label("ep-1", { value: -0.5, correction: readPlan });
        const { dataset, lines } = await build({ format });
        expect(dataset.dropped).toEqual({ corrected: 1 });
        expect(lines).toHaveLength(1);
      },
    );

    it("learn no call that failed, though the conversation ended well", async () => {
      freshAgent();
      await record("ep-1", [
        user("Plan?"),
        calling("c1", "read_file", { path: "a" }),
        result("c1", "Error: ENOENT"),
        calling("c2", "read_file", { path: "b" }),
        result("c2", "Read more."),
        said("To read more."),
      ]);
      await post("/rewards", { episode_id: "ep-1", value: 1, evaluator: "kit" });
      const sft = await build({ format: "sft" });
      expect(learntCalls(sft.lines[0])).toEqual([
        expect.objectContaining({ tool_calls: [expect.objectContaining({ id: "c2" })] }),
      ]);
      expect(sft.dataset.warnings).toMatchObject({ failed_call_not_learnt: 1 });
      const rft = await build({ format: "rft" });
      expect(JSON.parse(rft.lines[0].reference_tool_calls)).toEqual([
        { name: "read_file", arguments: '{"path":"b"}' },
      ]);
      // No trainer of plain chat reads a weight: all that can be done is to say it.
      expect((await build({ format: "chat" })).dataset.warnings).toMatchObject({ failed_call_kept: 1 });
    });

    it("say how many were judged below zero where a low least reward takes them in", async () => {
      freshAgent();
      await record("ep-1", [user("Plan?"), said("None.")]);
      await post("/rewards", { episode_id: "ep-1", value: -1, evaluator: "kit" });
      expect((await build({ min_reward: -1 })).dataset.warnings).toMatchObject({ judged_below_zero: 1 });
    });
  });
});
