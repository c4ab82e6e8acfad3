import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Split } from "../../src/datasets/contract.ts";
import { sharedGroups } from "../../src/evaluation/contamination.ts";
import { chat, episode, makeWorld, type World } from "../datasets/world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

const all: Split[] = ["train", "validation", "test"];
const golden = (name: string, from: number, to: number) =>
  world.golden(
    Array.from({ length: to - from }, (_, n) => chat(`question ${from + n}`, `from ${name}`)).join("\n"),
    { name, test_split: 0.2 },
  );

describe("groups that two datasets share", () => {
  test("are none where nothing equal was asked", async () => {
    const [a, b] = [await golden("a", 0, 50), await golden("b", 50, 100)];
    expect(await sharedGroups(world.files, a, all, b, all)).toBe(0);
  });

  test("are counted once each, over all sides that are asked about", async () => {
    const [a, b] = [await golden("a", 0, 50), await golden("b", 40, 100)];
    expect(await sharedGroups(world.files, a, all, b, all)).toBe(10);
    expect(await sharedGroups(world.files, b, all, a, all)).toBe(10);
    let sum = 0;
    for (const of of all) sum += await sharedGroups(world.files, a, [of], b, all);
    expect(sum).toBe(10);
  });

  test("equal questions are found whatever their case, spaces, prompt and answer", async () => {
    await world.store(
      episode(1, { user_input: "  Question\n7 ", system_prompt: "Be brief.", session_id: "s-1" }),
      episode(200),
    );
    const built = await world.build();
    expect(await sharedGroups(world.files, built, all, await golden("a", 0, 20), all)).toBe(1);
  });

  test("a session seen by both is found though its questions differ", async () => {
    await world.store(episode(1, { session_id: "s-1" }), episode(2));
    const first = await world.build({ name: "a" });
    await world.store(episode(3, { session_id: "s-1" }));
    const second = await world.build({ name: "b", start_date: "2026-01-01T00:00:03Z" });
    expect(await sharedGroups(world.files, first, all, second, all)).toBe(1);
  });

  test("the sides of one dataset share nothing", async () => {
    const dataset = await golden("a", 0, 200);
    expect(dataset.test_count).toBeGreaterThan(0);
    expect(await sharedGroups(world.files, dataset, ["test"], dataset, ["train", "validation"])).toBe(0);
    expect(await sharedGroups(world.files, dataset, ["train"], dataset, ["validation"])).toBe(0);
  });

  test("tell nothing to who has not the key: the files hold keyed hashes", async () => {
    const dataset = await golden("a", 0, 3);
    const other = await makeWorld({ LIGHTNING_SPLIT_KEY: "another" });
    try {
      const same = await other.golden(
        Array.from({ length: 3 }, (_, n) => chat(`question ${n}`, "from a")).join("\n"),
        { name: "a", test_split: 0.2 },
      );
      const mine = (
        await Promise.all(Object.values(dataset.groups ?? {}).map((key) => keysOf(world, key)))
      ).flat();
      const theirs = (
        await Promise.all(Object.values(same.groups ?? {}).map((key) => keysOf(other, key)))
      ).flat();
      expect(mine).toHaveLength(3);
      expect(mine.every((key) => /^[0-9a-f]{16}$/.test(key) && !theirs.includes(key))).toBe(true);
    } finally {
      await other.close();
    }
  });
});

async function keysOf(from: World, key: string): Promise<string[]> {
  let text = "";
  for await (const piece of from.files.read(key)) text += Buffer.from(piece).toString("utf8");
  return text.trim().split("\n");
}
