import { describe, expect, test } from "@jest/globals";
import { createLogger } from "../../src/kernel/logger.ts";
import { createSdk } from "../../src/sdk/sdk.ts";

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};
const cycle: Record<string, unknown> = {};
cycle.self = [cycle];

describe("what JSON cannot hold", () => {
  test.each([
    ["a value without a bottom", deep(200_000), "too_deep"],
    ["a cycle", cycle, "invalid_input"],
    ["a BigInt", 10n ** 30n, "invalid_input"],
  ])("is told before anything is sent: %s", async (_what, value, code) => {
    // Nobody answers here: what is sent fails otherwise.
    const sdk = createSdk({
      settings: { endpoint: "http://127.0.0.1:9", agentId: "support" },
      logger: createLogger(() => {}, "error"),
    });
    const calls: readonly (() => Promise<unknown>)[] = [
      () =>
        sdk.callOperation("recordEpisodes", {
          userInput: "q",
          assistantOutput: "a",
          metadata: { a: value },
        }),
      () => sdk.callOperation("recordEpisodes", { episodes: [{ metadata: { a: value } }] }),
      () => sdk.callOperation("listEpisodes", { limit: value as never }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ name: "LightningError", code });
    await sdk.close();
  });
});
