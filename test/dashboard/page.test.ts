import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { warmFirstView } from "../../src/surfaces/first-view.ts";
import { createPageServer } from "../../src/surfaces/page.ts";

describe("the page's files", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-files-"));
    await fs.mkdir(path.join(folder, "assets"));
    await fs.writeFile(path.join(folder, "index.html"), "<!doctype html>");
    await fs.writeFile(path.join(folder, "icon.svg"), "<svg/>");
    await fs.writeFile(path.join(folder, "assets", "index-a1.js"), "x".repeat(5000));
    await fs.writeFile(path.join(folder, "..", "lightning-secret.txt"), "secret");
  });
  afterAll(async () => {
    await fs.rm(folder, { recursive: true, force: true });
    await fs.rm(path.join(folder, "..", "lightning-secret.txt"), { force: true });
  });
  const get = async (
    asked: string,
    headers: Record<string, string> = {},
    find = () => folder as string | undefined,
  ) => {
    const reply = await createPageServer(find)({
      params: asked === "" ? {} : { path: asked },
      headers: new Headers(headers),
    });
    return { ...reply, headers: reply.headers as Record<string, string> };
  };

  it("come under a policy that lets nothing in from elsewhere and no text become code", async () => {
    const { headers, status } = await get("");
    expect(status).toBe(200);
    const policy = headers["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  it("are kept for ever by name, but the page itself is asked for each time", async () => {
    expect((await get("assets/index-a1.js")).headers["cache-control"]).toContain("immutable");
    expect((await get("episodes/ep-1")).headers["cache-control"]).toBe("no-cache");
    expect((await get("icon.svg")).headers["cache-control"]).toBe("public, max-age=86400");
  });

  it("travel zipped to whoever takes that", async () => {
    const { headers, body } = await get("assets/index-a1.js", { "accept-encoding": "br, gzip" });
    expect(headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(body as Uint8Array).toString()).toBe("x".repeat(5000));
  });

  it("are zipped once", async () => {
    const serve = createPageServer(() => folder);
    const headers = new Headers({ "accept-encoding": "gzip" });
    const bodyOf = async () => (await serve({ params: { path: "assets/index-a1.js" }, headers })).body;
    expect(await bodyOf()).toBe(await bodyOf());
  });

  it("are the page at every address of a view, and nothing outside of the build", async () => {
    for (const asked of ["episodes", "runs/run-1", "lineage/ep-1.2"])
      expect((await get(asked)).headers["content-type"]).toContain("text/html");
    for (const asked of [
      "../lightning-secret.txt",
      "assets/../../lightning-secret.txt",
      "assets/%2e%2e/x.js",
      "assets/none.js",
      "favicon.ico",
    ]) {
      const { status, body } = await get(asked);
      expect([asked, status]).toEqual([asked, 404]);
      expect(String(body)).not.toContain("secret");
    }
  });

  it("say how to be built while there are none", async () => {
    const { status, body } = await get("", {}, () => undefined);
    expect(status).toBe(503);
    expect(String(body)).toContain("npm run build:page");
  });
});

describe("the first view, before anybody has opened it", () => {
  it("is fetched whole, one question after another, with the host's key", async () => {
    const asked: string[] = [];
    let open = 0;
    await warmFirstView(async (address, init) => {
      asked.push(address);
      expect(new Headers(init.headers).get("x-functions-key")).toBe("k");
      expect(++open).toBe(1);
      await new Promise(setImmediate);
      open--;
      return new Response(`<script src="/api/dashboard/assets/index-a1.js"></script>`);
    }, "k");
    expect(asked).toEqual([
      "/api/dashboard",
      "/api/dashboard/assets/index-a1.js",
      "/api/lightning/stats?",
      "/api/lightning/stats/rewards?",
      "/api/lightning/review?",
      "/api/lightning/pipelines?limit=5",
      "/api/lightning/deployments/active?",
      "/api/lightning/lineage?limit=1",
      "/api/lightning/me?",
    ]);
  });
});
