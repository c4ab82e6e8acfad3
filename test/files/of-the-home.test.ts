import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { dataFolder, readSettings } from "../../src/config/settings.ts";
import type { Files } from "../../src/files/files.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { earlierFolder, filesFromSettings } from "../../src/files/from-settings.ts";
import { withEarlier } from "../../src/files/with-earlier.ts";

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

  it("is another where LIGHTNING_DATA_DIR says so, and nothing else is looked at then", () => {
    const set = readSettings({ LIGHTNING_HOME: root, LIGHTNING_DATA_DIR: path.join(root, "elsewhere") });
    expect(dataFolder(set)).toBe(path.join(root, "elsewhere"));
    expect(earlierFolder(set)).toBeUndefined();
  });

  it("of an earlier release is found where the process was started", async () => {
    const before = process.cwd();
    const started = path.join(root, "started");
    await fs.mkdir(path.join(started, "data/finetune/dataset-0"), { recursive: true });
    await fs.writeFile(path.join(started, "data/finetune/dataset-0/train.jsonl"), "of before");
    const settings = readSettings({ LIGHTNING_HOME: path.join(root, "three") });
    try {
      process.chdir(root);
      expect(earlierFolder(settings)).toBeUndefined();
      process.chdir(started);
      expect(earlierFolder(settings)).toBe(path.join(process.cwd(), "data/finetune"));
      const files = filesFromSettings(settings);
      expect(await textOf(files, "dataset-0/train.jsonl")).toBe("of before");
    } finally {
      process.chdir(before);
    }
  });
});

describe("files beside those of an earlier release", () => {
  it("are written to the new folder, read from either, listed together and deleted from both", async () => {
    const [own, earlier] = ["new", "old"].map((name) => folderFiles(path.join(root, name))) as [Files, Files];
    const files = withEarlier(own, earlier);
    await earlier.write("d-1/a", once("old a"));
    await earlier.write("d-1/b", once("old b"));
    await files.write("d-1/b", once("new b"));
    await files.write("d-1/c", once("new c"));
    expect(await files.list("d-1/")).toEqual(["d-1/a", "d-1/b", "d-1/c"]);
    const all = await Promise.all(["a", "b", "c"].map((name) => textOf(files, `d-1/${name}`)));
    expect(all).toEqual(["old a", "new b", "new c"]);
    expect(Buffer.from(await files.readRange("d-1/a", 4, 9)).toString()).toBe("a");
    expect(await files.stat("d-1/a")).toEqual({ bytes: 5 });
    expect(files.locate("d-1/a")).toBe(earlier.locate("d-1/a"));
    expect(files.locate("d-1/b")).toBe(own.locate("d-1/b"));
    expect(await textOf(earlier, "d-1/b")).toBe("old b");
    await files.delete("d-1/b");
    expect(await files.stat("d-1/b")).toBeUndefined();
    await expect(textOf(files, "d-1/x")).rejects.toMatchObject({ code: "file_missing" });
    expect(files.locate("d-1/x")).toBe(own.locate("d-1/x"));
  });
});
