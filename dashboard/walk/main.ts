import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startApp, stopApps } from "../../demo/host.ts";
import { hasChromium, launch, open, type Seen } from "../../test/dashboard/browser.ts";
import { buildPage, isStale } from "../build.ts";
import { FLOWS } from "./flows.ts";
import { everyView } from "./views.ts";
import { createWalk } from "./walk.ts";

/**
 * `npm run walk`: goes through every flow of the page over what `npm run demo` has left, in a browser, as a person
 * would, and ends with an error where a flow does not hold. The demo's folder is copied first and stays as it is.
 * Pictures of every flow and every view go to `coverage/walk`. With `--quick` the flows alone: the tests look at every view, too.
 */
const ROOT = path.resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    home: { type: "string", default: path.join(ROOT, ".lightning", "demo") },
    quick: { type: "boolean", default: false },
    pictures: { type: "string", default: path.join(ROOT, "coverage", "walk") },
  },
});

if (!hasChromium) {
  console.log("The walk needs Chromium (CHROMIUM_PATH names one) and is skipped.");
  process.exit(0);
}
if (!existsSync(path.join(values.home, "ledger.sqlite"))) {
  console.error(`${values.home} holds no demo: \`npm run demo\` first, or name one with --home.`);
  process.exit(1);
}
if (isStale()) await buildPage();

const began = performance.now();
const copy = mkdtempSync(path.join(os.tmpdir(), "lightning-walk-"));
cpSync(values.home, copy, { recursive: true });
mkdirSync(values.pictures, { recursive: true });
const app = await startApp(copy, {
  LIGHTNING_AGENT_ID: "mcp-agents",
  LIGHTNING_DATA_DIR: path.join(copy, "datasets"),
  LIGHTNING_POLL_INTERVAL: "0.5",
  USE_TUNED_MODEL: "true",
});
const browser = await launch();
const seen: Seen[] = [];
let failed = 0;
try {
  const walk = await createWalk({
    origin: app.url,
    pictures: values.pictures,
    open: async (options) => {
      const one = await open(browser, { ...options, origin: app.url });
      seen.push(one);
      return one.page;
    },
  });
  for (const [title, flow] of [
    ...FLOWS,
    ...(values.quick ? [] : [["every view, light and dark, narrow and wide", everyView] as const]),
  ]) {
    const start = performance.now();
    let problem: unknown;
    try {
      await flow(walk);
      const faults = seen.flatMap((one) => one.faults);
      if (faults.length > 0) throw new Error(`The page complained: ${faults.join("; ")}`);
    } catch (thrown) {
      problem = thrown;
      failed++;
    }
    for (const { context } of seen.splice(0)) await context.close();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${problem === undefined ? "✓" : "✗"} ${title} (${seconds} s)`);
    if (problem !== undefined) console.error(problem);
  }
  writeFileSync(
    path.join(values.pictures, "figures.json"),
    `${JSON.stringify(walk.figures, undefined, 2)}\n`,
  );
  console.log(
    Object.entries(walk.figures)
      .map(([name, value]) => `  ${name}: ${value}`)
      .join("\n"),
  );
} finally {
  await browser.close();
  await app.stop();
  await stopApps();
  rmSync(copy, { recursive: true, force: true });
}
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `${failed === 0 ? "every flow holds" : `${failed} flows do not hold`}, ${seconds} s; pictures in ${path.relative(ROOT, values.pictures)}`,
);
process.exit(failed === 0 ? 0 : 1);
