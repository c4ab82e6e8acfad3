import { expect, it } from "@jest/globals";
import { type KeyedRequest, recordOnce } from "../../src/doors/keyed-request.ts";
import { notFound } from "../../src/kernel/errors.ts";

it("a request that died around the making of its record has one record, whatever would be made today", async () => {
  const records = new Map<string, { id: string; status: string }>();
  let noted: Record<string, unknown> = {};
  const request = (isAgain: boolean): KeyedRequest => ({
    id: "one",
    firstAt: 0,
    isAgain,
    noted,
    note: async (facts) => {
      noted = { ...noted, ...facts };
    },
  });
  const find = async (id: string) => {
    const found = records.get(id);
    if (found === undefined) throw notFound("record_not_found", id);
    return found;
  };
  const make = (id: string, dies: "before" | "after" | "never") =>
    recordOnce({ request: request(true) }, find, async (before) => {
      await before(id);
      if (dies === "before") throw new Error("died");
      const record = { id, status: "pending" };
      records.set(id, record);
      if (dies === "after") throw new Error("died");
      return record;
    });
  await expect(make("monday", "before")).rejects.toThrow("died");
  await expect(make("tuesday", "after")).rejects.toThrow("died");
  expect(await make("wednesday", "never")).toMatchObject({ id: "tuesday" });
  expect([...records.keys()]).toEqual(["tuesday"]);
});
