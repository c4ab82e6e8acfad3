import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM, hasChromium, launch, open, type Seen } from "./browser.ts";
import { AGENT, HOSTILE, STORY_SETTINGS, type Told, tellStory } from "./story.ts";
import { openShop, type Shop } from "./world.ts";

jest.setTimeout(60_000);

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Pictures of every flow, kept beside the coverage report: not committed, looked at. */
const PICTURES = path.join(ROOT, "coverage", "pictures");
const HOME = "/api/dashboard";
/** How far the page is wider than its window. */
const BEYOND = "document.documentElement.scrollWidth - window.innerWidth";

// Chromium is no npm package; on a machine without it the page's logic is still tested in logic.test.ts.
(hasChromium ? describe : describe.skip)(`the page in a browser (needs ${CHROMIUM})`, () => {
  let shop: Shop;
  let told: Told;
  let browser: Browser;
  let origin: string;
  const seen: Seen[] = [];

  beforeAll(async () => {
    execFileSync(process.execPath, [path.join(ROOT, "dashboard/build.ts"), "--if-stale"], { cwd: ROOT });
    mkdirSync(PICTURES, { recursive: true });
    shop = await openShop(STORY_SETTINGS);
    origin = shop.host.baseUrl;
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

  async function visit(
    address: string,
    options: { width?: number; height?: number; dark?: boolean; reviewer?: string } = {},
  ): Promise<Page> {
    const one = await open(browser, { ...options, now: shop.clock.now(), origin });
    seen.push(one);
    await one.page.goto(`${origin}${HOME}${address}`);
    return one.page;
  }
  /** Everything that the view asks for at first is there. */
  async function ready(page: Page): Promise<void> {
    await page.locator("main h1").waitFor();
    await page.locator("main .loading").first().waitFor({ state: "detached" });
  }
  const picture = (page: Page, name: string) => page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
  const rest = async (address: string) => (await shop.call("GET", address)).body;

  it("shows the loop with its counts, what serves, and what needs a person", async () => {
    const page = await visit("/");
    await page.getByText("waits for your decision").waitFor();
    const stats = (await rest("/stats")).statistics;
    await page
      .getByRole("link", { name: `Episodes ${stats.total_episodes} ${stats.rewarded_episodes} judged` })
      .waitFor();
    expect(await page.locator(".loop-way").count()).toBe(7);
    await page.locator(".plot canvas").first().waitFor();
    expect(await page.locator(".model-name .model").getAttribute("title")).toBe(told.model);
    expect(await page.locator(".compare dd.good").innerText()).toMatch(/^\+0\.\d\d$/);
    await picture(page, "overview");
    await page.getByRole("link", { name: "Decide" }).click();
    await page.getByText("Promote this model?").waitFor();
    expect(page.url()).toContain(`${HOME}/pipelines/${told.waiting}`);
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
        `/runs/${told.run}`,
        "/evaluations",
        "/deployments",
        `/deployments/${told.deployment}`,
        "/pipelines",
        `/pipelines/${told.waiting}`,
        `/lineage/${told.deployment}`,
      ]) {
        await page.goto(`${origin}${HOME}${address}`);
        await ready(page);
        const beyond = Number(await page.evaluate(BEYOND));
        expect([address, width, beyond <= 0]).toEqual([address, width, true]);
        expect(await page.locator("[role=alert]").allInnerTexts()).toEqual([]);
      }
    }
  });

  it("has nothing serious to tell axe, in light and in dark", async () => {
    const { body: pipeline } = await shop.call("GET", `/pipelines/${told.waiting}`);
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
        `/runs/${told.run}`,
        `/evaluations/${pipeline.evaluation_id}`,
        "/deployments",
        "/pipelines",
        `/pipelines/${told.waiting}`,
        `/lineage/${told.deployment}`,
      ]) {
        await page.goto(`${origin}${HOME}${address}`);
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
  }, 120_000);

  it("gives two reviewers at once two episodes, and each label bears its author", async () => {
    const [mira, jon] = await Promise.all([
      visit("/review", { reviewer: "mira" }),
      visit("/review", { reviewer: "jon" }),
    ]);
    const inHand = async (page: Page) =>
      (await page.getByRole("link", { name: "open", exact: true }).getAttribute("href"))?.split("/").at(-1) ??
      "";
    const [one, other] = await Promise.all([inHand(mira), inHand(jon)]);
    expect(one).not.toBe(other);
    await picture(mira, "review");
    await mira.keyboard.press("Shift+Digit1");
    await mira.keyboard.press("n");
    await expectNext(mira, one);
    const { rewards } = await rest(`/rewards?episode_id=${one}&source=human_approval`);
    expect(rewards).toMatchObject([{ evaluator: "mira", value: -1, metadata: { tags: ["wrong tool"] } }]);

    await mira.keyboard.press("z");
    await mira.getByText("is taken back").waitFor();
    expect(await inHand(mira)).toBe(one);
    expect((await rest(`/rewards?episode_id=${one}&source=human_approval`)).rewards[0].withdrawn).toBe(true);

    await mira.keyboard.press("e");
    await mira.keyboard.type("It reaches you on Friday.");
    await mira.keyboard.press("Control+Enter");
    await expectNext(mira, one);
    const again = await rest(`/rewards?episode_id=${one}&source=human_approval`);
    expect(again.rewards[0]).toMatchObject({
      value: -1,
      metadata: { correction: "It reaches you on Friday." },
    });
    const { corrections } = await rest("/review/corrections");
    expect(corrections[0]).toMatchObject({ episode_id: one, reviewer: "mira" });
  });

  async function expectNext(page: Page, before: string): Promise<void> {
    await page.locator(`.offer-head a:not([href$="/${before}"])`).waitFor();
  }

  it("lets one reviewer judge fifty episodes by keyboard well within five minutes", async () => {
    const page = await visit("/review", { reviewer: "fast" });
    const began = performance.now();
    for (let n = 0; n < 50; n++) {
      const id = (await page.locator(".offer-head a").getAttribute("href"))?.split("/").at(-1) ?? "";
      await page.keyboard.press(n % 7 === 0 ? "n" : "y");
      await expectNext(page, id);
    }
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeLessThan(60);
    const { reviewers } = await rest("/review");
    expect(reviewers).toContainEqual({ reviewer: "fast", labelled: 50 });
  }, 120_000);

  it("keeps filters and pages in the address, so that back goes back", async () => {
    const page = await visit("/episodes");
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("link", { name: "Newest" }).waitFor();
    expect(page.url()).toContain("after=");
    await page.goBack();
    await page.getByLabel("Tool").fill("refund_order");
    await page.getByLabel("Tool").press("Enter");
    await page.waitForURL(/tool_name=refund_order/);
    await ready(page);
    const tools = await page.locator("tbody .tags").allInnerTexts();
    expect(new Set(tools)).toEqual(new Set(["refund_order"]));
    await page.reload();
    expect(await page.getByLabel("Tool").inputValue()).toBe("refund_order");
    await picture(page, "episodes");
  });

  it("shows a run's curve, a dataset's losses and a verdict's arithmetic", async () => {
    const { body: pipeline } = await shop.call("GET", `/pipelines/${told.waiting}`);
    const page = await visit(`/runs/${told.run}`);
    await page.locator(".plot canvas").nth(1).waitFor();
    expect(await page.locator(".steps li.done").count()).toBe(5);
    expect(await page.locator("figcaption").first().innerText()).toMatch(/training from \d/);
    await picture(page, "run");

    await page.goto(`${origin}${HOME}/datasets/${pipeline.dataset_id}`);
    await page.getByText("judged below the threshold").waitFor();
    await page.locator(".examples summary").nth(9).waitFor();
    await page.locator(".examples summary").first().click();
    await page.locator(".examples .turn.user").first().waitFor();
    await picture(page, "dataset");

    await page.goto(`${origin}${HOME}/evaluations/${pipeline.evaluation_id}`);
    await page.getByText("Could that be chance?").waitFor();
    expect(await page.locator(".arithmetic .met").count()).toBe(4);
    expect(await page.locator(".pairs > li").count()).toBe(20);
    await picture(page, "evaluation");
  });

  it("traces a deployment down to its examples, each record a link", async () => {
    const page = await visit(`/lineage/${told.deployment}`);
    await page.locator("a.node.active").waitFor();
    expect(await page.locator(".node-kind").allTextContents()).toEqual(
      expect.arrayContaining(["Examples", "Dataset", "Training run", "Evaluation", "Deployment"]),
    );
    await picture(page, "lineage");
    await page.locator("a.node.run").click();
    await page.waitForURL(new RegExp(`/runs/${told.run}$`));
  });

  it("traces an episode up to the models that learned from it", async () => {
    const { episodes } = await rest("/episodes?min_reward=1&end_date=2026-01-14&limit=1");
    const page = await visit(`/episodes/${episodes[0].id}`);
    await page.getByRole("link", { name: "Trained into" }).click();
    await page.locator("a.node.dataset").first().waitFor();
    expect(await page.locator("a.node.active").count()).toBe(1);
    await picture(page, "episode-lineage");
  });

  it("promotes when a person approves with a reason, and shows it live", async () => {
    const page = await visit(`/pipelines/${told.waiting}`, { reviewer: "mira" });
    await page.getByRole("button", { name: "Approve" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why").fill("Read twenty pairs, all right.");
    await picture(page, "approve");
    await dialog.getByRole("button", { name: "Approve" }).click();
    await dialog.waitFor({ state: "detached" });
    await shop.settle();
    await page.getByText("proved better and serves now").waitFor();
    await page.getByText("approved by mira: “Read twenty pairs, all right.”").waitFor();
    expect(await rest(`/pipelines/${told.waiting}`)).toMatchObject({ outcome: "promoted" });
  });

  it("rolls back in two clicks, after saying what will happen", async () => {
    const page = await visit("/deployments");
    const { tuned_model_name: now } = await rest("/deployments/active");
    await page.getByRole("button", { name: "Roll back" }).click();
    const dialog = page.getByRole("dialog");
    const named = dialog.locator(".move .model");
    expect(await named.first().getAttribute("title")).toBe(now);
    expect(await named.last().getAttribute("title")).toBe(told.model);
    await picture(page, "rollback");
    await dialog.getByRole("button", { name: "Roll back" }).click();
    await page.getByText(`Rolled back to ${told.model}.`).waitFor();
    expect((await rest("/deployments/active")).tuned_model_name).toBe(told.model);
    await page.locator(".history .rolled_back").waitFor();

    await page.getByRole("button", { name: "Deactivate" }).click();
    await page.getByRole("dialog").getByLabel("Why").fill("holidays");
    await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
    await page.getByText("“holidays”").waitFor();
    expect((await rest("/deployments/active")).has_active_deployment).toBe(false);
  });

  it("starts a pipeline and follows it to its end", async () => {
    const page = await visit("/pipelines");
    await page.getByRole("button", { name: "Start a pipeline" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("from the page");
    await dialog.getByLabel("Judge by").selectOption(told.testSet);
    await dialog.getByLabel("Ask a person").uncheck();
    await picture(page, "start");
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/pipelines\/pipeline-/);
    await page.getByRole("heading", { name: "from the page" }).waitFor();
    await shop.settle();
    await page.locator(".end").waitFor();
    expect(page.url()).toContain("/pipelines/pipeline-");
  });

  it("shows what is hostile as text and is not turned, broken or widened by it", async () => {
    const wide = `${HOSTILE.script} ${HOSTILE.link} ${HOSTILE.direction}`;
    await shop.call("POST", "/episodes", {
      id: "ep-hostile",
      user_input: wide,
      assistant_output: HOSTILE.long,
      system_prompt: HOSTILE.lines,
      session_id: HOSTILE.script.slice(0, 150),
      tool_calls: [
        {
          tool_name: "<b>tool</b>",
          arguments: { html: HOSTILE.script },
          result: HOSTILE.lines,
          error: HOSTILE.link,
        },
      ],
      metadata: { "<img src=x onerror=window.__broken=6>": HOSTILE.script },
    });
    await shop.call("POST", "/rewards", {
      episode_id: "ep-hostile",
      value: -1,
      evaluator: HOSTILE.script.slice(0, 150),
      comments: HOSTILE.script,
    });
    await shop.settle();
    for (const width of [360, 1280]) {
      const page = await visit("/episodes/ep-hostile", { width, reviewer: `careful ${width}` });
      await page.locator(".judgements .reward").first().waitFor();
      const text = await page.locator("main").innerText();
      expect(text).toContain("<script>window.__broken = 1</script>");
      expect(text).toContain("RLO");
      expect(await page.locator("main script, main img, main a[href^='javascript']").count()).toBe(0);
      expect(await page.evaluate("window.__broken")).toBeUndefined();
      // Folded, a 60,000 character answer and 4,000 lines are a page of a few screens.
      expect(Number(await page.evaluate("document.documentElement.scrollHeight"))).toBeLessThan(9000);
      expect(await page.evaluate(BEYOND)).toBe(0);
      await picture(page, `hostile-${width}`);
      await page.goto(`${origin}${HOME}/episodes`);
      await page.locator("tbody tr").first().waitFor();
      expect(await page.evaluate(BEYOND)).toBe(0);
      await page.goto(
        `${origin}${HOME}/lineage/${encodeURIComponent("<img src=x onerror=window.__broken=7>")}`,
      );
      await page.locator("[role=alert]").waitFor();
      expect(await page.evaluate("window.__broken")).toBeUndefined();
    }
  });

  it("offers a reader no button that would be refused", async () => {
    const one = await open(browser, { now: shop.clock.now(), origin, reviewer: "guest" });
    seen.push(one);
    const { page } = one;
    await page.route("**/api/lightning/me**", (route) =>
      route.fulfill({ json: { agent_id: AGENT, principal: "guest@example.com", may: ["reader"] } }),
    );
    for (const [address, button] of [
      ["/pipelines", "Start a pipeline"],
      ["/deployments", "Roll back"],
      ["/deployments", "Deactivate"],
      [`/runs/${told.run}`, "Promote"],
    ] as const) {
      await page.goto(`${origin}${HOME}${address}`);
      await ready(page);
      expect([button, await page.getByRole("button", { name: button }).count()]).toEqual([button, 0]);
    }
    await page.goto(`${origin}${HOME}/review`);
    await page.getByText("Reviewing needs the role labeller").waitFor();
  });

  it("says what to do where there is nothing yet", async () => {
    const page = await visit("/?agent=nobody-yet");
    await page.getByText("No judged episode yet").waitFor();
    await page.getByText("The loop has not been run yet").waitFor();
    await picture(page, "empty");
    for (const [view, text] of [
      ["Episodes", "No episode yet"],
      ["Datasets", "No dataset yet"],
      ["Training runs", "Nothing has been trained yet"],
      ["Evaluations", "Nothing has been evaluated yet"],
      ["Deployments", "Nothing has been promoted yet"],
    ] as const) {
      await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();
      await page.getByText(text).first().waitFor();
      expect(page.url()).toContain("agent=nobody-yet");
    }
  });

  it("is refused posts from a page of another site", async () => {
    const response = await shop.host.fetch("/api/lightning/deployments/deactivate", {
      method: "POST",
      headers: { origin: "https://elsewhere.example", "content-type": "text/plain" },
      body: "{}",
    });
    expect(response.status).toBe(403);
  });

  it("weighs less than 120 kB", () => {
    const folder = path.join(ROOT, "dashboard/dist/assets");
    const bytes = readdirSync(folder)
      .map((name) => gzipSync(readFileSync(path.join(folder, name))).length)
      .reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeLessThan(120_000);
  });
});
