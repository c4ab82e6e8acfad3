import { createClient } from "./client/client.ts";
import { DurableHttpApi } from "./client/http-api.ts";
import { clientBindingJson, forwardedBase } from "./client/http-urls.ts";
import { askOtherHub, otherHubOf } from "./client/other-hub.ts";
import { durableSettings } from "./options.ts";
import { isServedPaused, PAUSED } from "./paused.ts";
import type { DurableEngine, DurableEngineOptions, FunctionInvoker } from "./port.ts";
import { HISTORY_TRAP } from "./replay/traps.ts";
import { randomId } from "./store/new-instance.ts";
import { DurableStore } from "./store/store.ts";
import { Dispatcher } from "./work/dispatcher.ts";
import { mortalWorker } from "./work/worker-exit.ts";

/** How long `stop` waits for activities that are running, in ms; the rest runs again at the next start. */
const STOP_PATIENCE_MS = 10_000;

interface Hub {
  readonly store: DurableStore;
  readonly dispatcher: Dispatcher;
  readonly api: DurableHttpApi;
}

/** For tests of crashes and for figures. */
export interface EngineProbe {
  /** Called after every commit, before anybody is told of it. */
  readonly onCommit?: () => void;
  /** Leaves out the sync of the disk, which only a power cut would miss. */
  readonly unsynced?: boolean;
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };

/** What can die in a test as by `kill -9`, with the process going on. */
export interface Mortal {
  /** Nothing is written or answered from here on; the store stays as it is. */
  crash(): void;
}

/** Of a paused engine: an instance can be ended without its code. */
const NO_FUNCTIONS: FunctionInvoker = {
  find: () => undefined,
  names: () => [],
  invoke: async () => ({ ok: false, error: new Error(PAUSED) }),
};

/**
 * Durable Functions without Core Tools: runs the app's orchestrators and activities against a store on SQLite, the
 * way the Durable extension and the Durable Task framework do, defects included.
 */
export function createDurableEngine(
  options: DurableEngineOptions,
  probe: EngineProbe = {},
): DurableEngine & Mortal {
  const { clock, logger, taskHubName, faults, paused = false } = options;
  const invoker = paused
    ? NO_FUNCTIONS
    : faults === undefined
      ? options.invoker
      : mortalWorker(options.invoker, faults, logger);
  const newId = faults?.newId ?? randomId;
  const settings = durableSettings(options.hostJson, options.schema);
  let toldOfHistory = false;
  let running: Hub | undefined;
  /** What requests find that name another task hub: nothing. */
  let emptyHub: Hub | undefined;

  const open = (store: DurableStore): Hub => {
    const dispatcher = new Dispatcher({ store, invoker, clock, logger, settings, newId, faults, paused });
    const client = createClient({ ...settings, store, dispatcher, invoker, clock, logger, newId });
    return { store, dispatcher, api: new DurableHttpApi(client, store, taskHubName) };
  };

  const started = () => {
    if (running === undefined) throw new Error("The durable engine is not started.");
    return running;
  };

  let binding: { base: string; rpcBase: string; code: string; text: string } | undefined;

  return {
    async start() {
      if (running !== undefined) return;
      const store = new DurableStore(options.storeFile, probe.unsynced !== true);
      store.transactions.onCommit = probe.onCommit;
      store.transactions.survives = faults?.survives;
      store.transactions.inOrder = faults !== undefined;
      running = open(store);
      running.dispatcher.start();
    },
    async stop() {
      if (running === undefined) return;
      const { store, dispatcher } = running;
      running = undefined;
      emptyHub?.store.close();
      emptyHub = undefined;
      await dispatcher.stop(STOP_PATIENCE_MS);
      store.close();
    },
    crash() {
      running?.dispatcher.crash();
      running?.store.crash();
      running = undefined;
    },
    async handle(request, base, code, surface) {
      if (paused && !isServedPaused(request)) return { status: 503, headers: TEXT, body: PAUSED };
      if (surface === "rpc" && !toldOfHistory && request.query.get("showHistory") === "true") {
        toldOfHistory = true;
        logger.warn(HISTORY_TRAP);
      }
      const shown = settings.usesForwardedHost ? forwardedBase(base, request.headers) : base;
      const { api } = started();
      const hub = otherHubOf(request, taskHubName);
      if (hub === undefined) return api.handle(request, shown, code);
      emptyHub ??= open(new DurableStore(":memory:"));
      const { api: nothing } = emptyHub;
      return askOtherHub(hub, request, () => nothing.handle(request, shown, code));
    },
    clientBinding(base, rpcBase, code) {
      // Every call of a function with a client asks for it, with the same addresses all along.
      if (binding?.base !== base || binding.rpcBase !== rpcBase || binding.code !== code)
        binding = {
          base,
          rpcBase,
          code,
          text: clientBindingJson({ base, code, taskHub: taskHubName }, rpcBase),
        };
      return binding.text;
    },
    busy: () => running?.dispatcher.busy() ?? false,
    idle: () => running?.dispatcher.idle() ?? Promise.resolve(),
  };
}
