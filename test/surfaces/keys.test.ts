import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { takesKey } from "../../src/doors/idempotency-key.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { conflict, LightningError, unavailable } from "../../src/kernel/errors.ts";
import { sendOver } from "../../src/sdk/send-captured.ts";
import { invokeOver } from "../../src/sdk/transport.ts";
import { inputFields } from "../../src/surfaces/fields.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import type { SmallRow } from "../../src/wire/row.ts";
import { OPERATIONS } from "../../src/wire/table.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const rows = operationRows(readSettings({}));
/** What pays or moves: our own clients send a key with every call of these. */
const ALWAYS = [
  "recordEpisodes",
  "undoReview",
  "startTraining",
  "promote",
  "rollback",
  "deactivate",
  "runPipeline",
  "decidePipeline",
];

describe("an Idempotency-Key holds by the row, and every door follows it", () => {
  const document = openapiDocument(rows);
  const tools = mcpTools({ operations: rows });
  const small: Readonly<Record<string, SmallRow>> = OPERATIONS;

  test.each(rows.map((row) => [row.name, row] as const))("%s", (name, row) => {
    const { rest, idempotency = {} } = row;
    const holds = rest.method === "POST" && !("none" in idempotency);
    expect(takesKey(row)).toBe(holds);
    const path = `/lightning${rest.path.replaceAll("?}", "}")}`;
    const described = { ...document.paths?.[path]?.[rest.method === "GET" ? "get" : "post"] } as Record<
      string,
      unknown
    >;
    const header = JSON.stringify(described.parameters ?? []).includes('"Idempotency-Key"');
    expect(header).toBe(holds);
    expect(described["x-idempotency-key"]).toBe(rest.method === "GET" ? undefined : holds);
    expect("x-no-idempotency-key" in described).toBe(rest.method === "POST" && !holds);
    expect(inputFields(row).some((field) => field.name === "idempotency_key")).toBe(holds);
    for (const tool of row.mcp ?? [])
      expect("idempotency_key" in (tools.get(tool)?.listed("whole").inputSchema.properties ?? {})).toBe(
        holds,
      );
    expect(small[name]?.key).toBe(holds ? (ALWAYS.includes(name) ? "always" : "taken") : undefined);
    // A row whose repetition does harm is one that our clients send a key with.
    if (rest.method === "POST" && !row.idempotent) expect(ALWAYS).toContain(name);
  });
});

describe("the command line", () => {
  const keys: (string | undefined)[] = [];
  let answers: (object | Error)[] = [];
  let door: Awaited<ReturnType<typeof loopback>>;
  const scripted: Operation[] = rows.map((row) => ({
    ...row,
    async run(_input, { idempotencyKey }) {
      keys.push(idempotencyKey);
      const one = answers.length > 1 ? answers.shift() : answers[0];
      if (one instanceof Error) throw one;
      return { body: one };
    },
  }));
  beforeAll(async () => {
    door = await loopback(scripted);
  });
  afterAll(() => door.stop());
  const lightning = (...argv: string[]) => cliAgainst(rows, door.url)(...argv);
  const asks = async (script: (object | Error)[], ...argv: string[]) => {
    keys.length = 0;
    answers = script;
    const ran = await lightning(...argv);
    return { ...ran, keys: [...keys] };
  };
  const moved = { success: true, deployment_id: "dep-1", agent_id: "a", warnings: [] };

  test.each([
    [["rollback", "--reason", "worse", "--yes", "--json"]],
    [["deactivate", "--yes", "--json"]],
    [["review", "undo", "--reviewer", "ann", "--json"]],
    [["record", "--user-input", "a", "--assistant-output", "b", "--json"]],
    [["run", "--name", "weekly", "--no-wait", "--json"]],
  ])("%j sends a key by itself, and asks again under it when the answer is lost", async (argv) => {
    const { keys: sent } = await asks([unavailable("busy", "Busy."), moved], ...argv);
    expect(sent).toHaveLength(2);
    expect(sent[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(sent[1]).toBe(sent[0]);
  });

  test("takes the caller's key, and tells it when the answer stays away", async () => {
    const away = await asks([unavailable("busy", "Busy.")], "rollback", "--yes", "--idempotency-key", "mine");
    expect(new Set(away.keys)).toEqual(new Set(["mine"]));
    expect(away.err).toContain("--idempotency-key mine");
    const reward = await asks([moved], "reward", "--episode-id", "e", "--value", "1", "--json");
    expect(reward.keys).toEqual([undefined]);
  });

  test("waits for a request that is still being carried out", async () => {
    const underWay = conflict("idempotency_in_progress", "Under way.", { retryAfterMs: 2000 });
    expect((await asks([underWay, moved], "deactivate", "--yes", "--json")).code).toBe(0);
  });
});

describe("the SDK", () => {
  function scripted(answers: (object | Error)[]) {
    const calls: { operation: string; key: string | undefined; input: object }[] = [];
    const clock = new VirtualClock();
    const invoke = invokeOver(
      {
        async invoke(operation, input, options) {
          calls.push({ operation, key: options?.idempotencyKey, input });
          setImmediate(() => clock.fireNext());
          const one = answers.length > 1 ? answers.shift() : answers[0];
          if (one instanceof Error) throw one;
          return { status: 200, body: { ...one } };
        },
        close: async () => {},
      },
      "support",
      clock,
    );
    return { invoke, calls };
  }
  const lost = new LightningError("unavailable", "endpoint_unreachable", "Gone.", { ambiguous: true });

  test("sends what pays or moves under a key of its own, the same when it asks again", async () => {
    const { invoke, calls } = scripted([lost, lost, { success: true }]);
    await invoke("rollback", { reason: "worse" });
    await invoke("rollback", { reason: "worse" });
    const keys = calls.map(({ key }) => key);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
  });

  test("takes a caller's key for any operation that holds one, and asks again under no other", async () => {
    const { invoke, calls } = scripted([lost, { success: true }]);
    await invoke("assignReward", { episodeId: "ep-1", value: 1, idempotencyKey: "mine" });
    expect(calls.map(({ key }) => key)).toEqual(["mine", "mine"]);
    expect(calls[0]?.input).not.toHaveProperty("idempotency_key");
    const without = scripted([lost]);
    await expect(without.invoke("assignReward", { episodeId: "ep-1", value: 1 })).rejects.toThrow("Gone.");
    expect(without.calls).toHaveLength(1);
  });

  test("sends a captured batch once and without a key, for its episodes carry their ids", async () => {
    const { invoke, calls } = scripted([lost]);
    const send = sendOver(invoke);
    const batch = (...ids: string[]) =>
      ids.map((id) => ({ id, user_input: "a", assistant_output: "b" })) as Parameters<typeof send>[0];
    for (const episodes of [batch("a", "b"), batch("a", "b"), batch("a", "c")])
      await expect(send(episodes)).rejects.toThrow("Gone.");
    // How often it is sent, the queue decides.
    expect(calls).toHaveLength(3);
    expect(calls.map(({ key }) => key)).toEqual([undefined, undefined, undefined]);
  });
});
