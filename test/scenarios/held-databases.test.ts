import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { DATABASES, type Held } from "./held-databases.child.ts";

const CHILD = path.join(import.meta.dirname, "held-databases.child.ts");
const folder = mkdtempSync(path.join(os.tmpdir(), "held-"));
const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let homes = 0;
const newHome = () => path.join(folder, `home-${++homes}`);

/** What another process finds when it opens the same database, and closes it again. */
async function elsewhere(database: string, home: string): Promise<unknown> {
  const env = { ...process.env, NODE_OPTIONS: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, database, home], { env });
  return JSON.parse(stdout);
}

/** Opens it once more where it is open already. @returns what was found, and how to close that one */
const AGAIN: Readonly<Record<string, (database: string, home: string) => Promise<[unknown, () => unknown]>>> =
  {
    "by this thread": async (database, home) => {
      let held: Held | undefined;
      try {
        held = DATABASES[database]?.(home);
        return [(await held?.count?.()) ?? "opened", () => held?.close()];
      } catch (thrown) {
        return [(thrown as { code?: unknown }).code, () => {}];
      }
    },
    "by a thread": async (database, home) => {
      const worker = new Worker(CHILD, { workerData: { database, home }, execArgv: [] });
      workers.push(worker);
      const [told] = (await once(worker, "message")) as [unknown];
      const close = () => {
        // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
        worker.postMessage("close");
        return once(worker, "exit");
      };
      return [told, close];
    },
  };

const openTwice = (names: readonly string[]) =>
  names.flatMap((name) => Object.keys(AGAIN).map((where) => [name, where] as const));

describe("a database that is opened once more in the process that has it open", () => {
  test.each(openTwice(["a home's lock", "the durable store"]))(
    "stays closed to other processes: %s, %s",
    async (database, where) => {
      const home = newHome();
      const held = DATABASES[database]?.(home);
      const refused = await elsewhere(database, home);
      expect(refused).toMatch(/_in_use$/);
      const [again, close] = (await AGAIN[where]?.(database, home)) ?? [];
      expect(again).toBe(refused);
      expect(await elsewhere(database, home)).toBe(refused);
      await close?.();
      expect(await elsewhere(database, home)).toBe(refused);
      await held?.close();
      expect(await elsewhere(database, home)).toBe("opened");
    },
    60_000,
  );

  test.each(openTwice(["the embedded ledger", "the local provider's store"]))(
    "loses nothing it acknowledged when another process comes and goes: %s, %s",
    async (database, where) => {
      const home = newHome();
      const held = DATABASES[database]?.(home);
      await held?.write?.("before");
      const [again, close] = (await AGAIN[where]?.(database, home)) ?? [];
      expect(again).toBe(1);
      expect(await elsewhere(database, home)).toBe(1);
      for (let n = 0; n < 50; n++) await held?.write?.(`r${n}`);
      expect(await elsewhere(database, home)).toBe(51);
      await close?.();
      await held?.write?.("after");
      expect(await elsewhere(database, home)).toBe(52);
      await held?.close();
      expect(await elsewhere(database, home)).toBe(52);
    },
    60_000,
  );
});
