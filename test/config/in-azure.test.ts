import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, jest, test } from "@jest/globals";

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, "../..");
const { PATH = "" } = process.env;

/** A process of the app with this environment alone: how it ended and all that it said. */
const run = (env: Record<string, string>, ...args: string[]) =>
  new Promise<{ code: number | null; said: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd: ROOT, env: { PATH, ...env }, timeout: 50_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, said: stdout + stderr }),
    );
  });

const AZURE = { WEBSITE_SITE_NAME: "lightning-app" };
/** Every way in which a process of the app begins. */
const BEGINNINGS: Record<string, string[]> = {
  "npm start": ["src/start.ts", "--port", "0"],
  "the command line": ["bin/lightning.js", "stats"],
  "MCP over stdio": ["bin/lightning.js", "mcp"],
};

describe("inside Azure, without ledger and provider", () => {
  test.each(Object.keys(BEGINNINGS))("%s refuses and names the variables", async (name) => {
    const { code, said } = await run(AZURE, ...(BEGINNINGS[name] ?? []));
    expect(code).not.toBe(0);
    for (const variable of ["COSMOS_ACCOUNT_URI", "LIGHTNING_FILES_URI", "AZURE_OPENAI_ENDPOINT"])
      expect(said).toContain(`${variable}: needed in Azure`);
  });

  // Outside the Functions worker the library says that it only pretends to register.
  const load = readdirSync(path.join(ROOT, "functions"))
    .toSorted()
    .map((file) => `await import("./functions/${file}");`)
    .join(" ");
  const loading = (env: Record<string, string>) =>
    run(env, "--eval", `${load} console.log("loaded"); process.exit(0);`);

  test("the functions load all the same, for a file that throws takes its app's functions with it, and say why", async () => {
    const { code, said } = await loading(AZURE);
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining("loaded") });
    expect(said).toContain("COSMOS_ACCOUNT_URI: needed in Azure");
  });

  test("the functions load once all are named, and ask Azure for nothing yet", async () => {
    const { code, said } = await loading({
      ...AZURE,
      COSMOS_ACCOUNT_URI: "https://127.0.0.1:1/",
      LIGHTNING_FILES_URI: "https://127.0.0.1:2/",
      AZURE_OPENAI_ENDPOINT: "https://127.0.0.1:3/",
    });
    expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining("loaded") });
    expect(said).not.toContain("needed in Azure");
  });
});

test("npm run start:func says what is missing: first the account, then Core Tools", async () => {
  const start = "infra/start-func.ts";
  expect(await run({}, start)).toEqual({
    code: 2,
    said: expect.stringContaining("COSMOS_ACCOUNT_URI is not set"),
  });
  const noTools = await run({ PATH: "/nowhere", COSMOS_ACCOUNT_URI: "https://127.0.0.1:1/" }, start);
  expect(noTools).toEqual({ code: 2, said: expect.stringContaining("Core Tools (func) is not on the PATH") });
});
