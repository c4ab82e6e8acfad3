import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Caller, parseInput } from "../../src/doors/operation.ts";
import { createAccess } from "../../src/identity/access.ts";
import type { AuditRecord } from "../../src/identity/contract.ts";
import { agentsOf, EVERY_AGENT, guarded } from "../../src/identity/guard.ts";
import { watchWrites } from "../../src/identity/writes.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { createLogger, silentLogger } from "../../src/kernel/logger.ts";
import { bare, type Ledger, type LedgerDocument, type Stored } from "../../src/ledger/ledger.ts";
import { openSqliteLedger, type SqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createMcpDoor } from "../../src/surfaces/mcp.ts";
import { handleRest } from "../../src/surfaces/rest.ts";
import { noOrchestrations } from "../surfaces/fake-operations.ts";
import { azureRequest } from "../surfaces/loopback.ts";
import { AZURE, principal } from "./people.ts";

const clock = new VirtualClock("2026-11-20T08:00:00.000Z");
const logged: string[] = [];
let failAudit = false;
/** What befalls a create with its trail after both were committed. */
let afterTrail: (() => void | Promise<void>) | undefined;
const ledger = openSqliteLedger({ file: ":memory:", clock });
const failing: SqliteLedger = {
  ...ledger,
  create: (c, document) =>
    c === "audit" && failAudit
      ? Promise.reject(unavailable("ledger_busy", "Busy."))
      : ledger.create(c, document),
  async createWithTrail(c, document, trail) {
    if (!failAudit) {
      const created = await ledger.createWithTrail(c, document, trail);
      await afterTrail?.();
      return created;
    }
    const { _etag: etag } = await ledger.create(c, document);
    return { etag, isTrailed: false };
  },
};
const app = createApp({
  settings: readSettings({}),
  clock,
  logger: createLogger((line) => logged.push(line)),
  ledger: failing,
});
afterAll(() => app.close());

const access = createAccess(
  readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "true", LIGHTNING_AUTH: "entra" }),
);
const person = (roles: readonly string[]): Caller =>
  access.callerOf({ headers: new Headers({ "x-ms-client-principal": principal({ roles }) }) });
const rest = (
  name: string,
  roles: readonly string[] | undefined,
  options: { query?: string; body?: unknown; params?: Record<string, string> } = {},
) => {
  const operation = app.operations.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return handleRest(
    operation,
    azureRequest(operation.rest.method, `/api/lightning/x?${options.query ?? ""}`, {
      headers: {
        "content-type": "application/json",
        ...(roles === undefined
          ? {}
          : { "x-ms-client-principal": principal({ name: "ada@example.com", roles }) }),
      },
      params: options.params ?? {},
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    }),
    {
      orchestrations: {
        ...noOrchestrations,
        urls: () => ({ terminatePostUri: "https://h/?code=system-key" }),
      },
      ...(roles === undefined ? {} : { access }),
    },
  );
};
const json = async (reply: Promise<{ status?: number; body?: unknown }>) => {
  const { status, body } = await reply;
  return { status, body: JSON.parse(String(body)) as never } as {
    status: number;
    body: Record<string, unknown> & { error: Record<string, unknown> };
  };
};
const audit = async (query: Record<string, string> = {}) => {
  const { body } = await json(rest("listAudit", undefined, { query: new URLSearchParams(query).toString() }));
  return (body as unknown as { audit: AuditRecord[] }).audit;
};

const episode = { id: "ep-1", user_input: "hello", assistant_output: "hi" };
beforeAll(async () => {
  await rest("recordEpisodes", undefined, { body: episode });
});

const context = (granted: string | undefined): CallContext => ({
  door: "rest",
  orchestrations: noOrchestrations,
  waitMs: 0,
  caller: person(granted === undefined ? [] : [`lightning.${granted}`]),
});

describe("every operation asks for its role", () => {
  const rows = app.operations
    .filter((row) => row.open !== true)
    .map((row) => [row.name, row.role, row] as const);
  const roles = ["reader", "labeller", "builder", "trainer", "releaser", "owner"] as const;

  it.each(rows)("%s lets nobody in below %s", async (_name, role, row) => {
    const input = parseInput(row, { ...row.example });
    for (const less of [undefined, ...roles.slice(0, roles.indexOf(role))])
      await expect(row.run(input, context(less))).rejects.toMatchObject({
        code: "role_missing",
        status: 403,
        details: expect.objectContaining({ role }),
      });
  });

  it("a role for one agent opens that agent alone", async () => {
    const body = { agent_id: "mcp-agents", episode_id: "ep-1", source: "human_approval", value: 1 };
    const refused = await json(rest("assignReward", ["lightning.labeller:support"], { body }));
    expect(refused.status).toBe(403);
    expect(refused.body.error).toMatchObject({
      code: "role_missing",
      message:
        "assignReward needs the role labeller for agent mcp-agents; ada@example.com has labeller:support.",
      remedy: "An owner can grant the app role lightning.labeller or lightning.labeller:mcp-agents.",
    });
    const allowed = await json(rest("assignReward", ["lightning.labeller:mcp-agents"], { body }));
    expect(allowed.status).toBe(201);
  });

  it("of many items every one's agent is asked for, whoever the batch says it is for", async () => {
    const row = app.operations.find(({ name }) => name === "recordEpisodes");
    if (row === undefined) throw new Error("gone");
    expect(
      agentsOf(row, { agent_id: "a", episodes: [{}, { agent_id: "b" }, { agent_id: "b" }] }, "std"),
    ).toEqual(["a", "b"]);
    expect(agentsOf(row, { user_input: "x" }, "std")).toEqual(["std"]);
    const body = [
      { ...episode, id: "ep-2", agent_id: "support" },
      { ...episode, id: "ep-3", agent_id: "billing" },
    ];
    const reply = await json(rest("recordEpisodes", ["lightning.labeller:support"], { body }));
    expect(reply.body.error).toMatchObject({ code: "role_missing", details: { agent_id: "billing" } });
    expect(await ledger.read("episodes", ["support", "ep-2"], "ep-2")).toBeUndefined();
  });

  it("a refused call leaves one record, however many agents it names", async () => {
    const body = Array.from({ length: 1000 }, (_, n) => ({
      ...episode,
      id: `ep-x${n}`,
      agent_id: `of-${n}`,
    }));
    const before = (await ledger.query("audit", { limit: 1000 })).items.length;
    expect((await json(rest("recordEpisodes", [], { body }))).status).toBe(403);
    expect((await ledger.query("audit", { limit: 1000 })).items.length).toBe(before + 1);
    const refused = { outcome: "refused", code: "role_missing", agents_named: 1000 };
    expect(await audit({ agent_id: EVERY_AGENT, limit: "1000" })).toContainEqual(
      expect.objectContaining(refused),
    );
    expect(await audit({ agent_id: "of-0" })).toEqual([]);
    // Of one agent it stands where its owner looks.
    await rest("recordEpisodes", [], { body: { ...episode, id: "ep-y", agent_id: "of-1" } });
    expect(await audit({ agent_id: "of-1" })).toEqual([expect.objectContaining({ outcome: "refused" })]);
  });

  it("who has no role is told who they are taken for, and nothing else", async () => {
    const me = await json(rest("whoAmI", []));
    expect(me).toMatchObject({ status: 200, body: { principal: "ada@example.com", roles: [], may: [] } });
    for (const row of app.operations.filter(({ effect, name }) => effect === "read" && name !== "whoAmI"))
      await expect(row.run(parseInput(row, { ...row.example }), context(undefined))).rejects.toMatchObject({
        code: "role_missing",
      });
  });

  it("what concerns no single agent may be read with any role", async () => {
    expect((await json(rest("getHealth", ["lightning.reader:support"]))).status).not.toBe(403);
    expect((await json(rest("getHealth", []))).status).toBe(403);
  });

  it("without a person everything is open: a laptop, a function key", async () => {
    expect((await json(rest("getStats", undefined))).status).toBe(200);
  });
});

describe("the record of changes", () => {
  it("tells who did what with which roles, and the versions that it left", async () => {
    clock.advance(1000);
    const body = { episode_id: "ep-1", source: "human_approval", value: -1, evaluator: "someone else" };
    await rest("assignReward", ["lightning.owner"], { body });
    const [record] = await audit({ operation: "assignReward", who: "ada@example.com" });
    expect(record).toMatchObject({
      type: "audit",
      agent_id: "mcp-agents",
      created_at: "2026-11-20T08:00:01.000Z",
      who: "ada@example.com",
      identity: "person",
      roles: ["owner"],
      door: "rest",
      operation: "assignReward",
      effect: "write",
      outcome: "done",
      status: 201,
      ids: expect.objectContaining({ episode_id: "ep-1", reward_id: expect.stringMatching(/^rew-/) }),
      claimed: { evaluator: "someone else" },
    });
    expect(record?.writes).toContainEqual(
      expect.objectContaining({ container: "rewards", after_etag: expect.any(String) }),
    );
    expect(JSON.stringify(record)).not.toContain("hello");
  });

  it("tells the refused and the failed too, with the reason that was given", async () => {
    clock.advance(1000);
    const start_date = new Date(clock.now()).toISOString();
    await rest("rollback", ["lightning.trainer"], { body: { reason: "worse" } });
    clock.advance(1000);
    await rest("rollback", ["lightning.releaser"], { body: { reason: "worse" } });
    const records = await audit({ operation: "rollback", start_date });
    expect(records.map(({ outcome, code, reason, status }) => [outcome, code, reason, status])).toEqual([
      ["failed", expect.any(String), "worse", expect.any(Number)],
      ["refused", "role_missing", "worse", 403],
    ]);
  });

  it("names nobody where nobody is known, and keeps apart what the body claims", async () => {
    clock.advance(1000);
    await rest("deactivate", undefined, { body: { deactivated_by: "admin@example.com" } });
    const [record] = await audit({ operation: "deactivate" });
    const name = expect.stringMatching(/^\[REDACTED:email#[a-z2-7]{12}\]$/);
    expect(record).toMatchObject({ identity: "local", claimed: { deactivated_by: name } });
    expect(record).not.toHaveProperty("who");
  });

  it("keeps the name and the object id of who is signed in", async () => {
    clock.advance(1000);
    const row = app.operations.find(({ name }) => name === "deactivate");
    const oid = "0f3c1a2b-1111-4222-8333-444455556666";
    const headers = new Headers({
      "x-ms-client-principal": principal({ name: "Ada", oid, roles: ["lightning.owner"] }),
    });
    const caller = access.callerOf({ headers });
    await row?.run(parseInput(row, {}), { ...context("owner"), caller });
    expect((await audit({ operation: "deactivate", who: "Ada" }))[0]).toMatchObject({
      who: "Ada",
      who_id: oid,
    });
    // As records and answers name them; the id finds the account whatever its name has become.
    for (const who of [`Ada (${oid})`, `Ada Lovelace (${oid})`])
      expect(await audit({ who })).toEqual([expect.objectContaining({ who: "Ada", who_id: oid })]);
    expect(await audit({ who: "Ada (0f3c1a2b-1111-4222-8333-444455556667)" })).toEqual([]);
  });

  it("is not written for reading", async () => {
    await rest("getStats", undefined);
    expect((await audit({ operation: "getStats" })).length).toBe(0);
  });

  it("expires with LIGHTNING_AUDIT_TTL_DAYS, and no operation changes or removes it", async () => {
    const { items } = await ledger.query("audit", { pk: ["mcp-agents"], limit: 1 });
    expect(items[0]?.ttl).toBe(365 * 86_400);
    const touching = app.operations.filter(({ name, effect }) => /audit/i.test(name) && effect !== "read");
    expect(touching).toEqual([]);
  });

  it("goes to the log whole when the ledger refuses it; the change itself stands", async () => {
    failAudit = true;
    try {
      const reply = await json(rest("recordEpisodes", undefined, { body: { ...episode, id: "ep-9" } }));
      expect(reply.status).toBe(201);
    } finally {
      failAudit = false;
    }
    expect(logged.filter((line) => line.includes("audit record could not be stored"))).toEqual([
      expect.stringMatching(/ep-9/),
    ]);
  });

  describe("of a call whose one write took its record along is one and true", () => {
    const recordsOf = async (id: string) =>
      (await audit({ operation: "recordEpisodes", limit: "200" })).filter(
        ({ ids }) => (ids.episode_id ?? ids.id) === id,
      );
    const written = (id: string) => ({
      container: "episodes",
      id,
      after_etag: expect.any(String),
    });
    /** Records an episode as the app does, with something more to do after its write. */
    const recordThen = (id: string, then: (watched: Ledger) => Promise<unknown>) => {
      const row = app.operations.find(({ name }) => name === "recordEpisodes");
      if (row === undefined) throw new Error("gone");
      const watched = watchWrites<Ledger>(failing);
      const reply = { status: 201, body: { episode_id: id } };
      const operation = guarded(
        {
          ...row,
          async run() {
            const stored = await ledger.read("episodes", ["mcp-agents", "ep-1"], "ep-1");
            const document = { ...bare(stored as Stored<LedgerDocument>), id };
            await watched.ledger.bulk("episodes", "create", [document]);
            await then(watched.ledger);
            return reply;
          },
          foreseen: () => () => reply,
        },
        { audit: app.services.audit, watched, agentId: "mcp-agents" },
      );
      const request = azureRequest("POST", "/api/lightning/episodes", {
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...episode, id }),
      });
      return json(handleRest(operation, request, { orchestrations: noOrchestrations }));
    };

    it("when a later step fails", async () => {
      const reply = await recordThen("ep-later", () => Promise.reject(new Error("a later step")));
      expect(reply.status).toBe(500);
      expect(await recordsOf("ep-later")).toEqual([
        expect.objectContaining({
          outcome: "failed",
          status: 500,
          code: "internal_error",
          writes: [written("ep-later")],
          writes_count: 1,
        }),
      ]);
    });

    it("when a second write follows", async () => {
      const reply = await recordThen("ep-two", (watched) =>
        watched.patch("episodes", ["mcp-agents", "ep-two"], "ep-two", [
          { op: "set", field: "reward_avg", value: 1 },
        ]),
      );
      expect(reply.status).toBe(201);
      const [record, ...more] = await recordsOf("ep-two");
      expect(more).toEqual([]);
      expect(record).toMatchObject({ outcome: "done", status: 201, writes_count: 2 });
      expect(record?.writes.map(({ id }) => id)).toEqual(["ep-two", "ep-two"]);
    });

    it("when the commit's acknowledgment is lost", async () => {
      afterTrail = () => {
        throw unavailable("ledger_closed", "The writer is gone.");
      };
      try {
        const reply = await json(rest("recordEpisodes", undefined, { body: { ...episode, id: "ep-lost" } }));
        expect(reply.status).toBe(503);
      } finally {
        afterTrail = undefined;
      }
      expect(await ledger.read("episodes", ["mcp-agents", "ep-lost"], "ep-lost")).toBeDefined();
      expect(await recordsOf("ep-lost")).toEqual([
        expect.objectContaining({
          outcome: "failed",
          status: 503,
          writes: [written("ep-lost")],
          writes_count: 1,
        }),
      ]);
    });
  });

  it("pages through everything, newest first, within times", async () => {
    const seen: string[] = [];
    let continuation = "";
    do {
      const query = new URLSearchParams({ limit: "1", ...(continuation === "" ? {} : { continuation }) });
      const { body } = await json(rest("listAudit", undefined, { query: query.toString() }));
      const page = body as unknown as { audit: AuditRecord[]; continuation?: string };
      seen.push(...page.audit.map(({ created_at }) => created_at));
      continuation = page.continuation ?? "";
    } while (continuation !== "");
    expect(seen.length).toBeGreaterThan(4);
    expect(seen).toEqual(seen.toSorted().toReversed());
    expect(await audit({ start_date: "2026-11-21T00:00:00Z" })).toEqual([]);
    // A day alone is the whole of it, at either end.
    const today = new Date(clock.now()).toISOString().slice(0, 10);
    expect(await audit({ start_date: today, end_date: today })).toEqual(await audit({ start_date: today }));
    expect(await audit({ start_date: today, end_date: today })).not.toEqual([]);
    expect(EVERY_AGENT).toBe("every-agent");
  });
});

describe("the durable engine's keys", () => {
  const row = {
    ...(app.operations[0] as (typeof app.operations)[number]),
  };
  it("are handed to owners of every agent alone", async () => {
    const seen: Record<string, string>[] = [];
    const spy = guarded(
      {
        ...row,
        effect: "read",
        role: "reader",
        run: async (_input, { orchestrations }) => {
          seen.push(orchestrations.urls("run-1"));
          return { body: {} };
        },
      },
      { audit: app.services.audit, watched: { during: (_seen, run) => run() }, agentId: "mcp-agents" },
    );
    for (const roles of [["lightning.trainer"], ["lightning.owner:mcp-agents"], ["lightning.owner"]])
      await spy.run(
        { agent_id: "mcp-agents" },
        {
          door: "rest",
          waitMs: 0,
          orchestrations: { ...noOrchestrations, urls: () => ({ a: "?code=k" }) },
          caller: person(roles),
        },
      );
    expect(seen).toEqual([{}, {}, { a: "?code=k" }]);
  });
});

describe("MCP tools", () => {
  const asked: unknown[] = [];
  const door = createMcpDoor({
    atDoor: (row) =>
      guarded(row, {
        audit: app.services.audit,
        watched: { during: (_call, run) => run() },
        agentId: "mcp-agents",
      }),
    operations: app.operations,
    extraTools: [
      {
        name: "ask_foundry",
        title: "Ask",
        description: "Answers.",
        outputSchema: z.string(),
        inputSchema: z.strictObject({ question: z.string(), agent_id: z.string().optional() }),
        run: async (args) => {
          asked.push(args);
          return "yes";
        },
      },
    ],
    logger: silentLogger,
  });
  const rpc = async (roles: readonly string[] | undefined, body: object) => {
    const reply = await door.handle(
      azureRequest("POST", "/api/mcp?tools=all", {
        headers:
          roles === undefined
            ? {}
            : { "x-ms-client-principal": principal({ roles }), "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body }),
      }),
      { orchestrations: noOrchestrations, access },
    );
    return {
      status: reply.status,
      body: JSON.parse(Buffer.from(reply.body as Uint8Array | string as never).toString()) as never as {
        result: {
          tools: { name: string; annotations: { readOnlyHint: boolean; destructiveHint: boolean } }[];
          isError?: boolean;
          content: { text: string }[];
        };
        error: { message: string };
      },
    };
  };

  it("are listed as far as the caller's roles reach, with their hints", async () => {
    const { body } = await rpc(["lightning.reader:support"], { method: "tools/list" });
    const names = body.result.tools.map(({ name }) => name);
    expect(names).toContain("lightning_get_stats");
    expect(names).not.toContain("lightning_promote");
    expect(names).not.toContain("ask_foundry");
    expect(body.result.tools.every(({ annotations }) => annotations.readOnlyHint)).toBe(true);
    const all = (await rpc(["lightning.owner"], { method: "tools/list" })).body.result.tools;
    expect(all.length).toBe(door.tools.size);
    expect(
      all.find(({ name }) => name === "lightning_rollback_deployment")?.annotations.destructiveHint,
    ).toBe(true);
  });

  it("that ask a model are an agent's labeller's to use for that agent, and leave a record each time", async () => {
    const ask = (roles: readonly string[], args: Record<string, unknown>) =>
      rpc(roles, {
        method: "tools/call",
        params: { name: "ask_foundry", arguments: { question: "Is my password hunter2?", ...args } },
      });
    const own = await ask(["lightning.labeller:beta"], { agent_id: "beta" });
    expect(own.body.result.content[0]?.text).toBe("yes");
    const times = asked.length;
    for (const [roles, args] of [
      [["lightning.labeller:beta"], { agent_id: "alpha" }],
      [["lightning.labeller:beta"], {}],
      [["lightning.reader"], { agent_id: "beta" }],
      [[], { agent_id: "beta" }],
    ] as const)
      expect((await ask(roles, args)).body.result.content[0]?.text).toMatch(/Code: role_missing/);
    expect(asked.length).toBe(times);
    const records = await audit({ agent_id: "beta", operation: "ask_foundry" });
    expect(records.map(({ outcome, roles, door: by }) => [outcome, roles, by])).toEqual(
      expect.arrayContaining([
        ["done", ["labeller:beta"], "mcp"],
        ["refused", ["reader"], "mcp"],
        ["refused", [], "mcp"],
      ]),
    );
    expect(records).toHaveLength(3);
    expect(await audit({ agent_id: "alpha", operation: "ask_foundry" })).toHaveLength(1);
    // What was asked and answered is the episode's business.
    expect(JSON.stringify(records)).not.toContain("hunter2");
  });

  it("show somebody without a role the one that tells them who they are", async () => {
    const { body } = await rpc([], { method: "tools/list" });
    expect(body.result.tools.map(({ name }) => name)).toEqual(["lightning_who_am_i"]);
  });

  it("are refused with the role when called all the same", async () => {
    for (const name of ["lightning_deactivate_deployment", "ask_foundry"]) {
      const { body } = await rpc(["lightning.reader"], {
        method: "tools/call",
        params: { name, arguments: name === "ask_foundry" ? { question: "?" } : {} },
      });
      expect(body.result.isError).toBe(true);
      expect(body.result.content[0]?.text).toMatch(/Code: role_missing/);
    }
  });

  it("are not even listed for somebody who is not signed in", async () => {
    expect((await rpc(undefined, { method: "tools/list" })).status).toBe(401);
  });
});
