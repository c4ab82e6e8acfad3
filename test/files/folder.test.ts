import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { bytesOf as partOf } from "../../src/files/bytes-of.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { bytesOf, describeFiles, pieces } from "../contracts/files.ts";

const newFolder = () => mkdtemp(path.join(os.tmpdir(), "files-"));

describeFiles("a folder", async () => {
  const root = await newFolder();
  const close = () => rm(root, { recursive: true });
  return { files: folderFiles(path.join(root, "made", "when", "needed")), close };
});

describe("dataset files in a folder", () => {
  let base: string;
  let root: string;
  beforeAll(async () => {
    base = await newFolder();
    root = path.join(base, "root");
    await mkdir(root);
    await mkdir(path.join(base, "outside"));
    await writeFile(path.join(base, "outside", "secret"), "secret");
    await symlink(path.join(base, "outside"), path.join(root, "link"));
    await symlink(path.join(base, "outside", "secret"), path.join(root, "file-link"));
    await symlink(path.join(base, "outside", "not-yet"), path.join(root, "dangling"));
    await symlink(path.join(base, "root-2"), path.join(root, "sibling"));
    await mkdir(path.join(base, "root-2"));
  });
  afterAll(() => rm(base, { recursive: true }));

  test("follow no link out of the folder, to read or to write", async () => {
    const files = folderFiles(root);
    const outside = { code: "file_outside" };
    for (const key of ["link/secret", "link/new", "file-link", "dangling", "sibling/a", "link/deep/er"]) {
      await expect(files.write(key, pieces("x"))).rejects.toMatchObject(outside);
      await expect(bytesOf(files.read(key))).rejects.toMatchObject(outside);
      await expect(files.stat(key)).rejects.toMatchObject(outside);
    }
    await expect(files.delete("link/secret")).rejects.toMatchObject(outside);
    await expect(files.list("link/")).rejects.toMatchObject(outside);
    expect(await readFile(path.join(base, "outside", "secret"), "utf8")).toBe("secret");
    expect(await readdir(path.join(base, "outside"))).toEqual(["secret"]);
    expect(await readdir(path.join(base, "root-2"))).toEqual([]);
  });

  test("changed in place, with their time set back, are given in no part", async () => {
    const files = folderFiles(root);
    const file = await files.write("dataset-9/a", pieces("0123456789"));
    const part = () => bytesOf(partOf(files, file, 1, 3));
    expect((await part()).toString()).toBe("123");
    const place = files.locate(file.key);
    const { atime, mtime } = await stat(place);
    const before = await files.stat(file.key);
    // The disk's clock may tick in milliseconds.
    while ((await files.stat(file.key))?.version === before?.version) {
      await writeFile(place, "0123456!89", { flag: "r+" });
      await utimes(place, atime, mtime);
    }
    await expect(part()).rejects.toMatchObject({ code: "file_damaged" });
  });

  test("may themselves be reached through a link", async () => {
    await symlink(root, path.join(base, "alias"));
    const files = folderFiles(path.join(base, "alias"));
    await files.write("dataset-1/a", pieces("x"));
    expect((await bytesOf(files.read("dataset-1/a"))).toString()).toBe("x");
    expect(await files.list("dataset-1/")).toEqual(["dataset-1/a"]);
  });

  test("delete a link and not what it leads to", async () => {
    await folderFiles(root).delete("file-link");
    expect(existsSync(path.join(root, "file-link"))).toBe(false);
    expect(existsSync(path.join(base, "outside", "secret"))).toBe(true);
  });

  test("list no remains of a write that was cut off", async () => {
    const files = folderFiles(root);
    await files.write("dataset-2/a", pieces("x"));
    await writeFile(path.join(root, "dataset-2", ".b.0123456789ab.partial"), "half");
    expect(await files.list("dataset-2/")).toEqual(["dataset-2/a"]);
  });

  test("clear away what a killed process left of the same file, and nothing a living one writes", async () => {
    const files = folderFiles(root);
    await mkdir(path.join(root, "dataset-3"));
    const remains = [".a.2147483646-0123456789ab.partial", `.a.${process.pid}-0123456789ab.partial`];
    const alive = [`.a.${process.ppid}-0123456789ab.partial`, ".ab.2147483646-0123456789ab.partial"];
    for (const name of [...remains, ...alive]) await writeFile(path.join(root, "dataset-3", name), "half");
    await Promise.all([files.write("dataset-3/a", pieces("one")), files.write("dataset-3/a", pieces("one"))]);
    expect((await readdir(path.join(root, "dataset-3"))).toSorted()).toEqual([...alive, "a"].toSorted());
  });
});
