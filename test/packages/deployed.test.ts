import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const ROOT = path.resolve(import.meta.dirname, "../..");
const manifest = (name: string, more: object = {}) => JSON.stringify({ name, version: "1.0.0", ...more });

/** An app as Azure's remote build has it after `npm install` and `npm run build`. */
const BUILT: Readonly<Record<string, string>> = {
  "package.json": manifest("app", { dependencies: { used: "1.0.0" }, devDependencies: { tool: "1.0.0" } }),
  "host.json": "{}",
  "src/app.ts": "",
  "functions/http.ts": "",
  "dist/functions/http.js": "",
  "dist/functions/http.js.map": "",
  "dist/src/prices.json": "{}",
  "dashboard/src/main.tsx": "",
  "dashboard/dist/index.html": "",
  "node_modules/tool/package.json": manifest("tool"),
  "node_modules/tool/index.js": "",
  "node_modules/used/package.json": manifest("used"),
  "node_modules/used/index.js": "",
  "node_modules/used/index.js.map": "",
  "node_modules/used/index.d.ts": "",
  "node_modules/used/index.d.mts": "",
  "node_modules/used/dist/esm/index.mjs": "",
  "node_modules/used/dist/browser/index.js": "",
  "node_modules/used/lib/browser/index.js": "",
  "node_modules/used/words.ts.json": "{}",
};

describe("npm run build:azure", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lightning-deployed-"));
    for (const [file, content] of Object.entries(BUILT)) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), content);
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const run = () =>
    new Promise<{ code: number | null; said: string }>((resolve) => {
      const script = path.join(ROOT, "tools/deployed-package.ts");
      const child = execFile(process.execPath, [script], { cwd: folder }, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode, said: stdout + stderr }),
      );
    });
  const left = () =>
    globSync("**/*", { cwd: folder, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes("package-lock"))
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .toSorted();

  it("leaves what Node loads: no development package, types, maps, sources or builds for browsers", async () => {
    expect(await run()).toMatchObject({ code: 0 });
    expect(left()).toEqual([
      "dashboard/dist/index.html",
      "dist/functions/http.js",
      "dist/src/prices.json",
      "host.json",
      "node_modules/used/dist/esm/index.mjs",
      "node_modules/used/index.js",
      "node_modules/used/lib/browser/index.js",
      "node_modules/used/package.json",
      "node_modules/used/words.ts.json",
      "package.json",
    ]);
  });

  it("takes nothing away in a checkout", async () => {
    mkdirSync(path.join(folder, ".git"));
    const { code, said } = await run();
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining("not for a checkout") });
    expect(left()).toEqual(Object.keys(BUILT).toSorted());
  });
});
