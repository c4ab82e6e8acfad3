import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { appFolder, scratch } from "./support.ts";

// Hosts in processes of their own: one that is starved could not time a thing in itself.
const bin = fileURLToPath(new URL("../../bin/lightning-host.js", import.meta.url));
const started: ChildProcess[] = [];
jest.setTimeout(60_000);
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

const HOSTILE = ["recursion", "brood", "endless", "endlessWork", "signals", "fanOut", "children"];
/** An orchestrator's own code is not divided: this is for what the engine makes of it, on a busy machine too. */
const ANSWERS_WITHIN_MS = 1000;
const WATCHED_MS = 2000;

async function run(home: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    [bin, appFolder("hostile-app"), "--home", home, "--port", "0", "--quiet"],
    {
      env: { ...process.env, JEST_WORKER_ID: undefined },
    },
  );
  started.push(child);
  let text = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        text += chunk;
        const url = /Listening on (\S+),/.exec(text)?.[1];
        if (url !== undefined) resolve({ child, url });
      });
    child.once("exit", () => reject(new Error(`The host ended: ${text}`)));
  });
}

describe("an app whose orchestrator never ends", () => {
  test.each(HOSTILE)("cannot starve its host, by %s", async (orchestrator) => {
    const home = await scratch();
    const { url, child } = await run(home);
    const instances = `${url}/runtime/webhooks/durabletask`;
    const ask = async (address: string, method = "GET") => {
      const begun = performance.now();
      const answer = await fetch(address, { method, signal: AbortSignal.timeout(5 * ANSWERS_WITHIN_MS) });
      const text = await answer.text();
      return { status: answer.status, text, ms: performance.now() - begun };
    };
    const answer = await ask(`${instances}/orchestrators/${orchestrator}/it`, "POST");
    expect(answer.status).toBe(202);
    // A machine may stand still for a moment; a host that is starved is starved in each of three looks.
    let slowest = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 3 && slowest >= ANSWERS_WITHIN_MS; look++) {
      slowest = 0;
      for (const begun = performance.now(); performance.now() - begun < WATCHED_MS; )
        slowest = Math.max(slowest, (await ask(`${url}/admin/host/status`)).ms);
    }
    expect(slowest).toBeLessThan(ANSWERS_WITHIN_MS);

    expect((await ask(`${instances}/instances/it/terminate?reason=enough`, "POST")).status).toBe(202);
    for (const begun = performance.now(); ; ) {
      const { runtimeStatus } = JSON.parse((await ask(`${instances}/instances/it`)).text) as {
        runtimeStatus: string;
      };
      if (runtimeStatus === "Terminated") break;
      expect(performance.now() - begun).toBeLessThan(10 * ANSWERS_WITHIN_MS);
    }
    const stopping = performance.now();
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(performance.now() - stopping).toBeLessThan(5 * ANSWERS_WITHIN_MS);
    await rm(home, { recursive: true, force: true });
  });
});
