import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { jest } from "@jest/globals";
import { type App, appOf, configureApp } from "../../src/app.ts";
import { MODEL_NAMES } from "../../src/catalog/spelling.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { loadVocabulary } from "../../src/datasets/tokens/vocabulary.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { type Logger, silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { LocalHost, type LocalHostOptions } from "../../src/local-host/local-host.ts";
import { type LocalProvider, type Pace, startLocalProvider } from "../../src/local-provider/start.ts";
import { createProvider } from "../../src/provider/openai-provider.ts";
import { createDeclared, type SeenReply } from "../support/declared.ts";

// Hours of virtual time take seconds of real time on a busy machine.
jest.setTimeout(60_000);

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
  /** A request to any address of the host, past the operations' prefix; hours may pass while it is answered. */
  fetch(address: string, init?: RequestInit): Promise<Response>;
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

let known: ReturnType<typeof createDeclared> | undefined;
/** Compares every reply of this file's worlds with the API description. */
export function declared() {
  known ??= createDeclared(operationRows(readSettings({})));
  return known;
}

function demandDeclared(reply: SeenReply): void {
  const faults = declared().faultsOf(reply);
  if (faults.length > 0) throw new Error(`Not as the API description says:\n${faults.join("\n")}`);
}

const ROOT = path.resolve(import.meta.dirname, "../..");

export interface WorldOptions {
  /** How long the local provider takes, where a test wants to step in between. */
  readonly pace?: Partial<Pace>;
  /** While it answers true, every read of the ledger fails. */
  readonly ledgerIsDown?: () => boolean;
  /** Asked at each start of the host: what LIGHTNING_HOST_FAULTS takes. */
  readonly faults?: () => string | undefined;
  readonly onCall?: LocalHostOptions["onCall"];
  /** The host's; absent: none. */
  readonly logger?: Logger;
  /** The app's; absent: none. */
  readonly appLogger?: Logger;
}

export async function openWorld(
  env: Record<string, string> = {},
  options: WorldOptions = {},
): Promise<World> {
  // Read in a thread, in real time: virtual waits would run out meanwhile.
  await loadVocabulary("o200k_base");
  const home = await fs.mkdtemp(path.join(os.tmpdir(), "lightning-world-"));
  const clock = new VirtualClock();
  let host: LocalHost;
  let app: App;
  let local: LocalProvider | undefined;

  /** The ports that a test has its hand in; absent ones are the app's own. */
  async function ports() {
    const { pace, ledgerIsDown } = options;
    if (pace !== undefined)
      local = await startLocalProvider({
        folder: path.join(home, "provider"),
        clock,
        logger: silentLogger,
        models: MODEL_NAMES,
        pace,
      });
    const ledger = openSqliteLedgerUnless(ledgerIsDown, path.join(home, "ledger.sqlite"), clock);
    return {
      ...(local === undefined
        ? {}
        : { provider: createProvider({ kind: "local", ...local, logger: silentLogger }) }),
      ...(ledger === undefined ? {} : { ledger }),
    };
  }

  const start = async (more: Record<string, string>) => {
    const settings = readSettings({
      LIGHTNING_HOME: home,
      LIGHTNING_DATA_DIR: path.join(home, "files"),
      ...env,
      ...more,
    });
    configureApp({ settings, clock, logger: options.appLogger ?? silentLogger, ...(await ports()) });
    host = await LocalHost.start({
      folder: ROOT,
      home,
      clock,
      logger: options.logger ?? silentLogger,
      changeSource: () => appOf().changeSource(),
      env,
      faults: options.faults?.(),
      onCall: options.onCall,
    });
    app = appOf();
  };
  const stop = async () => {
    await host.stop();
    await local?.close();
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
      demandDeclared({
        method,
        address: `/lightning${address}`,
        status: response.status,
        headers: response.headers,
        body: text,
      });
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    async fetch(address, init) {
      const response = await host.until(host.fetch(address, init));
      // A file is left to its reader, whole or not.
      const body = /json/.test(response.headers.get("content-type") ?? "")
        ? await response.clone().text()
        : "";
      const { status, headers } = response;
      demandDeclared({ method: init?.method ?? "GET", address, status, headers, body });
      return response;
    },
    // The test has its own timeout: on a busy machine half a minute of real time is little.
    until: (condition) => host.until(condition, { withinMs: 240_000 }) as Promise<void>,
    settle: () => host.settle(),
    async restart(more = {}) {
      await stop();
      await start(more);
    },
    async close() {
      await stop();
      await fs.rm(home, { recursive: true, force: true });
    },
  };
}

function openSqliteLedgerUnless(isDown: (() => boolean) | undefined, file: string, clock: VirtualClock) {
  if (isDown === undefined) return undefined;
  const ledger = openSqliteLedger({ file, clock });
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "read" && isDown())
          return Promise.reject(unavailable("ledger_away", "The ledger does not answer."));
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}
