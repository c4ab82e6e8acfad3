import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { appOf, configureApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import type { Stage } from "./story.ts";

export interface Shop extends Stage {
  readonly host: LocalHost;
  readonly clock: VirtualClock;
  close(): Promise<void>;
}

/** The whole app on a socket of its own, in virtual time: three weeks of the story pass in seconds. */
export async function openShop(
  env: Readonly<Record<string, string>>,
  options: { readonly enableAuth?: boolean } = {},
): Promise<Shop> {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-page-"));
  const clock = new VirtualClock("2026-01-05T08:00:00.000Z");
  const settings = readSettings({
    LIGHTNING_HOME: home,
    LIGHTNING_DATA_DIR: path.join(home, "files"),
    ...env,
  });
  configureApp({ settings, clock, logger: silentLogger });
  const host = await LocalHost.start({
    folder: path.resolve(import.meta.dirname, "../.."),
    home,
    port: 0,
    clock,
    logger: silentLogger,
    enableAuth: options.enableAuth,
    changeSource: () => appOf().changeSource(),
  });
  const key = host.keys === undefined ? {} : { "x-functions-key": host.keys.function };
  return {
    host,
    clock,
    async call(method, address, body, headers = {}) {
      const response = await host.until(
        host.fetch(`/api/lightning${address}`, {
          method,
          headers: {
            ...key,
            ...(body === undefined ? {} : { "content-type": "application/json", prefer: "wait=60" }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      );
      const text = await response.text();
      if (response.status >= 400) throw new Error(`${method} ${address}: ${response.status} ${text}`);
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    until: (condition) => host.until(condition) as Promise<void>,
    settle: () => host.settle(),
    async close() {
      await host.stop();
      await fs.rm(home, { recursive: true, force: true });
    },
  };
}
