import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/**
 * What axe holds for serious or critical on a page, and how many rules held.
 * @param contrastOnly for a second look in other colours: nothing else changes with them
 */
export async function askAxe(
  page: Page,
  contrastOnly = false,
): Promise<{ readonly problems: string[]; readonly passed: number }> {
  const known = await page.evaluate(`typeof axe === "object"`);
  if (known !== true) await page.evaluate(axe.source);
  const options = { resultTypes: ["violations"], ...(contrastOnly ? { runOnly: ["color-contrast"] } : {}) };
  const { violations, passes } = (await page.evaluate(
    `axe.run(document, ${JSON.stringify(options)})`,
  )) as AxeResults;
  const problems = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)}`));
  return { problems, passed: passes.length };
}
