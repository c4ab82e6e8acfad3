import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { merge, sideCode } from "../../src/datasets/merge/merge.ts";
import { ReservedKeys } from "../../src/datasets/merge/reserved.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import {
  AGENT,
  chat,
  episode,
  heldCandidates,
  makeWorld,
  memoryFiles,
  must,
  rewarded,
  type World,
} from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld({}, memoryFiles());
});
afterEach(() => world.close());

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => episode(from + n, { session_id: `s${(from + n) >> 1}` }));
const questionsOn = async (...[dataset, split]: Parameters<World["linesOf"]>) =>
  (await world.linesOf(dataset, split)).map(
    (text) => (JSON.parse(text) as { messages: { content: string }[] }).messages[0]?.content ?? "",
  );
/** A dataset that is asked for after everything before has ended. */
const later = async (input: Record<string, unknown>) => {
  world.clock.advance(1000);
  return await world.build(input);
};

describe("what was once on a test side", () => {
  test("enters no later training or validation file, whatever that build asks for", async () => {
    await world.store(...many(60));
    const first = await world.build({ name: "first", test_split: 0.3 });
    const tested = new Set(await questionsOn(first, "test"));
    expect(tested.size).toBeGreaterThan(5);
    await world.store(...many(40, 60));
    for (const input of [
      { name: "none" },
      { name: "less", test_split: 0.05 },
      { name: "other", test_split: 0.3, train_split: 0.5 },
      { name: "later", test_after: "2026-01-01T00:01:30.000Z" },
    ]) {
      const next = await later(input);
      const learnt = [...(await questionsOn(next, "train")), ...(await questionsOn(next, "validation"))];
      expect(learnt.filter((question) => tested.has(question))).toEqual([]);
      expect(next.leakage).toMatchObject({ reserved_examples: 0, shared_groups: 0 });
      const here = new Set(await questionsOn(next, "test"));
      if ((input.test_split ?? 0) > 0) for (const question of tested) expect(here).toContain(question);
      else expect(must(next.dropped).reserved_for_test).toBeGreaterThanOrEqual(tested.size);
    }
  });

  test("leaves the same build what it was: another name is the same content", async () => {
    await world.store(...many(8));
    // So few that a side is filled by moving a group, which then stays there.
    const first = await world.build({ name: "first", test_split: 0.05 });
    expect(first.test_count).toBeGreaterThan(0);
    const second = await later({ name: "second", test_split: 0.05 });
    expect(second).toMatchObject({ content_hash: first.content_hash, same_as: first.id });
  });

  test("reserves its sessions and questions, also of a golden test set, also for pairs", async () => {
    await world.golden(chat("question 3", "whatever"), { test_split: 1 });
    await world.store(
      ...many(20),
      episode(100, { user_input: "Question 3", assistant_output: "Bad.", ...rewarded(-1) }),
      // Of the same session as question 3: half of that conversation would be known.
      episode(101, { user_input: "Question 2", assistant_output: "Bad.", ...rewarded(-1) }),
      episode(102, { user_input: "Question 9", assistant_output: "Bad.", ...rewarded(-1) }),
    );
    const sft = await later({ name: "sft", min_reward: -1 });
    expect(await questionsOn(sft, "train")).not.toContain("Question 3");
    // Questions 2 and 3, each twice.
    expect(must(sft.dropped).reserved_for_test).toBe(4);
    const dpo = await later({ name: "dpo", format: "dpo" });
    const lines = [...(await world.linesOf(dpo, "train")), ...(await world.linesOf(dpo, "validation"))];
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("Question 9");
    expect(must(dpo.dropped).reserved_for_test).toBe(2);
  });

  test("binds only builds that are asked for after it was finished, so that a retry finds the same", async () => {
    await world.store(...many(30));
    const { dataset } = await world.service.prepare({ agent_id: AGENT, name: "early" });
    world.clock.advance(10);
    await world.build({ name: "test", test_split: 0.5 });
    expect(must((await world.run(dataset)).dropped).reserved_for_test).toBeUndefined();
  });

  test("where nothing else is left, the build says so", async () => {
    await world.store(...many(3));
    await world.build({ name: "all", test_split: 0.9, train_split: 1 });
    await world.golden(chat("Question 1", "A."), { name: "held", test_split: 1 });
    world.clock.advance(1000);
    const again = await world.golden(chat("question  1", "B."), { name: "again" });
    expect(again).toMatchObject({ status: "failed", error_code: "dataset_empty" });
    expect(again.error).toContain("1 belong to the test side of an earlier dataset");
  });
});

test("no example that shares a session, an input or a group with a reserved key is learnt from", async () => {
  const hex = (what: string, n: number) => sha256(`${what}${n}`).slice(0, 16);
  const candidate = fc.record(
    { input: fc.nat(30), session: fc.nat(20), content: fc.nat(60) },
    { requiredKeys: ["input", "content"] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(candidate, { minLength: 1, maxLength: 60 }),
      fc.array(fc.nat(30), { maxLength: 5 }),
      fc.array(fc.nat(20), { maxLength: 3 }),
      fc.constantFrom(0, 0.1, 0.5),
      async (given, inputs, sessions, testSplit) => {
        const candidates = heldCandidates(
          given.map((one) => ({
            contentHash: sha256(`c${one.content}`),
            inputKey: hex("input", one.input),
            sessionKey: one.session === undefined ? undefined : hex("session", one.session),
          })),
        );
        const reserved = new ReservedKeys(1);
        for (const n of inputs) reserved.add(hex("input", n));
        for (const n of sessions) reserved.add(hex("session", n));
        const merged = await merge(candidates, {
          splitKey: "k",
          trainSplit: 0.8,
          testSplit,
          maxExamples: 1000,
          nearDuplicates: 1,
          reserved,
        });
        for (const [i, one] of given.entries()) {
          const isReserved =
            inputs.includes(one.input) || (one.session !== undefined && sessions.includes(one.session));
          if (isReserved) expect([0, sideCode("test")]).toContain(merged.sides[i]);
        }
        // Groups stay whole all the same.
        const sideOf = new Map<string, number>();
        for (const [i, one] of given.entries()) {
          const side = must(merged.sides[i]);
          if (side === 0) continue;
          for (const key of [`i${one.input}`, ...(one.session === undefined ? [] : [`s${one.session}`])]) {
            expect(sideOf.get(key) ?? side).toBe(side);
            sideOf.set(key, side);
          }
        }
      },
    ),
  );
});
