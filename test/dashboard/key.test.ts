import { execFileSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Browser } from "playwright-core";
import { CHROMIUM, hasChromium, launch, open } from "./browser.ts";
import { STORY_SETTINGS, work } from "./story.ts";
import { openShop, type Shop } from "./world.ts";

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, "../..");

(hasChromium ? describe : describe.skip)(`a host that asks for keys (needs ${CHROMIUM})`, () => {
  let shop: Shop;
  let browser: Browser;
  beforeAll(async () => {
    execFileSync(process.execPath, [path.join(ROOT, "dashboard/build.ts"), "--if-stale"], { cwd: ROOT });
    shop = await openShop(STORY_SETTINGS, { enableAuth: true });
    await work(shop, 0, 12, "base", 0.5);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  it("is given the key once, for this tab alone", async () => {
    const origin = shop.host.baseUrl;
    const { page, context, faults } = await open(browser, { origin, now: shop.clock.now() });
    await page.goto(`${origin}/api/dashboard/episodes`);
    const dialog = page.getByRole("dialog", { name: "Who are you?" });
    await dialog.waitFor();
    await dialog.getByLabel("Function key").fill(shop.host.keys?.function ?? "");
    await dialog.getByRole("button", { name: "Go on" }).click();
    await page.locator("tbody tr").first().waitFor();
    expect(await page.locator("tbody tr").count()).toBe(12);
    await page.reload();
    await page.locator("tbody tr").first().waitFor();
    expect(await page.evaluate("[localStorage.length, document.cookie, location.search]")).toEqual([
      0,
      "",
      "",
    ]);

    const other = await context.newPage();
    await other.goto(`${origin}/api/dashboard/episodes`);
    const asked = other.getByRole("dialog", { name: "Who are you?" });
    await asked.waitFor();
    // Put aside, it is no dead end: the next question that needs a key asks again.
    await other.keyboard.press("Escape");
    await asked.waitFor({ state: "detached" });
    await other.getByRole("link", { name: "Datasets" }).click();
    await asked.waitFor();
    await asked.getByLabel("Function key").fill(shop.host.keys?.function ?? "");
    await asked.getByRole("button", { name: "Go on" }).click();
    await asked.waitFor({ state: "detached" });
    await other.getByRole("heading", { name: "Datasets" }).waitFor();

    // Over another window the question bears its own name, and what was filled in there stays.
    await other.getByRole("link", { name: "Pipelines" }).click();
    await other.getByRole("button", { name: "Start a pipeline" }).click();
    const form = other.getByRole("dialog", { name: "Start a pipeline" });
    await form.getByLabel("Name", { exact: true }).fill("half filled in");
    await other.evaluate("sessionStorage.clear()");
    await form.getByRole("button", { name: "Start", exact: true }).click();
    await asked.waitFor();
    await asked.getByLabel("Function key").fill(shop.host.keys?.function ?? "");
    await asked.getByRole("button", { name: "Go on" }).click();
    await asked.waitFor({ state: "detached" });
    expect(await form.getByLabel("Name", { exact: true }).inputValue()).toBe("half filled in");
    expect(faults).toEqual([]);
    await context.close();
  });
});
