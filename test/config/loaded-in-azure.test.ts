import { execFile } from "node:child_process";
import path from "node:path";
import { expect, jest, test } from "@jest/globals";

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, "../..");
/** What the template sets and the app refuses to start without; nothing is asked of these addresses. */
const IN_AZURE = {
  WEBSITE_SITE_NAME: "lightning-app",
  COSMOS_ACCOUNT_URI: "https://127.0.0.1:1/",
  LIGHTNING_FILES_URI: "https://127.0.0.1:2/",
  AZURE_OPENAI_ENDPOINT: "https://127.0.0.1:3/",
};

/** Notes each module that is loaded. */
const NOTE = `import { registerHooks } from "node:module";
  globalThis.loaded = [];
  registerHooks({ load: (url, context, next) => { globalThis.loaded.push(url); return next(url, context); } });`;
const APP = `import { globSync } from "node:fs";
  for (const file of globSync("functions/*.ts").toSorted()) await import(\`./\${file}\`);
  const { appOf } = await import("./src/app.ts");
  appOf();
  const ours = loaded.filter((url) => url.includes("/src/"));
  console.log(JSON.stringify({
    whole: ours.length > 100,
    local: ours.filter((url) => /src\\/local-(?:host|provider)\\//.test(url)),
    sqlite: process.moduleLoadList.filter((one) => /sqlite/i.test(one)),
  }));
  process.exit(0);`;

test("neither loading nor composing the app in Azure loads the engines of a laptop: SQLite, provider, host", async () => {
  const args = ["--import", `data:text/javascript,${encodeURIComponent(NOTE)}`];
  const said = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [...args, "--input-type=module", "--eval", APP],
      { cwd: ROOT, env: { PATH: process.env.PATH, ...IN_AZURE }, timeout: 50_000 },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
  });
  // The library tells of its own server for streams first.
  expect(JSON.parse(said.trim().split("\n").at(-1) ?? "")).toEqual({ whole: true, local: [], sqlite: [] });
});
