import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import type { Dataset } from "../../src/datasets/contract.ts";
import { buildDatasetInputSchema } from "../../src/datasets/recipe-contract.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { REDACTION_VERSION } from "../../src/redaction/redact.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { AGENT, chat, episode, examplesIn, makeWorld, must, rewarded, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const many = (count: number, over: (n: number) => Partial<ReturnType<typeof episode>> = () => ({})) =>
  Array.from({ length: count }, (_, n) => episode(n, over(n)));
const calling = (tool: string) => ({
  tool_names: [tool],
  tool_calls: [{ tool_name: tool, arguments: { a: 1 }, result: "ok" }],
});
async function reward(n: number, over: Partial<Reward> = {}): Promise<Reward> {
  const made: Reward = {
    id: `rw-${n}-${Object.keys(over).length}`,
    agent_id: AGENT,
    episode_id: episode(n).id,
    source: "human_approval",
    value: 1,
    metadata: {},
    created_at: "2026-01-02T00:00:00.000Z",
    ...over,
  };
  await world.ledger.create("rewards", made);
  return made;
}
const allLines = async (dataset: Dataset) => [
  ...(await world.linesOf(dataset, "train")),
  ...(await world.linesOf(dataset, "validation")),
  ...(await world.linesOf(dataset, "test")),
];
const parsed = async (dataset: Dataset) => (await allLines(dataset)).map((line) => JSON.parse(line));

describe("selection", () => {
  test("by tool, by model and by tag, each counted by what was left out", async () => {
    await world.store(
      episode(1, { ...calling("now"), model_deployment: "m1", metadata: { tags: ["vip"] } }),
      episode(2, { ...calling("later"), model_deployment: "m1" }),
      episode(3, { ...calling("now"), model_deployment: "m2" }),
      episode(4, { ...calling("now"), model_deployment: "m1" }),
      episode(5, { ...calling("now"), model_deployment: "m1" }),
    );
    await reward(4, { metadata: { tags: ["vip", "x"] } });
    const dataset = await world.build({ tools: ["now"], models: ["m1"], tags: ["vip"] });
    expect(examplesIn(dataset)).toBe(2);
    expect(dataset.dropped).toEqual({ other_tool: 1, other_model: 1, other_tag: 1 });
  });

  test("caps by stratum keep the best rewarded of each", async () => {
    await world.store(...many(12, (n) => ({ ...calling(n < 9 ? "often" : "seldom"), ...rewarded(n / 12) })));
    const dataset = await world.build({ cap: 3, cap_by: "tool", train_split: 1 });
    const asked = (await parsed(dataset)).map((line) => line.messages[0].content);
    expect(asked).toEqual([6, 7, 8, 9, 10, 11].map((n) => `Question ${n}`));
    expect(dataset.dropped).toEqual({ over_cap: 6 });
  });

  test("the least number of each tool is kept before the limit counts", async () => {
    await world.store(
      ...many(10, (n) => ({ ...calling(n < 8 ? "good" : "rare"), ...rewarded(n < 8 ? 1 : 0.2) })),
    );
    const dataset = await world.build({ max_examples: 5, min_per_tool: 2, train_split: 1 });
    expect(must(dataset.figures).tools).toEqual({ good: 3, rare: 2 });
    expect(dataset.dropped).toEqual({ over_limit: 5 });
  });

  test("over-long examples are counted and left out, and nothing is cut", async () => {
    const long = "word ".repeat(500).trim();
    await world.store(episode(1, { assistant_output: long }), episode(2));
    const dataset = await world.build({ max_tokens: 100 });
    expect(dataset.dropped).toEqual({ over_long: 1 });
    const whole = await world.build({ name: "whole" });
    expect((await parsed(whole)).map((line) => line.messages[1].content)).toContain(long);
  });

  test("episodes in which today's rules still find something are refused, unless they were found clean by them", async () => {
    const leaking = "The key is AKIAIOSFODNN7EXAMPLE and the mail is ann.smith@contoso-mail.com";
    await world.store(episode(1, { assistant_output: leaking }), episode(2));
    expect((await world.build()).dropped).toEqual({ unresolved_redaction: 1 });
  });

  test("a build over a change of the rules comes to nothing, and is made anew when it is asked for again", async () => {
    await world.store(episode(1), episode(2));
    let version = "of before";
    const policyOf = () => ({ version });
    const activities = createDatasetActivities({ ...world, policyOf, logger: silentLogger });
    const asked = async () =>
      (await world.service.prepare(buildDatasetInputSchema.parse({ agent_id: AGENT, name: "v1" }))).dataset;
    const ref = { agent_id: AGENT, id: (await asked()).id };
    async function built(between: () => void) {
      await activities.claimDataset({ ...ref, instance_id: ref.id });
      const { shards } = await activities.planDatasetShards(ref);
      for (const shard of shards) await activities.buildDatasetShard({ ...ref, shard });
      between();
      return activities.assembleDataset({ ...ref, shards: shards.length });
    }
    const change = () => {
      version = "of today";
    };
    const rejected = await built(change);
    expect(rejected).toMatchObject({ kind: "rejected", code: "redaction_changed" });
    await activities.failDataset({ ...ref, code: "redaction_changed", message: "changed" });
    expect((await asked()).status).toBe("pending");
    expect(await built(() => undefined)).toMatchObject({ kind: "ready" });
  });

  test("a recipe's own system prompt is looked through, though the episodes were redacted by today's rules", async () => {
    const redaction = { version: REDACTION_VERSION, counts: {} };
    await world.store(episode(1, { redaction }), episode(2, { redaction }));
    const leaking = await world.build({ system_prompt: "Log in with password=hunter22x and answer." });
    expect(leaking).toMatchObject({ status: "failed", error_code: "dataset_empty" });
    expect(leaking.error).toMatch(/2 hold what today's redaction rules still find/);
    expect(examplesIn(await world.build({ name: "clean", system_prompt: "Answer." }))).toBe(2);
  });

  test("a correction in which today's rules still find something makes no pair, and is counted", async () => {
    await world.store(episode(1, rewarded(-1)), episode(2, rewarded(-1)));
    await reward(1, { metadata: { correction: "Ask ann.smith@contoso-mail.com." } });
    await reward(2, { metadata: { correction: "Better." } });
    const dataset = await world.build({ format: "dpo", train_split: 1 });
    expect((await parsed(dataset)).map((line) => line.preferred_output[0].content)).toEqual(["Better."]);
    expect(dataset.dropped).toMatchObject({ unresolved_redaction: 1 });
  });

  test("a time cut makes the test side of what began after it; older conversations that go on are left out", async () => {
    const cut = "2026-01-01T00:00:05Z";
    await world.store(...many(10, (n) => (n === 3 || n === 7 ? { session_id: "s" } : {})));
    const dataset = await world.build({ test_after: cut });
    expect(dataset).toMatchObject({ test_count: 4, dropped: { straddles_cut: 1 } });
    const tested = (await world.linesOf(dataset, "test")).map((line) => JSON.parse(line).messages[0].content);
    expect(tested).toEqual(["Question 5", "Question 6", "Question 8", "Question 9"]);
  });

  test("the same options are the same dataset; those left at their default change nothing", async () => {
    await world.store(...many(3));
    const plain = (await world.service.prepare({ agent_id: AGENT, name: "v1" })).dataset;
    const said = { agent_id: AGENT, name: "v1", format: "sft", learn: "all", bom: false } as const;
    expect((await world.service.prepare(said)).dataset.id).toBe(plain.id);
    expect((await world.service.prepare({ ...said, cap: 2 })).dataset.id).not.toBe(plain.id);
  });
});

describe("formats", () => {
  const conversation = episode(1, {
    messages: [
      { role: "developer", content: "Be brief." },
      { role: "user", content: "What time is it?" },
      {
        role: "assistant",
        tool_calls: [{ id: "c1", type: "function", function: { name: "now", arguments: '{"zone":"UTC"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "12:00" },
      { role: "assistant", content: "Noon." },
    ],
    tools: [{ type: "function", function: { name: "now" } }],
    parallel_tool_calls: false,
    tool_calls: [{ tool_name: "now", arguments: { zone: "UTC" }, result: "12:00" }],
    tool_names: ["now"],
    user_input: "What time is it?",
    assistant_output: "Noon.",
  });

  test("sft says everything; learn=last puts weight 0 on the turns before the last", async () => {
    await world.store(conversation);
    const [line] = await parsed(await world.build());
    expect(line).toEqual({
      messages: conversation.messages,
      tools: conversation.tools,
      parallel_tool_calls: false,
    });
    const [last] = await parsed(await world.build({ name: "last", learn: "last" }));
    expect(last.messages.map((turn: { weight?: number }) => turn.weight)).toEqual([
      undefined,
      undefined,
      0,
      undefined,
      undefined,
    ]);
  });

  test("rft ends with the user and gives the grader the answer and the calls", async () => {
    await world.store(conversation);
    const dataset = await world.build({ format: "rft" });
    expect(await parsed(dataset)).toEqual([
      {
        messages: must(conversation.messages).slice(0, 2),
        tools: conversation.tools,
        reference_answer: "Noon.",
        reference_tool_calls: '[{"name":"now","arguments":"{\\"zone\\":\\"UTC\\"}"}]',
      },
    ]);
  });

  test("chat is what open models' templates take", async () => {
    await world.store(conversation);
    const [line] = await parsed(await world.build({ format: "chat" }));
    expect(line.messages[0]).toEqual({ role: "system", content: "Be brief." });
    expect(line.messages[2].tool_calls[0].function.arguments).toEqual({ zone: "UTC" });
    expect(line.parallel_tool_calls).toBeUndefined();
  });

  test("legacy_text is the original's flattened line", async () => {
    await world.store(conversation);
    expect(await parsed(await world.build({ format: "legacy_text" }))).toEqual([
      {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "What time is it?" },
          { role: "assistant", content: '[Tool: now] Args: {"zone":"UTC"} → 12:00\nNoon.' },
        ],
      },
    ]);
  });

  test("the switch writes a byte-order mark, and the hashes of lines and content stay the same", async () => {
    await world.store(...many(4));
    const plain = await world.build();
    const marked = await world.build({ name: "marked", bom: true });
    const key = must(marked.files?.train).key;
    const bytes: Buffer[] = [];
    for await (const piece of world.files.read(key)) bytes.push(Buffer.from(piece));
    expect([...Buffer.concat(bytes).subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    expect(marked.content_hash).toBe(plain.content_hash);
  });

  test("dpo pairs the best and the worst answer to one question where they are far enough apart", async () => {
    const answers = (n: number, value: number, user_input: string) =>
      episode(n, { user_input, assistant_output: `Answer ${n}`, ...rewarded(value), session_id: `s${n}` });
    await world.store(
      answers(1, 1, "Which way?"),
      answers(2, -1, "which  WAY?"),
      answers(3, 0.2, "Which way?"),
      answers(4, 0.6, "How far?"),
      answers(5, 0.4, "How far?"),
    );
    const dataset = await world.build({ format: "dpo" });
    expect(await parsed(dataset)).toEqual([
      {
        input: { messages: [{ role: "user", content: "Which way?" }] },
        preferred_output: [{ role: "assistant", content: "Answer 1" }],
        non_preferred_output: [{ role: "assistant", content: "Answer 2" }],
      },
    ]);
    expect(dataset.dropped).toMatchObject({ no_pair: 1 });
    const { found } = await world.service.traceEpisode(AGENT, episode(2).id);
    expect(found[0]?.edges[0]?.episode_ids).toEqual([episode(1).id, episode(2).id]);
    expect(examplesIn(await world.build({ name: "near", format: "dpo", min_gap: 0.1 }))).toBe(2);
  });

  test("dpo takes corrections and pairwise labels of people", async () => {
    await world.store(episode(1, rewarded(-1)), episode(2));
    await reward(1, { metadata: { correction: "Better." } });
    await reward(2, { metadata: { rejected_output: "Worse." } });
    await reward(2, {
      value: 0,
      withdrawn: true,
      evaluator: "somebody else",
      metadata: { correction: "Taken back." },
    });
    const lines = await parsed(await world.build({ format: "dpo", train_split: 1 }));
    expect(
      lines.map((line) => [line.preferred_output[0].content, line.non_preferred_output[0].content]),
    ).toEqual([
      ["Better.", "Answer 1"],
      ["Answer 2", "Worse."],
    ]);
  });
});

describe("import", () => {
  const answer = [{ message: { role: "assistant", content: "Hello." } }];
  test.each<[string, unknown]>([
    [
      "sharegpt",
      {
        conversations: [
          { from: "human", value: "Hi" },
          { from: "gpt", value: "Hello." },
        ],
      },
    ],
    ["alpaca", { instruction: "Hi", input: "", output: "Hello." }],
    ["prompt_completion", { prompt: "Hi", completion: " Hello." }],
    ["question_answer", { query: "Hi", ground_truth: "Hello." }],
    ["langfuse", { input: { query: "Hi" }, expectedOutput: { role: "assistant", content: "Hello." } }],
    ["langsmith", { inputs: { question: "Hi" }, outputs: { answer: "Hello." }, metadata: {} }],
    [
      "stored_completion",
      { request: { messages: [{ role: "user", content: "Hi" }] }, response: { choices: answer } },
    ],
    [
      "wrapped",
      {
        item: {
          messages: [
            { role: "user", content: "Hi" },
            { role: "assistant", content: "Hello." },
          ],
        },
      },
    ],
  ])("%s lines become conversations, counted as such", async (shape, row) => {
    const dataset = await world.golden(JSON.stringify(row), { train_split: 1 });
    expect(dataset.warnings).toEqual({ [`imported:${shape}`]: 1 });
    expect(await world.linesOf(dataset, "train")).toEqual([chat("Hi", "Hello.")]);
  });

  test("what no shape fits is refused with line and rule", async () => {
    await expect(world.golden(JSON.stringify({ text: "Hi" }))).rejects.toMatchObject({
      code: "golden_invalid",
      details: {
        faults: [
          { line: 1, rule: "unknown_key" },
          { line: 1, rule: "messages_missing" },
        ],
      },
    });
  });

  test("pairs of other trainers, with a prompt or as two whole conversations, become preferences", async () => {
    const turns = (said: string) => [
      { role: "user", content: "Hi" },
      { role: "assistant", content: said },
    ];
    const rows = [
      { prompt: "Hi", chosen: "Hello.", rejected: "Go away." },
      { chosen: turns("Hello!"), rejected: turns("Go.") },
    ];
    const golden = await world.golden(rows.map((row) => JSON.stringify(row)).join("\n"), {
      format: "dpo",
      train_split: 1,
    });
    expect(golden.warnings).toEqual({ "imported:chosen_rejected": 2 });
    const pair = (good: string, bad: string) => ({
      input: { messages: [{ role: "user", content: "Hi" }] },
      preferred_output: [{ role: "assistant", content: good }],
      non_preferred_output: [{ role: "assistant", content: bad }],
    });
    expect(await parsed(golden)).toEqual([pair("Hello.", "Go away."), pair("Hello!", "Go.")]);
  });

  test("preference lines are taken as such, and join preference datasets only", async () => {
    const pair = {
      input: { messages: [{ role: "user", content: "Hi" }] },
      preferred_output: [{ role: "assistant", content: "Hello." }],
      non_preferred_output: [{ role: "assistant", content: "Go away." }],
    };
    const golden = await world.golden(JSON.stringify(pair), { format: "dpo", train_split: 1 });
    expect(await parsed(golden)).toEqual([pair]);
    await expect(world.build({ include_golden: [golden.id] })).rejects.toMatchObject({
      code: "golden_other_format",
    });
    await world.store(episode(1));
    const dataset = await world.build({ name: "d", format: "dpo", include_golden: [golden.id] });
    expect(await parsed(dataset)).toEqual([pair]);
  });
});

describe("lineage", () => {
  test("why: a line leads to its episode, its rewards and the duplicates it stands for, by hash or by number", async () => {
    const same = { user_input: "same", assistant_output: "same" };
    await world.store(episode(1, { ...same, ...rewarded(0.5) }), episode(2, same), episode(3));
    const given = await reward(2);
    const dataset = await world.build({ train_split: 1 });
    const lines = await world.linesOf(dataset, "train");
    const index = lines.findIndex((line) => line.includes("same"));
    const hash = sha256(must(lines[index]));
    const why = await world.service.why(AGENT, dataset.id, hash.slice(0, 12), "train");
    expect(why).toMatchObject([
      {
        fate: "kept",
        split: "train",
        episode_ids: [episode(2).id],
        reward_ids: [given.id],
        hash: hash.slice(0, 32),
      },
      { fate: "duplicate", split: null, episode_ids: [episode(1).id], stands_for: hash.slice(0, 32) },
    ]);
    expect(await world.service.why(AGENT, dataset.id, String(index + 1), "train")).toEqual(why);
    await expect(world.service.why(AGENT, dataset.id, "deadbeef", "train")).rejects.toMatchObject({
      code: "example_not_found",
    });
  });

  test("edges lie in pages of 500 in the order of the episodes, and every line and episode is found in them", async () => {
    await world.store(...many(2600));
    const dataset = await world.build();
    expect(dataset.lineage).toEqual({ pages: 6, rows: 2600 });
    const seen: string[] = [];
    let continuation: string | undefined;
    do {
      const page = await world.service.edges(AGENT, dataset.id, continuation);
      seen.push(...page.edges.flatMap((edge) => edge.episode_ids));
      continuation = page.continuation;
    } while (continuation !== undefined);
    expect(seen).toEqual(many(2600).map(({ id }) => id));
    for (const n of [0, 499, 500, 1234, 2599]) {
      const { found } = await world.service.traceEpisode(AGENT, episode(n).id);
      expect(found.map(({ edges }) => edges.length)).toEqual([1]);
    }
  });

  test("an episode that is gone is still found by what it left behind", async () => {
    await world.store(...many(3));
    await reward(1);
    const dataset = await world.build();
    await world.ledger.delete("episodes", [AGENT, episode(1).id], episode(1).id);
    const trace = await world.service.traceEpisode(AGENT, episode(1).id);
    expect(trace.episode).toBeUndefined();
    expect(trace.found).toMatchObject([{ dataset: { id: dataset.id }, edges: [{ fate: "kept" }] }]);
  });

  test("a build that fails leaves no edge behind", async () => {
    await world.store(...many(3));
    const dataset = await world.build();
    await world.ledger.delete("datasets", [AGENT], dataset.id);
    await world.ledger.create("datasets", { ...dataset, status: "building" });
    await world.activities.failDataset({ agent_id: AGENT, id: dataset.id, code: "x", message: "x" });
    const left = await world.ledger.query("lineage", { pk: [AGENT], limit: 10 });
    expect(left.items).toEqual([]);
    expect(await world.files.list(`${dataset.id}/`)).toEqual([]);
  });
});

describe("figures and cancelling", () => {
  test("the manifest holds what the pictures show, and they agree with the counts", async () => {
    await world.store(...many(20, (n) => ({ ...calling(n % 2 === 0 ? "a" : "b"), ...rewarded(n / 20) })));
    const dataset = await world.build();
    const { rewards, tokens, lengths, tools } = must(dataset.figures);
    const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
    expect(sum(rewards.counts)).toBe(20);
    expect(sum(tokens.counts)).toBe(20);
    expect(sum(must(lengths).counts)).toBe(20);
    const lines = [
      ...(await world.linesOf(dataset, "train")),
      ...(await world.linesOf(dataset, "validation")),
    ];
    for (const [i, count] of must(lengths).counts.entries()) {
      const [from = 0, to = 0] = must(lengths).edges.slice(i, i + 2);
      expect(count).toBe(lines.filter((line) => line.length >= from && line.length < to).length);
    }
    expect(tools).toEqual({ a: 10, b: 10 });
    const { train, validation } = must(dataset.token_counts).sides;
    expect(train?.examples).toBe(dataset.training_count);
    expect(must(train).tokens + (validation?.tokens ?? 0)).toBeGreaterThan(20 * 10);
  });

  test("a tool may have the name of what every object has", async () => {
    const names = ["constructor", "__proto__", "toString"];
    await world.store(...many(6, (n) => calling(names[n % 3] ?? "")));
    const dataset = await world.build();
    expect(new Map(Object.entries(must(dataset.figures).tools))).toEqual(
      new Map(names.map((name) => [name, 2])),
    );
  });

  test("a cancelled build ends at its next step, leaves nothing, and can be asked for again", async () => {
    await world.store(...many(5));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "v1" });
    expect(await world.service.cancel(AGENT, dataset.id)).toMatchObject({ cancel_requested: true });
    expect(await world.run(dataset)).toMatchObject({ status: "failed", error_code: "build_cancelled" });
    expect(await world.files.list(`${dataset.id}/`)).toEqual([]);
    expect(await world.build()).toMatchObject({ id: dataset.id, status: "ready", training_count: 4 });
    await expect(world.service.cancel(AGENT, dataset.id)).rejects.toMatchObject({ code: "dataset_finished" });
  });
});
