import { describe, expect, test } from "@jest/globals";
import { rejectedSince } from "../../src/deployments/hosted/rules.ts";
import type { Verdict } from "../../src/evaluation/contract.ts";

const judged = (verdict: Verdict, completed_at: string) => ({
  status: "finished" as const,
  result: { verdict } as never,
  completed_at,
});
const [MONDAY, TUESDAY] = ["2026-03-02T10:00:00.000Z", "2026-03-03T10:00:00.000Z"] as const;

describe("a hosted candidate", () => {
  test("that passed once and was then judged worse than what serves now is rejected since then", () => {
    const both = [judged("pass", MONDAY), judged("fail", TUESDAY)];
    expect(rejectedSince(both)).toBe(Date.parse(TUESDAY));
    expect(rejectedSince(both.toReversed())).toBe(Date.parse(TUESDAY));
  });

  test("whose newest verdict is pass, that is being judged, or that nobody judged, is not", () => {
    expect(rejectedSince([judged("inconclusive", MONDAY), judged("pass", TUESDAY)])).toBeUndefined();
    expect(rejectedSince([judged("fail", MONDAY), { status: "running" }])).toBeUndefined();
    expect(rejectedSince([])).toBeUndefined();
  });
});
