import fs from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PersonalKind } from "../../src/config/personal-kinds.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type Caller, parseInput } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createPrivacyService, RULES_KNOWN_MS } from "../../src/privacy/service.ts";
import { tryRedaction } from "../../src/privacy/trial.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";
const RULE = { name: "Customer number", pattern: "\\bK-\\d{6}\\b" };
const CANARY = "K-424242";

describe("a trial", () => {
  it("tells the places of numbers that are looked for by configuration", () => {
    const text = "host 192.168.10.44 answered";
    const policy = { version: "x", personal: new Set<PersonalKind>(["ip_address"]) };
    const { counts, findings } = tryRedaction(text, policy, []);
    expect(counts).toEqual({ ip_address: 1 });
    expect(findings).toEqual([{ kind: "ip_address", path: "", start: 5, end: 18 }]);
  });
});

describe("an owner's redaction rules", () => {
  let world: World;
  const post = (address: string, body: object) => world.call("POST", address, { agent_id: AGENT, ...body });
  const get = async (address: string) => (await world.call("GET", address)).body;
  const episode = (id: string, user_input: string, more: object = {}) =>
    post("/episodes", { id, user_input, assistant_output: "Done.", ...more });

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
  });
  afterAll(() => world.close());

  it("hold for what is recorded from then on, of their agent alone, and their version is on it", async () => {
    expect(await get("/redaction/rules")).toMatchObject({ version: 0, rules: [], pseudonyms: [] });
    const set = await post("/redaction/rules", { rules: [RULE], if_version: 0 });
    expect(set).toMatchObject({
      status: 200,
      body: { version: 1, changed: true, redaction_version: expect.stringMatching(/\+custom-1$/) },
    });
    const mine = await episode("ep-1", `about ${CANARY}`, { correlation_id: CANARY, response_id: CANARY });
    expect(mine.body.redaction).toEqual({
      version: set.body.redaction_version,
      counts: { customer_number: 2 },
    });
    const stored = await get("/episodes/ep-1");
    expect(stored).toMatchObject({
      user_input: "about [REDACTED:customer_number]",
      correlation_id: "[REDACTED:customer_number]",
      // Made by a machine: an owner's rule is about what people write.
      response_id: CANARY,
    });
    const others = await post("/episodes", {
      agent_id: "other",
      id: "ep-2",
      user_input: CANARY,
      assistant_output: "Done.",
    });
    expect(others.body.redaction.counts).toEqual({});
  });

  it("hold for what is told of an item of a batch that is refused, whose answer is kept", async () => {
    const item = { user_input: "Hello", assistant_output: "Done.", [CANARY]: 1 };
    const { status, body } = await post("/episodes", { episodes: [item] });
    expect([status, body.failed]).toEqual([207, 1]);
    expect(JSON.stringify(body)).not.toContain(CANARY);
    expect(JSON.stringify(body)).toContain("[REDACTED:customer_number]");
  });

  it("are set again without a new version, and not over somebody else's change", async () => {
    expect((await post("/redaction/rules", { rules: [RULE] })).body).toMatchObject({
      version: 1,
      changed: false,
    });
    const late = await post("/redaction/rules", { rules: [], if_version: 0 });
    expect(late).toMatchObject({
      status: 412,
      body: { error: { code: "redaction_rules_changed", details: { version: 1 } } },
    });
    expect(await get("/redaction/rules")).toMatchObject({ version: 1, rules: [RULE] });
  });

  it("are refused with the rule, the place and the remedy, and nothing of them is set", async () => {
    const refused = await post("/redaction/rules", { rules: [RULE, { name: "Ahead", pattern: "K(?=1)" }] });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        error: {
          code: "redaction_rule_invalid",
          field: "rules.1.pattern",
          details: { rule: "Ahead", position: 1 },
          remedy: expect.stringMatching(/RE2/),
        },
      },
    });
    expect(await get("/redaction/rules")).toMatchObject({ version: 1 });
  });

  it.each([
    "Bearer [A-Za-z0-9._-]+",
    "token=[0-9a-f]{32}",
    "pwd=([^;]+)",
    "secret: \\S+",
    "(?i)api[_-]?key\\s*[:=]\\s*['\"]?[A-Za-z0-9]{16,}",
    "https?://[^:]+:[^@]+@internal",
    " DB_PASSWORD=.*",
    "passwd[=:](\\S+)",
    "-----BEGIN ACME KEY-----[\\s\\S]+",
  ])("look for what stands behind a label, as in %s", async (pattern) => {
    const { status } = await post("/redaction/rules", {
      agent_id: "labels",
      rules: [{ name: "One", pattern }],
    });
    expect(status).toBe(200);
  });

  it.each([
    "password=hunter22x",
    "(?i)password=hunter22x\\b",
    "token=a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6|x",
    `ghp_${"a1B2c3D4".repeat(4)}e5F6`,
    `\\bghp_${"a1B2c3D4".repeat(4)}e5F6\\b`,
    "password=correcthorse",
  ])("are no place for a secret that is written out, as in %s", async (pattern) => {
    const { status, body } = await post("/redaction/rules", {
      agent_id: "labels",
      rules: [{ name: "One", pattern }],
    });
    expect([status, body.error?.code, body.error?.field]).toEqual([422, "secret_in_name", "rules.0.pattern"]);
  });

  it("for every agent hold for each, beside its own", async () => {
    await post("/redaction/rules", {
      every_agent: true,
      rules: [{ name: "Parcel", pattern: "parcel \\d+" }],
    });
    const { body } = await episode("ep-3", `parcel 17 of ${CANARY}`);
    expect(body.redaction).toMatchObject({
      version: expect.stringMatching(/\+app-1\+custom-1$/),
      counts: { parcel: 1, customer_number: 1 },
    });
    const other = await post("/episodes", {
      agent_id: "other",
      id: "ep-4",
      user_input: `parcel 17 of ${CANARY}`,
      assistant_output: "x",
    });
    expect(other.body.redaction.counts).toEqual({ parcel: 1 });
  });

  it("are tried before they are set: what would be found and where, nothing of it stored, logged or audited", async () => {
    const tried = await post("/redaction/test", {
      value: {
        to: "jane.doe@example.org",
        args: `{"c":"${CANARY}"}`,
        text: `see ${CANARY}, T-1 and password=hunter22`,
      },
      rules: [{ name: "Ticket", pattern: "\\bT-\\d\\b", kind: "ticket" }, RULE],
    });
    expect(tried).toMatchObject({
      status: 200,
      body: {
        found: 5,
        counts: { email: 1, customer_number: 2, ticket: 1 },
        redacted: {
          to: "[REDACTED:email]",
          args: '{"c":"[REDACTED:customer_number]"}',
        },
        redaction_version: expect.stringMatching(/\+draft$/),
      },
    });
    expect(tried.body.findings).toEqual(
      expect.arrayContaining([
        { kind: "email", path: "/to", start: 0, end: 20 },
        { kind: "customer_number", rules: ["Customer number"], path: "/args", start: 6, end: 14 },
        { kind: "customer_number", rules: ["Customer number"], path: "/text", start: 4, end: 12 },
        { kind: "ticket", rules: ["Ticket"], path: "/text", start: 14, end: 17 },
      ]),
    );
    expect(JSON.stringify(tried.body)).not.toMatch(/K-4|jane|hunter/);
    await world.settle();
    const files = await fs.readdir(world.home, { recursive: true, withFileTypes: true });
    const told = await Promise.all(
      files
        .filter((one) => one.isFile())
        .map(async (one) =>
          (await fs.readFile(path.join(one.parentPath, one.name))).includes("jane.doe@example.org"),
        ),
    );
    expect(told).not.toContain(true);
    const { audit } = await get("/audit?operation=testRedaction");
    expect(audit).toEqual([]);
    expect(await get("/redaction/rules")).toMatchObject({ version: 1 });
  });

  it("give pseudonyms under a key that this machine keeps to its owner, the same after a restart", async () => {
    await post("/redaction/rules", { rules: [{ ...RULE, pseudonym: true }], pseudonyms: ["email"] });
    const text = `jane.doe@example.org of ${CANARY}`;
    await episode("ep-5", text);
    await world.restart();
    await episode("ep-6", text.toUpperCase().replace("OF", "of"), {
      metadata: { to: "jane.doe@example.org" },
    });
    const [first, second] = [await get("/episodes/ep-5"), await get("/episodes/ep-6")];
    expect(first.user_input).toMatch(
      /^\[REDACTED:email#[a-z2-7]{12}\] of \[REDACTED:customer_number#[a-z2-7]{12}\]$/,
    );
    expect(second.user_input).toBe(first.user_input);
    expect(first.user_input.startsWith(second.metadata.to)).toBe(true);
    expect(await world.app.services.privacy.tokenOf(AGENT, "email", "Jane.Doe@Example.org")).toBe(
      second.metadata.to,
    );
    expect((await fs.stat(path.join(world.home, "pseudonym-key"))).mode & 0o777).toBe(0o600);
  });

  it("are audited when they change, without what they say", async () => {
    const { audit } = await get("/audit?operation=setRedactionRules&limit=50");
    expect(audit.length).toBeGreaterThan(3);
    expect(JSON.stringify(audit)).not.toMatch(/Customer|\\d/);
  });

  it("are for owners: of an agent for its own, of every agent for all", async () => {
    const row = world.app.operations.find(({ name }) => name === "setRedactionRules");
    if (row === undefined) throw new Error("no row");
    const caller: Caller = {
      kind: "person",
      person: "lee",
      roles: [`owner:${AGENT}`],
      may: (_role, agentId) => agentId === AGENT,
      mayAnywhere: () => true,
    };
    const ask = (input: object) =>
      row.run(parseInput(row, { rules: [], ...input }), {
        caller,
        orchestrations: {} as never,
        waitMs: 0,
        door: "rest",
      });
    await expect(ask({ agent_id: "other" })).rejects.toMatchObject({ code: "role_missing" });
    await expect(ask({ every_agent: true })).rejects.toMatchObject({ code: "role_missing" });
    await expect(ask({})).resolves.toMatchObject({ body: { rules: [] } });
  });
});

describe("rules in several processes", () => {
  it("hold everywhere within seconds of a change", async () => {
    const clock = new VirtualClock();
    const ledger = openSqliteLedger({ file: ":memory:", clock });
    const deps = { ledger, clock, settings: readSettings({}), logger: silentLogger };
    const [one, other] = [createPrivacyService(deps), createPrivacyService(deps)];
    const before = await other.policyOf(AGENT);
    await one.set(AGENT, { rules: [{ ...RULE, pseudonym: false, enabled: true }] }, undefined);
    expect((await one.policyOf(AGENT)).version).toMatch(/\+custom-1$/);
    expect(await other.policyOf(AGENT)).toBe(before);
    clock.advance(RULES_KNOWN_MS);
    expect((await other.policyOf(AGENT)).version).toMatch(/\+custom-1$/);
    await ledger.close();
  });

  it("ask for no pseudonyms where no secret is set and none is made, and nothing is stored as it is", async () => {
    const clock = new VirtualClock();
    const ledger = openSqliteLedger({ file: ":memory:", clock });
    const cosmos = readSettings({ COSMOS_ACCOUNT_URI: "https://example.documents.azure.com" });
    const deps = { ledger, clock, logger: silentLogger };
    const service = createPrivacyService({ ...deps, settings: cosmos });
    await expect(service.set(AGENT, { pseudonyms: ["email"] }, undefined)).rejects.toMatchObject({
      code: "pseudonym_key_missing",
    });
    const keyed = createPrivacyService({ ...deps, settings: { ...cosmos, pseudonymKey: "k".repeat(32) } });
    await keyed.set(AGENT, { pseudonyms: ["email"] }, undefined);
    expect((await keyed.policyOf(AGENT)).token?.("email", "a@example.org")).toMatch(/#/);
    // The secret was taken away: plain placeholders.
    clock.advance(RULES_KNOWN_MS);
    const lost = await service.policyOf(AGENT);
    expect(lost.token?.("email", "a@example.org")).toBeUndefined();
    await ledger.close();
  });
});
