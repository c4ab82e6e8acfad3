import path from "node:path";
import { app } from "@azure/functions";
import { expect, test } from "@jest/globals";
import type { OrchestrationContext } from "durable-functions";
import * as df from "durable-functions";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { recordedHistories } from "../../src/local-host/recorded-histories.ts";
import { replayHistory } from "../../src/local-host/replay-history.ts";
import { scratch } from "./support.ts";

let announces = false;

function register() {
  df.app.activity("greet", { handler: (name: string) => `Hello ${name}` });
  df.app.orchestration("welcome", function* (context: OrchestrationContext) {
    if (announces) yield context.df.callActivity("announce", "everybody");
    return (yield context.df.callActivity("greet", context.df.getInput())) as string;
  });
  app.http("start", {
    extraInputs: [df.input.durableClient()],
    handler: async (_request, context) => ({
      body: await df.getClient(context).startNew("welcome", { instanceId: "w-1", input: "Ada" }),
    }),
  });
}

test("what a host's orchestrations did is read from its home, and replays against today's code", async () => {
  const home = await scratch();
  const folder = await scratch();
  const options = { folder, home, app: register, port: 0, clock: new VirtualClock(), logger: silentLogger };
  const host = await LocalHost.start(options);
  await host.fetch("/api/start", { method: "POST" });
  await host.settle();
  await host.stop();

  const [recorded, ...others] = recordedHistories({ home });
  expect(others).toEqual([]);
  expect(recorded).toMatchObject({
    orchestrator: "welcome",
    instanceId: "w-1",
    status: "Completed",
    output: '"Hello Ada"',
  });
  const history = recorded?.history ?? [];
  expect(await replayHistory(host.app, history)).toEqual({
    status: "Completed",
    output: '"Hello Ada"',
    pending: [],
  });
  announces = true;
  const changed = await replayHistory(host.app, history);
  expect(changed.status).toBe("Failed");
  expect(changed.output).toContain("Non-Deterministic workflow detected");
});

test("a home in which no orchestration ran is named", async () => {
  const home = path.join(await scratch(), "empty");
  expect(() => recordedHistories({ home })).toThrow(/^There is no durable store .*durable\.sqlite/);
});
