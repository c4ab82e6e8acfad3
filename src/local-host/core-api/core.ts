import { Disposable } from "./disposable.ts";
import { SystemError, SystemRangeError } from "./errors.ts";
import {
  type CoreLogCategory,
  type CoreLogLevel,
  type FunctionCallback,
  type FunctionMetadata,
  HOOK_NAMES,
  type HookCallback,
  type HookContext,
  type HookName,
  type ProgrammingModel,
  type RegisteredFunction,
} from "./types.ts";

/** The version of the Functions host whose behaviour this one follows; libraries compare it. */
const HOST_VERSION = "4.1036.0";
/** The same for the Node worker. */
const WORKER_VERSION = "3.10.1";

type LogListener = (level: CoreLogLevel, category: CoreLogCategory, message: string) => void;

/** The members of the `@azure/functions-core` module, as `shim.cjs` hands them to the app's libraries. */
interface CoreApi {
  readonly version: string;
  readonly hostVersion: string;
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable;
  registerHook(name: string, callback: HookCallback): Disposable;
  setProgrammingModel(model: ProgrammingModel): void;
  getProgrammingModel(): ProgrammingModel | undefined;
  log(level: CoreLogLevel, category: CoreLogCategory, message: string): void;
  readonly Disposable: typeof Disposable;
}

/** The process's one function table, with its hooks and programming model. */
export interface Core {
  readonly api: CoreApi;
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  /** Refuses registrations from now on: the app is loaded. */
  lock(): void;
  /** Hears what the app and its library log outside of invocations. */
  onLog(listener: LogListener): Disposable;
  /** Runs a hook's callbacks in the order of their registration, each after the other. */
  runHooks(name: HookName, context: HookContext): Promise<void>;
  /** Runs the `log` hooks, which are synchronous; only logs of category `user` can be rewritten. */
  rewriteLog(entry: {
    level: CoreLogLevel;
    category: CoreLogCategory;
    message: string;
    invocationContext?: unknown;
    hookData?: unknown;
  }): { level: CoreLogLevel; message: string };
}

const SHARED = Symbol.for("agent-lightning.functions-core");

/**
 * The core of this process, made at the first call. There is one because @azure/functions keeps its own state per
 * process: programming model, capabilities and setup lock are globals of that module.
 */
export function sharedCore(): Core {
  const holder = globalThis as { [SHARED]?: Core };
  holder[SHARED] ??= createCore();
  return holder[SHARED];
}

export function createCore(): Core {
  const functions = new Map<string, RegisteredFunction>();
  const hooks = Object.fromEntries(HOOK_NAMES.map((name) => [name, [] as HookCallback[]])) as Record<
    HookName,
    HookCallback[]
  >;
  const listeners = new Set<LogListener>();
  let model: ProgrammingModel | undefined;
  let locked = false;

  const core: Core = {
    functions,
    lock() {
      locked = true;
    },
    onLog(listener) {
      listeners.add(listener);
      return new Disposable(() => listeners.delete(listener));
    },
    async runHooks(name, context) {
      for (const callback of hooks[name].slice()) await callback(context);
    },
    rewriteLog(entry) {
      if (hooks.log.length === 0) return entry;
      const context: HookContext = { ...entry };
      for (const callback of hooks.log.slice()) void callback(context);
      return entry.category === "user"
        ? { level: context.level as CoreLogLevel, message: String(context.message) }
        : entry;
    },
    api: {
      version: WORKER_VERSION,
      hostVersion: HOST_VERSION,
      Disposable,
      registerFunction(metadata, callback) {
        if (locked)
          throw new SystemError("A function can only be registered during app startup: the app is loaded.");
        const id = metadata.functionId ?? metadata.name;
        if (functions.has(id))
          throw new SystemError(`A function with id "${id}" has already been registered.`);
        const trigger = Object.entries(metadata.bindings).find(([, binding]) =>
          /trigger$/i.test(binding.type),
        );
        if (trigger === undefined)
          throw new SystemError(`Function "${metadata.name}" has no trigger among its bindings.`);
        functions.set(id, {
          id,
          metadata,
          callback,
          trigger: { name: trigger[0], binding: trigger[1] },
        });
        return new Disposable(() => {
          if (locked) throw new SystemError("A function can only be disposed during app startup.");
          functions.delete(id);
        });
      },
      registerHook(name, callback) {
        const list = (hooks as Record<string, HookCallback[] | undefined>)[name];
        if (list === undefined) throw new SystemRangeError(`Unrecognized hook "${name}"`);
        list.push(callback);
        return new Disposable(() => {
          const at = list.indexOf(callback);
          if (at >= 0) list.splice(at, 1);
        });
      },
      setProgrammingModel(next) {
        model = next;
      },
      getProgrammingModel: () => model,
      log(level, category, message) {
        const entry = core.rewriteLog({ level, category, message });
        for (const listener of listeners) listener(entry.level, category, entry.message);
      },
    },
  };
  return core;
}
