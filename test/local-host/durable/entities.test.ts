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
});
