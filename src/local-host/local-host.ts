import { randomUUID } from "node:crypto";
import path from "node:path";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { type Logger, stderrLogger } from "../kernel/logger.ts";
import type { Environment } from "./app-settings.ts";
import type { ChangeSource } from "./change-feed/change-source.ts";
import { type RunningFeed, startFeed } from "./change-feed/feed.ts";
import { createInvoker, type Invoker, writeLog } from "./core-api/invoker.ts";
import { type LoadedApp, loadApp } from "./core-api/load-app.ts";
import type { RegisteredFunction } from "./core-api/types.ts";
import type { DurableEngine, DurableEngineOptions } from "./durable/port.ts";
import { type FunctionPlan, planFunctions } from "./function-plan.ts";
import { claimHome, homeFiles } from "./home.ts";
import { type HostConfig, readHostConfig } from "./host-config.ts";
import { fetchThrough } from "./http/fetch.ts";
import { createFront, type Handler } from "./http/front.ts";
import { type HostKeys, openKeys } from "./http/keys.ts";
import { textReply } from "./http/message.ts";
import { createRouter, type Router } from "./http/router.ts";
import { createRpcFront } from "./http/rpc.ts";
import { type ListeningServer, listen } from "./http/server.ts";
import { countingClock, createSettler, type SettleOptions, type Settler } from "./settle.ts";
import { openStateFile } from "./state-file.ts";
import { type RunningTimer, startTimer } from "./timers/timer.ts";
import { Tracker } from "./tracker.ts";

export { findRunningHost, type RunningHost } from "./home.ts";

export interface LocalHostOptions {
  /** The app's folder, with package.json and host.json. */
  readonly folder: string;
  /** Where the durable store, keys and positions are kept; one host at a time holds it. */
  readonly home: string;
  /** Loopback port; absent: `Host.LocalHttpPort` of local.settings.json, else any free one. */
  readonly port?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** Change feeds for `app.cosmosDB`; a function is called once the app settings are in place. */
  readonly changeSource?: ChangeSource | (() => ChangeSource | Promise<ChangeSource>) | undefined;
  /** Settings put into the process's environment while the host runs; they win over local.settings.json. */
  readonly env?: Environment | undefined;
  /** Ask for keys, as Azure does; without it loopback callers need none, as with Core Tools. */
  readonly enableAuth?: boolean | undefined;
  /** An app loaded before, or a function that registers one in place of package.json's `main`. */
  readonly app?: LoadedApp | (() => unknown) | undefined;
  /** Load the build that package.json names, even when its TypeScript sources are there. */
  readonly built?: boolean | undefined;
  /** Host names to serve besides the loopback ones; `*` for all. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** The durable engine, for tests; absent: the one of `durable/engine.ts`. */
  readonly engine?: ((options: DurableEngineOptions) => DurableEngine) | undefined;
}

/** Longest request body in bytes, as the real host has it. */
const BODY_LIMIT = 104_857_600;
/** How long a stop waits for what runs, in ms. */
const GRACE_MS = 30_000;

/** Runs a Functions app in this process: HTTP, timers, change feeds and Durable Functions, with no Core Tools. */
export class LocalHost {
  static async start(options: LocalHostOptions): Promise<LocalHost> {
    const undo: (() => unknown)[] = [];
    try {
      return new LocalHost(await assemble(options, undo));
    } catch (thrown) {
      await runBackwards(undo, options.logger ?? stderrLogger());
      throw thrown;
    }
  }

  readonly #parts: Parts;
  #stopped: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `http://localhost:PORT` */
  get baseUrl(): string {
    return this.#parts.baseUrl;
  }

  get app(): LoadedApp {
    return this.#parts.app;
  }

  /** What was made of each function. */
  get plan(): FunctionPlan {
    return this.#parts.plan;
  }

  get router(): Router {
    return this.#parts.router;
  }

  /** The access keys, when the host asks for them. */
  get keys(): HostKeys | undefined {
    return this.#parts.keys;
  }

  /** Sends a request through the routes, keys and guards included, without a socket. */
  fetch(address: string, init?: RequestInit): Promise<Response> {
    return fetchThrough(this.#parts.handler, this.baseUrl, address, init);
  }

  /** Runs a timer, change feed or other non-HTTP function now, with this text as its trigger's value. */
  trigger(name: string, input = ""): boolean {
    return this.#parts.trigger(name, input);
  }

  /**
   * With a virtual clock: lets hours pass in milliseconds until the condition holds, or until the promise (a `fetch`
   * whose function waits for the clock) ends, and gives the promise's value.
   */
  until<T>(goal: Promise<T> | (() => boolean | Promise<boolean>), options?: SettleOptions): Promise<T> {
    return this.#parts.settler.until(goal, options);
  }

  /** Lets time pass until nothing runs and no orchestration waits for a timer. */
  settle(options?: SettleOptions): Promise<void> {
    for (const feed of this.#parts.feeds) feed.wake();
    return this.#parts.settler.settle(options);
  }

  /** Takes nothing new, lets what runs end (at most 30 s), then closes everything. */
  stop(): Promise<void> {
    this.#stopped ??= this.#parts.stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

interface Parts {
  readonly baseUrl: string;
  readonly app: LoadedApp;
  readonly plan: FunctionPlan;
  readonly router: Router;
  readonly keys: HostKeys | undefined;
  readonly handler: Handler;
  readonly feeds: readonly RunningFeed[];
  readonly settler: Settler;
  trigger(name: string, input: string): boolean;
  stop(): Promise<void>;
}

async function assemble(options: LocalHostOptions, undo: (() => unknown)[]): Promise<Parts> {
  const folder = path.resolve(options.folder);
  const home = path.resolve(options.home);
  const files = homeFiles(home);
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? stderrLogger();
  const tracker = new Tracker();
  const config = readHostConfig(folder, { ...process.env, ...options.env });

  let handler: Handler = async () => textReply(503, "The host is starting.");
  const server = await listen(
    options.port ?? config.localPort ?? 0,
    (call) => tracker.track(() => handler(call)),
    logger,
  );
  undo.push(() => server.close(0));
  const baseUrl = `http://localhost:${server.port}`;
  undo.push(setEnvironment(config, options.env ?? {}, server));

  // The folder is taken before anything in it is opened; a ping answers from here on.
  const keys = options.enableAuth ? openKeys(files.keys) : undefined;
  const ping: Handler = async () => ({ status: 200, headers: [["x-host-pid", String(process.pid)]] });
  handler = (call) =>
    call.url.pathname === "/admin/host/ping" ? ping(call) : Promise.resolve(textReply(503, "Starting."));
  undo.push(
    await claimHome(home, {
      pid: process.pid,
      url: `http://127.0.0.1:${server.port}`,
      ...(keys === undefined ? {} : { key: keys.master }),
    }),
  );

  const app =
    typeof options.app === "object"
      ? options.app
      : await loadApp({ folder, register: options.app, built: options.built });
  const { core } = app;
  const log = core.onLog((level, _category, message) => writeLog(logger, level, message));
  undo.push(() => log.dispose());
  if (startedBefore.has(app)) await core.runHooks("appStart", { hookData: app.hookData });
  startedBefore.add(app);
  undo.push(() => core.runHooks("appTerminate", { hookData: app.hookData }));

  const source =
    typeof options.changeSource === "function" ? await options.changeSource() : options.changeSource;
  const { plan, router } = planApp(core.functions.values(), config, source, logger);

  const durableBase = `${baseUrl}/runtime/webhooks/durabletask`;
  const code = keys?.durabletask ?? "";
  const engineClock = countingClock(clock);
  let engine: DurableEngine | undefined;
  let rpc: ListeningServer | undefined;
  const invoker = createInvoker({
    core,
    logger,
    tracker,
    clientBinding: () =>
      engine?.clientBinding(durableBase, `http://127.0.0.1:${rpc?.port ?? 0}/durabletask/`, code),
  });
  const bodyLimit = Number(process.env.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT) || BODY_LIMIT;
  if (plan.usesDurable) {
    const create = options.engine ?? (await import("./durable/engine.ts")).createDurableEngine;
    const durable = create({
      storeFile: files.durableStore,
      invoker,
      clock: engineClock.clock,
      logger,
      taskHubName: config.taskHubName,
      hostJson: config.durableTask,
    });
    engine = durable;
    const door = await listen(0, createRpcFront(durable, durableBase, code, bodyLimit), logger);
    rpc = door;
    undo.push(() => door.close(0));
    undo.push(() => within(GRACE_MS, durable.stop()));
    await durable.start();
  }

  const state = openStateFile(files.state);
  const timers = new Map<string, RunningTimer>();
  const byName = new Map([...core.functions.values()].map((fn) => [fn.metadata.name.toLowerCase(), fn]));
  const trigger = (name: string, input: string) =>
    triggerNow({ invoker, logger, timers }, byName.get(name.toLowerCase()), input);

  const front = createFront({
    router,
    invoker,
    logger,
    keys,
    engine,
    bodyLimit,
    guard: { allowedHosts: options.allowedHosts ?? [], allowedOrigins: config.cors },
    httpUri: app.httpUri,
    admin: {
      version: core.api.hostVersion,
      functions: () =>
        [...core.functions.values()].map((fn) => ({
          name: fn.metadata.name,
          trigger: fn.trigger.binding.type,
        })),
      trigger,
    },
  });
  handler = front;

  for (const fn of plan.warmup) {
    const outcome = await invoker.call(fn, { trigger: { json: "{}" } });
    if (!outcome.ok) logger.error(`Warm-up '${fn.metadata.name}' failed: ${outcome.error.message}`);
  }
  const feeds: RunningFeed[] = [];
  const quiet = () => {
    for (const feed of feeds) feed.stop();
    for (const timer of timers.values()) timer.stop();
  };
  undo.push(quiet);
  for (const { fn, options: feedOptions } of plan.feeds)
    if (source !== undefined)
      feeds.push(await startFeed({ invoker, clock, logger, state, source, tracker }, fn, feedOptions));
  for (const { fn, schedule } of plan.timers)
    timers.set(fn.metadata.name, startTimer({ invoker, clock, logger, state, tracker }, fn, schedule));

  return {
    baseUrl,
    app,
    plan,
    router,
    keys,
    handler: (call) => tracker.track(() => handler(call)),
    feeds,
    settler: createSettler(clock, tracker, engine, engineClock.pending),
    trigger,
    async stop() {
      quiet();
      handler = async () => textReply(503, "The host is stopping.");
      await server.close(GRACE_MS);
      await within(GRACE_MS, tracker.idle());
      await runBackwards(undo, logger);
    },
  };
}

/** Apps whose `appStart` hooks ran when they were loaded; a later host in the same process runs them again. */
const startedBefore = new WeakSet<LoadedApp>();

/** Undoes every step, the last first; one that fails does not keep the others from running. */
async function runBackwards(steps: (() => unknown)[], logger: Logger): Promise<void> {
  for (const step of steps.reverse()) {
    try {
      await step();
    } catch (thrown) {
      logger.error(`While the host stopped: ${messageOf(thrown)}`);
    }
  }
}

/** The plan and its routes; a route that ASP.NET would refuse puts its own function off, not the app. */
function planApp(
  functions: Iterable<RegisteredFunction>,
  config: HostConfig,
  source: ChangeSource | undefined,
  logger: Logger,
): { plan: FunctionPlan; router: Router } {
  const first = planFunctions(functions, process.env, source);
  const off = [...first.off];
  const http = first.http.filter((fn) => {
    try {
      createRouter([fn], config.routePrefix);
      return true;
    } catch (thrown) {
      off.push({ fn, reason: messageOf(thrown) });
      return false;
    }
  });
  for (const { fn, reason } of off) logger.warn(`Function '${fn.metadata.name}' is off: ${reason}.`);
  const list = (map: ReadonlyMap<string, readonly string[]>) =>
    [...map].map(([type, names]) => `${type} (${[...new Set(names)].join(", ")})`).join(", ");
  if (first.unserved.size > 0)
    logger.warn(`Triggers not served locally: ${list(first.unserved)}. The rest of the app runs.`);
  if (first.unboundTypes.size > 0)
    logger.warn(`Bindings without effect locally: ${list(first.unboundTypes)}.`);
  return { plan: { ...first, http, off }, router: createRouter(http, config.routePrefix) };
}

/** Runs a function in the background, as `POST /admin/functions/{name}` of the real host does. */
function triggerNow(
  deps: { invoker: Invoker; logger: Logger; timers: ReadonlyMap<string, RunningTimer> },
  fn: RegisteredFunction | undefined,
  input: string,
): boolean {
  if (fn === undefined || /^http/i.test(fn.trigger.binding.type)) return false;
  const timer = deps.timers.get(fn.metadata.name);
  if (timer !== undefined) {
    void timer.runNow();
    return true;
  }
  void deps.invoker.call(fn, { trigger: { string: input }, invocationId: randomUUID() }).then((outcome) => {
    if (!outcome.ok) deps.logger.error(`Function '${fn.metadata.name}' failed: ${outcome.error.message}`);
  });
  return true;
}

/** Puts settings into the process's environment; returns how to put back what was there. */
function setEnvironment(config: HostConfig, env: Environment, server: ListeningServer): () => void {
  const before = new Map<string, string | undefined>();
  const set = (name: string, value: string | undefined) => {
    if (!before.has(name)) before.set(name, process.env[name]);
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(config.values))
    if (process.env[name] === undefined && !(name in env)) set(name, value);
  for (const [name, value] of Object.entries(env)) set(name, value);
  // durable-functions points every URL at localhost:7071 when this is not set.
  set("WEBSITE_HOSTNAME", `localhost:${server.port}`);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    work,
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    }),
  ]);
  clearTimeout(timer);
}
