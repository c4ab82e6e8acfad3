import { mkdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { hasChromium, launch, open } from "../test/dashboard/browser.ts";
import { STORY_SETTINGS, tellStory } from "../test/dashboard/story.ts";
import { openShop } from "../test/dashboard/world.ts";
import { buildPage, isStale } from "./build.ts";

/**
 * `npm run screenshots`: tells the story to an app of its own and takes the README's pictures. With `--all DIR` every
 * view, light and dark, wide and narrow, goes to that folder too.
 */
const IMAGES = path.resolve(import.meta.dirname, "../docs/images");

const { values } = parseArgs({ options: { all: { type: "string" } } });
if (!hasChromium) {
  console.error("Chromium is needed: install it, or name one with CHROMIUM_PATH.");
  process.exit(1);
}
if (isStale()) await buildPage();
const world = await openShop(STORY_SETTINGS);
const browser = await launch();
try {
  const told = await tellStory(world);
  const origin = world.host.baseUrl;
  const home = `${origin}/api/dashboard`;
  const now = world.clock.now();
  const shoot = async (
    file: string,
    address: string,
    options: { width?: number; height?: number; dark?: boolean; full?: boolean; reviewer?: string },
    ...shown: string[]
  ) => {
    const { page, context, faults } = await open(browser, { ...options, now, origin });
    await page.goto(`${home}${address}`);
    await page.waitForLoadState("networkidle");
    // What the picture is about may stand later than the last answer: a chart is drawn in a frame of its own.
    for (const one of shown) await page.locator(one).first().waitFor();
    await page.waitForTimeout(150);
    mkdirSync(path.dirname(file), { recursive: true });
    await page.screenshot({ path: file, fullPage: options.full ?? false });
    await context.close();
    for (const fault of faults) console.error(`${address}: ${fault}`);
    console.log(path.relative(process.cwd(), file));
  };

  await shoot(path.join(IMAGES, "overview.png"), "/", { width: 1360, height: 990 }, ".plot canvas", ".proof");
  // The rules are set so that the queue begins with the episode the picture is about.
  await world.call("POST", "/review/rules", {
    sampling: { random: 0, low_reward: 1, disagreement: 0, new_tool: 0 },
  });
  await shoot(
    path.join(IMAGES, "queue.png"),
    "/review",
    { width: 1360, height: 820, reviewer: "mira" },
    ".offer-head",
  );

  if (values.all !== undefined) {
    const { body: pipeline } = await world.call("GET", `/pipelines/${told.waiting}`);
    const views: Record<string, string> = {
      overview: "/",
      review: "/review",
      episodes: "/episodes",
      episode: "/episodes/ep-00005",
      datasets: "/datasets",
      dataset: `/datasets/${pipeline.dataset_id}`,
      runs: "/runs",
      run: `/runs/${told.run}`,
      evaluations: "/evaluations",
      evaluation: `/evaluations/${pipeline.evaluation_id}`,
      deployments: "/deployments",
      pipelines: "/pipelines",
      pipeline: `/pipelines/${told.waiting}`,
      lineage: `/lineage/${told.deployment}`,
    };
    for (const [name, address] of Object.entries(views))
      for (const [width, dark] of [
        [1280, false],
        [1600, true],
        [360, false],
      ] as const)
        await shoot(path.resolve(values.all, `${name}-${width}${dark ? "-dark" : ""}.png`), address, {
          width,
          dark,
          full: true,
          height: width === 360 ? 740 : 900,
          reviewer: `reviewer of ${width}`,
        });
  }
} finally {
  await browser.close();
  await world.close();
}
process.exit(0);
