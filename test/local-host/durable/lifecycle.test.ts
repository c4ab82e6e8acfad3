import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { scratch } from "../support.ts";
import { atOnce, BASE, type OrchestratorCode, testHost } from "./app.ts";

const waiting: OrchestratorCode = function* ({ df }) {
  const first = yield df.waitForExternalEvent("go");
  return [first, yield df.callActivity("echo", "after")];
};
const sleeping: OrchestratorCode = function* ({ df }) {
  yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 5 * 86_400_000));
};
const quick: OrchestratorCode = function* ({ df }) {
  return yield df.callActivity("echo", df.getInput());
};
const app = {
  orchestrators: { waiting, sleeping, quick },
  activities: { echo: (input: unknown) => input },
};

const ids = (body: string) =>
  (JSON.parse(body) as { instanceId: string }[]).map(({ instanceId }) => instanceId);

describe("an instance's life", () => {
  test("refuses a second start of a running id, and takes one once it is over", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w");
    const again = await host.call("POST", "orchestrators/waiting/w");
    expect(again.status).toBe(409);
    expect(again.body).toContain("already exists");
    await host.call("POST", "instances/w/raiseEvent/go", 1);
    await host.settle();
    await host.begin("quick", "w", 7);
    await host.settle();
    expect(await host.status("w")).toMatchObject({ name: "quick", output: 7 });
  });

  test.each(["AnyState", 0])(
    "is taken over by a second start where host.json lets it be: %p",
    async (states) => {
      const results: (() => void)[] = [];
      await using host = await testHost({
        orchestrators: {
          *slow({ df }) {
            const timer = df.createTimer(new Date(df.currentUtcDateTime.getTime() + 3_600_000));
            const result: unknown = yield df.callActivity("held", df.getInput());
            const event: unknown = yield df.waitForExternalEvent("go");
            timer.cancel();
            return [result, event];
          },
        },
        activities: {
          held: (input: unknown) => new Promise((resolve) => results.push(() => resolve(input))),
        },
        options: { hostJson: { overridableExistingInstanceStates: states } },
      });
      const begun = async (count: number) => {
        while (results.length < count) await new Promise((resolve) => setImmediate(resolve));
      };
      await host.begin("slow", "one", "first");
      await begun(1);
      await host.call("POST", "instances/one/raiseEvent/go", "for the first");
      await host.begin("slow", "one", "second");
      await begun(2);
      for (const give of results) give();
      await host.engine.idle();
      // Neither the first one's result nor its event is the second one's.
      expect(await host.status("one")).toMatchObject({ runtimeStatus: "Running", input: "second" });
      await host.call("POST", "instances/one/raiseEvent/go", "for the second");
      await host.engine.idle();
      expect(await host.status("one")).toMatchObject({ output: ["second", "for the second"] });
      expect(host.clock.nextAt()).toBeUndefined();
    },
  );

  test("does nothing any more for one that was replaced while its orchestrator ran", async () => {
    const ran: unknown[] = [];
    await using host = await testHost({
      orchestrators: {
        *goes({ df }) {
          const event: unknown = yield df.waitForExternalEvent("go");
          return yield df.callActivity("note", event);
        },
      },
      activities: { note: (event: unknown) => ran.push(event) },
      options: { hostJson: { overridableExistingInstanceStates: "AnyState" } },
    });
    await host.begin("goes", "g", "first");
    await host.engine.idle();
    await Promise.all([
      host.call("POST", "instances/g/raiseEvent/go", "for the first"),
      host.begin("goes", "g", "second"),
    ]);
    await host.settle();
    expect(await host.status("g")).toMatchObject({ runtimeStatus: "Running", input: "second" });
    expect(ran).toEqual([]);
    await host.call("POST", "instances/g/raiseEvent/go", "for the second");
    await host.settle();
    expect(ran).toEqual(["for the second"]);
  });

  test("of two starts of one id in the same moment accepts one", async () => {
    await using host = await testHost(app);
    const answers = await Promise.all([1, 2, 3].map(() => host.call("POST", "orchestrators/waiting/same")));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
  });

  test("ends at once when terminated, and its timers with it", async () => {
    await using host = await testHost(app);
    await host.begin("sleeping", "s");
    await host.engine.idle();
    expect(host.clock.nextAt()).toBeDefined();
    expect((await host.call("POST", "instances/s/terminate?reason=enough")).status).toBe(202);
    await host.engine.idle();
    expect(await host.status("s")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect(host.clock.nextAt()).toBeUndefined();
    expect((await host.call("POST", "instances/s/terminate")).status).toBe(410);
    expect((await host.call("POST", "instances/s/raiseEvent/go", 1)).status).toBe(410);
    expect((await host.call("POST", "instances/none/terminate")).status).toBe(404);
  });

  test("holds back while suspended and catches up when resumed", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w");
    await host.engine.idle();
    await host.call("POST", "instances/w/suspend?reason=hold");
    await host.engine.idle();
    expect((await host.status("w")).runtimeStatus).toBe("Suspended");
    await host.call("POST", "instances/w/raiseEvent/go", "now");
    await host.engine.idle();
    expect((await host.status("w")).runtimeStatus).toBe("Suspended");
    await host.call("POST", "instances/w/resume");
    await host.settle();
    expect(await host.status("w")).toMatchObject({ runtimeStatus: "Completed", output: ["now", "after"] });
  });

  test("can be terminated while suspended", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w");
    await host.call("POST", "instances/w/suspend");
    await host.engine.idle();
    await host.call("POST", "instances/w/terminate?reason=over");
    await host.engine.idle();
    expect((await host.status("w")).runtimeStatus).toBe("Terminated");
  });

  test("is purged when over, not while running", async () => {
    await using host = await testHost(app);
    await host.run("quick", 1, "q");
    await host.begin("waiting", "w");
    expect((await host.call("DELETE", "instances/w")).status).toBe(412);
    const purged = await host.call("DELETE", "instances/q");
    expect(JSON.parse(purged.body)).toEqual({ instancesDeleted: 1 });
    expect((await host.call("GET", "instances/q")).status).toBe(404);
    expect((await host.call("DELETE", "instances/q")).status).toBe(404);
  });

  test("is purged by filter when over and within the time and status asked for", async () => {
    await using host = await testHost(app);
    await host.run("quick", 1, "old");
    host.clock.advance(10_000);
    const from = new Date(host.clock.now()).toISOString();
    await host.run("quick", 2, "new");
    await host.begin("waiting", "running");
    await host.engine.idle();
    expect((await host.call("DELETE", "instances/")).status).toBe(400);
    const failed = await host.call("DELETE", `instances/?createdTimeFrom=${from}&runtimeStatus=Failed`);
    expect(failed.status).toBe(404);
    const over = "runtimeStatus=Completed,Running";
    const purged = await host.call("DELETE", `instances/?createdTimeFrom=${from}&${over}`);
    expect(JSON.parse(purged.body)).toEqual({ instancesDeleted: 1 });
    expect((await host.call("GET", "instances/old")).status).toBe(200);
    expect((await host.call("GET", "instances/running")).status).toBe(202);
  });

  test.each(["", "&runtimeStatus=Running", "&runtimeStatus="])(
    "is purged while it runs by a filter without a final status (%j), as in Azure, and the log says so",
    async (statuses) => {
      await using host = await testHost({ ...app, entities: { tally: () => {} } });
      await host.run("quick", 1, "over");
      await host.begin("waiting", "running");
      await host.call("POST", "entities/tally/a?op=x");
      await host.engine.idle();
      const purged = await host.call("DELETE", `instances/?createdTimeFrom=1970-01-01T00:00:00Z${statuses}`);
      expect(JSON.parse(purged.body)).toEqual({ instancesDeleted: 3 });
      expect(ids((await host.call("GET", "instances")).body)).toEqual([]);
      await host.call("POST", "instances/running/raiseEvent/go", 1);
      await host.settle();
      expect((await host.call("GET", "instances/running")).status).toBe(404);
      expect(
        host.log.filter(({ line }) => line.includes("took orchestrations that were running")),
      ).toHaveLength(1);
    },
  );

  test.each([
    ["runtimeStatus=completed", "'completed' is no runtimeStatus"],
    ["runtimeStatus=Completed,Faild", "'Faild' is no runtimeStatus"],
    ["runtimeStatus=Completed&runtimeStatus=8", "'8' is no runtimeStatus"],
    ["runtimestatus=Completed", "'runtimestatus' is no parameter; 'runtimeStatus' is."],
    ["runtimeStatus=Completed&createdTimeTo=yesterday", "'yesterday' of createdTimeTo is no time"],
  ])("is not purged, nor is another, by a filter that cannot be read: %s", async (filter, sentence) => {
    await using host = await testHost(app);
    await host.run("quick", 1, "over");
    await host.begin("waiting", "running");
    await host.engine.idle();
    const refused = await host.call("DELETE", `instances/?createdTimeFrom=1970-01-01T00:00:00Z&${filter}`);
    expect({ status: refused.status, body: refused.body }).toEqual({
      status: 400,
      body: expect.stringContaining(sentence),
    });
    expect(ids((await host.call("GET", "instances")).body)).toEqual(["over", "running"]);
  });

  test("is restarted with its input, under a new id or its own", async () => {
    await using host = await testHost(app);
    await host.run("quick", { n: 1 }, "q");
    const answer = await host.call("POST", "instances/q/restart");
    expect(answer.status).toBe(202);
    const { id } = JSON.parse(answer.body) as { id: string };
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    await host.call("POST", "instances/q/restart?restartWithNewInstanceId=false");
    await host.settle();
    expect(await host.status(id)).toMatchObject({ output: { n: 1 } });
    expect(await host.status("q")).toMatchObject({ output: { n: 1 } });
    expect((await host.call("POST", "instances/none/restart")).status).toBe(400);
    expect((await host.call("POST", "instances/q/rewind?reason=x")).status).toBe(412);
  });
});

describe("the HTTP API", () => {
  test("starts with every address of the instance and asks to come back later", async () => {
    await using host = await testHost(app);
    const answer = await host.call("POST", "orchestrators/waiting/w 1");
    expect(answer).toMatchObject({ status: 202, headers: { "retry-after": "10" } });
    const query = "taskHub=TestHub&connection=Storage&code=key";
    expect(answer.headers.location).toBe(`${BASE}/instances/w%201?${query}`);
    expect(JSON.parse(answer.body)).toEqual({
      id: "w 1",
      statusQueryGetUri: `${BASE}/instances/w%201?${query}`,
      sendEventPostUri: `${BASE}/instances/w%201/raiseEvent/{eventName}?${query}`,
      terminatePostUri: `${BASE}/instances/w%201/terminate?reason={text}&${query}`,
      purgeHistoryDeleteUri: `${BASE}/instances/w%201?${query}`,
      restartPostUri: `${BASE}/instances/w%201/restart?${query}`,
      suspendPostUri: `${BASE}/instances/w%201/suspend?reason={text}&${query}`,
      resumePostUri: `${BASE}/instances/w%201/resume?reason={text}&${query}`,
    });
    expect(await host.status("w%201")).toMatchObject({ instanceId: "w 1", runtimeStatus: "Running" });
  });

  test("sends the status of a long history in pieces, not as one text", async () => {
    await using host = await testHost({
      orchestrators: {
        *wide({ df }) {
          yield df.Task.all(Array.from({ length: 900 }, (_, n) => df.callActivity("work", n)));
          for (let n = 0; n < 120; n++) yield df.callActivity("work", n);
        },
      },
      activities: { work: (n) => `${n} ${"x".repeat(200)}` },
    });
    await host.begin("wide", "w");
    await host.settle();
    const { body, more = [] } = await host.call("GET", "instances/w?showHistory=true&showHistoryOutput=true");
    const pieces = [body, ...more];
    expect(pieces.length).toBeGreaterThan(2);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(150_000);
    const status = JSON.parse(pieces.join("")) as {
      runtimeStatus: string;
      historyEvents: { EventType: string; Result?: string; FunctionName?: string }[];
    };
    expect(status.runtimeStatus).toBe("Completed");
    const results = status.historyEvents.filter(({ EventType }) => EventType === "TaskCompleted");
    expect(new Set(results.map(({ Result }) => Result)).size).toBe(900);
    expect(results).toHaveLength(1020);
    expect(results.every(({ FunctionName }) => FunctionName === "work")).toBe(true);
    expect(status.historyEvents.some(({ EventType }) => EventType === "TaskScheduled")).toBe(false);
    const short = await host.call("GET", "instances/w");
    expect(short.more).toBeUndefined();
  });

  test("sends inputs and outputs of any length in pieces, as they are stored", async () => {
    const long = `"\\${"é😀".repeat(100_001)}`;
    await using host = await testHost({
      orchestrators: {
        *big({ df }) {
          yield df.callActivity("work");
          if (df.getInput<{ fails: boolean }>().fails) throw new Error(long);
          return { long };
        },
      },
      activities: { work: () => null },
    });
    await host.begin("big", "good", { fails: false, long });
    await host.begin("big", "bad", { fails: true });
    await host.settle();
    const read = async (address: string) => {
      const { body, more = [] } = await host.call("GET", address);
      // One after another through UTF-8, as they go over a socket.
      const pieces = [body, ...more].map((piece) => Buffer.from(piece));
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(500_000);
      return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
    };
    expect(await read("instances/good")).toMatchObject({ input: { fails: false, long }, output: { long } });
    expect(await read("instances/good?showInput=false")).toMatchObject({ input: null, output: { long } });
    const failure = `Orchestrator function 'big' failed: ${long}`;
    expect(await read("instances/bad?showHistory=true&showHistoryOutput=true")).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining(failure),
      historyEvents: expect.arrayContaining([
        expect.objectContaining({
          EventType: "ExecutionCompleted",
          Result: expect.stringContaining(failure),
        }),
      ]),
    });
    expect(Object.values(await read("instances"))).toHaveLength(2);
  });

  test("pauses for others while it looks through a long history", async () => {
    await using host = await testHost({
      orchestrators: {
        *wide({ df }) {
          yield df.Task.all(Array.from({ length: 300 }, (_, n) => df.callActivity("work", n)));
        },
      },
      activities: { work: (n) => n },
    });
    await host.begin("wide", "w");
    await host.settle();
    const { body, more = [] } = await host.call("GET", "instances/w?showHistory=true");
    expect(body).toBe("");
    const pieces = [...more];
    expect(pieces.filter((piece) => piece === "").length).toBeGreaterThan(2);
    expect(JSON.parse(pieces.join(""))).toMatchObject({ runtimeStatus: "Completed" });
  });

  test("shows a running instance with 202 and a finished one with 200", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w", { a: 1 });
    await host.engine.idle();
    const running = await host.call("GET", "instances/w");
    expect(running).toMatchObject({ status: 202, headers: { "retry-after": "5" } });
    expect(JSON.parse(running.body)).toEqual({
      name: "waiting",
      instanceId: "w",
      runtimeStatus: "Running",
      input: { a: 1 },
      customStatus: null,
      output: null,
      createdTime: "2026-01-01T00:00:00Z",
      lastUpdatedTime: "2026-01-01T00:00:00Z",
    });
    expect((await host.status("w", "showInput=false")).input).toBeNull();
    expect((await host.call("GET", "instances/none")).status).toBe(404);
  });

  test("answers 500 for a failed instance only when asked to", async () => {
    await using host = await testHost({
      orchestrators: {
        bad: atOnce(() => {
          throw new Error("boom");
        }),
      },
    });
    await host.run("bad", undefined, "b");
    expect((await host.call("GET", "instances/b")).status).toBe(200);
    expect((await host.call("GET", "instances/b?returnInternalServerErrorOnFailure=true")).status).toBe(500);
  });

  test("shows history for people: tasks under their names, results when asked for", async () => {
    await using host = await testHost(app);
    await host.run("quick", { n: 1 }, "q");
    const { historyEvents } = await host.status("q", "showHistory=true&showHistoryOutput=true");
    expect(historyEvents).toMatchObject([
      { EventType: "ExecutionStarted", FunctionName: "quick" },
      { EventType: "TaskCompleted", FunctionName: "echo", Result: { n: 1 } },
      { EventType: "ExecutionCompleted", OrchestrationStatus: "Completed", Result: { n: 1 } },
    ]);
    const plain = await host.status("q", "showHistory=true");
    expect(plain.historyEvents[1]).not.toHaveProperty("Result");
  });

  test("starts and waits for the output, or gives the addresses when time is up", async () => {
    await using host = await testHost(app);
    const done = await host.call("POST", "orchestrators/quick/q?timeout=10&pollingInterval=1", "hello");
    expect(done).toMatchObject({ status: 200, body: '"hello"' });
    const late = host.call("POST", "orchestrators/waiting/w?timeout=10&pollingInterval=1");
    await host.settle();
    expect(await late).toMatchObject({ status: 202 });
  });

  test("starts at a later time when asked to, also after a restart of the host", async () => {
    const folder = await scratch();
    const options = { file: join(folder, "durable.sqlite"), clock: new VirtualClock() };
    const late = {
      orchestrators: { code: atOnce(({ df }) => df.currentUtcDateTime.toISOString()) },
      options,
    };
    const later = new Date(options.clock.now() + 3_600_000).toISOString();
    {
      await using host = await testHost(late);
      expect((await host.call("POST", "orchestrators/code/x?scheduledStartTime=soon")).status).toBe(400);
      await host.call("POST", `orchestrators/code/x?scheduledStartTime=${later}`);
      await host.engine.idle();
      expect(await host.status("x")).toMatchObject({ runtimeStatus: "Pending", output: null });
    }
    await using host = await testHost(late);
    await host.settle();
    expect(await host.status("x")).toMatchObject({ runtimeStatus: "Completed", output: later });
    await rm(folder, { recursive: true });
  });

  test.each([false, true])(
    "ends at once when it is terminated before the time it is to start at, paused (%j) or not",
    async (paused) => {
      const folder = await scratch();
      const options = { file: join(folder, "durable.sqlite"), clock: new VirtualClock() };
      const later = new Date(options.clock.now() + 3_600_000).toISOString();
      const begin = options.clock.now();
      {
        await using host = await testHost({ ...app, options });
        await host.call("POST", `orchestrators/quick/x?scheduledStartTime=${later}`);
        await host.call("POST", "instances/x/raiseEvent/go", 1);
        await host.engine.idle();
      }
      {
        await using host = await testHost({ ...app, options: { ...options, paused } });
        expect((await host.call("POST", "instances/x/terminate?reason=not%20needed")).status).toBe(202);
        await host.engine.idle();
        expect(await host.status("x")).toMatchObject({
          runtimeStatus: "Terminated",
          output: "not needed",
          lastUpdatedTime: new Date(begin).toISOString().replace(".000Z", "Z"),
        });
        expect((await host.call("POST", "instances/x/terminate")).status).toBe(410);
      }
      await using host = await testHost({ ...app, options });
      await host.settle();
      expect(options.clock.now()).toBe(begin);
      expect(await host.status("x")).toMatchObject({ runtimeStatus: "Terminated" });
      await rm(folder, { recursive: true });
    },
  );

  test("lists in pages, filtered by status, prefix and time", async () => {
    await using host = await testHost(app);
    for (const id of ["a1", "a2", "b1", "a3"]) await host.begin("quick", id, id);
    await host.begin("waiting", "w");
    await host.settle();
    const first = await host.call("GET", "instances/?top=2");
    expect(ids(first.body)).toEqual(["a1", "a2"]);
    const token = first.headers["x-ms-continuation-token"] ?? "";
    expect(token).not.toBe("");
    const rest = await host.call("GET", "instances?top=9", undefined, { "x-ms-continuation-token": token });
    expect(ids(rest.body)).toEqual(["a3", "b1", "w"]);
    expect(rest.headers["x-ms-continuation-token"]).toBe("");
    const foreign = { "x-ms-continuation-token": "zzz" };
    expect(ids((await host.call("GET", "instances", undefined, foreign)).body)).toEqual([]);
    const filtered = await host.call("GET", "instances?runtimeStatus=Completed,Failed&instanceIdPrefix=a");
    expect(ids(filtered.body)).toEqual(["a1", "a2", "a3"]);
    const later = new Date(host.clock.now() + 1).toISOString();
    expect(ids((await host.call("GET", `instances?createdTimeFrom=${later}`)).body)).toEqual([]);
  });

  test.each([
    ["POST", "orchestrators/quick/@entity", 400],
    ["POST", `orchestrators/quick/${"x".repeat(101)}`, 400],
    ["POST", "orchestrators/quick/a%2Fb", 400],
    ["POST", "instances/none/raiseEvent/go", 404],
    ["POST", "instances/none/dance", 404],
    ["PUT", "instances/none", 404],
    ["GET", "elsewhere", 404],
    ["GET", "entities/counter/a", 404],
  ])("answers %s %s with %i", async (method, path, status) => {
    await using host = await testHost(app);
    expect((await host.call(method, path)).status).toBe(status);
  });

  test.each([
    ["", ["a", "f", "w"]],
    ["?runtimeStatus=Failed,Running", ["f", "w"]],
    ["?runtimeStatus=Failed&runtimeStatus=Completed", ["a", "f"]],
    ["?runtimeStatus=3", ["f"]],
    ["?runtimeStatus=Failed,Nope", ["f"]],
    ["?runtimeStatus=failed", ["a", "f", "w"]],
    ["?top=0", []],
    ["?top=1.5", ["a", "f", "w"]],
    ["?createdTimeFrom=nonsense", ["a", "f", "w"]],
    ["?taskHub=Other", []],
    ["?taskHub=testhub", ["a", "f", "w"]],
  ])("lists with %j what Azure lists", async (query, expected) => {
    await using host = await testHost(app);
    for (const [id, name] of [
      ["w", "waiting"],
      ["a", "quick"],
      ["f", "nothing"],
    ] as const)
      await host.begin(name, id);
    await host.settle();
    expect(ids((await host.call("GET", `instances${query}`)).body)).toEqual(expected);
  });

  test("knows no other task hub, takes nothing for one, and fails for a name that cannot be one's", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w");
    const status = async (method: string, path: string, hub: string) =>
      (await host.call(method, `${path}?taskHub=${hub}&createdTimeFrom=2020-01-01`)).status;
    const answers = async (hub: string) => [
      await status("GET", "instances/w", hub),
      await status("DELETE", "instances/w", hub),
      await status("DELETE", "instances", hub),
      await status("POST", "instances/w/terminate", hub),
      await status("POST", "instances/w/rewind", hub),
      await status("POST", "instances/w/restart", hub),
      await status("POST", "orchestrators/quick/q", hub),
      await status("GET", "entities", hub),
    ];
    expect(await answers("Other")).toEqual([404, 404, 404, 404, 404, 400, 400, 200]);
    expect(await answers("a-b")).toEqual(Array.from({ length: 8 }, () => 500));
    await host.engine.idle();
    expect((await host.status("w")).runtimeStatus).toBe("Running");
  });

  test("takes only JSON as events and inputs", async () => {
    await using host = await testHost(app);
    await host.begin("waiting", "w");
    const raise = (body: string, type: string) =>
      host.engine.handle(
        {
          method: "POST",
          path: "instances/w/raiseEvent/go",
          query: new URLSearchParams(),
          headers: { "content-type": type },
          body,
        },
        BASE,
        "",
        "public",
      );
    expect((await raise("{}", "text/plain")).status).toBe(400);
    expect((await raise("", "application/json")).status).toBe(400);
    expect((await raise("{", "application/json")).status).toBe(400);
    expect((await raise("{}", "application/json; charset=utf-8")).status).toBe(202);
  });

  test("gives the client binding all the SDK needs, every address a string", async () => {
    await using host = await testHost(app);
    const rpc = "http://127.0.0.1:17071/durabletask";
    const binding = JSON.parse(host.engine.clientBinding(BASE, rpc, "key"));
    expect(binding).toMatchObject({
      taskHubName: "TestHub",
      creationUrls: {
        createNewInstancePostUri: `${BASE}/orchestrators/{functionName}[/{instanceId}]?code=key`,
      },
      managementUrls: { id: "INSTANCEID" },
      baseUrl: BASE,
      requiredQueryStringParameters: "code=key",
      rpcBaseUrl: `${rpc}/`,
    });
    expect(Object.values(binding.managementUrls).every((url) => typeof url === "string")).toBe(true);
  });
});
