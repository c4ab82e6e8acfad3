import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { askAxe } from "../../test/dashboard/axe.ts";
import type { Walk } from "./walk.ts";

const ASSETS = path.resolve(import.meta.dirname, "../dist/assets");
/** How far the page is wider than its window. */
const BEYOND = "document.documentElement.scrollWidth - window.innerWidth";

/** Takes a picture of each view in four dresses; none is wider than its window, axe finds nothing serious. */
export async function everyView(walk: Walk): Promise<void> {
  const { demo, figures } = walk;
  const { episodes } = await walk.rest("/episodes?limit=1");
  const views: Readonly<Record<string, string>> = {
    overview: "/",
    review: "/review",
    episodes: "/episodes",
    episode: `/episodes/${episodes[0].id}`,
    datasets: "/datasets",
    dataset: `/datasets/${demo.dataset}`,
    runs: "/runs",
    run: `/runs/${demo.run}`,
    evaluations: "/evaluations",
    evaluation: `/evaluations/${demo.evaluation}`,
    deployments: "/deployments",
    deployment: `/deployments/${demo.deployment}`,
    pipelines: "/pipelines",
    pipeline: `/pipelines/${demo.pipeline}`,
    lineage: `/lineage/${demo.deployment}`,
  };
  const problems: string[] = [];
  let passes = 0;
  const look = async (width: number, height: number) => {
    const page = await walk.visit("/", { width, height, reviewer: `walker of ${width}` });
    for (const [name, address] of Object.entries(views)) {
      await walk.goto(page, address);
      assert.ok(Number(await page.evaluate(BEYOND)) <= 0, `${name} is wider than ${width} pixels`);
      for (const dark of [false, true]) {
        await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
        const found = await askAxe(page, dark);
        passes += found.passed;
        problems.push(...found.problems.map((one) => `${name} at ${width}${dark ? ", dark" : ""}: ${one}`));
        await walk.picture(page, `view-${name}-${width}${dark ? "-dark" : ""}`);
      }
    }
  };
  await Promise.all([look(360, 740), look(1600, 1000)]);
  assert.deepEqual(problems, []);
  figures["axe: rules passed, serious or critical"] = `${passes}, ${problems.length}`;
  const bytes = readdirSync(ASSETS)
    .map((name) => gzipSync(readFileSync(path.join(ASSETS, name))).length)
    .reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < 120_000, "under 120 kB");
  figures["page, kB zipped"] = (bytes / 1000).toFixed(1);
}
