import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { CHROMIUM, hasChromium, launch, open } from "../dashboard/browser.ts";

jest.setTimeout(120_000);

const ROOT = path.resolve(import.meta.dirname, "../..");
const SECRET = "key with blanks";
const FAULTY = {
  WEBSITE_SITE_NAME: "lightning-app",
  LIGHTNING_AUTH: "entra",
  LIGHTNING_EPOCHS: "many",
  LIGHTNING_RETRAIN_CRON: "every day",
  AZURE_OPENAI_API_KEY: SECRET,
};
const FAULTS = {
  COSMOS_ACCOUNT_URI: "needed in Azure",
  LIGHTNING_FILES_URI: "needed in Azure",
  AZURE_OPENAI_ENDPOINT: "needed in Azure",
  LIGHTNING_AUTH: "entra needs App Service Authentication",
  LIGHTNING_EPOCHS: "must be a number",
  LIGHTNING_RETRAIN_CRON: "must be an NCRONTAB schedule",
  AZURE_OPENAI_API_KEY: "must be visible ASCII characters",
};

/** What Azure does with an app whose settings are faulty: it starts it all the same. */
describe("an app whose settings cannot be used, under a host that knows nothing of them", () => {
  const lines: string[] = [];
  const before: Record<string, string | undefined> = {};
  let home: string;
  let host: LocalHost;

  beforeAll(async () => {
    for (const [name, value] of Object.entries(FAULTY)) {
      before[name] = process.env[name];
      process.env[name] = value;
    }
    home = await mkdtemp(path.join(os.tmpdir(), "lightning-faulty-"));
    host = await LocalHost.start({
      folder: ROOT,
      home,
      port: 0,
      logger: createLogger((line) => lines.push(line)),
      enableAuth: true,
    });
  });
  afterAll(async () => {
    await host?.stop();
    await rm(home, { recursive: true, force: true });
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const health = (headers: Record<string, string>) => host.fetch("/api/lightning/health", { headers });
  const key = () => ({ "x-functions-key": host.keys?.function ?? "" });

  test("loads, and has its health and its page alone", () => {
    const routes = host.router.routes.map(({ fn, authLevel }) => `${fn.metadata.name} ${authLevel}`);
    expect(routes.toSorted()).toEqual(["dashboard anonymous", "getHealthRest function"]);
    expect(host.plan.timers.length + host.plan.feeds.length + host.plan.durable.length).toBe(0);
  });

  test("answers health with 503, every fault under its setting's name, and no secret", async () => {
    const answer = await health(key());
    expect(answer.status).toBe(503);
    const text = await answer.text();
    const body = JSON.parse(text);
    expect(body).toMatchObject({ status: "unhealthy", error: { code: "bad_settings" } });
    expect(Object.keys(body.checks).toSorted()).toEqual(Object.keys(FAULTS).toSorted());
    for (const [name, reason] of Object.entries(FAULTS)) {
      expect(body.checks[name]).toMatchObject({ ok: false, code: "bad_settings" });
      expect(body.checks[name].message).toContain(reason);
    }
    expect(body.error.details.faults).toHaveLength(Object.keys(FAULTS).length);
    expect(text).not.toContain(SECRET);
  });

  test("asks for a key before it tells them", async () => {
    expect((await health({})).status).toBe(401);
  });

  // Chromium is no npm package.
  (hasChromium ? describe : describe.skip)(`in a browser (needs ${CHROMIUM})`, () => {
    test("shows them on the page, once the key is there", async () => {
      execFileSync(process.execPath, [path.join(ROOT, "dashboard/build.ts"), "--if-stale"], { cwd: ROOT });
      const browser = await launch();
      try {
        const { page, faults } = await open(browser, { origin: host.baseUrl });
        await page.goto(`${host.baseUrl}/api/dashboard`);
        await page.getByLabel(/key/i).fill(key()["x-functions-key"]);
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: "The app could not start" }).waitFor();
        const shown = await page.locator("main").innerText();
        for (const [name, reason] of Object.entries(FAULTS)) {
          expect(shown).toContain(name);
          expect(shown).toContain(reason);
        }
        expect(shown).not.toContain(SECRET);
        expect(faults).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  });
});

test("the file that speaks for an app that cannot start is the first that the worker loads", () => {
  expect(readdirSync(path.join(ROOT, "functions")).toSorted()[0]).toBe("app.ts");
});
