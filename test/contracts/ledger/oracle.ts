import { expect } from "@jest/globals";
import * as fc from "fast-check";
import type { Condition, Query } from "../../../src/ledger/ledger.ts";
import type { Promised } from "../ledger.ts";
import { allPages, episode, type Sample, second, someAgent } from "./samples.ts";

/** Of any script and with emoji, but for U+E000 to U+FFFF: their order against emoji is no promise of the port. */
const text = fc.oneof(
  fc.constantFrom("", "a", "b", "5", "true", "null"),
  fc.string({ unit: "grapheme", maxLength: 4 }).map((drawn) => drawn.replaceAll(/[\uE000-\uFFFF]/gu, "")),
);
const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.1 + 0.2, 5, 1e21, -1e-7, Number.MAX_SAFE_INTEGER, 5e-324, Number.MAX_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const anything = fc.oneof(text, number, fc.boolean(), fc.constant(null), fc.array(text, { maxLength: 3 }));
const often = <T>(right: fc.Arbitrary<T>) =>
  fc.option(fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: anything }), {
    nil: undefined,
  });

const members = fc.record({
  seconds: fc.integer({ min: 0, max: 5 }),
  session_id: often(text),
  reward_avg: often(number),
  reward_vetoed: often(fc.boolean()),
  tool_names: often(fc.array(text, { maxLength: 3 })),
});

const comparison = fc.constantFrom("eq", "ne", "gt", "gte", "lt", "lte");
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ field: fc.constantFrom("session_id", "id"), op: comparison, value: text }),
  fc.record({ field: fc.constant("reward_avg"), op: comparison, value: number }),
  fc.record({ field: fc.constant("reward_vetoed"), op: fc.constantFrom("eq", "ne"), value: fc.boolean() }),
  fc.record({
    field: fc.constant("session_id"),
    op: fc.constant("in"),
    value: fc.array(text, { maxLength: 4 }),
  }),
  fc.record({
    field: fc.constant("reward_avg"),
    op: fc.constant("in"),
    value: fc.array(number, { maxLength: 4 }),
  }),
  fc.record({ field: fc.constant("tool_names"), op: fc.constant("contains"), value: text }),
  fc.record({
    field: fc.constantFrom("session_id", "reward_avg", "reward_vetoed", "tool_names"),
    op: fc.constant("defined"),
    value: fc.boolean(),
  }),
);

type Scalar = string | number | boolean;
const compare = (a: Scalar, b: Scalar) => (a < b ? -1 : a > b ? 1 : 0);

const TYPE: Record<string, string> = {
  id: "string",
  session_id: "string",
  reward_avg: "number",
  reward_vetoed: "boolean",
};

/** What the port's words mean, in the plainest form. */
function holds(document: Sample, { field, op, value }: Condition): boolean {
  const found = document[field];
  if (op === "defined") return (found !== undefined) === value;
  if (op === "contains") return Array.isArray(found) && found.includes(value);
  if (typeof found !== TYPE[field]) return false;
  if (op === "in") return (value as readonly Scalar[]).includes(found as Scalar);
  const order = compare(found as Scalar, value);
  return { eq: order === 0, ne: order !== 0, gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[
    op
  ];
}

/** Random documents and questions, answered by the adapter and by a filter over an array. */
export function oracleTests(promised: Promised, runs: number): void {
  promised("answers any question as a plain filter and sort of all documents would", async ({ ledger }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(members, { minLength: 1, maxLength: 12 }),
        fc.array(fc.array(condition, { maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(undefined, "created_at", "id"),
        fc.constantFrom("asc", "desc"),
        fc.integer({ min: 1, max: 5 }),
        async (drawn, questions, orderField, direction, limit) => {
          const agent = someAgent();
          const documents = drawn.map(({ seconds, ...more }, n) => {
            const present = Object.fromEntries(
              Object.entries(more).filter(([, value]) => value !== undefined),
            );
            return episode(agent, `e${n}`, { created_at: second(seconds), ...present });
          });
          const results = await ledger.bulk("episodes", "create", documents);
          expect(results.every(({ ok }) => ok)).toBe(true);
          const sign = orderField !== undefined && direction === "desc" ? -1 : 1;
          const key = (document: Sample) =>
            orderField === "created_at" ? `${String(document.created_at)}|${document.id}` : document.id;
          for (const where of questions) {
            const expected = documents
              .filter((document) => where.every((one) => holds(document, one)))
              .toSorted((a, b) => sign * compare(key(a), key(b)))
              .map(({ id }) => id);
            const orderBy =
              orderField === undefined ? {} : { orderBy: { field: orderField, direction } as const };
            const query: Query = { pk: [agent], where, limit, ...orderBy };
            const found = await allPages((after) => ledger.query("episodes", { ...query, after }));
            expect(found.map(({ id }) => id)).toEqual(expected);
            expect(await ledger.count("episodes", { pk: [agent], where })).toBe(expected.length);
          }
        },
      ),
      { numRuns: runs },
    );
  });

  promised("gives back any JSON as it was", async ({ ledger }) => {
    const agent = someAgent();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        const id = `r-${someAgent()}`;
        const wire: unknown = JSON.parse(JSON.stringify(value)); // -0 is 0 in JSON
        await ledger.create("leases", { id, agent_id: agent, created_at: second(0), value });
        expect(await ledger.read("leases", [agent], id)).toMatchObject({ value: wire });
      }),
      { numRuns: 80 },
    );
  });
}
