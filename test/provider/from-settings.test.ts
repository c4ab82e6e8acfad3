import { describe, expect, it } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { providerFromSettings, v1BaseUrl } from "../../src/provider/from-settings.ts";
import { lazyProvider } from "../../src/provider/lazy.ts";
import type { Provider } from "../../src/provider/provider.ts";

describe("the provider of the settings", () => {
  it.each([
    ["https://x.openai.azure.com", "https://x.openai.azure.com/openai/v1/"],
    ["https://x.openai.azure.com/", "https://x.openai.azure.com/openai/v1/"],
    ["https://x.openai.azure.com/openai/v1/", "https://x.openai.azure.com/openai/v1/"],
    ["https://x.openai.azure.com/openai", "https://x.openai.azure.com/openai/v1/"],
    ["https://x.services.ai.azure.com/api/projects/p-1", "https://x.services.ai.azure.com/openai/v1/"],
    ["http://127.0.0.1:4010/gate", "http://127.0.0.1:4010/gate/openai/v1/"],
  ])("takes %s", (endpoint, base) => {
    expect(v1BaseUrl(endpoint)).toBe(base);
  });

  it("is none when no endpoint is set", () => {
    expect(providerFromSettings(readSettings({}), { logger: silentLogger })).toBeUndefined();
  });

  it("is Azure's, asked with the key, at the first of the two endpoints that is set", async () => {
    const asked: string[] = [];
    const fetch = async (url: Request | URL | string) => {
      asked.push(String(url instanceof Request ? url.url : url));
      return Response.json({ object: "list", data: [] });
    };
    const both = {
      AZURE_OPENAI_ENDPOINT: "https://a.example",
      FOUNDRY_PROJECT_ENDPOINT: "https://b.example/api/projects/p",
      AZURE_OPENAI_API_KEY: "k",
    };
    const { AZURE_OPENAI_ENDPOINT: _first, ...foundry } = both;
    for (const env of [both, foundry]) {
      const provider = providerFromSettings(readSettings(env), { logger: silentLogger }, fetch);
      expect(provider?.kind).toBe("azure");
      await provider?.ping();
    }
    expect(asked).toEqual(["https://a.example/openai/v1/models", "https://b.example/openai/v1/models"]);
  });
});

describe("a lazy provider", () => {
  it("is made at its first use, once, and again after a failed start", async () => {
    let made = 0;
    const provider = lazyProvider("local", async () => {
      if (++made === 1) throw new Error("the port is taken");
      return { ping: async () => {} } as unknown as Provider;
    });
    expect(made).toBe(0);
    await expect(provider.ping()).rejects.toThrow("the port is taken");
    await Promise.all([provider.ping(), provider.ping()]);
    expect(made).toBe(2);
  });
});
