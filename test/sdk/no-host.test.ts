import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import { homeFiles } from "../../src/local-host/find-host.ts";
import { createSdk, type Sdk } from "../../src/sdk/sdk.ts";

/** A process that answers as a local host does: its ping, and the door for episodes. */
async function startHost(home: string) {
  const recorded: string[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse) {
    if (request.url === "/admin/host/ping") {
      response.setHeader("x-host-pid", process.pid).setHeader("x-host-state", "running").end();
      return;
    }
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += String(piece);
    const { episodes } = JSON.parse(text) as { episodes: { id: string }[] };
    recorded.push(...episodes.map(({ id }) => id));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ success: true, recorded: episodes.length, results: [] }));
  }
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { holder } = homeFiles(home);
  mkdirSync(path.dirname(holder), { recursive: true });
  writeFileSync(holder, JSON.stringify({ pid: process.pid, url }));
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { recorded, stop };
}

describe("an agent on a machine where no host runs", () => {
  let home: string;
  let sdk: Sdk;
  let clock: VirtualClock;
  const said: string[] = [];

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), "no-host-"));
    clock = new VirtualClock();
    said.length = 0;
    sdk = createSdk({
      settings: { home, endpoint: undefined, enableCapture: true, agentId: "support", useTunedModel: false },
      clock,
      logger: createLogger((line) => said.push(line), "warn"),
    });
  });
  afterEach(async () => {
    await sdk.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** One episode, until it is sent or spilled; pauses between attempts take no time. */
  async function capture(): Promise<string> {
    const handle = sdk.captureHook.startCapture({ userInput: "hello" });
    handle.endCapture({ assistantOutput: "hi" });
    const flushed = sdk.captureHook.flush().then(() => true);
    while (!(await Promise.race([flushed, nextTurn(false)]))) clock.fireNext();
    return handle.id;
  }

  test("spills what it captures and says so once, with the command that starts a host", async () => {
    await capture();
    await capture();
    expect(sdk.captureHook.stats()).toMatchObject({ captured: 2, sent: 0, spilled: 2, dropped: 0 });
    const spillFile = path.join(home, "spill", "support.jsonl");
    expect(readdirSync(path.dirname(spillFile))).toContainEqual(
      expect.stringMatching(/^support\.jsonl\.[0-9a-f]{12}-\d+\.spill$/),
    );
    expect(said).toEqual([
      expect.stringMatching(/^warn episodes cannot be sent reason="No function app is running on /),
    ]);
    expect(said[0]).toContain("`npm start` in a checkout of Agent Lightning, or set LIGHTNING_ENDPOINT");
    expect(said[0]).toContain(`spill_file=${JSON.stringify(spillFile)}`);
    // It starts nothing itself.
    expect(existsSync(homeFiles(home).durableStore)).toBe(false);
  });

  test("gives a host that comes up later what it spilled", async () => {
    const spilled = await capture();
    const host = await startHost(home);
    const handle = sdk.captureHook.startCapture({ userInput: "hello again" });
    handle.endCapture({ assistantOutput: "hi" });
    await sdk.captureHook.flush();
    expect(host.recorded.toSorted()).toEqual([spilled, handle.id].toSorted());
    expect(sdk.captureHook.stats()).toMatchObject({ sent: 2, spilled: 1, replayed: 1 });
    await host.stop();
  });

  test("is told what to do by every other verb", async () => {
    const remedy = expect.stringMatching(/`npm start` in a checkout of Agent Lightning.*LIGHTNING_ENDPOINT/);
    const verbs = [
      sdk.rewardWriter.recordTestResult({ episodeId: "ep-1", passed: true }),
      sdk.trainingRunner.getTrainingRun("run-1"),
      sdk.callOperation("listEpisodes"),
    ];
    for (const verb of verbs)
      await expect(verb).rejects.toMatchObject({ code: "no_host", kind: "unavailable", remedy });
    expect(await sdk.selector.getModelDeployment()).toBe(sdk.settings.baseModel);
  });
});
