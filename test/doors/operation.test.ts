import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { parseInput } from "../../src/doors/operation.ts";
import { agentIdSchema } from "../../src/doors/schemas.ts";

const row = {
  name: "startTraining",
  input: z.strictObject({
    agent_id: agentIdSchema.optional(),
    hyperparameters: z.strictObject({ n_epochs: z.number().max(50) }).optional(),
    episodes: z.array(z.strictObject({ id: z.string() })).optional(),
  }),
  aliases: { agent: "agent_id" },
};

const faultOf = (raw: Record<string, unknown>): unknown => {
  try {
    return parseInput(row, raw);
  } catch (thrown) {
    return thrown;
  }
};

describe("an operation's input", () => {
  test.each([
    [{ hyperparameters: { n_epochs: 51 } }, "hyperparameters.n_epochs"],
    [{ episodes: [{ id: "a" }, { id: 2 }] }, "episodes.1.id"],
    [{ agent_id: "no such/id" }, "agent_id"],
    [{ colour: "red", shape: "round" }, "colour, shape"],
    [{ agent: "a", agent_id: "b" }, "agent_id"],
  ])("%j is refused by the field at fault, named by its path: %s", (raw, field) => {
    expect(faultOf(raw)).toMatchObject({ kind: "invalid", code: "invalid_input", field });
  });

  test("tells which characters an id may have", () => {
    expect(() => parseInput(row, { agent_id: "a b" })).toThrow("letters, digits, `.`, `_` or `-`");
  });

  test("takes an alias for its field, and the same value under both names", () => {
    expect(faultOf({ agent: "a" })).toEqual({ agent_id: "a" });
    expect(faultOf({ agent: "a", agent_id: "a" })).toEqual({ agent_id: "a" });
  });
});
