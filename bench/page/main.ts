import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { buildPage, isStale } from "../../dashboard/build.ts";
import { hasChromium, launch } from "../../test/dashboard/browser.ts";
import { benchArguments } from "../arguments.ts";
import { quantiles, round, type Spread } from "./quantiles.ts";

const { episodes: count, folder: kept } = benchArguments({
  script: "bench/page/main.ts",
  measures:
    "How long a person waits for the page with a full ledger behind it. Needs Chromium (CHROMIUM_PATH).",
  takes: {
    episodes: { about: "how many are in the ledger", standard: 100_000, isPlace: true },
    folder: {
      about: "one that bench/datasets/fill.ts has filled, which is kept; else a temporary one",
      standard: "",
      isPlace: true,
    },
  },
  examples: ["", "20000", "100000 FOLDER"],
});
const ROOT = path.resolve(import.meta.dirname, "../..");
const AGENT = "bench";
const COLD_ROUNDS = 7;
const WARM_ROUNDS = 8;
const LABELS = 50;

/** A view is drawn when all of these are there. */
const VIEWS = {
  overview: { address: "/", drawn: [".loop .station", ".plot canvas", ".model-name", ".pulse"] },
  // The same browser and app with nothing to count: what the hundred thousand add is the difference.
  "overview of an agent without episodes": {
    address: "/?agent=nobody",
    drawn: [".loop .station", ".columns .empty", ".model-name", ".pulse"],
  },
  episodes: { address: "/episodes", drawn: ["tbody tr"] },
  "episodes, filtered": { address: "/episodes?tool_name=echo&min_reward=0.5", drawn: ["tbody tr"] },
  review: { address: "/review", drawn: [".offer-head"] },
  datasets: { address: "/datasets", drawn: ["main .empty, tbody tr"] },
} as const;
type View = keyof typeof VIEWS;

if (!hasChromium) throw new Error("Chromium is needed: install it, or name one with CHROMIUM_PATH.");
if (isStale()) await buildPage();
const folder = kept || (await mkdtemp(path.join(os.tmpdir(), "bench-page-")));
const env = {
  ...process.env,
  LIGHTNING_HOME: folder,
  LIGHTNING_DATA_DIR: path.join(folder, "files"),
  LIGHTNING_AGENT_ID: AGENT,
};

/** As `npm start` does. */
function node(script: string, ...args: string[]): ChildProcess {
  const all = [...NODE_OPTIONS, path.join(ROOT, script), ...args];
  return spawn(process.execPath, all, { cwd: folder, env, stdio: "ignore" });
}
const ended = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

if (kept === "") await ended(node("bench/datasets/fill.ts", folder, String(count)));

async function startApp(): Promise<{ origin: string; stop: () => Promise<unknown> }> {
  const port = 7000 + (process.pid % 900);
  const app = node("src/start.ts", "--port", String(port));
  const origin = `http://127.0.0.1:${port}`;
  for (;;) {
    // The page's own file: no question to the ledger, which is to be met cold.
    const up = await fetch(`${origin}/api/dashboard/icon.svg`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (up) break;
    if (app.exitCode !== null) throw new Error("The app did not start.");
    await pause(50);
  }
  const stop = () => {
    const gone = ended(app);
    app.kill();
    return gone;
  };
  return { origin, stop };
}

/** Written into the page before its own scripts: notes in which frame a view stood complete, in ms since navigation. */
const WATCH = `window.__drawn = new Promise((resolve) => {
  const wanted = JSON.parse(sessionStorage.getItem("bench-drawn") ?? "[]");
  const look = () =>
    requestAnimationFrame(
      wanted.every((one) => document.querySelector(one) !== null) ? () => resolve(performance.now()) : look,
    );
  look();
});`;

/** How far it was when, in ms since navigation: what comes after the last answer is drawing. */
const STAGES = `(() => {
  const asked = performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/lightning/"));
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return [
    ["html", performance.getEntriesByType("navigation")[0].responseEnd],
    ["first paint", paint === undefined ? 0 : paint.startTime],
    ["first question", Math.min(...asked.map((one) => one.startTime))],
    ["last answer", Math.max(...asked.map((one) => one.responseEnd))],
  ];
})()`;

async function visit(browser: Browser, origin: string, view: View, rounds: number) {
  const { address, drawn } = VIEWS[view];
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(
    `sessionStorage.setItem("bench-drawn", ${JSON.stringify(JSON.stringify(drawn))});
     localStorage.setItem("lightning-reviewer", "bench");`,
  );
  await context.addInitScript(WATCH);
  const page = await context.newPage();
  const took: number[] = [];
  const asked = new Map<string, number[]>();
  const stages = new Map<string, number[]>();
  for (let n = 0; n < rounds; n++) {
    await page.goto("about:blank");
    // A tab stands for a moment before anybody has typed an address into it.
    await pause(500);
    await page.goto(`${origin}/api/dashboard${address}`);
    took.push(Number(await page.evaluate("window.__drawn")));
    const requests = (await page.evaluate(
      `performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/lightning/"))
        .map((one) => [new URL(one.name).pathname, one.duration])`,
    )) as [string, number][];
    for (const [name, ms] of requests) asked.set(name, [...(asked.get(name) ?? []), ms]);
    const reached = (await page.evaluate(STAGES)) as [string, number][];
    for (const [name, ms] of reached) stages.set(name, [...(stages.get(name) ?? []), ms]);
  }
  await context.close();
  return { took, asked, stages };
}

/** Fifty labels by keyboard, as fast as the page lets them through: from the key to the next episode on the screen. */
async function label(browser: Browser, origin: string): Promise<Spread> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(`localStorage.setItem("lightning-reviewer", "quick")`);
  const page = await context.newPage();
  await page.goto(`${origin}/api/dashboard/review`);
  await page.locator(".offer-head a").waitFor();
  const took: number[] = [];
  for (let n = 0; n < LABELS; n++) {
    const ms = await page.evaluate(`new Promise((resolve) => {
      const before = document.querySelector(".offer-head a").getAttribute("href");
      const began = performance.now();
      const look = () => {
        const link = document.querySelector(".desk:not(.busy) .offer-head a");
        if (link !== null && link.getAttribute("href") !== before)
          requestAnimationFrame(() => resolve(performance.now() - began));
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "${n % 5 === 0 ? "n" : "y"}", bubbles: true }));
    })`);
    took.push(Number(ms));
  }
  await context.close();
  return quantiles(took);
}

const browser = await launch();
let app = await startApp();
try {
  const cold: number[] = [];
  const coldStages: Record<string, number>[] = [];
  for (let n = 0; n < COLD_ROUNDS; n++) {
    if (n > 0) {
      await app.stop();
      app = await startApp();
    }
    // What a person needs to read the address and press Enter; the app fetches what it needs meanwhile.
    await pause(1000);
    const { took, stages } = await visit(browser, app.origin, "overview", 1);
    cold.push(...took);
    coldStages.push(Object.fromEntries([...stages].map(([name, [ms = 0]]) => [name, round(ms)])));
    console.error(`cold ${n + 1} of ${COLD_ROUNDS}: ${round(cold[n] ?? 0)} ms`);
  }
  const lines: Record<string, unknown> = { episodes: count, load: round(os.loadavg()[0] ?? 0) };
  console.log(
    JSON.stringify({
      ...lines,
      view: "overview, app just started",
      ...quantiles(cold),
      ms: cold.map(round),
      stages: coldStages,
    }),
  );
  for (const view of Object.keys(VIEWS) as View[]) {
    const { took, asked, stages } = await visit(browser, app.origin, view, WARM_ROUNDS);
    const median = (all: Map<string, number[]>) =>
      Object.fromEntries([...all].map(([name, ms]) => [name, quantiles(ms.slice(1)).p50]));
    const spread = { first: round(took[0] ?? 0), ...quantiles(took.slice(1)) };
    console.log(JSON.stringify({ view, ...spread, stages: median(stages), requests: median(asked) }));
  }
  console.log(
    JSON.stringify({ view: `${LABELS} labels by keyboard, each`, ...(await label(browser, app.origin)) }),
  );
} finally {
  await browser.close();
  await app.stop();
  if (kept === "") await rm(folder, { recursive: true, force: true });
}
