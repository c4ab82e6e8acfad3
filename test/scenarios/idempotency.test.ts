import { describe, expect, it } from "@jest/globals";
import { takesKey } from "../../src/doors/idempotency-key.ts";
import { idempotentPosts, ROWS } from "./idempotent-posts.ts";
import { openWorld } from "./world.ts";

idempotentPosts("SQLite", () => openWorld({ LIGHTNING_AGENT_ID: "storm-desk", USE_TUNED_MODEL: "true" }));

describe("a POST that takes no key", () => {
  const none = ROWS.filter((row) => row.rest.method === "POST" && !takesKey(row));

  it("only reads, and its row says why", () => {
    expect(none.map(({ name, effect }) => `${name} ${effect}`)).toEqual([
      "validateFile read",
      "estimateTraining read",
      "testRedaction read",
      "verifyAnswer read",
    ]);
    for (const { idempotency = {} } of none) expect(idempotency).toEqual({ none: expect.any(String) });
  });
});
