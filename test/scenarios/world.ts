import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type App, appOf, configureApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";

/** The whole function app on its embedded engines, in virtual time, spoken to through its doors. */
export interface World {
  readonly app: App;
  readonly host: LocalHost;
  readonly clock: VirtualClock;
  readonly home: string;
  /** A REST call under /api/lightning; hours may pass while it is answered. */
  call(
    method: "GET" | "POST",
    address: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  /** Lets time pass until the condition holds. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets time pass until feeds and orchestrations are quiet. */
  settle(): Promise<void>;
  /** Stops the app and starts it again on the same home. */
  restart(env?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape
  readonly body: any;
}

const ROOT = path.resolve(import.meta.dirname, "../..");

export async function openWorld(env: Record<string, string> = {}): Promise<World> {
  const home = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-world-"));
  const clock = new VirtualClock();
  let host: LocalHost;
  let app: App;
  const start = async (more: Record<string, string>) => {
    const settings = readSettings({
      LIGHTNING_HOME: home,
      LIGHTNING_DATA_DIR: path.join(home, "files"),
      ...env,
      ...more,
    });
    configureApp({ settings, clock, logger: silentLogger });
    host = await LocalHost.start({
      folder: ROOT,
      home,
      clock,
      logger: silentLogger,
      changeSource: () => appOf().changeSource(),
    });
    app = appOf();
  };
  await start({});
  return {
    get app() {
      return app;
    },
    get host() {
      return host;
    },
    clock,
    home,
    async call(method, address, body, headers = {}) {
      const response = await host.until(
        host.fetch(`/api/lightning${address}`, {
          method,
          headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        }),
      );
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    until: (condition) => host.until(condition) as Promise<void>,
    settle: () => host.settle(),
    async restart(more = {}) {
      await host.stop();
      await start(more);
    },
    async close() {
      await host.stop();
      await fs.rm(home, { recursive: true, force: true });
    },
  };
}
