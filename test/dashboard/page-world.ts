import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { launch, open, type Seen } from "./browser.ts";
import { STORY_SETTINGS, type Told, tellStory } from "./story.ts";
import { openShop, type Shop } from "./world.ts";

export const ROOT = path.resolve(import.meta.dirname, "../..");
/** Pictures of every flow, kept beside the coverage report: not committed, looked at. */
const PICTURES = path.join(ROOT, "coverage", "pictures");
export const HOME = "/api/dashboard";
/** How far the page is wider than its window. */
export const BEYOND = "document.documentElement.scrollWidth - window.innerWidth";

interface Looks {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly reviewer?: string;
}

/** What the tests of the page share: the shop after its story, and people who open the page there. */
export interface PageWorld {
  readonly shop: Shop;
  readonly told: Told;
  readonly visit: (address: string, looks?: Looks) => Promise<Page>;
  readonly goto: (page: Page, address: string) => Promise<unknown>;
  /** Everything that the view asks for at first is there. */
  readonly ready: (page: Page) => Promise<void>;
  readonly picture: (page: Page, name: string) => Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: replies of every shape
  readonly rest: (address: string) => Promise<any>;
}

/** To be called in a `describe`: opens the shop and the browser before its tests. */
export function pageWorld(): PageWorld {
  let shop: Shop;
  let told: Told;
  let browser: Browser;
  const seen: Seen[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [path.join(ROOT, "dashboard/build.ts"), "--if-stale"], { cwd: ROOT });
    mkdirSync(PICTURES, { recursive: true });
    shop = await openShop(STORY_SETTINGS);
    [told, browser] = await Promise.all([tellStory(shop), launch()]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });
  // Whatever a test looked at: no exception, no refusal by the policy, no request to elsewhere.
  afterEach(async () => {
    const faults = seen.flatMap((one) => one.faults);
    for (const { context } of seen.splice(0)) await context.close();
    if (faults.length > 0) throw new Error(`The page complained:\n${faults.join("\n")}`);
  });

  const goto = (page: Page, address: string) => page.goto(`${shop.host.baseUrl}${HOME}${address}`);
  return {
    get shop() {
      return shop;
    },
    get told() {
      return told;
    },
    goto,
    async visit(address, looks = {}) {
      const one = await open(browser, { ...looks, now: shop.clock.now(), origin: shop.host.baseUrl });
      seen.push(one);
      await goto(one.page, address);
      return one.page;
    },
    async ready(page) {
      await page.locator("main h1").waitFor();
      await page.locator("main .loading").first().waitFor({ state: "detached" });
    },
    picture: (page, name) => page.screenshot({ path: path.join(PICTURES, `${name}.png`) }),
    rest: async (address) => (await shop.call("GET", address)).body,
  };
}
