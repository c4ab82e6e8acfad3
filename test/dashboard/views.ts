import { expect, it } from "@jest/globals";
import axe, { type AxeResults } from "axe-core";
import { BEYOND, HOME, type PageWorld } from "./page-world.ts";

/** Each view, in every dress. */
export function viewTests(world: PageWorld): void {
  const { visit, goto, ready, picture, rest } = world;

  it("shows the loop with its counts, what serves, and what needs a person", async () => {
    const page = await visit("/");
    await page.getByText("waits for your decision").waitFor();
    const stats = (await rest("/stats")).statistics;
    await page
      .getByRole("link", {
        name: `Episodes what it did ${stats.total_episodes} ${stats.rewarded_episodes} judged`,
      })
      .waitFor();
    expect(await page.locator(".loop-way").count()).toBe(7);
    await page.locator(".plot canvas").first().waitFor();
    expect(await page.locator(".model-name .model").getAttribute("title")).toBe(world.told.model);
    expect(await page.locator(".compare dd.good").innerText()).toMatch(/^\+0\.\d\d$/);
    await picture(page, "overview");
    await page.getByRole("link", { name: "Decide" }).click();
    await page.getByText("Promote this model?").waitFor();
    expect(page.url()).toContain(`${HOME}/pipelines/${world.told.waiting}`);
  });

  it("shows each view whole at 360 and at 1600 pixels, with nothing beyond its edge", async () => {
    for (const width of [360, 1600]) {
      const page = await visit("/", { width, reviewer: `reviewer of ${width}` });
      for (const address of [
        "/",
        "/review",
        "/episodes",
        "/episodes/ep-00005",
        "/datasets",
        "/runs",
        `/runs/${world.told.run}`,
        "/evaluations",
        "/deployments",
        `/deployments/${world.told.deployment}`,
        "/pipelines",
        `/pipelines/${world.told.waiting}`,
        `/lineage/${world.told.deployment}`,
      ]) {
        await goto(page, address);
        await ready(page);
        const beyond = Number(await page.evaluate(BEYOND));
        expect([address, width, beyond <= 0]).toEqual([address, width, true]);
        expect(await page.locator("[role=alert]").allInnerTexts()).toEqual([]);
      }
    }
  });

  it("has nothing serious to tell axe, in light and in dark", async () => {
    const { body: pipeline } = await world.shop.call("GET", `/pipelines/${world.told.waiting}`);
    const page = await visit("/", { reviewer: "axe" });
    const problems: string[] = [];
    for (const dark of [false, true]) {
      await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
      for (const address of [
        "/",
        "/review",
        "/episodes",
        "/episodes/ep-00005",
        `/datasets/${pipeline.dataset_id}`,
        `/runs/${world.told.run}`,
        `/evaluations/${pipeline.evaluation_id}`,
        "/deployments",
        "/pipelines",
        `/pipelines/${world.told.waiting}`,
        `/lineage/${world.told.deployment}`,
      ]) {
        await goto(page, address);
        await ready(page);
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate(
          `axe.run(document, { resultTypes: ["violations"] })`,
        )) as AxeResults;
        problems.push(
          ...violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .flatMap(({ id, nodes }) =>
              nodes.map((node) => `${dark ? "dark" : "light"} ${address} ${id}: ${node.html.slice(0, 120)}`),
            ),
        );
      }
    }
    expect(problems).toEqual([]);
  });
}
