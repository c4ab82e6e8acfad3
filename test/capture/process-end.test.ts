import { spawn } from "node:child_process";
import { once } from "node:events";
import { promises as fs } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const at = (file: string) => JSON.stringify(new URL(`../../src/${file}`, import.meta.url).href);
let folder: string;
beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "process-end-"));
});
afterAll(() => fs.rm(folder, { recursive: true, force: true }));

/** An agent that has captured so many episodes for a receiver that never answers, and says so. */
const agent = (home: string, { count = 500, signals = true, before = "", logger = "silentLogger" }) => `
  import { createRequire } from "node:module";
  import { createCaptureHook } from ${at("capture/capture.ts")};
  import { systemClock } from ${at("kernel/clock.ts")};
  import { silentLogger, stderrLogger } from ${at("kernel/logger.ts")};
  const require = createRequire(${JSON.stringify(import.meta.url)});
  ${before}
  const hook = createCaptureHook({
    send: () => new Promise(() => {}),
    settings: { enableCapture: true, agentId: "a", redactSecrets: true, maxOutputLength: 1000, spillOnSignals: ${signals} },
    clock: systemClock, logger: ${logger}, spillFile: ${JSON.stringify(path.join(home, "a.jsonl"))},
    limits: { flushIntervalMs: 60_000, batchSize: 1000 },
  });
  for (let i = 0; i < ${count}; i++) hook.startCapture({ userInput: "x" }).endCapture({ assistantOutput: "y" });
  setInterval(() => {}, 1000);
  process.stdout.write("captured\\n");
`;

async function run(program: string, signal?: NodeJS.Signals) {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = once(child, "close");
  child.stderr.resume();
  await Promise.race([once(child.stdout, "data"), ended]);
  if (signal !== undefined) child.kill(signal);
  await ended;
  return { code: child.exitCode, signal: child.signalCode };
}
async function spilled(home: string): Promise<number> {
  let count = 0;
  for (const name of await fs.readdir(home).catch(() => [] as string[]))
    if (name.endsWith(".spill"))
      count += (await fs.readFile(path.join(home, name), "utf8")).split("\n").filter(Boolean).length;
  return count;
}
const home = (name: string) => path.join(folder, name.replaceAll(/\W/g, "-"));

describe("the end of an agent's process", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s writes what waits, and ends the process as it would without capture",
    async (signal) => {
      expect(await run(agent(home(signal), {}), signal)).toEqual({ code: null, signal });
      expect(await spilled(home(signal))).toBe(500);
    },
  );

  test("a handler of the app's own stays in charge", async () => {
    const before = `process.on("SIGTERM", () => setTimeout(() => process.exit(3), 20));`;
    expect(await run(agent(home("own"), { before }), "SIGTERM")).toEqual({ code: 3, signal: null });
    expect(await spilled(home("own"))).toBe(500);
  });

  test.each(["before", "after"])("signal-exit, loaded %s, still ends it by the signal", async (when) => {
    const load = `require("signal-exit")(() => {});`;
    const program =
      when === "before"
        ? agent(home(when), { before: load })
        : agent(home(when), {}).replace("setInterval", `${load} setInterval`);
    expect(await run(program, "SIGTERM")).toEqual({ code: null, signal: "SIGTERM" });
    expect(await spilled(home(when))).toBe(500);
  });

  test("with LIGHTNING_SPILL_ON_SIGNALS off signals are left alone", async () => {
    expect(await run(agent(home("off"), { signals: false }), "SIGTERM")).toEqual({
      code: null,
      signal: "SIGTERM",
    });
    expect(await spilled(home("off"))).toBe(0);
  });

  test("process.exit and an uncaught error write it as well", async () => {
    await run(`${agent(home("exit"), {})} process.exit(0);`);
    await run(`${agent(home("error"), {})} setTimeout(() => { throw new Error("x"); }, 1);`);
    expect([await spilled(home("exit")), await spilled(home("error"))]).toEqual([500, 500]);
  });

  test("a closed standard error and a logger that fails end nothing", async () => {
    for (const logger of [
      "stderrLogger('debug')",
      "{ debug() { throw Object.create(null); }, info() {}, warn: async () => { throw new Error('l'); }, error() {} }",
    ]) {
      const program = `${agent(home("logger"), { count: 1, logger })}
        await hook.flushWithin(10);
        setTimeout(() => process.exit(7), 300);`
        .replace("send: () => new Promise(() => {})", "send: () => { throw Object.create(null); }")
        .replace("setInterval(() => {}, 1000);", "");
      const child = spawn(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program],
        { stdio: ["ignore", "ignore", "pipe"] },
      );
      child.stderr.destroy();
      const [code] = (await once(child, "close")) as [number];
      expect(code).toBe(7);
    }
  });
});
