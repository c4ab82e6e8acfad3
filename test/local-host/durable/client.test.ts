import { writeFile } from "node:fs/promises";
import { app, type HttpRequest, type InvocationContext } from "@azure/functions";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as df from "durable-functions";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { LocalHost } from "../../../src/local-host/local-host.ts";
import { memoryLogger, scratch } from "../support.ts";

/** With a version of its own: an instance that has one waits for a host that is as new. */
async function hostFolder(): Promise<string> {
  const folder = await scratch();
  const durableTask = { defaultVersion: "9.0" };
  await writeFile(`${folder}/host.json`, JSON.stringify({ version: "2.0", extensions: { durableTask } }));
  return folder;
}

/** The SDK's own client, as an app's function has it, over its loopback port. */
let client: df.DurableClient;
let host: LocalHost;
const clock = new VirtualClock();
const { logger, lines } = memoryLogger();
let broken = true;

function register(): void {
  df.app.orchestration("echo", function* (context) {
    yield context.df.callActivity("note", context.df.getInput());
    return context.df.getInput();
  });
  df.app.orchestration("wait", function* (context) {
    const word: unknown = yield context.df.waitForExternalEvent("word");
    return word === undefined ? "nothing" : word;
  });
  df.app.orchestration("version", function* (context) {
    yield context.df.callActivity("note", null);
    return context.df.version;
  });
  df.app.orchestration("fragile", function* (context) {
    return yield context.df.callActivity("mayBreak", null);
  });
  df.app.activity("note", { handler: (input) => input });
  df.app.activity("mayBreak", {
    handler: () => {
      if (broken) throw new Error("broken");
      return "mended";
    },
  });
  df.app.entity("tally", (context) => {
    if (context.df.operationName === "add")
      context.df.setState(Number(context.df.getState(() => 0)) + Number(context.df.getInput()));
  });
  const binding = df.input.durableClient();
  const http = (
    name: string,
    route: string,
    handler: (request: HttpRequest, context: InvocationContext) => unknown,
  ) => app.http(name, { route, extraInputs: [binding], handler: handler as never });
  http("take", "take", (_request, context) => {
    client = df.getClient(context);
    return { status: 200 };
  });
  http("check", "check/{id}", (request, context) =>
    df.getClient(context).createCheckStatusResponse(request, request.params.id ?? ""),
  );
  http("until", "until/{id}", (request, context) =>
    df.getClient(context).waitForCompletionOrCreateCheckStatusResponse(request, request.params.id ?? "", {
      timeoutInMilliseconds: 300,
      retryIntervalInMilliseconds: 50,
    }),
  );
}

beforeAll(async () => {
  host = await LocalHost.start({
    folder: await hostFolder(),
    home: await scratch(),
    clock,
    logger,
    app: register,
  });
  await host.fetch("/api/take");
});
afterAll(() => host.stop());

const started = async (name: string, options?: df.StartNewOptions) => {
  const id = await client.startNew(name, options);
  await host.settle();
  return id;
};

describe("the SDK's durable client", () => {
  test("starts with an input, with null, and with none, which becomes an empty text", async () => {
    const outputs = [];
    for (const options of [{ input: { a: 1 } }, { input: null }, undefined]) {
      const id = await started("echo", options);
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      outputs.push((await client.getStatus(id)).output);
    }
    expect(outputs).toEqual([{ a: 1 }, null, ""]);
  });

  test("starts under an id and with a version of its own", async () => {
    expect(await started("version", { instanceId: "own", version: "7.1" })).toBe("own");
    expect((await client.getStatus("own")).output).toBe("7.1");
  });

  test.each(["@a", "a/b", "a\\b", "a%01b", "x".repeat(101)])(
    "cannot start under the id %j",
    async (instanceId) => {
      const refused = client.startNew("echo", { instanceId, input: null });
      await expect(refused).rejects.toThrow(/40[04]/);
      expect(await client.getStatusAll()).not.toContainEqual(expect.objectContaining({ instanceId }));
    },
  );

  test("does not encode an id, so that what follows a # is lost before it is sent", async () => {
    expect(await started("echo", { instanceId: "cut#off", input: null })).toBe("cut");
  });

  test("reads a status with and without input, and none of an unknown instance", async () => {
    const id = await started("echo", { input: "text" });
    const status = await client.getStatus(id, { showInput: true });
    expect(status).toMatchObject({ name: "echo", instanceId: id, runtimeStatus: "Completed", input: "text" });
    expect(status.createdTime).toBeInstanceOf(Date);
    await expect(client.getStatus("unknown")).rejects.toThrow("404");
  });

  test("gets no history from getStatus, which the host says aloud", async () => {
    const id = await started("echo", { input: 1 });
    expect((await client.getStatus(id, { showHistory: true })).history).toBeUndefined();
    expect(lines.filter((line) => line.includes("issue 620"))).toHaveLength(1);
  });

  test("raises an event that a waiting orchestration hears; one without data is refused, as by the extension", async () => {
    const id = await started("wait");
    await expect(client.raiseEvent(id, "word", undefined)).rejects.toThrow("400");
    await client.raiseEvent(id, "word", { said: true });
    await host.settle();
    expect((await client.getStatus(id)).output).toEqual({ said: true });
    await client.raiseEvent(id, "word", "too late");
    await expect(client.raiseEvent("unknown", "word", 1)).rejects.toThrow("unknown");
  });

  test("cannot suspend what is suspended nor resume what runs, and hears why", async () => {
    const id = await started("wait");
    await expect(client.resume(id, "x")).rejects.toThrow("because instance is in the Running state.");
    await client.suspend(id, "lunch");
    await host.settle();
    await expect(client.suspend(id, "x")).rejects.toThrow("because instance is in the Suspended state.");
    expect((await client.getStatus(id)).output).toBe("lunch");
    await client.resume(id, "back");
    await host.settle();
    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Running", output: "back" });
    await client.terminate(id, "");
    await host.settle();
    await client.suspend(id, "over");
  });

  test("finds nothing in another task hub", async () => {
    const id = await started("wait");
    // The SDK's types keep from getStatus what its code reads.
    const named = (taskHubName: string): df.TaskHubOptions & df.GetStatusOptions => ({ taskHubName });
    const hub = named("Other");
    await expect(client.getStatus(id, hub)).rejects.toThrow("404");
    await expect(client.raiseEvent(id, "word", 1, hub)).rejects.toThrow("No instance with ID");
    await expect(client.getStatus(id, named("a-b"))).rejects.toThrow("500");
    const { Running } = df.OrchestrationRuntimeStatus;
    expect((await client.getStatus(id, named("TESTHUBNAME"))).runtimeStatus).toBe(Running);
    const tally = new df.EntityId("tally", "hubs");
    await expect(client.signalEntity(tally, "add", 1, hub)).rejects.toThrow("no task hub 'Other'");
    expect(await client.readEntityState(tally, hub)).toMatchObject({ entityExists: false });
    await client.terminate(id, "");
    await host.settle();
  });

  test("suspends, resumes and terminates", async () => {
    const id = await started("wait");
    const status = async () => {
      await host.settle();
      return (await client.getStatus(id)).runtimeStatus;
    };
    await client.suspend(id, "lunch");
    expect(await status()).toBe("Suspended");
    await client.resume(id, "back");
    expect(await status()).toBe("Running");
    await client.terminate(id, "enough");
    expect(await status()).toBe("Terminated");
    expect((await client.getStatus(id)).output).toBe("enough");
    await expect(client.terminate("unknown", "why")).rejects.toThrow("unknown");
  });

  test("rewinds what failed, and nothing else", async () => {
    const id = await started("fragile");
    expect((await client.getStatus(id)).runtimeStatus).toBe("Failed");
    broken = false;
    await client.rewind(id, "mended");
    await host.settle();
    expect((await client.getStatus(id)).output).toBe("mended");
    await expect(client.rewind(id, "again")).rejects.toThrow("Completed");
    await expect(client.rewind("unknown", "x")).rejects.toThrow("unknown");
  });

  test("lists all over several pages, and by time and status", async () => {
    clock.advance(86_400_000);
    const from = new Date(clock.now());
    const begun = Array.from({ length: 103 }, (_, n) =>
      client.startNew("echo", { instanceId: `page-${n}`, input: n }),
    );
    await Promise.all(begun);
    await host.settle();
    const waiting = await started("wait");
    const ids = (statuses: df.DurableOrchestrationStatus[]) => statuses.map(({ instanceId }) => instanceId);
    expect(ids(await client.getStatusAll())).toEqual(
      expect.arrayContaining(["own", "page-0", "page-102", waiting]),
    );
    const { Completed, Running } = df.OrchestrationRuntimeStatus;
    const since = { createdTimeFrom: from, createdTimeTo: new Date(clock.now() + 1000) };
    expect(await client.getStatusBy({ ...since, runtimeStatus: [Completed] })).toHaveLength(103);
    expect(ids(await client.getStatusBy({ ...since, runtimeStatus: [Running] }))).toEqual([waiting]);
    await client.terminate(waiting, "");
    await host.settle();
  });

  test("purges one, and by time and status", async () => {
    const { Completed } = df.OrchestrationRuntimeStatus;
    expect((await client.purgeInstanceHistory("page-0")).instancesDeleted).toBe(1);
    expect((await client.purgeInstanceHistory("page-0")).instancesDeleted).toBe(0);
    const from = (await client.getStatus("page-1")).createdTime;
    const by = { createdTimeFrom: from, runtimeStatus: [Completed] };
    expect((await client.purgeInstanceHistoryBy(by)).instancesDeleted).toBe(102);
    await expect(client.getStatus("page-1")).rejects.toThrow("404");
  });

  test("signals an entity and reads its state", async () => {
    const tally = new df.EntityId("Tally", "one");
    expect(await client.readEntityState(tally)).toMatchObject({ entityExists: false });
    await client.signalEntity(tally, "add", 2);
    await client.signalEntity(tally, "add", 3);
    await host.settle();
    expect(await client.readEntityState<number>(tally)).toMatchObject({ entityExists: true, entityState: 5 });
  });

  test("signals no entity that the app doesn't have", async () => {
    const signal = client.signalEntity(new df.EntityId("tolly", "one"), "add", 2);
    await expect(signal).rejects.toThrow("The following are the known entity functions: 'tally'.");
  });

  test("sees an entity as the instance that it is, and purges it", async () => {
    await client.signalEntity(new df.EntityId("tally", "seen"), "add", 2);
    await host.settle();
    const id = "@tally@seen";
    expect(await client.getStatus(id)).toMatchObject({
      name: id,
      instanceId: id,
      runtimeStatus: "Running",
      input: { exists: true, state: "2", sorter: {} },
      customStatus: { entityExists: true },
    });
    const ids = (await client.getStatusAll()).map(({ instanceId }) => instanceId);
    expect(ids).toContain(id);
    expect((await client.purgeInstanceHistory(id)).instancesDeleted).toBe(1);
    expect(await client.readEntityState(new df.EntityId("tally", "seen"))).toMatchObject({
      entityExists: false,
    });
    await expect(client.getStatus(id)).rejects.toThrow("404");
  });

  test("answers with the addresses of an instance, which lead to this host", async () => {
    const id = await started("wait");
    const reply = await host.fetch(`/api/check/${id}`);
    expect(reply.status).toBe(202);
    const urls = (await reply.json()) as Record<string, string>;
    expect(urls).toEqual(client.createHttpManagementPayload(id));
    expect((await host.fetch(urls.statusQueryGetUri ?? "")).status).toBe(202);
    expect(reply.headers.get("location")).toBe(urls.statusQueryGetUri);
    await client.terminate(id, "");
  });

  test("waits for an end: the output when it comes in time, else the addresses", async () => {
    const waiting = await started("wait");
    expect((await host.fetch(`/api/until/${waiting}`)).status).toBe(202);
    await client.raiseEvent(waiting, "word", "now");
    await host.settle();
    const reply = await host.fetch(`/api/until/${waiting}`);
    expect([reply.status, await reply.json()]).toEqual([200, "now"]);
    broken = true;
    const failed = await started("fragile");
    expect((await host.fetch(`/api/until/${failed}`)).status).toBe(500);
  });
});
