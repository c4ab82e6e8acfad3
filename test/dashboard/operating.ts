import { expect, it } from "@jest/globals";
import type { PageWorld } from "./page-world.ts";

/** What operators do, one after the other. */
export function operatingTests(world: PageWorld): void {
  const { visit, picture, rest } = world;

  it("promotes when a person approves with a reason, and shows it live", async () => {
    const page = await visit(`/pipelines/${world.told.waiting}`, { reviewer: "mira" });
    await page.getByRole("button", { name: "Approve" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Why").fill("Read twenty pairs, all right.");
    await picture(page, "approve");
    await dialog.getByRole("button", { name: "Approve" }).click();
    await dialog.waitFor({ state: "detached" });
    await world.shop.settle();
    await page.getByText("proved better and serves now").waitFor();
    await page.getByText("approved by mira: “Read twenty pairs, all right.”").waitFor();
    expect(await rest(`/pipelines/${world.told.waiting}`)).toMatchObject({ outcome: "promoted" });
  });

  it("rolls back in two clicks, after saying what will happen", async () => {
    const page = await visit("/deployments");
    const { tuned_model_name: now } = await rest("/deployments/active");
    await page.getByRole("button", { name: "Roll back" }).click();
    const dialog = page.getByRole("dialog");
    const named = dialog.locator(".move .model");
    expect(await named.first().getAttribute("title")).toBe(now);
    expect(await named.last().getAttribute("title")).toBe(world.told.model);
    await dialog.getByLabel("Your name").fill("Ada");
    await picture(page, "rollback");
    await dialog.getByRole("button", { name: "Roll back" }).click();
    await page.getByText(`Rolled back to ${world.told.model}.`).waitFor();
    expect((await rest("/deployments/active")).tuned_model_name).toBe(world.told.model);
    await page.locator(".history .rolled_back", { hasText: "Ada" }).waitFor();
    expect((await rest("/lineage?limit=1")).events.at(-1)).toMatchObject({ what: "rolled_back", by: "Ada" });

    await page.getByRole("button", { name: "Deactivate" }).click();
    await page.getByRole("dialog").getByLabel("Why").fill("holidays");
    // Asked once in a tab, offered again.
    expect(await page.getByRole("dialog").getByLabel("Your name").inputValue()).toBe("Ada");
    await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
    await page.getByText("“holidays”").waitFor();
    expect((await rest("/deployments/active")).has_active_deployment).toBe(false);
    expect((await rest("/lineage?limit=1")).events.at(-1)).toMatchObject({ what: "deactivated", by: "Ada" });
  });

  it("puts a run's model into service by hand, under the name that was given", async () => {
    const page = await visit(`/runs/${world.told.run}`);
    await page.getByRole("button", { name: "Promote" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Its newest verdict is pass").waitFor();
    // It was deactivated before: an owner answers for its return.
    await dialog.getByLabel("Why against the gate").fill("The holidays are over.");
    await dialog.getByLabel("Your name").fill("Grace");
    // Pressed twice, done once.
    const asked = page.waitForRequest((request) => request.method() === "POST");
    await dialog.getByRole("button", { name: "Promote" }).dblclick();
    await asked;
    await world.shop.until(async () => (await rest("/deployments/active")).has_active_deployment);
    await world.shop.settle();
    await page.getByText("The model is being put into service.").waitFor();
    expect(await rest("/deployments/active")).toMatchObject({
      tuned_model_name: world.told.model,
      promoted_by: "Grace",
    });
    const moves = (await rest("/lineage?limit=1")).events as { what: string; by?: string }[];
    expect(moves.filter(({ by }) => by === "Grace")).toMatchObject([{ what: "promoted" }]);
  });

  it("starts a pipeline and follows it to its end", async () => {
    const page = await visit("/pipelines");
    await page.getByRole("button", { name: "Start a pipeline" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("from the page");
    await dialog.getByLabel("Your name").fill("Ada");
    await dialog.getByLabel("Judge by").selectOption(world.told.testSet);
    await dialog.getByLabel("Ask a person").uncheck();
    await picture(page, "start");
    await dialog.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/pipelines\/pipeline-/);
    await page.getByRole("heading", { name: "from the page" }).waitFor();
    await world.shop.settle();
    await page.locator(".end").waitFor();
    const id = page.url().split("/").at(-1);
    expect(await rest(`/pipelines/${id}`)).toMatchObject({ input: { promoted_by: "Ada" } });
  });
}
