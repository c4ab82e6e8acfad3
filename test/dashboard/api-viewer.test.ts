import { execFileSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser } from "playwright-core";
import { createViewerServer } from "../../src/surfaces/api-viewer.ts";
import { CHROMIUM, hasChromium, launch, open } from "./browser.ts";
import { openShop, type Shop } from "./world.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const build = () => {
  execFileSync(process.execPath, [path.join(ROOT, "dashboard/build.ts"), "--if-stale"], { cwd: ROOT });
};

describe("the API's viewer", () => {
  beforeAll(build, 120_000);

  const get = (name: string, headers: Record<string, string> = {}) =>
    createViewerServer()({ params: { path: name }, headers: new Headers(headers) });

  it.each(["", "index.html", "start.js", "swagger-ui.css", "swagger-ui-bundle.js"])(
    "gives %p under a policy that lets nothing in from elsewhere",
    async (name) => {
      const { status, headers } = await get(name, { "accept-encoding": "gzip" });
      expect(status).toBe(200);
      const policy = (headers as Record<string, string>)["content-security-policy"] ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    },
  );

  it.each(["LICENSE", "../index.html", "..%2findex.html", "swagger-ui.css.map", "constructor"])(
    "has no file %p",
    async (name) => {
      expect((await get(name)).status).toBe(404);
    },
  );

  it("says how it is built where it is not", async () => {
    const reply = await createViewerServer(() => undefined)({ params: {}, headers: new Headers() });
    expect(reply.status).toBe(503);
    expect(reply.body).toContain("npm run build:page");
  });
});

(hasChromium ? describe : describe.skip)(
  `the API's viewer in a browser, on a host that asks for keys (needs ${CHROMIUM})`,
  () => {
    let shop: Shop;
    let browser: Browser;
    beforeAll(async () => {
      build();
      [shop, browser] = await Promise.all([openShop({}, { enableAuth: true }), launch()]);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await shop?.close();
    });

    it("shows every operation without a key, and asks nothing outside", async () => {
      const served = await fetch(`${shop.host.baseUrl}/api/lightning/openapi.json`);
      const document = (await served.json()) as { paths: Record<string, Record<string, unknown>> };
      const declared = Object.values(document.paths).flatMap((item) =>
        Object.keys(item).filter((method) =>
          ["get", "post", "put", "patch", "delete", "head"].includes(method),
        ),
      );
      const { page, context, faults } = await open(browser, { origin: shop.host.baseUrl });
      await page.goto(`${shop.host.baseUrl}/api/docs`);
      await page
        .locator(".opblock")
        .nth(declared.length - 1)
        .waitFor();
      expect(await page.locator(".opblock").count()).toBe(declared.length);
      await page.locator("#operations-episodes-listEpisodes .opblock-control-arrow").click();
      await page.locator("#operations-episodes-listEpisodes .opblock-body table.parameters").waitFor();
      expect(faults).toEqual([]);
      await context.close();
    });
  },
);
