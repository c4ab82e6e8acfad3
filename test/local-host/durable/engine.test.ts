import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "@jest/globals";
import { type OrchestratorCode, testHost } from "./app.ts";

const quick: OrchestratorCode = function* ({ df }) {
  return yield df.callActivity("echo", df.getInput());
};
const echo = (input: unknown) => input;

describe("the durable engine", () => {
  test("is busy exactly while something runs or could run now", async () => {
    const held = Promise.withResolvers<void>();
    await using host = await testHost({
      orchestrators: {
        *slow({ df }) {
          yield df.callActivity("hold");
          yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 1000));
        },
      },
      activities: { hold: () => held.promise },
    });
    expect(host.engine.busy()).toBe(false);
    const begun = host.begin("slow", "s");
    expect(host.engine.busy()).toBe(true);
    await begun;
    expect(host.engine.busy()).toBe(true);
    const waiting = host.engine.idle().then(() => "idle");
    const soon = new Promise((resolve) => setTimeout(resolve, 20, "busy"));
    expect(await Promise.race([waiting, soon])).toBe("busy");
    held.resolve();
    await waiting;
    expect(host.engine.busy()).toBe(false);
    expect((await host.status("s")).runtimeStatus).toBe("Running");
    host.clock.fireNext();
    expect(host.engine.busy()).toBe(true);
    await host.engine.idle();
    expect((await host.status("s")).runtimeStatus).toBe("Completed");
  });

  test("runs no more activities and orchestrators at a time than host.json allows", async () => {
    let now = 0;
    let most = 0;
    await using host = await testHost({
      orchestrators: {
        *fan({ df }) {
          yield df.Task.all(Array.from({ length: 12 }, () => df.callActivity("work")));
        },
      },
      activities: {
        work: async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 2));
          now--;
        },
      },
      options: { hostJson: { maxConcurrentActivityFunctions: 3 } },
    });
    await host.run("fan");
    expect(most).toBe(3);
  });

  test("gathers results of a wide fan-out into few episodes", async () => {
    await using host = await testHost({
      orchestrators: {
        *fan({ df }) {
          const tasks = Array.from({ length: 600 }, (_, n) => df.callActivity("work", n));
          return (yield df.Task.all(tasks)).length;
        },
      },
      activities: { work: (n) => new Promise((resolve) => setTimeout(resolve, n % 5, n)) },
    });
    expect((await host.run("fan")).output).toBe(600);
    expect(host.invoker.episodes).toBeLessThan(60);
  });

  test("answers 500 to a start the disk did not take, and does not run it", async () => {
    await using host = await testHost({ orchestrators: { quick }, activities: { echo } });
    using _ = failingCommits(1);
    const answer = await host.call("POST", "orchestrators/quick/q", 1);
    expect(answer.status).toBe(500);
    expect(answer.body).toContain("disk is full");
    await host.settle();
    expect((await host.call("GET", "instances/q")).status).toBe(404);
  });

  test("tries again what a full disk refused, without running activities twice", async () => {
    let runs = 0;
    await using host = await testHost({
      orchestrators: { quick },
      activities: {
        echo: (input) => {
          runs++;
          return input;
        },
      },
    });
    await host.begin("quick", "q", "kept");
    {
      using _ = failingCommits(3);
      await host.settle();
    }
    expect(await host.status("q")).toMatchObject({ runtimeStatus: "Completed", output: "kept" });
    expect(runs).toBe(1);
    expect(host.log.filter(({ line }) => line.includes("could not be written")).length).toBe(3);
  });

  test("lets whoever waits for an instance go when it stops", async () => {
    const host = await testHost({
      orchestrators: {
        *forever({ df }) {
          yield df.waitForExternalEvent("never");
        },
      },
    });
    const waiting = host.call("POST", "orchestrators/forever/f?timeout=1000&pollingInterval=1");
    await host.engine.idle();
    await host.engine.stop();
    expect((await waiting).status).toBe(202);
    expect(host.clock.nextAt()).toBeUndefined();
  });

  test.each([
    ["by its Location and Retry-After", { "retry-after": "60" }, {}, 120_000],
    ["every 30 s without a Retry-After", {}, {}, 60_000],
    [
      "as host.json's httpSettings say without one",
      {},
      { httpSettings: { defaultAsyncRequestSleepTimeMilliseconds: 1500 } },
      3000,
    ],
  ])("polls a 202 of callHttp %s, on the host's clock", async (_how, headers, hostJson, takes) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (seen.length < 3) response.writeHead(202, { location: "/status", ...headers }).end();
      else response.writeHead(200, { "content-type": "application/json" }).end('{"ready":true}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await using host = await testHost({
      options: { hostJson },
      orchestrators: {
        *fetching({ df }) {
          const response = yield df.callHttp({
            method: "POST",
            url: `http://127.0.0.1:${port}/start`,
            body: { a: 1 },
          });
          return [response.statusCode, JSON.parse(response.content)];
        },
      },
    });
    const begun = host.clock.now();
    const { output } = await host.run("fetching");
    server.close();
    expect(output).toEqual([200, { ready: true }]);
    expect(seen).toEqual(["POST /start", "GET /status", "GET /status"]);
    expect(host.clock.now() - begun).toBe(takes);
    // The SDK holds its next request's number while it waits to poll: no reason for the parity warning.
    expect(host.log.filter(({ line }) => line.includes("counts as another"))).toEqual([]);
  });
});

/** Makes the next `count` commits of any store fail as a full disk would. */
function failingCommits(count: number): Disposable {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const { exec } = DatabaseSync.prototype;
  let left = count;
  DatabaseSync.prototype.exec = function (sql) {
    if (sql === "COMMIT" && left-- > 0) throw new Error("database or disk is full");
    exec.call(this, sql);
  };
  return {
    [Symbol.dispose]() {
      DatabaseSync.prototype.exec = exec;
    },
  };
}
