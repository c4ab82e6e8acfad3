import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { entryOf } from "../../src/doors/kept.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import type { AuditRecord } from "../../src/identity/contract.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import { redactedName } from "../../src/redaction/names.ts";
import type { CustomRule, RedactionPolicy } from "../../src/redaction/policy.ts";
import { STANDARD } from "../../src/redaction/redact.ts";
import { redactedLogger } from "../../src/redaction/redacted-logger.ts";
import { redactedInput } from "../../src/surfaces/redacted-input.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const ROWS = operationRows(readSettings({}));
const AGENT = "desk";
const TOKEN = `ghp_${"a1B2c3D4".repeat(4)}e5F6`;

let world: World;
beforeAll(async () => {
  world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
});
afterAll(() => world.close());

const record = (more: object) =>
  world.call("POST", "/episodes", { user_input: "q", assistant_output: "a", ...more });
const newestAudit = async (operation: string): Promise<AuditRecord> =>
  (await world.call("GET", `/audit?operation=${operation}&limit=1`)).body.audit[0];

describe("what was redacted when it was stored", () => {
  it.each([
    ["session_id", "jane.doe@example.org"],
    ["correlation_id", "jane.doe@example.org"],
    ["response_id", TOKEN],
    ["trace_id", TOKEN],
    ["span_id", "4111111111111111"],
    ["model_deployment", `model of jane.doe@example.org`],
  ])("is found by the %s that was sent, and by no other", async (field, value) => {
    const id = `ep-${field}`;
    await record({ id, [field]: value });
    const found = async (asked: string) =>
      (
        await world.call("GET", `/episodes?${new URLSearchParams({ [field]: asked }).toString()}`)
      ).body.episodes.map((one: { id: string }) => one.id);
    expect(await found(value)).toContain(id);
    expect(await found("somebody else")).toEqual([]);
  });

  it("is found by what a dataset asks for", async () => {
    await record({
      id: "ep-tagged",
      tool_calls: [{ tool_name: "mail jane.doe@example.org", arguments: {}, result: "sent" }],
      model_deployment: "jane.doe@example.org's",
      metadata: { tags: ["of jane.doe@example.org"] },
    });
    await world.call("POST", "/rewards", { episode_id: "ep-tagged", value: 1 });
    await world.settle();
    const { body } = await world.call(
      "POST",
      "/datasets",
      {
        name: "hers",
        tools: ["mail jane.doe@example.org"],
        models: ["jane.doe@example.org's"],
        tags: ["of jane.doe@example.org"],
        train_split: 1,
      },
      { prefer: "wait=200" },
    );
    expect(body).toMatchObject({ status: "ready", kept: 1 });
  });
});

describe("the record of changes", () => {
  it("holds ids of our own records, and none that name a caller's users or conversations", async () => {
    const ids = {
      user_id: "jane.doe@example.org",
      session_id: "s-1",
      correlation_id: "c-1",
      response_id: "r-1",
    };
    await record({ id: "ep-audited", ...ids });
    expect((await newestAudit("recordEpisodes")).ids).toEqual({ id: "ep-audited", episode_id: "ep-audited" });
    world.clock.advance(1000);
    const again = await record({ id: "ep-audited", ...ids, assistant_output: "another" });
    expect(again.body.error.code).toBe("episode_conflict");
    expect(await newestAudit("recordEpisodes")).toMatchObject({
      outcome: "failed",
      ids: { id: "ep-audited" },
    });
    expect((await newestAudit("recordEpisodes")).ids).toEqual({ id: "ep-audited" });
  });

  it("is not kept under the name that an item of many gives instead of an agent's", async () => {
    const items = [{ user_input: "q", assistant_output: "a", agent_id: "password=hunter2!" }];
    const { body } = await world.call("POST", "/episodes", items);
    expect(body).toMatchObject({ recorded: 0, failed: 1 });
    expect(await newestAudit("recordEpisodes")).toMatchObject({ agent_id: AGENT });
    expect(
      (await world.call("POST", "/episodes", [{ ...items[0], agent_id: TOKEN }])).body.error,
    ).toMatchObject({
      code: "secret_in_name",
      field: "episodes.0.agent_id",
    });
  });
});

describe("an id or a name that must be exact", () => {
  it("refuses a write when it is a secret, and does not say it", async () => {
    const { status, body } = await record({ id: TOKEN });
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "secret_in_name", field: "id" });
    expect(JSON.stringify(body)).not.toContain(TOKEN);
    const many = await world.call("POST", "/episodes", [
      { id: TOKEN, user_input: "q", assistant_output: "a" },
    ]);
    expect(many.body.results).toMatchObject([{ status: "error", error: { code: "secret_in_name" } }]);
    expect(JSON.stringify(many.body)).not.toContain(TOKEN);
  });

  it("may have digits like a card's or a telephone's", async () => {
    expect((await record({ id: "4111111111111111" })).status).toBe(201);
  });

  it("is one of these, for these reasons; all else is redacted", () => {
    const found = new Map<string, Set<string>>();
    const look = (schema: unknown, field: string): void => {
      const { def } = schema as { def: Record<string, unknown> };
      const entry = entryOf(schema as never);
      if (entry !== undefined) {
        const fields = found.get(`${entry.how}: ${entry.because}`) ?? new Set();
        found.set(`${entry.how}: ${entry.because}`, fields.add(field));
        return;
      }
      for (const [name, member] of Object.entries(def.shape ?? {})) look(member, name);
      for (const inner of ["innerType", "in", "element", "keyType", "valueType"])
        if (def[inner] !== undefined) look(def[inner], field);
      for (const option of (def.options ?? []) as unknown[]) look(option, field);
    };
    for (const row of ROWS) look(row.input, row.name);
    const told = Object.fromEntries(
      [...found].map(([why, fields]) => [why, [...fields].toSorted().join(" ")]),
    );
    expect(told).toMatchInlineSnapshot(`
{
  "exact: a part is found by it": "part parts sha256",
  "exact: files are found by it": "parts",
  "exact: it is a time": "created_at end_date start_date test_after",
  "exact: it is a word of the provider": "training_type",
  "exact: it is our own, and signed": "continuation",
  "exact: persons are found by it": "who",
  "exact: records are found by it": "agent_id dataset_id episode_id evaluation_id id ids include_golden pipeline_id rescan_id reward_id run_id target_id",
  "exact: the formula names it": "graders",
  "exact: the provider knows it by this name": "base_model baseline candidate deployment_name model",
  "exact: the provider makes a model's name of it": "suffix",
  "expression: it tells what to look for": "pattern",
  "later: a signed-in person's name is kept, one that was given is not: both are looked for": "evaluator",
  "later: each line is redacted when it is read": "content",
  "later: it is looked for as episodes hold it": "response_id span_id trace_id",
  "later: it is signed as it stands, and not stored": "answer",
  "later: it is tried, and not stored": "rules text value",
  "later: its hash alone is stored": "idempotency_key",
  "later: one that episodes hold redacted is refused": "correlation_id response_id span_id trace_id",
  "later: the report says what is found in it, and nothing is stored": "content validation_content",
  "name: names are told apart": "deactivated_by decided_by evaluator promoted_by requested_by reviewer rolled_back_by set_by",
}
`);
    expect(ROWS.filter((row) => row.redactsItself !== undefined).map(({ name }) => name)).toEqual([
      "addPart",
      "recordEpisodes",
    ]);
  });
});

const customerNumber: CustomRule = {
  kind: "customer_number",
  spans: (text) => [...text.matchAll(/K-\d{6}/g)].map(({ index }) => [index, index + 8] as const),
};

describe("names of persons", () => {
  const person = { jane: "jane.doe@example.org", john: "john.roe@example.org" };

  it("stay two where they are two, and one whatever the case of their letters", async () => {
    for (const n of [0, 1, 2]) await record({ id: `ep-reviewed-${n}` });
    const next = async (reviewer: string) => (await world.call("POST", "/review/next", { reviewer })).body;
    const [jane, john] = [await next(person.jane), await next(person.john)];
    expect(jane.reviewer).toMatch(/^\[REDACTED:email#[a-z2-7]{12}\]$/);
    expect(john.reviewer).not.toBe(jane.reviewer);
    expect(john.item.episode_id).not.toBe(jane.item.episode_id);
    expect(await next("Jane.Doe@Example.org")).toMatchObject({ item: { episode_id: jane.item.episode_id } });
    expect((await next("mira")).reviewer).toBe("mira");
  });

  it.each<[string, RedactionPolicy, [string, string]]>([
    [
      "a national number",
      { ...STANDARD, personal: new Set(["us_ssn"]) },
      ["SSN 536-22-1234", "SSN 536-22-1235"],
    ],
    ["a number of an owner's rule", { ...STANDARD, custom: [customerNumber] }, ["K-300001", "K-300002"]],
    ["an e-mail address", STANDARD, [person.jane, person.john]],
    ["a telephone", STANDARD, ["+49 30 1234567", "+49 30 1234568"]],
  ])("stay two where %s is in them", async (_what, policy, [one, other]) => {
    const as = (name: string) => redactedName(AGENT, name, policy, async () => "k");
    const [first, second] = [await as(one), await as(other)];
    expect(first).not.toContain(one);
    expect(first).toMatch(/\[REDACTED:\w+#[a-z2-7]{12}\]/);
    expect(second).not.toBe(first);
    expect(await as(one)).toBe(first);
  });
});

describe("the rules of an agent", () => {
  const [plain] = ROWS.filter(({ name }) => name === "deactivate") as [Operation];
  const context = { waitMs: 0, door: "rest" } as CallContext;
  const seenBy = async (
    policyOf: (agentId: string) => RedactionPolicy | Promise<RedactionPolicy>,
    raw: object,
  ) => {
    let seen: unknown;
    const row: Operation = {
      ...plain,
      async run(input) {
        seen = input;
        return { body: {} };
      },
    };
    const deps = { policyOf, key: async () => "k", agentId: AGENT };
    await redactedInput(row, deps).run(parseInput(row, { ...raw }), context);
    return seen;
  };

  it("hold for its calls, with the tokens that they make", async () => {
    const policy: RedactionPolicy = { ...STANDARD, token: (kind, value) => `<${kind} of ${value.length}>` };
    const asked: string[] = [];
    const policyOf = async (agentId: string) => {
      asked.push(agentId);
      return policy;
    };
    const seen = await seenBy(policyOf, {
      agent_id: "other",
      reason: "mail to a@example.org",
      deactivated_by: "b@example.org",
    });
    expect(asked).toEqual(["other"]);
    expect(seen).toEqual({
      agent_id: "other",
      reason: "mail to <email of 13>",
      deactivated_by: "<email of 13>",
    });
  });

  it("are not asked for by what holds no text, so that health is told while the ledger does not answer", async () => {
    const policyOf = () => Promise.reject(unavailable("ledger_down", "The ledger does not answer."));
    for (const name of ["getHealth", "whoAmI", "listRescans"]) {
      const row = ROWS.find((one) => one.name === name) as Operation;
      const behind = redactedInput(
        { ...row, run: async () => ({ body: {} }) },
        { policyOf, key: async () => "k", agentId: AGENT },
      );
      expect([name, await behind.run(parseInput(row, {}), context)]).toEqual([name, { body: {} }]);
    }
    await expect(seenBy(policyOf, { reason: "a text" })).rejects.toMatchObject({ code: "ledger_down" });
  });

  it("refuse what they cannot look through", async () => {
    const broken: RedactionPolicy = {
      ...STANDARD,
      token: () => {
        throw new Error("no token for a@example.org");
      },
    };
    const refusal = await seenBy(() => broken, { reason: "mail to a@example.org" }).catch(
      (thrown: Error) => thrown,
    );
    expect(refusal).toMatchObject({ code: "redaction_failed", status: 422, field: "reason" });
    expect((refusal as Error).message).not.toContain("a@example.org");
  });
});

describe("the log", () => {
  it("holds no secret, in its texts and beside them", () => {
    const lines: string[] = [];
    const logger = redactedLogger(createLogger((line) => lines.push(line)));
    logger.error("password=hunter2! was wrong", { reason: `no user ${TOKEN}`, count: 3 });
    expect(lines.join()).not.toMatch(/hunter2|ghp_/);
    expect(lines.join()).toMatch(
      /^error password=\[REDACTED:\w+\].* was wrong reason="no user \[REDACTED:\w+\]" count=3$/,
    );
  });
});
