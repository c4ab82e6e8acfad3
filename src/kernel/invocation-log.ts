import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";

/** The log of a function invocation: `InvocationContext` of `@azure/functions`. */
type InvocationLog = Readonly<Record<LogLevel, (message: string) => void>>;

/** What a `preInvocation` hook is given, as far as it matters here. */
interface Invocation {
  functionHandler: (...args: never[]) => unknown;
  readonly invocationContext: InvocationLog;
}

/** The module that the Functions host lends its worker. */
interface HostCore {
  log?(level: string, category: string, message: string): void;
}

const current = new AsyncLocalStorage<{ log: InvocationLog | undefined }>();

/**
 * For a `preInvocation` hook: what the function logs while it runs belongs to its invocation. What it leaves behind in
 * the background does not any more, once it has ended.
 */
export function logWithInvocation(hook: Invocation): void {
  const { functionHandler, invocationContext } = hook;
  hook.functionHandler = (...args) => {
    const scope: { log: InvocationLog | undefined } = { log: invocationContext };
    const end = () => {
      scope.log = undefined;
    };
    const result = current.run(scope, () => functionHandler(...args));
    Promise.resolve(result).then(end, end);
    return result;
  };
}

/**
 * Logs through the Functions host, with the level that a line has and the invocation that it belongs to. The host would
 * guess the level of a line on standard error by its words ("error", "fail", "warn"), and know no invocation.
 */
export function hostLogger(least: LogLevel): Logger {
  return createLogger((line, level) => {
    const message = line.slice(level.length + 1);
    const log = current.getStore()?.log;
    if (log !== undefined) log[level](message);
    else if (core()?.log === undefined) process.stderr.write(`${line}\n`);
    else core()?.log?.(HOST_LEVELS[level], "user", message);
  }, least);
}

const HOST_LEVELS = { debug: "debug", info: "information", warn: "warning", error: "error" } as const;

let found: HostCore | null | undefined;
function core(): HostCore | null {
  if (found === undefined) {
    try {
      found = createRequire(import.meta.url)("@azure/functions-core") as HostCore;
    } catch {
      // No worker of the Functions host, as in a test that only loads the functions.
      found = null;
    }
  }
  return found;
}
