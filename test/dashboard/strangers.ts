import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "@jest/globals";
import { BEYOND, type PageWorld, ROOT } from "./page-world.ts";
import { AGENT, HOSTILE } from "./story.ts";

/** Hostile content, people without rights, ledgers without anything, other sites. */
export function strangerTests(world: PageWorld): void {
  const { visit, goto, ready, picture } = world;

  it("shows what is hostile as text and is not turned, broken or widened by it", async () => {
    const wide = `${HOSTILE.script} ${HOSTILE.link} ${HOSTILE.direction}`;
    await world.shop.call("POST", "/episodes", {
      id: "ep-hostile",
      user_input: wide,
      assistant_output: HOSTILE.long,
      system_prompt: HOSTILE.lines,
      session_id: HOSTILE.script.slice(0, 150),
      tool_calls: [
        {
          tool_name: "<b>tool</b>\u202e",
          arguments: { html: HOSTILE.script },
          result: HOSTILE.lines,
          error: HOSTILE.link,
        },
      ],
      metadata: { "<img src=x onerror=window.__broken=6>": HOSTILE.script },
    });
    await world.shop.call("POST", "/rewards", {
      episode_id: "ep-hostile",
      value: -1,
      evaluator: HOSTILE.script.slice(0, 150),
      comments: HOSTILE.script,
    });
    await world.shop.settle();
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
      await goto(page, "/episodes");
      await page.locator("tbody tr").first().waitFor();
      expect(await page.evaluate(BEYOND)).toBe(0);
      // A name that would turn what stands after it says so instead.
      expect(await page.locator("tbody .tags .control").first().textContent()).toBe("RLO");
      await goto(page, `/lineage/${encodeURIComponent("<img src=x onerror=window.__broken=7>")}`);
      await page.locator("[role=alert]").waitFor();
      expect(await page.evaluate("window.__broken")).toBeUndefined();
    }
  });

  it("offers a reader no button that would be refused", async () => {
    const page = await visit("/episodes", { reviewer: "guest" });
    await page.route("**/api/lightning/me**", (route) =>
      route.fulfill({ json: { agent_id: AGENT, principal: "guest@example.com", may: ["reader"] } }),
    );
    for (const [address, button] of [
      ["/pipelines", "Start a pipeline"],
      ["/deployments", "Roll back"],
      ["/deployments", "Deactivate"],
      [`/runs/${world.told.run}`, "Promote"],
    ] as const) {
      await goto(page, address);
      await ready(page);
      expect([button, await page.getByRole("button", { name: button }).count()]).toEqual([button, 0]);
    }
    await goto(page, "/review");
    await page.getByText("Reviewing needs the role labeller").waitFor();
  });

  it("learns who somebody is once the app answers, when it did not at first", async () => {
    const page = await visit("/episodes", { reviewer: "patient" });
    let refused = 0;
    await page.route("**/api/lightning/me**", (route) =>
      refused++ < 1 ? route.fulfill({ status: 503, json: {} }) : route.continue(),
    );
    await goto(page, "/review");
    await page.locator(".verdict-buttons").waitFor();
    expect(refused).toBeGreaterThan(1);
  });

  it("says so when a browser lets nothing be copied", async () => {
    const page = await visit("/episodes/ep-00005");
    await page.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined })`);
    const button = page.locator(".lead button");
    await button.click();
    await page.getByText("Not copied").waitFor();
    expect(await button.innerText()).toBe("Not copied");
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
    const response = await world.shop.host.fetch("/api/lightning/deployments/deactivate", {
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
}
