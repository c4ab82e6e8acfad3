import { describe, expect, test } from "@jest/globals";
import { EntityId } from "durable-functions";
import { type EntityCode, type OrchestratorCode, testHost } from "./app.ts";

const counter: EntityCode = ({ df }) => {
  const value = df.getState(() => 0) as number;
  switch (df.operationName ?? "") {
    case "add":
      df.setState(value + (df.getInput<number>() ?? 0));
      return;
    case "get":
      df.return(value);
      return;
    case "tell":
      df.signalEntity(new EntityId("Counter", "other"), "add", value);
      return;
    case "delete":
      df.destructOnExit();
      return;
    default:
      throw new Error(`no operation ${df.operationName}`);
  }
};
const a = new EntityId("Counter", "a");
const b = new EntityId("Counter", "b");

const counting: OrchestratorCode = function* ({ df }) {
  df.signalEntity(a, "add", 5);
  const before = yield df.callEntity(a, "get");
  yield df.callEntity(a, "add", 2);
  return [before, yield df.callEntity(a, "get")];
};

const swap: OrchestratorCode = function* ({ df }) {
  const lock = yield df.lock(a, b);
  const before = yield df.callEntity(a, "get");
  // Others have a whole day to interfere.
  yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 86_400_000));
  yield df.callEntity(a, "add", 1);
  yield df.callEntity(b, "add", 10);
  const after = yield df.callEntity(a, "get");
  if (df.getInput() === "release") lock.release();
  return after - before;
};

const remind: EntityCode = ({ df }) => {
  df.signalEntity(a, "add", 9);
};

describe("entities", () => {
  test("keep their state through signals and calls of an orchestration", async () => {
    await using host = await testHost({ orchestrators: { counting }, entities: { Counter: counter } });
    expect((await host.run("counting")).output).toEqual([5, 7]);
    expect((await host.call("GET", "entities/counter/a")).body).toBe("7");
  });

  test("are signalled, read, listed and deleted over HTTP", async () => {
    await using host = await testHost({ entities: { Counter: counter } });
    expect((await host.call("POST", "entities/Counter/x?op=add", 3)).status).toBe(202);
    await host.call("POST", "entities/Counter/x?op=add", 4);
    await host.call("POST", "entities/Counter/x?op=tell");
    await host.engine.idle();
    expect((await host.call("GET", "entities/Counter/x")).body).toBe("7");
    const listed = await host.call("GET", "entities/counter?fetchState=true");
    expect(JSON.parse(listed.body)).toMatchObject([
      { entityId: { name: "counter", key: "other" }, state: 7 },
      { entityId: { name: "counter", key: "x" }, state: 7 },
    ]);
    await host.call("DELETE", "entities/Counter/x");
    await host.engine.idle();
    expect((await host.call("GET", "entities/Counter/x")).status).toBe(404);
  });

  test("that fail or do not exist fail the call", async () => {
    await using host = await testHost({
      orchestrators: {
        *failing({ df }) {
          const messages = [];
          for (const id of [a, new EntityId("Nobody", "n")])
            try {
              yield df.callEntity(id, "dance");
            } catch (error) {
              messages.push((error as Error).message);
            }
          return messages;
        },
      },
      entities: { Counter: counter },
    });
    // The SDK itself turns an operation's Error into "{}" on its way.
    expect((await host.run("failing")).output).toEqual([
      "[object Object]",
      expect.stringContaining("The entity function 'nobody' doesn't exist"),
    ]);
  });

  test("stay locked for one orchestration at a time, across all entities of the lock", async () => {
    await using host = await testHost({ orchestrators: { swap }, entities: { Counter: counter } });
    for (const id of ["one", "two", "three"]) await host.begin("swap", id, id === "two" ? "" : "release");
    await host.settle();
    for (const id of ["one", "two", "three"]) expect((await host.status(id)).output).toBe(1);
    expect((await host.call("GET", "entities/counter/a")).body).toBe("3");
    expect((await host.call("GET", "entities/counter/b")).body).toBe("30");
    expect(host.log.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("cannot be locked where the extension is older (schema V3)", async () => {
    await using host = await testHost({
      orchestrators: {
        *locking({ df }) {
          yield df.lock(new EntityId("account", "a"));
          return "locked";
        },
      },
      options: { schema: "V3" },
    });
    const { runtimeStatus, output } = await host.run("locking");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/schema/i);
  });

  test("are free again when the orchestration that locked them is terminated", async () => {
    await using host = await testHost({ orchestrators: { swap, counting }, entities: { Counter: counter } });
    await host.begin("swap", "holder");
    await host.engine.idle();
    await host.begin("counting", "waiter");
    await host.engine.idle();
    expect((await host.status("waiter")).runtimeStatus).toBe("Running");
    await host.call("POST", "instances/holder/terminate?reason=enough");
    await host.engine.idle();
    expect(await host.status("waiter")).toMatchObject({ runtimeStatus: "Completed", output: [5, 7] });
  });

  test("take a signal that is scheduled at its time", async () => {
    await using host = await testHost({ entities: { Counter: counter, Remind: remind } });
    // The SDK has no way to say when; .NET entities do, and the extension takes it from either.
    const plain = host.invoker.invoke.bind(host.invoker);
    host.invoker.invoke = async (name, trigger) => {
      const result = await plain(name, trigger);
      if (name !== "Remind" || !result.ok || !result.returnValue || !("json" in result.returnValue))
        return result;
      const state = JSON.parse(result.returnValue.json) as { signals: Record<string, unknown>[] };
      for (const signal of state.signals)
        signal.scheduledTime = new Date(host.clock.now() + 3_600_000).toISOString();
      return { ok: true, returnValue: { json: JSON.stringify(state) } };
    };
    await host.call("POST", "entities/Remind/r?op=go");
    await host.engine.idle();
    expect((await host.call("GET", "entities/Counter/a")).status).toBe(404);
    const from = host.clock.now();
    await host.settle();
    expect((await host.call("GET", "entities/Counter/a")).body).toBe("9");
    expect(host.clock.now() - from).toBe(3_600_000);
  });

  test("are listed page by page and by the time of their last operation", async () => {
    await using host = await testHost({ entities: { Counter: counter } });
    for (const key of ["a", "ä", "c"]) await host.call("POST", `entities/Counter/${key}?op=add`, 1);
    await host.engine.idle();
    const first = await host.call("GET", "entities/counter?top=2");
    expect(JSON.parse(first.body)).toHaveLength(2);
    const token = { "x-ms-continuation-token": first.headers["x-ms-continuation-token"] ?? "" };
    const second = await host.call("GET", "entities/counter?top=2", undefined, token);
    expect(second.headers["x-ms-continuation-token"]).toBe("");
    const keys = [...JSON.parse(first.body), ...JSON.parse(second.body)].map(({ entityId }) => entityId.key);
    expect(keys).toEqual(["a", "c", "ä"]);
    const later = new Date(host.clock.now() + 1000).toISOString();
    expect((await host.call("GET", `entities?lastOperationTimeFrom=${later}`)).body).toBe("[]");
  });

  test.each([
    ["POST", "terminate", 400],
    ["POST", "suspend", 400],
    ["POST", "resume", 400],
    ["POST", "restart", 400],
    ["POST", "rewind", 412],
    ["POST", "raiseEvent/op", 202],
    ["GET", "", 202],
    ["DELETE", "", 200],
  ])("answer %s %s of their instance with %i", async (method, command, status) => {
    await using host = await testHost({ entities: { tally: ({ df }) => df.setState(1) } });
    await host.call("POST", "entities/tally/a?op=x");
    await host.engine.idle();
    expect((await host.call(method, `instances/@tally@a/${command}`, 1)).status).toBe(status);
    await host.engine.idle();
    expect((await host.call("GET", "entities/tally/a")).status).toBe(method === "DELETE" ? 404 : 200);
  });

  test("stay as instances without state when they are deleted, and go when they are purged", async () => {
    await using host = await testHost({
      entities: {
        tally: ({ df }) => (df.operationName === "end" ? df.destructOnExit() : df.setState(1)),
      },
    });
    const signal = async (op: string) => {
      await host.call("POST", `entities/tally/a?op=${op}`);
      await host.engine.idle();
    };
    await signal("begin");
    expect((await host.status("@tally@a")).input).toEqual({ exists: true, state: "1", sorter: {} });
    await signal("end");
    expect((await host.status("@tally@a")).input).not.toHaveProperty("state");
    const list = async (query: string) =>
      JSON.parse((await host.call("GET", `entities${query}`)).body) as unknown[];
    expect(await list("")).toMatchObject([{ entityId: { name: "tally", key: "a" }, state: null }]);
    expect(await list("?fetchState=true")).toEqual([]);
    const history = (await host.status("@tally@a", "showHistory=true")).historyEvents;
    expect(history).toMatchObject([{ EventType: "ExecutionStarted", FunctionName: "@tally@a" }]);
    await host.call("DELETE", "instances/@tally@a");
    expect(await list("")).toEqual([]);
  });

  test.each(["a%23b", "a%3Fb", "a%5Cb", "a%01b"])("have no key %s", async (key) => {
    await using host = await testHost({ entities: { tally: () => {} } });
    const { status, body } = await host.call("POST", `entities/tally/${key}?op=x`);
    expect([status, body]).toEqual([400, expect.stringContaining("Entity keys must not contain")]);
  });
});
