import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { Walk } from "./walk.ts";

/** Each flow of the page as a person goes through it, one after the other over the same ledger. */
export const FLOWS: readonly (readonly [title: string, flow: (walk: Walk) => Promise<void>])[] = [
  ["the overview says where the loop stands, what serves and why", overview],
  ["fifty labels by keyboard, with a tag, a correction, a skip and an undo", review],
  ["two reviewers at once never have the same episode", twoReviewers],
  ["corrections become golden conversations and preference pairs", corrections],
  ["an answer is followed back to the episode it was learnt from, and up again", traces],
  ["a run shows its course, its curves, its events and its cost", run],
  ["a verdict is reckoned before one's eyes", evaluation],
  ["what serves is taken out of service with a reason", deactivate],
  ["a pipeline is started, waits for a person, and is approved with a reason", approve],
  ["another one is rejected with a reason", reject],
  ["a rollback takes two clicks and says what will happen", rollback],
];

async function overview({ visit, rest, picture, demo }: Walk): Promise<void> {
  const page = await visit("/");
  const { statistics } = await rest("/stats");
  const loop = await page.locator(".loop").innerText();
  for (const count of [statistics.total_episodes, statistics.total_rewards, statistics.total_datasets])
    assert.ok(loop.includes(String(count)), `the loop shows ${count}`);
  await page.locator(".plot canvas").first().waitFor();
  assert.equal(await page.locator(".model-name .model").getAttribute("title"), demo.model);
  const { result } = await rest(`/evaluations/${demo.evaluation}`);
  const proof = await page.locator(".proof").innerText();
  for (const share of [result.baseline_accuracy, result.candidate_accuracy])
    assert.ok(proof.includes(`${(share * 100).toFixed(1)} %`), `the proof shows ${share}`);
  await picture(page, "flow-overview");
  await page.getByRole("link", { name: /not reviewed by a person/ }).click();
  await page.getByText("Who reviews?").waitFor();
}

const inHand = async (page: Page): Promise<string> =>
  (await page.locator(".offer-head a").getAttribute("href"))?.split("/").at(-1) ?? "";
const another = (page: Page, before: string) =>
  page.locator(`.desk:not(.busy) .offer-head a:not([href$="/${before}"])`).waitFor();

async function review({ visit, rest, picture, figures }: Walk): Promise<void> {
  const page = await visit("/review");
  await page.getByLabel("Your name").fill("walker");
  await page.keyboard.press("Enter");
  await page.locator(".offer-head a").waitFor();
  await picture(page, "flow-review");
  let presses = 0;
  const press = async (key: string) => {
    presses++;
    await page.keyboard.press(key);
  };
  const began = performance.now();
  for (let n = 0; n < 50; n++) {
    const id = await inHand(page);
    if (n % 10 === 0) await press("Shift+Digit1");
    await press(n % 3 === 0 ? "y" : "n");
    await another(page, id);
  }
  const ms = performance.now() - began;
  figures["keys for fifty labels"] = presses;
  figures["ms from key to next episode, mean of fifty"] = Math.round(ms / 50);
  assert.ok(ms < 60_000, "far below five minutes");

  const skipped = await inHand(page);
  await page.keyboard.press("s");
  await another(page, skipped);
  await page.keyboard.press("z");
  await page.getByText("Back to the episode you skipped.").waitFor();
  assert.equal(await inHand(page), skipped);
  for (let n = 0; n < 3; n++) {
    const id = await inHand(page);
    await page.keyboard.press("e");
    await page.keyboard.type(`It should have been done, number ${n}.`);
    if (n === 0) await picture(page, "flow-correction");
    await page.keyboard.press("Control+Enter");
    await another(page, id);
    const { rewards } = await rest(`/rewards?episode_id=${id}&source=human_approval`);
    const own = rewards.find((one: { evaluator: string }) => one.evaluator === "walker");
    assert.equal(own.metadata.correction, `It should have been done, number ${n}.`);
  }
  const { reviewers } = await rest("/review");
  assert.deepEqual(
    reviewers.filter((one: { reviewer: string }) => one.reviewer === "walker"),
    [{ reviewer: "walker", labelled: 53 }],
  );
}

async function twoReviewers({ visit, rest }: Walk): Promise<void> {
  const pages = await Promise.all(["mira", "jon"].map((reviewer) => visit("/review", { reviewer })));
  const had = new Set<string>();
  for (let round = 0; round < 5; round++) {
    for (const page of pages) {
      await page.locator(".desk:not(.busy) .offer-head a").waitFor();
      const id = await inHand(page);
      assert.ok(!had.has(id), `${id} was given out twice`);
      had.add(id);
    }
    await Promise.all(
      pages.map(async (page) => {
        const id = await inHand(page);
        await page.keyboard.press("y");
        await another(page, id);
      }),
    );
  }
  const { reservations } = await rest("/review");
  const held = reservations.map((one: { episode_id: string }) => one.episode_id);
  assert.equal(new Set(held).size, held.length);
}

async function corrections({ visit, until, picture }: Walk): Promise<void> {
  for (const [choice, format, file] of [
    ["Golden conversations", undefined, "messages"],
    ["Preference pairs", "dpo", "preferred_output"],
  ] as const) {
    const page = await visit("/review", { reviewer: "walker" });
    await page.getByRole("button", { name: /Corrections/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(choice).click();
    await picture(page, `flow-corrections-${format ?? "golden"}`);
    const download = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Download" }).click();
    const saved = await (await download).createReadStream();
    let text = "";
    for await (const part of saved) text += String(part);
    const lines = text.trim().split("\n");
    assert.equal(lines.length, 3);
    assert.ok(lines.every((line) => file in JSON.parse(line)));
    await dialog.getByLabel("Name of the dataset").fill(`corrected-${format ?? "golden"}`);
    await dialog.getByRole("button", { name: "Build the dataset" }).click();
    await page.waitForURL(/\/datasets\/dataset-/);
    const id = page.url().split("/").at(-1);
    const dataset = await until(`/datasets/${id}`, ({ status }) => status === "ready" || status === "failed");
    assert.equal(dataset.status, "ready", dataset.error);
    assert.equal(dataset.recipe.format, format);
    await page.getByRole("heading", { name: `corrected-${format ?? "golden"}` }).waitFor();
  }
}

async function traces({ visit, goto, picture, demo, rest }: Walk): Promise<void> {
  const page = await visit(`/datasets/${demo.dataset}`);
  assert.ok((await page.locator(".histogram").count()) >= 2, "rewards and tokens");
  await page.getByText("judged below the threshold").waitFor();
  await picture(page, "flow-dataset");
  const { edges } = await rest(`/datasets/${demo.dataset}/examples`);
  const learnt = edges.find(
    (one: { episode_ids: string[]; split: string | null }) =>
      one.episode_ids.length > 0 && one.split !== null,
  );
  await goto(page, `/episodes/${learnt.episode_ids[0]}`);
  await picture(page, "flow-episode");
  await page.getByRole("link", { name: "What became of it" }).click();
  await page.locator("a.node.active").waitFor();
  await picture(page, "flow-lineage-up");
  await page.locator("a.node.active").click();
  await page.waitForURL(new RegExp(demo.deployment));
  await goto(page, `/lineage/${demo.deployment}`);
  const kinds = await page.locator(".node-kind").allTextContents();
  for (const kind of ["Examples", "Dataset", "Training run", "Evaluation", "Deployment"])
    assert.ok(kinds.includes(kind), kind);
  assert.equal(await page.locator("a.node").count(), await page.locator(".node").count(), "each a link");
  await picture(page, "flow-lineage-down");
  await page.locator("a.node.examples").click();
  await page.waitForURL(new RegExp(demo.dataset));
  await page.locator(".examples summary").first().click();
  await page.locator(".examples .source").first().waitFor();
  await picture(page, "flow-example");
}

async function run({ visit, picture, demo }: Walk): Promise<void> {
  const page = await visit(`/runs/${demo.run}`);
  await page.locator(".plot canvas").nth(1).waitFor();
  assert.equal(await page.locator(".steps li.done").count(), 5);
  assert.match(await page.locator("figcaption").first().innerText(), /training from \d/);
  assert.ok((await page.locator(".events li").count()) > 3);
  await page.getByText("trained on this machine, which charges nothing").waitFor();
  await picture(page, "flow-run");
}

async function evaluation({ visit, rest, picture, demo }: Walk): Promise<void> {
  const page = await visit(`/evaluations/${demo.evaluation}`);
  const { result } = await rest(`/evaluations/${demo.evaluation}`);
  await page.getByText(`${result.pairs} pairs, 50 are needed`).waitFor();
  assert.equal(await page.locator(".arithmetic .met").count(), 5);
  assert.equal(await page.locator(".pairs > li").count(), 20);
  assert.notEqual(await page.locator(".pair-head .told").first().innerText(), "");
  await picture(page, "flow-evaluation");
}

async function startOne(page: Page, walk: Walk, name: string): Promise<string> {
  await walk.goto(page, "/pipelines");
  await page.getByRole("button", { name: "Start a pipeline" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill(name);
  const set = dialog.getByLabel("Judge by").locator("option", { hasText: "set-aside" });
  await set.waitFor({ state: "attached" });
  await dialog.getByLabel("Judge by").selectOption((await set.getAttribute("value")) ?? "");
  if (name === "approved here") await walk.picture(page, "flow-start");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/pipelines\/pipeline-/);
  const id = page.url().split("/").at(-1) ?? "";
  if (name === "approved here") {
    await page.locator(".steps .now").first().waitFor();
    await walk.picture(page, "flow-pipeline-running");
  }
  await page.getByRole("button", { name: "Approve" }).waitFor({ timeout: 60_000 });
  return id;
}

/** Nothing serves then: a pipeline's model has to beat the base model, and no longer the good one of the demo. */
async function deactivate({ visit, rest, picture }: Walk): Promise<void> {
  const page = await visit("/deployments", { reviewer: "walker" });
  await page.getByRole("button", { name: "Deactivate" }).click();
  await page.getByRole("dialog").getByLabel("Why").fill("for the walk");
  await picture(page, "flow-deactivate");
  await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
  await page.getByText("“for the walk”").waitFor();
  assert.equal((await rest("/deployments/active")).has_active_deployment, false);
}

async function approve(walk: Walk): Promise<void> {
  const page = await walk.visit("/pipelines", { reviewer: "walker" });
  const id = await startOne(page, walk, "approved here");
  await walk.picture(page, "flow-pipeline-waiting");
  await page.getByRole("button", { name: "Approve" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Why").fill("Twenty pairs read, all right.");
  await dialog.getByRole("button", { name: "Approve" }).click();
  await page.getByText("proved better and serves now").waitFor({ timeout: 30_000 });
  await page.getByText("approved by walker: “Twenty pairs read, all right.”").waitFor();
  assert.equal((await walk.rest(`/pipelines/${id}`)).outcome, "promoted");
}

async function reject(walk: Walk): Promise<void> {
  const page = await walk.visit("/pipelines", { reviewer: "walker" });
  const { deployment_id: before } = await walk.rest("/deployments/active");
  const id = await startOne(page, walk, "rejected here");
  await page.getByRole("button", { name: "Reject" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Why").fill("We wait for the holidays.");
  await walk.picture(page, "flow-reject");
  await dialog.getByRole("button", { name: "Reject" }).click();
  await page.getByText("A person decided against it").waitFor({ timeout: 30_000 });
  assert.equal((await walk.rest(`/pipelines/${id}`)).outcome, "rejected");
  assert.equal((await walk.rest("/deployments/active")).deployment_id, before);
}

async function rollback({ visit, rest, picture }: Walk): Promise<void> {
  const page = await visit("/deployments", { reviewer: "walker" });
  const { tuned_model_name: now } = await rest("/deployments/active");
  await page.getByRole("button", { name: "Roll back" }).click();
  const dialog = page.getByRole("dialog");
  const named = dialog.locator(".move .model");
  assert.equal(await named.first().getAttribute("title"), now);
  const before = (await named.last().getAttribute("title")) ?? "";
  await picture(page, "flow-rollback");
  await dialog.getByRole("button", { name: "Roll back" }).click();
  await page.getByText(`Rolled back to ${before}.`).waitFor();
  const left = await rest("/deployments/active");
  // What was taken out of service by hand does not come back by a roll-back.
  assert.deepEqual([left.has_active_deployment, left.base_model], [false, before]);
}
