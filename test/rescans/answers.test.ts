import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import type { Ledger, LedgerDocument } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { RedactionPolicy } from "../../src/redaction/policy.ts";
import type { RequestRecord } from "../../src/requests/contract.ts";
import { keepReply, keptReply } from "../../src/requests/replies.ts";
import { rescanAnswer } from "../../src/rescans/answers.ts";

const AGENT = "desk";
const NUMBER = /\d{6}/g;
const policy: RedactionPolicy = {
  version: "test",
  custom: [
    {
      kind: "number",
      spans: (text) => [...text.matchAll(NUMBER)].map(({ index }) => [index, index + 6] as const),
    },
  ],
};

describe("a kept answer", () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });
  });
  afterEach(() => ledger.close());

  async function kept(body: unknown): Promise<RequestRecord> {
    const open: RequestRecord = {
      id: "request-1",
      type: "request",
      agent_id: AGENT,
      operation: "assignReward",
      input_sha256: "",
      request_id: randomUUID(),
      status: "open",
      holder: randomUUID(),
      leased_until: "2026-01-01T00:00:00.000Z",
      tries: 1,
      noted: {},
      created_at: "2026-01-01T00:00:00.000Z",
      ttl: 1000,
    };
    const record: RequestRecord = {
      ...open,
      status: "done",
      reply: await keepReply(ledger, open, { status: 201, body }),
    };
    await ledger.create("requests", record);
    return record;
  }
  const all = async () => (await ledger.query<LedgerDocument>("requests", { pk: [AGENT], limit: 100 })).items;
  const rescan = async (over = ledger) => {
    const found = [];
    for (const one of await all()) found.push(await rescanAnswer(over, one, AGENT, policy));
    return found;
  };
  const answer = async () => {
    const record = await ledger.read<RequestRecord>("requests", [AGENT], "request-1");
    return record === undefined ? undefined : await keptReply(ledger, record);
  };

  test("keeps what records are found by, times, counts and its status, and says of the rest what the rules leave", async () => {
    const facts = { reward_id: "rew-123456", created_at: "2026-01-01T00:00:00.123456Z", total: 123_456 };
    await kept({ ...facts, comments: "for 123456", said: ["of 654321", { by: "234567" }] });
    expect(await rescan()).toEqual([{ number: 3 }]);
    expect(await answer()).toMatchObject({
      status: 201,
      body: {
        ...facts,
        comments: "for [REDACTED:number]",
        said: ["of [REDACTED:number]", { by: "[REDACTED:number]" }],
      },
    });
    expect(await rescan()).toEqual([undefined]);
  });

  test("that is long is changed with all its parts, and none of before is left", async () => {
    const long = "filling ".repeat(100_000);
    await kept({ comments: `${long}123456` });
    const before = (await all()).length;
    expect(before).toBeGreaterThan(3);
    expect((await rescan()).filter((one) => one !== undefined)).toEqual([{ number: 1 }]);
    expect(await answer()).toMatchObject({ body: { comments: `${long}[REDACTED:number]` } });
    expect(await all()).toHaveLength(before);
    expect(JSON.stringify(await all())).not.toContain("123456");
  });

  test("leaves no part behind though the process died before it could remove the earlier ones", async () => {
    await kept({ comments: `${"filling ".repeat(100_000)}123456` });
    const dying = {
      ...ledger,
      delete: async () => {
        throw unavailable("ledger_down", "away");
      },
    };
    await expect(rescan(dying)).rejects.toThrow("away");
    expect(JSON.stringify(await all())).toContain("123456");
    await rescan();
    expect(JSON.stringify(await all())).not.toContain("123456");
    expect(await answer()).toMatchObject({
      body: { comments: expect.stringMatching(/\[REDACTED:number\]$/) },
    });
  });
});
