import { expect, it } from "@jest/globals";
import { FIRST_QUESTIONS } from "../../src/surfaces/first-questions.ts";
import { askAxe } from "./axe.ts";
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

  it("asks for its first view what the app has made ready at its start, each once", async () => {
    const page = await visit("/episodes");
    await ready(page);
    const asked: string[] = [];
    page.on("request", (request) => {
      const [, question] = request.url().split("/api/lightning");
      if (question !== undefined) asked.push(question);
    });
    await goto(page, "/");
    await page.locator(".plot canvas").first().waitFor();
    await page.locator(".pulse.good").waitFor();
    const first = FIRST_QUESTIONS.map(
      ([path, { limit } = {}]) => path + (limit === undefined ? "" : `?limit=${limit}`),
    );
    expect(asked.slice(0, first.length)).toEqual(first);
  });

  it("shows each view whole at 360 and at 1600 pixels, with nothing serious to tell axe in light and in dark", async () => {
    const { body: pipeline } = await world.shop.call("GET", `/pipelines/${world.told.waiting}`);
    const problems: string[] = [];
    const look = async (width: number) => {
      const page = await visit("/", { width, reviewer: `reviewer of ${width}` });
      for (const address of [
        "/",
        "/review",
        "/episodes",
        "/episodes/ep-00005",
        "/datasets",
        `/datasets/${pipeline.dataset_id}`,
        "/runs",
        `/runs/${world.told.run}`,
        "/evaluations",
        `/evaluations/${pipeline.evaluation_id}`,
        "/deployments",
        `/deployments/${world.told.deployment}`,
        "/pipelines",
        `/pipelines/${world.told.waiting}`,
        `/lineage/${world.told.deployment}`,
        "/redaction",
      ]) {
        const note = (what: string) => problems.push(`${address} at ${width}: ${what}`);
        await page.emulateMedia({ colorScheme: "light" });
        await goto(page, address);
        await ready(page);
        const beyond = Number(await page.evaluate(BEYOND));
        if (beyond > 0) note(`${beyond} pixels wider than its window`);
        for (const alert of await page.locator("[role=alert]").allInnerTexts()) note(alert);
        // Once is enough here, where all is shown; `npm run walk` asks about the narrow page too.
        if (width < 1000) continue;
        for (const found of (await askAxe(page)).problems) note(found);
        await page.emulateMedia({ colorScheme: "dark" });
        for (const found of (await askAxe(page, true)).problems) note(`in dark, ${found}`);
      }
    };
    await Promise.all([look(360), look(1600)]);
    expect(problems).toEqual([]);
  });
}
