import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { app } from "@azure/functions";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { hostLogger, logWithInvocation } from "../../src/kernel/invocation-log.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";

const logger = hostLogger("debug");
const LEVELS = ["debug", "info", "warn", "error"] as const;
/** Words by which the Functions host would guess another level. */
const log = (level: (typeof LEVELS)[number]) =>
  logger[level]("3 failed, warnings ignored", { error: "none", percent: "100%d" });

describe("what the app logs through the Functions host", () => {
  let home: string;
  let host: LocalHost;
  const lines: string[] = [];
  let later: Promise<void> = Promise.resolve();
  let endOf = () => {};

  beforeAll(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), "lightning-logs-"));
    await writeFile(path.join(home, "host.json"), '{"version":"2.0"}');
    host = await LocalHost.start({
      folder: home,
      home: path.join(home, "data"),
      logger: createLogger((line) => lines.push(line), "debug"),
      app: () => {
        app.hook.preInvocation(logWithInvocation);
        app.http("speak", {
          route: "speak/{level}",
          handler: async ({ params }) => {
            await new Promise(setImmediate);
            log(params.level as "info");
            return {};
          },
        });
        app.http("leave", {
          handler: () => {
            const ended = new Promise<void>((resolve) => (endOf = resolve));
            later = ended.then(() => log("warn"));
            return {};
          },
        });
        app.http("fail", {
          handler: async () => {
            log("error");
            throw new Error("broken");
          },
        });
      },
    });
  });
  afterAll(async () => {
    await host.stop();
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    lines.length = 0;
  });
  const TEXT = '3 failed, warnings ignored error="none" percent="100%d"';

  test.each(LEVELS)("has its level and its function, whatever its words are: %s", async (level) => {
    await host.fetch(`/api/speak/${level}`);
    expect(lines.filter((line) => line.includes("3 failed"))).toEqual([`${level} ${TEXT} function="speak"`]);
  });

  test.each(LEVELS)("outside of every function has its level, too: %s", (level) => {
    log(level);
    expect(lines).toEqual([`${level} ${TEXT}`]);
  });

  test("after its function has ended belongs to none, and the library does not complain", async () => {
    await host.fetch("/api/leave");
    await new Promise(setImmediate);
    endOf();
    await later;
    expect(lines).toEqual([`warn ${TEXT}`]);
  });

  test("a function that fails fails as ever, with its lines", async () => {
    expect((await host.fetch("/api/fail")).status).toBe(500);
    expect(lines[0]).toBe(`error ${TEXT} function="fail"`);
    expect(lines[1]).toContain("broken");
  });
});
