import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { DatasetLine } from "../../src/datasets/contract.ts";
import { gistOf } from "../../src/datasets/line/near.ts";
import { NearSet } from "../../src/datasets/line/near-set.ts";
import { KINDS, type Kind, Random } from "./near-kinds.ts";
import { UNSEEN } from "./near-unseen.ts";
import { makeWorld, type World } from "./world.ts";

const PAIRS = 200;
const seeded = (kind: Kind) => new Random(KINDS.indexOf(kind) * 1000 + 17);

function areNear(one: DatasetLine, other: DatasetLine): boolean {
  return new NearSet([JSON.stringify(one)]).find(other).length > 0;
}
/** Share of the pairs that must be found, where the pairs are the same to a person. */
const LEAST: Readonly<Record<string, number>> = { "words in another order": 0.9, "other words": 0.9 };

describe("of 200 pairs each", () => {
  test.each(KINDS.filter(({ same }) => same))("those that differ in $name are nearly the same", (kind) => {
    const random = seeded(kind);
    let found = 0;
    for (let n = 0; n < PAIRS; n++) if (areNear(...kind.pair(random, n))) found++;
    expect(found / PAIRS).toBeGreaterThanOrEqual(LEAST[kind.name] ?? 0.99);
  });

  test.each(KINDS.filter(({ same }) => !same))("those that differ in $name never are", (kind) => {
    const random = seeded(kind);
    for (let n = 0; n < PAIRS; n++) {
      const [one, other] = kind.pair(random, n);
      expect([areNear(one, other), one, other]).toEqual([false, one, other]);
    }
  });
});

describe("under one template", () => {
  test.each(UNSEEN)("$name is another example, in each of 200 pairs", ({ name, pair }) => {
    const random = new Random(name.length);
    for (let n = 0; n < PAIRS; n++) {
      const [one, other] = pair(random);
      expect([areNear(one, other), one, other]).toEqual([false, one, other]);
    }
  });

  test("ids that are a million are as many examples", () => {
    const gists = new Set<string>();
    const asked = (n: number): DatasetLine => ({ messages: [{ role: "user", content: `Where is ${n}?` }] });
    for (let n = 0; n < 200_000; n++) gists.add(gistOf(asked(n * 7919)));
    expect(gists.size).toBe(200_000);
  });
});

test("whatever the seed, what differs in a number, id, picture, refusal, name or grader field is kept apart", () => {
  const kinds = KINDS.filter(({ same }) => !same);
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.integer(), fc.nat(799), (kind, seed, n) => {
      expect(areNear(...kind.pair(new Random(seed), n))).toBe(false);
    }),
    { numRuns: 1500 },
  );
});

describe("in a golden dataset", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world.close());
  const LABELS = ["billing", "shipping"] as const;
  const line = (asked: string, answered: string) =>
    JSON.stringify({
      messages: [
        { role: "user", content: asked },
        { role: "assistant", content: answered },
      ],
    });
  const INSTRUCTION =
    "You sort the messages of customers of a large shop into groups and answer with the name of the group alone. ".repeat(
      7,
    );
  const payload = (n: number) => {
    const random = new Random(n);
    const some = (words: string) => random.of(words.split(" "));
    return `the ${some("lamp chair table kettle mirror carpet")} I ${some("ordered bought returned")} for my ${some("mother garden office kitchen boat")} was ${some("charged billed booked")} ${some("wrongly strangely silently")} by the ${some("clerk bank shop driver")} of ${some("yours theirs ours")} and the ${some("receipt letter note card")} is ${some("gone torn wet odd")}`;
  };

  test("of 100 messages under one long instruction with one label all stay", async () => {
    const lines = Array.from({ length: 100 }, (_, n) =>
      line(`${INSTRUCTION}\n\nMessage: ${payload(n)}`, "billing"),
    );
    expect(new Set(lines).size).toBe(100);
    const dataset = await world.golden(lines.join("\n"), { name: "one label" });
    expect(dataset.dropped).toEqual({});
    expect(dataset.near_duplicates).toBeUndefined();
  });

  test("a template whose one word changes inside a sentence loses nothing where there are many of it", async () => {
    const things = "cats dogs boats trains clouds rivers lamps shoes kettles mirrors carpets ladders".split(
      " ",
    );
    const lines = things.map((thing) =>
      line(
        `Write a short friendly poem about ${thing} that children of the village school may sing together on stage. Keep every verse simple, cheerful and easy to remember for young singers.`,
        "Here it goes: la la la, we sing together all along the sunny village road again.",
      ),
    );
    const dataset = await world.golden(lines.join("\n"), { name: "slots" });
    expect(dataset.dropped).toEqual({});
  });

  test("of two to five examples of one template none goes, whatever word they differ in", async () => {
    for (const { name, pair } of UNSEEN) {
      const random = new Random(name.length + 1);
      const lines = new Set([1, 2].flatMap(() => pair(random).map((one) => JSON.stringify(one))));
      const dataset = await world.golden([...lines].join("\n"), { name: `few ${name}` });
      expect([name, dataset.dropped]).toEqual([name, {}]);
    }
  });

  test("what goes is counted with a pair to judge it by and a warning, and `near_duplicates: 1` keeps it", async () => {
    const asked = (n: number) => `Where is the ${payload(n)} right now`;
    const lines = [
      line(asked(1), LABELS[0]),
      "",
      line(asked(2), LABELS[1]),
      line(`Please, ${asked(1).toUpperCase()}?`, LABELS[0]),
      line(asked(3), LABELS[1]),
    ];
    const dataset = await world.golden(lines.join("\n"), { name: "counted" });
    expect(dataset).toMatchObject({
      dropped: { near_duplicate: 1 },
      warnings: { many_near_duplicates: 1, blank_line: 1 },
      near_duplicates: { left_out: 1, of: 4, example: { kept: { line: 4 }, left_out: { line: 1 } } },
    });
    const every = await world.golden(lines.join("\n"), { name: "every", near_duplicates: 1 });
    expect(every.dropped).toEqual({});
    expect(every.warnings).toEqual({ blank_line: 1 });
  });

  test("pairs of every kind in one file stay or go as they do alone", async () => {
    const chats = KINDS.filter(({ format }) => format === "sft");
    for (const same of [true, false]) {
      const pairs = chats
        .filter((kind) => kind.same === same)
        .flatMap((kind) => {
          const random = seeded(kind);
          return Array.from({ length: 12 }, (_, n) => kind.pair(random, n));
        });
      const dataset = await world.golden(
        pairs
          .flat()
          .map((one) => JSON.stringify(one))
          .join("\n"),
        {
          name: `pairs ${same}`,
        },
      );
      if (!same) expect(dataset.dropped?.near_duplicate ?? 0).toBe(0);
      else expect(dataset.near_duplicates?.left_out).toBeGreaterThan(0.8 * pairs.length);
    }
  });
});
