import { existsSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Where Debian puts it; anywhere else the variable names one. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
export const hasChromium = existsSync(CHROMIUM);

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

export interface Seen {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page: exceptions, errors on the console, requests to elsewhere, refusals of the policy. */
  readonly faults: string[];
}

/** A page of its own, with the story's time. */
export async function open(
  browser: Browser,
  options: {
    readonly width?: number;
    readonly height?: number;
    readonly dark?: boolean;
    readonly now?: number;
    readonly origin: string;
    readonly reviewer?: string;
  },
): Promise<Seen> {
  const { width = 1280, height = 860, dark = false, now, origin, reviewer } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    timezoneId: "UTC",
    locale: "en-GB",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  // Far more than it takes: a busy machine is no fault of the page.
  page.setDefaultTimeout(20_000);
  if (now !== undefined) await page.clock.setFixedTime(now);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // The browser itself notes each 4xx; the tests that ask for one look at the page instead.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text()))
      faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("blob:"))
      faults.push(`outside request: ${request.url()}`);
  });
  if (reviewer !== undefined)
    await context.addInitScript((name) => localStorage.setItem("lightning-reviewer", name), reviewer);
  return { page, context, faults };
}
