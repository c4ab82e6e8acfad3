import { describe, expect, it } from "@jest/globals";
import { laterHeaders } from "../../src/surfaces/later.ts";
import { ROWS } from "../scenarios/idempotent-posts.ts";

const LATER = ROWS.filter(({ answers }) => answers?.later !== undefined);
const URL_ASKED = "https://example.com/api/lightning/somewhere";
const fieldsOf = (address = "") => [...address.matchAll(/\{(\w+)\}/g)].map(([, field = ""]) => field);

describe("the address of work that is under way", () => {
  it("is known of several rows", () => expect(LATER.length).toBeGreaterThan(5));

  it.each(LATER.map((row) => [row.name, row] as const))(
    "%s: is a record's own, beside its monitor",
    (_name, row) => {
      const later = row.answers?.later ?? "";
      const fields = fieldsOf(later);
      expect(fields.length).toBeGreaterThan(0);
      const body = Object.fromEntries(fields.map((field) => [field, `some ${field}`]));
      const headers = laterHeaders(row, { agent_id: "a b" }, body, URL_ASKED);
      const filled = (address = "") => address.replaceAll(/\{(\w+)\}/g, "some%20$1");
      const path = filled(later);
      expect(headers).toEqual({
        location: `https://example.com/api/lightning${path}?agent_id=a%20b`,
        "operation-location": `https://example.com/api/lightning${filled(row.answers?.monitor)}?agent_id=a%20b`,
        "retry-after": "5",
      });
      const shown = ROWS.filter(({ rest }) => rest.method === "GET").map(
        ({ rest }) => new RegExp(`^${rest.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
      );
      expect(shown.some((one) => one.test(path))).toBe(true);
    },
  );

  it.each(
    LATER.flatMap((row) => fieldsOf(row.answers?.later).map((field) => [row.name, field, row] as const)),
  )("%s: is not given where the answer has no %s", (_name, field, row) => {
    const body = Object.fromEntries(fieldsOf(row.answers?.later).map((one) => [one, "x"]));
    for (const absent of [undefined, null])
      expect(laterHeaders(row, {}, { ...body, [field]: absent }, URL_ASKED)).toEqual({});
    expect(laterHeaders(row, {}, body, URL_ASKED).location).not.toContain("undefined");
  });
});
