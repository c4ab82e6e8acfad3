import { readFile } from "node:fs/promises";
import { expect, it } from "@jest/globals";
import type { PageWorld } from "./page-world.ts";

/** What is found by looking. */
export function lookingTests(world: PageWorld): void {
  const { visit, goto, ready, picture, rest } = world;

  it("keeps filters and pages in the address, so that back goes back", async () => {
    const page = await visit("/episodes");
    // A page and no more, however many there are.
    await ready(page);
    expect(await page.locator("tbody tr").count()).toBe(25);
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

  it("tells what a run or evaluation waits for, until when, and what a refused run needs", async () => {
    const waiting = {
      since: "2026-01-05T08:00:00.000Z",
      reason: "The provider answered 429: too many jobs.",
      again_at: "2026-01-05T08:05:00.000Z",
    };
    const look_failed = { at: waiting.since, message: "No connection." };
    const error = { code: "provider_rejected", message: "Denied.", remedy: "Give it a role." };
    const { evaluations } = await rest("/evaluations?limit=1");
    const page = await visit("/runs");
    await page.route(/\/api\/lightning\/(training|evaluations)\/(run|eval)-[^/]*$/, async (route) => {
      const response = await route.fetch();
      const body = { ...(await response.json()), waiting, look_failed };
      const isRun = "run_id" in body && "base_model" in body;
      await route.fulfill({
        response,
        json: isRun ? { ...body, error, error_message: error.message } : body,
      });
    });
    await goto(page, `/runs/${world.told.run}`);
    await page.getByText("It has waited since").waitFor();
    expect(await page.getByText("too many jobs. It is tried again at").count()).toBe(1);
    expect(await page.getByText("No connection.").count()).toBe(1);
    expect(await page.getByRole("alert").innerText()).toContain("Denied. Give it a role.");
    await goto(page, `/evaluations/${evaluations[0].evaluation_id}`);
    await page.getByText("The models have kept it waiting since").waitFor();
    expect(await page.getByText("They are asked again at").count()).toBe(1);
  });

  it("does not take away what is being typed when the list below changes", async () => {
    const page = await visit("/episodes");
    await ready(page);
    await page.getByLabel("Session").fill("half of a na");
    await world.shop.call("POST", "/episodes", { user_input: "Is anybody new?", assistant_output: "Yes." });
    await page.getByText("Is anybody new?").waitFor();
    expect(await page.getByLabel("Session").inputValue()).toBe("half of a na");
  });

  it("shows a run's curve, a dataset's losses and a verdict's arithmetic", async () => {
    const { body: pipeline } = await world.shop.call("GET", `/pipelines/${world.told.waiting}`);
    const page = await visit(`/runs/${world.told.run}`);
    await page.locator(".plot canvas").nth(1).waitFor();
    expect(await page.locator(".steps li.done").count()).toBe(5);
    expect(await page.locator("figcaption").first().innerText()).toMatch(/training from \d/);
    await picture(page, "run");

    await goto(page, `/datasets/${pipeline.dataset_id}`);
    await page.getByText("judged below the threshold").waitFor();
    const shown = await page.locator(".histogram figcaption").allInnerTexts();
    expect(shown).toEqual(["Rewards", "Tokens", "Lengths"]);
    await page.locator(".figures-tools .bar-name", { hasText: "refund_order" }).waitFor();
    await page.locator(".examples summary").nth(9).waitFor();
    await page.locator(".examples summary").first().click();
    await page.locator(".examples .turn.user").first().waitFor();
    await page.locator(".examples .source a.id[href*='/episodes/']").first().waitFor();
    await picture(page, "dataset");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Signed lineage" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`lineage-${pipeline.dataset_id}.json`);
    const answer = JSON.parse(await readFile(await download.path(), "utf8"));
    expect(answer.manifest.asked).toMatchObject({ kind: "datasets", id: pipeline.dataset_id });
    expect((await world.shop.call("POST", "/lineage/verify", { answer })).status).toBe(200);

    await goto(page, `/evaluations/${pipeline.evaluation_id}`);
    await page.getByText("Could that be chance?").waitFor();
    expect(await page.locator(".arithmetic .met").count()).toBe(5);
    const chance = page.locator(".arithmetic .met", { hasText: "Could that be chance?" });
    expect(await chance.locator("em").innerText()).toBe("no");
    expect(await page.getByText("judged by whole tool calls").count()).toBeGreaterThan(0);
    await page.locator(".pairs > li").nth(19).waitFor();
    await picture(page, "evaluation");
  });

  it("shows all pairs of an evaluation, by outcome and page by page", async () => {
    const { body: pipeline } = await world.shop.call("GET", `/pipelines/${world.told.waiting}`);
    const { result } = await rest(`/evaluations/${pipeline.evaluation_id}`);
    const page = await visit(`/evaluations/${pipeline.evaluation_id}`);
    const seen: string[] = [];
    for (let pages = 1; ; pages++) {
      await page.locator(".pairs > li").first().waitFor();
      seen.push(...(await page.locator(".pairs .pair-head").allInnerTexts()));
      const next = page.getByRole("link", { name: "Next" });
      if ((await next.count()) === 0) break;
      await next.click();
      await page.getByText(`${20 * pages + 1} to`).waitFor();
    }
    expect(seen).toHaveLength(result.pairs);
    await page.getByRole("link", { name: `Only the candidate right ${result.candidate_only}` }).click();
    await page.getByText(`of ${result.candidate_only}.`).waitFor();
    expect(await page.locator(".pair-side.right h3", { hasText: "Baseline" }).count()).toBe(0);
    await page.reload();
    await page.getByText(`of ${result.candidate_only}.`).waitFor();
  });

  it("traces a deployment down to its examples, each record a link", async () => {
    const page = await visit(`/lineage/${world.told.deployment}`);
    await page.locator("a.node.active").waitFor();
    expect(await page.locator(".node-kind").allTextContents()).toEqual(
      expect.arrayContaining(["Examples", "Dataset", "Training run", "Evaluation", "Deployment"]),
    );
    await picture(page, "lineage");
    await page.locator("a.node.run").click();
    await page.waitForURL(new RegExp(`/runs/${world.told.run}$`));
  });

  it("looks through a text for whoever wants to know what redaction finds, and says it without the value", async () => {
    const page = await visit("/redaction");
    await page.getByLabel("Text, which is looked through").fill("Write to jane.doe@example.org, please.");
    await page.getByRole("button", { name: "Look through it" }).click();
    await page.getByText("1 value was found: email 1.").waitFor();
    expect(await page.locator(".told .redacted").allInnerTexts()).toEqual(["email"]);
    expect(await page.locator("main").innerText()).toContain("There are none for this agent");
    await picture(page, "redaction");
  });

  it("traces an episode up to the models that learned from it", async () => {
    const { episodes } = await rest("/episodes?min_reward=1&end_date=2026-01-14&limit=1");
    const page = await visit(`/episodes/${episodes[0].id}`);
    await page.getByRole("link", { name: "What became of it" }).click();
    await page.locator("a.node.dataset").first().waitFor();
    expect(await page.locator("a.node.active").count()).toBe(1);
    await picture(page, "episode-lineage");
  });
}
