import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createLogger } from "../../src/kernel/logger.ts";
import { closedFolder } from "../../src/kernel/private-files.ts";
import { backUpLedger } from "../../src/ledger/sqlite/backup.ts";
import { openWorld, type World } from "./world.ts";

const before = process.umask(0o022);
const logged: string[] = [];
let world: World;

/** Every folder and file of the home, the home itself as ".", with its rights. */
const rights = (): (readonly [string, number])[] =>
  [".", ...readdirSync(world.home, { recursive: true, encoding: "utf8" })].map(
    (name) => [name, statSync(path.join(world.home, name)).mode & 0o777] as const,
  );
const open = () => rights().filter(([, mode]) => (mode & 0o077) !== 0);

beforeAll(async () => {
  world = await openWorld({}, { logger: createLogger((line) => logged.push(line)), pace: {} });
  const episodes = Array.from({ length: 12 }, (_, n) => ({
    id: `ep-${n}`,
    user_input: `Where is order ${n}?`,
    assistant_output: `Order ${n} left on day ${n}.`,
  }));
  await world.call("POST", "/episodes", { episodes });
  for (const { id } of episodes) await world.call("POST", "/rewards", { episode_id: id, value: 1 });
  await world.settle();
  const wait = { prefer: "wait=200" };
  const made = await world.call("POST", "/datasets", { name: "closed", train_split: 1 }, wait);
  const trained = await world.call("POST", "/training", { dataset_id: made.body.dataset_id }, wait);
  if (trained.body.status !== "succeeded") throw new Error(JSON.stringify(trained.body));
});
afterAll(async () => {
  await world.close();
  process.umask(before);
});

describe("a home folder", () => {
  it("has no file and no folder that another account may read, whatever was done in it", async () => {
    expect(rights().length).toBeGreaterThan(10);
    expect(open()).toEqual([]);
    const copy = path.join(world.home, "copy.sqlite");
    await backUpLedger(path.join(world.home, "ledger.sqlite"), copy);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    rmSync(copy);
  });

  it("that was open to others is closed at the next start, with the databases and keys in it", async () => {
    for (const [name] of rights()) {
      const place = path.join(world.home, name);
      chmodSync(place, statSync(place).isDirectory() ? 0o777 : 0o644);
    }
    await world.restart();
    const left = open().map(([name]) => name);
    expect(left.filter((name) => name === "." || /sqlite|^host|^provider$|key|state/.test(name))).toEqual([]);
    expect(logged.filter((line) => /could be written by other accounts/.test(line))).not.toEqual([]);
  });
});

describe("a folder that is not this account's alone", () => {
  it("is left as it is where everybody keeps things in it, and its user is told", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "lightning-shared-"));
    try {
      chmodSync(folder, 0o1777);
      expect(closedFolder(folder)).toMatch(/shared by all accounts/);
      expect(statSync(folder).mode & 0o7777).toBe(0o1777);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is told where it belongs to another account", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "lightning-foreign-"));
    const own = process.getuid?.();
    try {
      // As another account sees it.
      process.getuid = () => (own ?? 0) + 1;
      expect(closedFolder(folder)).toMatch(/belongs to another account/);
    } finally {
      process.getuid = () => own ?? 0;
      rmSync(folder, { recursive: true });
    }
  });
});
