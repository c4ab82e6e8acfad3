import path from "node:path";
import { systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { type Logger, stderrLogger } from "../kernel/logger.ts";
import type { RunningFeed } from "./change-feed/feed.ts";
import { createInvoker, writeLog } from "./core-api/invoker.ts";
import { type LoadedApp, loadApp } from "./core-api/load-app.ts";
import { PAUSED } from "./durable/paused.ts";
import type { DurableEngine } from "./durable/port.ts";
import { setEnvironment } from "./environment.ts";
import { createFaults, describeFaults, parseFaults } from "./faults.ts";
import { complaints, type FunctionPlan, planApp } from "./function-plan.ts";
import { claimHome, homeFiles } from "./home.ts";
import { readHostConfig } from "./host-config.ts";
import { pingReply } from "./http/admin.ts";
import { createFront, type Handler } from "./http/front.ts";
import { type HostKeys, openKeys } from "./http/keys.ts";
import { textReply } from "./http/message.ts";
import { receiveLimits } from "./http/receive-limits.ts";
import type { Router } from "./http/router.ts";
import { createRpcFront, newRpcSecret, rpcPath } from "./http/rpc.ts";
import { type ListeningServer, listen } from "./http/server.ts";
import { throttled } from "./http/throttle.ts";
import type { LocalHostOptions } from "./options.ts";
import { sameNames } from "./same-names.ts";
import { countingClock, createSettler, type Settler } from "./settle.ts";
import { openStateFile } from "./state-file.ts";
import { Tracker } from "./tracker.ts";
import { createTriggers } from "./triggers.ts";
import { within } from "./within.ts";

/** Longest request body in bytes, as the real host has it. */
const BODY_LIMIT = 104_857_600;
/** How long a stop waits for what runs, in ms. */
const GRACE_MS = 30_000;
/** What a running host is made of. */
export interface Parts {
  readonly baseUrl: string;
  readonly app: LoadedApp;
  readonly plan: FunctionPlan;
  readonly router: Router;
  readonly keys: HostKeys | undefined;
  readonly handler: Handler;
  readonly feeds: readonly RunningFeed[];
  readonly settler: Settler;
  trigger(name: string, input: string): boolean;
  nextRun(name: string): number | undefined;
  stop(): Promise<void>;
}

/**
 * Puts a host together. Each thing opened leaves its way back in `undo`, for a start that fails half-way and for the
 * stop alike.
 */
export async function assemble(options: LocalHostOptions, undo: (() => unknown)[]): Promise<Parts> {
  const folder = path.resolve(options.folder);
  const home = path.resolve(options.home);
  const files = homeFiles(home);
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? stderrLogger();
  const tracker = new Tracker();
  const config = readHostConfig(folder, { ...process.env, ...options.env });
  if (config.ignored.length > 0)
    logger.warn(`host.json: without effect locally: ${config.ignored.join(", ")}.`);

  let handler = starting;
  const server = await listen(
    options.port ?? config.localPort ?? options.fallbackPort ?? 0,
    (call) => tracker.track(() => handler(call)),
    logger,
    receiveLimits({ ...process.env, ...options.env }),
  );
  undo.push(() => server.close(0));
  const baseUrl = `http://localhost:${server.port}`;
  undo.push(setEnvironment(config, options.env ?? {}, server.port));

  // The folder is taken before anything in it is opened; a ping answers from here on.
  const keys = options.enableAuth ? openKeys(files.keys) : undefined;
  undo.push(
    claimHome(
      home,
      {
        pid: process.pid,
        url: `http://127.0.0.1:${server.port}`,
        ...(keys === undefined ? {} : { key: keys.master }),
      },
      (text) => logger.warn(text),
    ),
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

  const faults = faultsOf(options, logger);
  const source =
    typeof options.changeSource === "function" ? await options.changeSource() : options.changeSource;
  const { plan, router } = planApp(core.functions.values(), config.routePrefix, source);
  for (const line of complaints(plan, config.routePrefix)) logger.warn(line);
  for (const line of sameNames(core.functions.values())) logger.warn(line);

  const durableBase = `${baseUrl}/runtime/webhooks/durabletask`;
  const code = keys?.durabletask ?? "";
  const engineClock = countingClock(clock);
  let engine: DurableEngine | undefined;
  let rpc: ListeningServer | undefined;
  const secret = newRpcSecret();
  const invoker = createInvoker({
    core,
    logger,
    tracker,
    onCall: options.onCall,
    clientBinding: () =>
      engine?.clientBinding(durableBase, `http://127.0.0.1:${rpc?.port ?? 0}${rpcPath(secret)}/`, code),
    timeout: config.functionTimeoutMs === undefined ? undefined : { ms: config.functionTimeoutMs, clock },
  });
  const bodyLimit = Number(process.env.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT) || BODY_LIMIT;
  if (plan.usesDurable) {
    const create = options.engine ?? (await import("./durable/engine.ts")).createDurableEngine;
    engine = create({
      storeFile: files.durableStore,
      invoker,
      clock: engineClock.clock,
      logger,
      taskHubName: config.taskHubName,
      hostJson: config.durableTask,
      schema: process.env.LIGHTNING_HOST_DURABLE_SCHEMA || undefined,
      faults,
      paused: options.paused,
    });
    rpc = await listen(0, createRpcFront(engine, { base: durableBase, code, secret, bodyLimit }), logger);
    await startEngine(engine, rpc, undo);
  }

  const state = openStateFile(files.state);
  undo.push(() => state.flush());
  const triggers = createTriggers(
    { invoker, clock, logger, state, tracker, faults, source },
    core.functions.values(),
  );

  const onFailure = (name: string, text: string) => logger.error(`Function '${name}' failed: ${text}`);
  const mcp =
    plan.mcp.length === 0
      ? undefined
      : (await import("./mcp/door.ts")).createMcpDoor({
          invoker,
          functions: plan.mcp,
          hostJson: config.mcp,
          bodyLimit,
          onFailure,
        });
  const front = createFront({
    mcp: mcp?.handle,
    router,
    invoker,
    logger,
    keys,
    engine,
    bodyLimit,
    guard: {
      allowedHosts: options.allowedHosts ?? [],
      allowedOrigins: config.cors,
      credentials: config.corsCredentials,
    },
    customHeaders: Object.entries(config.customHeaders),
    streams: app.httpUri !== undefined,
    admin: {
      version: core.api.hostVersion,
      functions: () =>
        [...core.functions.values()].map((fn) => ({
          name: fn.metadata.name,
          trigger: fn.trigger.binding.type,
        })),
      trigger: triggers.trigger,
    },
  });
  handler = throttled(options.paused === true ? whilePaused(front) : front, config.httpLimits);

  const quiet = () => {
    triggers.stop();
    mcp?.close();
  };
  undo.push(quiet);
  if (options.paused !== true) await triggers.start(plan);

  return {
    baseUrl,
    app,
    plan,
    router,
    keys,
    handler: (call) => tracker.track(() => handler(call)),
    feeds: triggers.feeds,
    settler: createSettler(clock, tracker, engine, engineClock.pending),
    trigger: (name, text) => options.paused !== true && triggers.trigger(name, text),
    nextRun: triggers.nextRun,
    async stop() {
      quiet();
      handler = stopping;
      await server.close(GRACE_MS);
      await within(GRACE_MS, tracker.idle());
      await runBackwards(undo, logger);
    },
  };
}

/** Apps whose `appStart` hooks ran when they were loaded; a later host in the same process runs them again. */
const startedBefore = new WeakSet<LoadedApp>();

async function startEngine(engine: DurableEngine, rpc: ListeningServer, undo: (() => unknown)[]) {
  undo.push(() => rpc.close(0));
  undo.push(() => within(GRACE_MS, engine.stop()));
  await engine.start();
}

/** Faults that are asked for; they are told, so that nobody takes them for the app's own. */
function faultsOf(options: LocalHostOptions, logger: Logger) {
  const text = options.faults ?? process.env.LIGHTNING_HOST_FAULTS;
  if (!text) return undefined;
  const faults = createFaults(parseFaults(text));
  logger.warn(describeFaults(faults.plan));
  return faults;
}

/** Undoes every step, the last first; one that fails does not keep the others from running. */
export async function runBackwards(steps: (() => unknown)[], logger: Logger): Promise<void> {
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (thrown) {
      logger.error(`While the host stopped: ${messageOf(thrown)}`);
    }
  }
}

/** Of a paused host: the instances' management, and looks at the host itself. */
const whilePaused =
  (front: Handler): Handler =>
  async (call) => {
    const { pathname } = call.url;
    const isServed =
      pathname.startsWith("/runtime/webhooks/durabletask/") ||
      (pathname.startsWith("/admin/") && call.method === "GET");
    return isServed ? front(call) : textReply(503, PAUSED);
  };

/** Until the app is loaded the host answers pings alone; the CLI waits meanwhile. */
const starting: Handler = async (call) =>
  call.url.pathname === "/admin/host/ping" ? pingReply("starting") : textReply(503, "The host is starting.");
const stopping: Handler = async () => textReply(503, "The host is stopping.");
