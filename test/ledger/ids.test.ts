import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkId } from "../../src/ledger/limits.ts";

const isTaken = (id: string): boolean => {
  try {
    checkId(id);
    return true;
  } catch {
    return false;
  }
};
/** As `@azure/cosmos` makes a path of a document's link. */
const pathOf = (id: string) => `/dbs/agent_rl/colls/rl_episodes/docs/${encodeURI(id)}`;

test("an id that is taken stands as it is in a URL's path, so that it addresses its document and nothing else", () => {
  const odd = fc.string({
    unit: fc.constantFrom(".", "%", "2", "e", "E", " ", "~", ":", "@", ";", "a", "ü"),
  });
  fc.assert(
    fc.property(fc.oneof(odd, fc.string({ unit: "binary" })), (id) => {
      if (!isTaken(id)) return;
      for (const form of [pathOf(id), pathOf(id).replaceAll("%25", "%")])
        expect(new URL(`https://account.example${form}`).pathname).toBe(form);
    }),
    { numRuns: 3_000, examples: [["."], [".."], ["%2e"], [".%2E"], ["%2e%2e"], ["a."], [" "], ["..."]] },
  );
});
