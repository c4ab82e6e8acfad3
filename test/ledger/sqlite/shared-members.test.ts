import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { sharingParser } from "../../../src/ledger/sqlite/shared-members.ts";

const tools = fc.constantFrom<unknown>(
  [],
  [{ name: "a" }],
  [{ name: "a" }, { name: "b" }],
  { a: [1] },
  "text",
  null,
  7,
);
const nested = fc.record(
  { tools, text: fc.constantFrom('"tools":[{"name":"a"}]', "\\", '"', "x"), tool: tools },
  { requiredKeys: [] },
);
const documents = fc.array(
  fc.record({ id: fc.string(), before: nested, tools, after: nested }, { requiredKeys: ["id"] }),
  { maxLength: 12 },
);

describe("documents that share a member", () => {
  test("are what they would be parsed alone, wherever the member's name and value also stand", () => {
    fc.assert(
      fc.property(documents, (given) => {
        const parse = sharingParser()("tools");
        for (const document of given)
          expect(parse(JSON.stringify(document))).toEqual(JSON.parse(JSON.stringify(document)));
      }),
      { numRuns: 500 },
    );
  });

  test("keep the order of their members and hold one object for equal values", () => {
    const parse = sharingParser()("tools");
    const text = (n: number) => JSON.stringify({ id: `${n}`, tools: [{ name: "a" }], last: n });
    const [first, second] = [parse(text(1)), parse(text(2))];
    expect(JSON.stringify(second)).toBe(text(2));
    expect(second.tools).toBe(first.tools);
  });
});
