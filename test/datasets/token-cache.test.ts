import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readTokenCache, saveTokenCache, tokenCacheKey } from "../../src/datasets/shards/token-cache.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { AGENT, episode, heldCandidates, makeWorld, memoryFiles, must, type World } from "./world.ts";

const hashOf = (n: number) => sha256(`content ${n}`);
const holding = (contents: readonly number[]) =>
  heldCandidates(contents.map((n) => ({ contentHash: hashOf(n), tokens: n * 3 + 1 })));

describe("what is remembered of tokens", () => {
  test("is every count of every build, each content once, and nothing else", async () => {
    const builds = fc.array(fc.array(fc.nat(40), { minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(builds, async (given) => {
        const files = memoryFiles();
        for (const contents of given) await saveTokenCache(files, "memory", holding(contents));
        const known = await readTokenCache(files, "memory");
        const all = new Set(given.flat());
        expect(known.length).toBe(all.size);
        for (let n = 0; n <= 41; n++) expect(known.of(hashOf(n))).toBe(all.has(n) ? n * 3 + 1 : undefined);
      }),
    );
  });

  test("is bounded: of more contents the newest build's first by their hashes", async () => {
    const files = memoryFiles();
    await saveTokenCache(files, "memory", holding([1, 2, 3]), 5);
    await saveTokenCache(files, "memory", holding([4, 5]), 5);
    expect((await readTokenCache(files, "memory")).length).toBe(5);
    await saveTokenCache(files, "memory", holding([10, 11, 12, 13, 14, 15, 16]), 5);
    const known = await readTokenCache(files, "memory");
    expect(known.length).toBe(5);
    expect(known.of(hashOf(1))).toBeUndefined();
    const least = [10, 11, 12, 13, 14, 15, 16]
      .toSorted((a, b) => (hashOf(a) < hashOf(b) ? -1 : 1))
      .slice(0, 5);
    for (const n of least) expect(known.of(hashOf(n))).toBe(n * 3 + 1);
  });

  test("is nothing where the file is missing or not whole", async () => {
    const files = memoryFiles();
    expect((await readTokenCache(files, "memory")).of(hashOf(1))).toBeUndefined();
    await files.write(
      "memory",
      (async function* () {
        yield Buffer.alloc(13);
      })(),
    );
    expect((await readTokenCache(files, "memory")).length).toBe(0);
  });
});

describe("tokens of a build", () => {
  let world: World;
  beforeEach(async () => {
    world = await makeWorld();
  });
  afterEach(() => world.close());
  const some = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => episode(from + n));

  test("are counted for what is new alone when the ledger has grown, and are the same as if all were counted", async () => {
    await world.store(...some(0, 30));
    const first = await world.build();
    expect(first.tokens_counted).toBe(30);
    await world.store(...some(30, 37));
    const grown = await world.build();
    expect(grown.tokens_counted).toBe(7);
    expect((await world.build({ name: "again", min_reward: -1 })).tokens_counted).toBe(0);

    await world.files.delete(tokenCacheKey(AGENT, "o200k_base"));
    const afresh = await world.build({ name: "afresh" });
    expect(afresh.tokens_counted).toBe(37);
    expect(afresh.content_hash).toBe(grown.content_hash);
    expect(afresh.token_counts).toEqual(grown.token_counts);
    expect(afresh.figures).toEqual(grown.figures);
  });

  test("a build that counted nothing leaves the memory as it is; another agent has its own", async () => {
    await world.store(...some(0, 5));
    await world.build();
    const key = tokenCacheKey(AGENT, "o200k_base");
    const kept = must(await world.files.stat(key)).bytes;
    await world.build({ name: "fewer", max_examples: 2 });
    expect(must(await world.files.stat(key)).bytes).toBe(kept);
    expect(await world.files.stat(tokenCacheKey("agent-2", "o200k_base"))).toBeUndefined();
  });
});
