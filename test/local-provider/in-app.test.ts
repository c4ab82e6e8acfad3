import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, expect, it } from "@jest/globals";
import { type App, createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { silentLogger } from "../../src/kernel/logger.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function appWith(env: Record<string, string>): Promise<App> {
  const home = await mkdtemp(path.join(os.tmpdir(), "provider-in-app-"));
  cleanups.push(() => rm(home, { recursive: true, force: true }));
  const app = createApp({
    settings: readSettings({ LIGHTNING_HOME: home, ...env }),
    logger: silentLogger,
  });
  cleanups.push(() => app.close());
  return app;
}

/** A port that a server holds until `release`. */
async function heldPort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    release: () => new Promise((resolve) => server.close(resolve)),
  };
}

it("tells where it is, and the key's file, once it is there", async () => {
  const { provider, settings } = await appWith({});
  expect(provider.local?.()).toBeUndefined();
  await provider.ping();
  const local = provider.local?.();
  expect(local?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  expect(local?.keyFile).toBe(path.join(settings.home, "provider", "api-key"));
});

it("says its address in health, and never the key", async () => {
  const app = await appWith({});
  const nothing = { at_work: 0, taken_up: 0, not_begun: 0, queued: {}, lost: {}, more: false };
  const health = await app.services.overview.health(false, () => Promise.resolve(nothing));
  const local = app.provider.local?.();
  expect(health.checks.provider).toMatchObject({ ok: true, address: local?.url });
  const key = await readFile(local?.keyFile ?? "", "utf8");
  expect(JSON.stringify(health)).not.toContain(key);
});

it("takes the port that is set, and says when another program has it", async () => {
  const { port, release } = await heldPort();
  const { provider } = await appWith({ LIGHTNING_PROVIDER_PORT: String(port) });
  await expect(provider.ping()).rejects.toMatchObject({ code: "provider_port_taken" });
  await release();
  await provider.ping();
  expect(provider.local?.()?.url).toBe(`http://127.0.0.1:${port}/v1`);
});

it("knows the base models of the tables and of the settings, and no other", async () => {
  const { provider } = await appWith({ LIGHTNING_BASE_MODEL: "my-base" });
  const chat = (model: string) => provider.chat({ model, messages: [{ role: "user", content: "Hello" }] });
  for (const model of ["my-base", "gpt-4.1-2025-04-14", "gpt-4.1"])
    expect((await chat(model)).model).toBe(model);
  await expect(chat("no-such-model")).rejects.toMatchObject({ code: "provider_missing" });
  const job = {
    model: "no-such-model",
    training_file: "file-0",
    hyperparameters: {},
    seed: 1,
    training_type: "GlobalStandard",
    metadata: {},
  };
  await expect(provider.createJob(job)).rejects.toMatchObject({ code: "provider_rejected" });
});
