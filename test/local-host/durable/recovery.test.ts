import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { type OrchestratorCode, testHost } from "./app.ts";
import { expectedOutput, recoveryApp } from "./recovery-app.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-recovery-"));
/** A host whose test failed before its end would go on without it. */
const hosts: ChildProcess[] = [];
afterAll(() => {
  for (const host of hosts) host.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** The store as a crash at this moment would leave it. */
function crashImage(file: string, image: string): void {
  copyFileSync(file, image);
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${image}-wal`);
}

describe("a host that was killed", () => {
  test("takes up its work from the crash image of every single commit", async () => {
    const file = join(folder, "whole.db");
    const clock = new VirtualClock();
    const images: { file: string; now: number; acknowledged: readonly number[] }[] = [];
    const acknowledged: number[] = [];
    {
      await using host = await testHost({
        ...recoveryApp(),
        options: {
          file,
          clock,
          onCommit: () => {
            const image = join(folder, `image-${images.length}.db`);
            crashImage(file, image);
            images.push({ file: image, now: clock.now(), acknowledged: [...acknowledged] });
          },
        },
      });
      for (const n of [1, 5]) {
        await host.begin("everything", `run-${n}`, { n, round: 0 });
        acknowledged.push(n);
      }
      await host.settle();
      for (const n of [1, 5]) expect((await host.status(`run-${n}`)).output).toEqual(expectedOutput(n));
    }
    expect(images.length).toBeGreaterThan(20);

    for (const image of images) {
      await using host = await testHost({
        ...recoveryApp(),
        options: { file: image.file, clock: new VirtualClock(image.now) },
      });
      await host.settle();
      for (const n of image.acknowledged)
        expect(await host.status(`run-${n}`)).toMatchObject({
          runtimeStatus: "Completed",
          output: expectedOutput(n),
        });
      expect(host.log.filter(({ level }) => level === "error")).toEqual([]);
    }
  }, 60_000);

  test("waits out a timer that was set before, on the clock's time", async () => {
    const file = join(folder, "timer.db");
    const app = {
      orchestrators: {
        sleeper: function* ({ df }) {
          yield df.createTimer(new Date(df.currentUtcDateTime.getTime() + 3_600_000));
          return "awake";
        } satisfies OrchestratorCode,
      },
    };
    const clock = new VirtualClock();
    {
      await using host = await testHost({ ...app, options: { file, clock } });
      await host.begin("sleeper", "s");
      await host.engine.idle();
    }
    const later = new VirtualClock(clock.now() + 1_800_000);
    await using host = await testHost({ ...app, options: { file, clock: later } });
    await host.engine.idle();
    expect((await host.status("s")).runtimeStatus).toBe("Running");
    await host.settle();
    expect(later.now()).toBe(clock.now() + 3_600_000);
    expect((await host.status("s")).output).toBe("awake");
  });

  test("fails instances whose orchestrator the app lost, as the extension does, and rewinds them when it is back", async () => {
    const file = join(folder, "lost.db");
    const app = {
      orchestrators: {
        patient: function* ({ df }) {
          return yield df.waitForExternalEvent("go");
        } satisfies OrchestratorCode,
      },
    };
    {
      await using host = await testHost({ ...app, options: { file } });
      await host.begin("patient", "p");
      await host.begin("patient", "q");
      await host.engine.idle();
    }
    {
      await using host = await testHost({ options: { file } });
      await host.call("POST", "instances/p/raiseEvent/go", "late");
      await host.call("POST", "instances/q/terminate?reason=gone");
      await host.engine.idle();
      expect(await host.status("p")).toMatchObject({
        runtimeStatus: "Failed",
        output: expect.stringContaining("The function 'patient' doesn't exist, is disabled, or is not"),
      });
      expect((await host.status("q")).runtimeStatus).toBe("Terminated");
    }
    await using host = await testHost({ ...app, options: { file } });
    await host.call("POST", "instances/p/rewind?reason=back");
    await host.engine.idle();
    expect((await host.status("p")).output).toBe("late");
  });

  test("by kill -9, again and again, ends everything it acknowledged", async () => {
    const file = join(folder, "killed.db");
    const log = join(folder, "killed.log");
    const count = 20;
    const script = join(import.meta.dirname, "killed-host.ts");
    const life = (killAfterMs: number | undefined) =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(process.execPath, [script, file, log, String(count)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        hosts.push(child);
        let output = "";
        child.stdout.on("data", (chunk: Buffer) => {
          // The first sign of life starts the clock of its death.
          if (output === "" && killAfterMs !== undefined)
            setTimeout(() => child.kill("SIGKILL"), killAfterMs);
          output += String(chunk);
        });
        child.on("error", reject);
        child.on("exit", (code, signal) =>
          code === 0 || signal === "SIGKILL" ? resolve(output) : reject(new Error(`exit ${code}`)),
        );
      });
    let output = "";
    for (const killAfterMs of [3, 15, 40, 90, undefined]) {
      output += await life(killAfterMs);
      if (output.includes("ended")) break;
    }
    const ended = JSON.parse(/^ended (.*)$/m.exec(output)?.[1] ?? "null");
    expect(ended).toEqual(Array.from({ length: count }, (_, n) => expectedOutput(n)));
    // At least once: everything ran, and only what was under way at a kill ran twice.
    const runs = readFileSync(log, "utf8").trim().split("\n").length;
    expect(runs).toBeGreaterThanOrEqual(count * 12);
  }, 60_000);
});
