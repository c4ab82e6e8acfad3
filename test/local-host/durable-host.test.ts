import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { appFolder, scratch } from "./support.ts";

const DAY = 86_400;
let clock: VirtualClock;
let home: string;
let host: LocalHost;

const start = () => LocalHost.start({ folder: appFolder("durable-app"), home, clock, logger: silentLogger });

beforeAll(async () => {
  clock = new VirtualClock();
  home = await scratch();
  host = await start();
});
afterAll(() => host.stop());

const post = (path: string, input?: unknown) =>
  host.fetch(path, { method: "POST", body: JSON.stringify(input ?? null) });
const statusOf = async (id: string) =>
  (await (await host.fetch(`/runtime/webhooks/durabletask/instances/${id}`)).json()) as {
    runtimeStatus: string;
    output: unknown;
  };

describe("an orchestration on the local host", () => {
  test("starts through the durable client of an HTTP function, with status addresses on this host", async () => {
    const reply = await post("/api/start/greetLater/one", { names: ["a", "b"], seconds: 10 * DAY });
    expect(reply.status).toBe(202);
    const address = reply.headers.get("location") ?? "";
    expect(address).toMatch(`${host.baseUrl}/runtime/webhooks/durabletask/instances/one`);
    expect((await fetch(address)).status).toBe(202);
  });

  test("lives through days of timers in moments of virtual time", async () => {
    const before = clock.now();
    await host.settle();
    expect(await statusOf("one")).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Hello a from greet", "Hello b from greet"],
    });
    expect(clock.now() - before).toBeGreaterThanOrEqual(20 * DAY * 1000);
  });

  test("shows a long history over a socket and without one, alike", async () => {
    const names = Array.from({ length: 40 }, (_, n) => `${n} ${"x".repeat(5000)}`);
    await post("/api/start/greetLater/long", { names, seconds: 0 });
    await host.settle();
    const address = "/runtime/webhooks/durabletask/instances/long?showHistory=true&showHistoryOutput=true";
    const texts = await Promise.all(
      [host.fetch(address), fetch(new URL(address, host.baseUrl))].map(async (reply) => (await reply).text()),
    );
    expect(texts[0]).toBe(texts[1]);
    const { historyEvents } = JSON.parse(texts[0] ?? "") as { historyEvents: { EventType: string }[] };
    expect(historyEvents.filter(({ EventType }) => EventType === "TaskCompleted")).toHaveLength(40);
  });

  test("takes an external event from an HTTP function", async () => {
    await post("/api/start/waitForWord/two");
    await host.settle();
    expect(await statusOf("two")).toMatchObject({ runtimeStatus: "Running" });
    await post("/api/say/two/yes");
    await host.until(async () => (await statusOf("two")).runtimeStatus === "Completed");
    expect(await statusOf("two")).toMatchObject({ output: "heard yes" });
  });

  test("goes on where it was after the host was stopped and started", async () => {
    await post("/api/start/greetLater/three", { names: ["x", "y", "z"], seconds: DAY });
    await host.until(async () => clock.now() > 0 && (await statusOf("three")).runtimeStatus === "Running");
    clock.advance(DAY * 1000);
    await host.stop();
    host = await start();
    await host.settle();
    expect(await statusOf("three")).toMatchObject({
      runtimeStatus: "Completed",
      output: ["Hello x from greet", "Hello y from greet", "Hello z from greet"],
    });
  });

  test("until says so when what it waits for can never come", async () => {
    await expect(host.until(() => false)).rejects.toMatchObject({ code: "not_reached" });
  });
});
