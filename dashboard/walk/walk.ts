import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";

const HOME = "/api/dashboard";
const PATIENCE_MS = 60_000;

// biome-ignore lint/suspicious/noExplicitAny: replies of every shape
type Json = any;

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly reviewer?: string;
}
export interface Walk {
  /** A new person's browser at an address of the page. */
  readonly visit: (address: string, options?: OpenOptions) => Promise<Page>;
  /** What a person sees at first is all there. */
  readonly ready: (page: Page) => Promise<void>;
  readonly goto: (page: Page, address: string) => Promise<void>;
  /** What the REST routes say, beside what the page shows. */
  readonly rest: (address: string) => Promise<Json>;
  readonly until: (address: string, holds: (reply: Json) => boolean) => Promise<Json>;
  readonly picture: (page: Page, name: string) => Promise<void>;
  /** The demo's own records. */
  readonly demo: {
    readonly pipeline: string;
    readonly dataset: string;
    readonly run: string;
    readonly evaluation: string;
    readonly deployment: string;
    readonly model: string;
  };
  /** Numbers worth keeping, printed at the end. */
  readonly figures: Record<string, string | number>;
}

export async function createWalk(options: {
  readonly origin: string;
  readonly pictures: string;
  readonly open: (options: OpenOptions) => Promise<Page>;
}): Promise<Walk> {
  const { origin } = options;
  const rest = async (address: string): Promise<Json> => {
    const reply = await fetch(`${origin}/api/lightning${address}`);
    if (!reply.ok) throw new Error(`${address}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  };
  const ready = async (page: Page) => {
    await page.locator("main h1").waitFor();
    await page.locator("main .loading").first().waitFor({ state: "detached" });
  };
  const goto = async (page: Page, address: string) => {
    await page.goto(`${origin}${HOME}${address}`);
    await ready(page);
  };
  const { deployment_id: deployment, tuned_model_name: model } = await rest("/deployments/active");
  const { pipelines } = await rest("/pipelines");
  const own = pipelines.find((one: Json) => one.deployment_id === deployment);
  if (own === undefined) throw new Error("The demo's model is not in service: run the demo again.");
  return {
    rest,
    ready,
    goto,
    async visit(address, more = {}) {
      const page = await options.open(more);
      await goto(page, address);
      return page;
    },
    async until(address, holds) {
      const end = Date.now() + PATIENCE_MS;
      for (;;) {
        const reply = await rest(address);
        if (holds(reply)) return reply;
        if (Date.now() > end)
          throw new Error(`${address} did not come to it: ${JSON.stringify(reply).slice(0, 400)}`);
        await sleep(100);
      }
    },
    async picture(page, name) {
      await page.screenshot({ path: path.join(options.pictures, `${name}.png`) });
    },
    demo: {
      pipeline: own.id,
      dataset: own.dataset_id,
      run: own.run_id,
      evaluation: own.evaluation_id,
      deployment,
      model,
    },
    figures: {},
  };
}
