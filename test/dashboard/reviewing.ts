import { expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import type { PageWorld } from "./page-world.ts";

/** What reviewers do. */
export function reviewingTests(world: PageWorld): void {
  const { visit, picture, rest } = world;

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
  });

  it("takes the next key as a key after a correction was sent from its field", async () => {
    const page = await visit("/review", { reviewer: "corrector" });
    for (const text of ["First, as it should be.", "Second, as it should be."]) {
      await page.locator(".offer-head a").waitFor();
      const id = (await page.locator(".offer-head a").getAttribute("href"))?.split("/").at(-1) ?? "";
      await page.keyboard.press("e");
      await page.keyboard.type(text);
      await page.keyboard.press("Control+Enter");
      await expectNext(page, id);
      const { rewards } = await rest(`/rewards?episode_id=${id}&source=human_approval`);
      expect(rewards[0].metadata.correction).toBe(text);
    }
  });

  it("lets a reviewer correct the wrong call: its turn, its JSON, what is amiss with it, and the difference", async () => {
    const page = await visit("/review", { reviewer: "caller" });
    const heading = page.locator(".offer-head a");
    await heading.waitFor();
    // The next one with a call.
    while ((await page.getByLabel("The fault is in").count()) === 0) {
      const before = (await heading.getAttribute("href"))?.split("/").at(-1) ?? "";
      await page.keyboard.press("s");
      await expectNext(page, before);
    }
    const id = (await heading.getAttribute("href"))?.split("/").at(-1) ?? "";
    await page.getByLabel("The fault is in").selectOption("1");
    const field = page.getByLabel(/It should have called/);
    const called = JSON.parse(await field.inputValue()) as { name: string; arguments: object }[];
    await field.fill("[{");
    await page.getByRole("alert").getByText("This is no JSON").waitFor();
    const call = (order: unknown) => JSON.stringify([{ ...called[0], arguments: { order } }], null, 2);
    await field.fill(call("A-17"));
    await page.keyboard.press("Control+Enter");
    await page.getByText(/arguments\.order: must be integer/).waitFor();
    expect(await heading.getAttribute("href")).toContain(id);
    await field.fill(call(17));
    await page.locator(".diff ins").first().waitFor();
    expect(await page.locator(".diff ins").allInnerTexts()).toEqual([expect.stringContaining("17")]);
    await picture(page, "review-call");
    await page.keyboard.press("Control+Enter");
    await expectNext(page, id);
    const { rewards } = await rest(`/rewards?episode_id=${id}&source=human_approval`);
    expect(rewards[0].metadata.correction).toEqual({
      turn: 1,
      tool_calls: [{ name: called[0]?.name, arguments: { order: 17 } }],
    });
    const { corrections } = await rest("/review/corrections");
    const made = corrections.find((one: { episode_id: string }) => one.episode_id === id);
    expect(made).toMatchObject({ turn: 1 });
    expect(made).not.toHaveProperty("not_golden");
  });

  async function expectNext(page: Page, before: string): Promise<void> {
    await page.locator(`.offer-head a:not([href$="/${before}"])`).waitFor();
  }
}

/** Time goes on here: what waits for a decision must have had it before. */
export function correctionTests(world: PageWorld): void {
  const { visit, picture, rest } = world;

  it("makes a dataset of the corrections, golden conversations or preference pairs", async () => {
    for (const [choice, name, format] of [
      ["Golden conversations", "corrected", undefined],
      ["Preference pairs", "preferred", "dpo"],
    ] as const) {
      const page = await visit("/review", { reviewer: "corrector" });
      await page.getByRole("button", { name: /Corrections/ }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText(choice).click();
      await picture(page, `corrections-${name}`);
      await dialog.getByLabel("Name of the dataset").fill(name);
      await dialog.getByRole("button", { name: "Build the dataset" }).click();
      await page.waitForURL(/\/datasets\/dataset-/);
      await world.shop.settle();
      await page.getByRole("heading", { name }).waitFor();
      const dataset = await rest(`/datasets/${page.url().split("/").at(-1)}`);
      expect([dataset.status, dataset.recipe.format]).toEqual(["ready", format]);
      expect(dataset.training_count + dataset.validation_count).toBeGreaterThanOrEqual(2);
    }
  });
}
