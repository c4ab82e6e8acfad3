import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openPorts } from "../../src/compose/ports.ts";
import { dataFolder, readSettings, type Settings } from "../../src/config/settings.ts";
import type { Files } from "../../src/files/files.ts";
import { filesFromSettings, leftByEarlierRelease } from "../../src/files/from-settings.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

let root: string;
beforeAll(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-files-"));
});
afterAll(() => fs.rm(root, { recursive: true, force: true }));

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
async function textOf(files: Files, key: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(key)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString("utf8");
}

describe("the folder of dataset files", () => {
  it("lies in the home, so that two homes share none", async () => {
    const homes = ["one", "two"].map((name) => readSettings({ LIGHTNING_HOME: path.join(root, name) }));
    expect(homes.map(dataFolder)).toEqual([path.join(root, "one/datasets"), path.join(root, "two/datasets")]);
    const [one, two] = homes.map(filesFromSettings) as [Files, Files];
    await one.write("dataset-1/train.jsonl", once("of one"));
    expect(await textOf(one, "dataset-1/train.jsonl")).toBe("of one");
    await expect(textOf(two, "dataset-1/train.jsonl")).rejects.toMatchObject({ code: "file_missing" });
  });

  it("is another where LIGHTNING_DATA_DIR says so", () => {
    const set = readSettings({ LIGHTNING_HOME: root, LIGHTNING_DATA_DIR: path.join(root, "elsewhere") });
    expect(dataFolder(set)).toBe(path.join(root, "elsewhere"));
  });
});

describe("files that an earlier release left where the process was started", () => {
  const KEY = "dataset-0/train.jsonl";
  const before = process.cwd();
  let started: string;
  let left: string;
  beforeAll(async () => {
    started = path.join(root, "started");
    left = path.join(started, "data/finetune");
    await fs.mkdir(path.join(left, "dataset-0"), { recursive: true });
    await fs.writeFile(path.join(left, KEY), "of another home");
    process.chdir(started);
    left = path.resolve("data/finetune");
  });
  afterAll(() => process.chdir(before));

  /** A home of that name, with a ledger if it has run before. */
  async function home(name: string, hasRun: boolean) {
    const settings = readSettings({ LIGHTNING_HOME: path.join(root, name) });
    await fs.mkdir(path.join(root, name));
    if (hasRun) await fs.writeFile(path.join(root, name, "ledger.sqlite"), "");
    return settings;
  }

  it.each([
    ["fresh", false],
    ["old", true],
  ])("are not seen, listed, read or deleted by a home that is %s", async (name, hasRun) => {
    const files = filesFromSettings(await home(name, hasRun));
    expect(await files.stat(KEY)).toBeUndefined();
    expect(await files.list("dataset-0/")).toEqual([]);
    await expect(textOf(files, KEY)).rejects.toMatchObject({ code: "file_missing" });
    await expect(files.readRange(KEY, 0, 1)).rejects.toMatchObject({ code: "file_missing" });
    expect(files.locate(KEY)).toBe(path.join(root, name, "datasets", KEY));
    await files.delete(KEY);
    expect(await fs.readFile(path.join(left, KEY), "utf8")).toBe("of another home");
    await files.write(KEY, once("its own"));
    await files.delete(KEY);
    expect(await fs.readFile(path.join(left, KEY), "utf8")).toBe("of another home");
  });

  it("are told of to a home that has a ledger and no folder of datasets, with both remedies", async () => {
    const told = async (settings: Settings) => {
      const warned: string[] = [];
      const logger = { ...silentLogger, warn: (message: string) => warned.push(message) };
      await openPorts({ settings, logger }).close();
      return warned.filter((line) => line.includes(left));
    };
    const upgraded = await home("upgraded", true);
    const lines = await told(upgraded);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("LIGHTNING_DATA_DIR");
    expect(lines[0]).toContain(dataFolder(upgraded));
    // Either remedy, and there is nothing to say any more.
    expect(await told({ ...upgraded, dataDir: left })).toEqual([]);
    await fs.mkdir(dataFolder(upgraded));
    expect(await told(upgraded)).toEqual([]);
    expect(await told(await home("new", false))).toEqual([]);
    await fs.mkdir(path.join(root, "bare/data/finetune"), { recursive: true });
    process.chdir(path.join(root, "bare"));
    expect(leftByEarlierRelease(await home("elsewhere", true))).toBeUndefined();
  });
});
