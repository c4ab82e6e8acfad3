import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { refusedInput } from "../../src/doors/refuse-input.ts";

const refusal = (schema: z.ZodType, input: unknown) => {
  const { error } = schema.safeParse(input);
  if (error === undefined) throw new Error("The input was taken.");
  return refusedInput(error, { whole: "The input", remedy: "Look it up." });
};

describe("an input that a schema refuses", () => {
  it("names the first fault by its path, with dots", () => {
    const schema = z.object({ messages: z.array(z.object({ role: z.string() })) });
    const error = refusal(schema, { messages: [{ role: "user" }, { role: 1 }] });
    expect(error).toMatchObject({ kind: "invalid", code: "invalid_input", field: "messages.1.role" });
    expect(error.message).toMatch(/^messages\.1\.role: /);
  });

  it("names a key that nobody knows", () => {
    expect(refusal(z.strictObject({}), { nmae: "x" })).toMatchObject({ field: "nmae" });
  });

  it("stays short, however many keys nobody knows and however long they are", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => [`${i}${"k".repeat(200)}`, 0]);
    const error = refusal(z.strictObject({}), Object.fromEntries(keys));
    expect(JSON.stringify(error.toBody()).length).toBeLessThan(3000);
  });

  it("speaks of the whole where no field is at fault, and tells at most twenty faults", () => {
    expect(refusal(z.object({}), 7).message).toMatch(/^The input: /);
    expect(refusal(z.array(z.string()), Array(100).fill(1)).details).toHaveLength(20);
  });
});
