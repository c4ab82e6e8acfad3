import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { app, input, type Timer } from "@azure/functions";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { DurableEngine, DurableEngineOptions } from "../../src/local-host/durable/port.ts";
import { LocalHost, type LocalHostOptions } from "../../src/local-host/local-host.ts";
import { scratch } from "./support.ts";

/** An app without package.json: registered by a function, as a test of an app's own would do it. */
const client = input.generic({ type: "durableClient" });
function register() {
  app.http("hello", {
    route: "hello/{name}",
    handler: (request) => ({ body: `Hello ${request.params.name}` }),
  });
  app.timer("tick", {
    schedule: "0 0 0 1 1 *",
    extraInputs: [client],
    handler: (timer: Timer, context) => {
      ticks.push([timer.isPastDue, context.extraInputs.get(client)]);
    },
  });
  app.generic("step", {
    trigger: { type: "activityTrigger", name: "input" },
    handler: (value: number) => value + 1,
  });
}
const ticks: unknown[] = [];

/** An engine that only records what the host does with it. */
function recordingEngine() {
  const calls: string[] = [];
  let options: DurableEngineOptions | undefined;
  const engine: DurableEngine = {
    start: async () => void calls.push("start"),
    stop: async () => void calls.push("stop"),
    handle: async (request, base, code, surface) => {
      calls.push(`${surface} ${request.method} ${request.path}?${request.query.toString()} ${request.body}`);
      return { status: 200, headers: { "x-base": base, "x-code": code }, body: "handled" };
    },
    clientBinding: (base, rpcBase) => JSON.stringify({ base, rpcBase }),
    busy: () => false,
    idle: async () => {},
  };
  return {
    calls,
    options: () => options,
    create: (given: DurableEngineOptions) => {
      options = given;
      return engine;
    },
  };
}

const hosts: LocalHost[] = [];
async function start(options: Partial<LocalHostOptions> = {}): Promise<LocalHost> {
  const host = await LocalHost.start({
    folder: await scratch(),
    home: await scratch(),
    logger: silentLogger,
    app: register,
    engine: recordingEngine().create,
    ...options,
  });
  hosts.push(host);
  return host;
}
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});

describe("an app registered by its caller", () => {
  test("runs, and two hosts can run it at once, each with its own home", async () => {
    const [one, two] = [await start(), await start()];
    expect(await (await one.fetch("/api/hello/one")).text()).toBe("Hello one");
    expect(await (await fetch(`${two.baseUrl}/api/hello/two`)).text()).toBe("Hello two");
    expect(one.baseUrl).not.toBe(two.baseUrl);
  });

  test("a second app in the same process is refused", async () => {
    await start();
    await expect(start({ app: () => undefined })).rejects.toMatchObject({ code: "second_app" });
  });

  test("a function that is not HTTP can be run at once, with its durable client", async () => {
    const host = await start();
    expect(host.trigger("tick")).toBe(true);
    await host.settle();
    expect(ticks).toEqual([
      [
        false,
        {
          base: `${host.baseUrl}/runtime/webhooks/durabletask`,
          rpcBase: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/durabletask\/[\w-]{43}\/$/),
        },
      ],
    ]);
    expect(host.trigger("hello")).toBe(false);
    expect(host.trigger("nobody")).toBe(false);
  });
});

describe("the durable engine in the host", () => {
  test("is started before the first call and stopped once, and gets the extension's requests of both doors", async () => {
    const engine = recordingEngine();
    const host = await start({ engine: engine.create, enableAuth: true });
    const code = host.keys?.durabletask ?? "";
    const reply = await host.fetch(
      `/runtime/webhooks/durabletask/instances/a%20b/raiseEvent/x?code=${code}`,
      {
        method: "POST",
        body: "{}",
      },
    );
    expect([await reply.text(), reply.headers.get("x-base"), reply.headers.get("x-code")]).toEqual([
      "handled",
      `${host.baseUrl}/runtime/webhooks/durabletask`,
      code,
    ]);
    host.trigger("tick");
    await host.settle();
    const { rpcBase } = (ticks.at(-1) as [boolean, { rpcBase: string }])[1];
    await fetch(`${rpcBase}instances/?runtimeStatus=Running`);
    await host.stop();
    await host.stop();
    expect(engine.calls).toEqual([
      "start",
      `public POST instances/a%20b/raiseEvent/x?code=${code} {}`,
      "rpc GET instances/?runtimeStatus=Running ",
      "stop",
    ]);
  });

  test("finds functions in any case and by trigger type, and calls them with values of the wire", async () => {
    const engine = recordingEngine();
    await start({ engine: engine.create });
    const invoker = engine.options()?.invoker;
    expect(invoker?.find("STEP", "activityTrigger")).toEqual({ name: "step", triggerBinding: "input" });
    expect(invoker?.find("step", "orchestrationTrigger")).toBeUndefined();
    expect(invoker?.find("nobody", "activityTrigger")).toBeUndefined();
    expect(await invoker?.invoke("step", { json: "41" })).toEqual({ ok: true, returnValue: { int: 42 } });
    expect(await invoker?.invoke("nobody", {})).toMatchObject({ ok: false });
  });
});

describe("a start that fails", () => {
  test("leaves neither port, nor home, nor environment behind", async () => {
    const home = await scratch();
    const failing = recordingEngine();
    const create = (options: DurableEngineOptions): DurableEngine => ({
      ...failing.create(options),
      start: async () => {
        throw new Error("the store is broken");
      },
    });
    const port = await freePort();
    const env = { FIXTURE_LEFT: "1" };
    await expect(start({ home, port, env, engine: create })).rejects.toThrow("the store is broken");
    expect(process.env.FIXTURE_LEFT).toBeUndefined();
    expect((await start({ home, port, env })).baseUrl).toBe(`http://localhost:${port}`);
    expect(process.env.FIXTURE_LEFT).toBe("1");
  });

  test("names the port when another program has it", async () => {
    const { baseUrl } = await start();
    await expect(start({ port: Number(new URL(baseUrl).port) })).rejects.toMatchObject({
      code: "port_in_use",
    });
  });

  test("names the process that holds the home", async () => {
    const home = await scratch();
    const { baseUrl } = await start({ home });
    await expect(start({ home })).rejects.toMatchObject({
      code: "home_in_use",
      message: expect.stringContaining(`Process ${process.pid} at http://127.0.0.1:${new URL(baseUrl).port}`),
    });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
jest.setTimeout(20_000);
