import { styleText } from "node:util";
import { createLogger, type Logger, type LogLevel } from "../kernel/logger.ts";
import { printable } from "../kernel/printable.ts";
import { failureText, toError } from "./core-api/errors.ts";
import type { EndedCall } from "./core-api/invoker.ts";
import type { RegisteredFunction } from "./core-api/types.ts";
import { homeFiles } from "./home.ts";
import { MCP_WEBHOOK } from "./http/front.ts";
import { LocalHost, type LocalHostOptions } from "./local-host.ts";

export interface ServeOptions extends LocalHostOptions {
  /** One line for each invocation, with its duration. */
  readonly calls?: boolean | undefined;
  /** What the host does besides, too. */
  readonly verbose?: boolean | undefined;
  /** Where lines go; absent: standard output. */
  readonly print?: ((line: string) => void) | undefined;
}

/** Starts a host for a person at a terminal: says what it serves, and stops in good order on Ctrl+C or SIGTERM. */
export async function serve(options: ServeOptions): Promise<LocalHost> {
  const print = options.print ?? ((line: string) => console.log(line));
  const logger = options.logger ?? terminalLogger(print, options.verbose ?? false);
  const onCall = options.calls
    ? (call: EndedCall) => logger[call.ok ? "info" : "warn"](described(call))
    : undefined;
  const host = await LocalHost.start({ onCall, ...options, logger });
  if (options.paused)
    print("Paused: nothing of the app runs; instances can be looked at, terminated and purged.");
  for (const line of [...describe(host, options.home), ...describeKeys(host, options.home)])
    print(printable(line));
  stopOnSignals(host, print);
  surviveTheApp(logger);
  return host;
}

/** Uncaught exceptions: in Azure they end the worker, which is restarted; here they would end the host. */
function surviveTheApp(logger: Logger): void {
  process.on("unhandledRejection", (reason) =>
    logger.error(
      `A promise of the app was rejected and nobody was waiting for it: ${failureText(toError(reason))}`,
    ),
  );
  process.on("uncaughtException", (thrown) => {
    const error = toError(thrown);
    // What the host itself did not expect leaves it in an unknown state.
    if (error.stack?.includes(OWN_FILES) === true) {
      logger.error(`The host failed and ends; orchestrations go on at the next start: ${failureText(error)}`);
      process.exit(1);
    }
    logger.error(
      `The app threw where nobody catches it, which ends the worker in Azure: ${failureText(error)}`,
    );
  });
}

/** As they stand in a stack. */
const OWN_FILES = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1);

function described({ function: name, ok, ms }: EndedCall): string {
  return `${ok ? "executed" : "failed"} ${name} in ${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** What `func start` prints at its start, in short. */
export function describe(host: LocalHost, home: string): string[] {
  const { app, plan, router } = host;
  const lines = [
    `Loaded ${app.name}: ${app.loaded}${app.fromSources ? " (TypeScript sources; no build is needed here)" : ""}`,
    "",
    "Functions:",
  ];
  for (const { fn, methods, template, authLevel } of router.routes)
    lines.push(
      `  ${fn.metadata.name}: [${methods.join(",")}] ${host.baseUrl}/${template.text}` +
        (host.keys !== undefined && authLevel !== "anonymous" ? ` (${authLevel} key)` : ""),
    );
  for (const { fn } of plan.timers) {
    const next = host.nextRun(fn.metadata.name);
    lines.push(
      `  ${fn.metadata.name}: timerTrigger${next === undefined ? "" : `, next ${new Date(next).toISOString()}`}`,
    );
  }
  if (plan.mcp.length > 0)
    lines.push(
      `  MCP: ${host.baseUrl}/${MCP_WEBHOOK}: ${plan.mcp.map(({ metadata }) => metadata.name).join(", ")}` +
        (host.keys === undefined ? "" : " (system key mcp_extension)"),
    );
  for (const { fn, options } of plan.feeds)
    lines.push(`  ${fn.metadata.name}: cosmosDBTrigger on ${options.container}`);
  // One line a kind: an app has dozens of activities, and none of them has an address.
  for (const [kind, names] of byTrigger([...plan.durable, ...plan.warmup]))
    lines.push(`  ${kind}: ${names.join(", ")}`);
  lines.push("", `Listening on ${host.baseUrl}, data in ${home}. Press Ctrl+C to stop.`);
  return lines;
}

/** The keys themselves go to a terminal only: a log that is kept would give them away. */
export function describeKeys(
  { keys }: Pick<LocalHost, "keys">,
  home: string,
  isTerminal = process.stdout.isTTY,
): string[] {
  if (keys === undefined) return [];
  if (!isTerminal) return [`Keys: in ${homeFiles(home).keys}`];
  return ["Keys:", ...Object.entries(keys).map(([name, key]) => `  ${name}: ${key}`)];
}

function byTrigger(functions: readonly RegisteredFunction[]): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const fn of functions) {
    const { type } = fn.trigger.binding;
    kinds.set(type, [...(kinds.get(type) ?? []), fn.metadata.name]);
  }
  return kinds;
}

function coloured(level: LogLevel, line: string): string {
  return styleText(COLOURS[level], level, { stream: process.stdout }) + line.slice(level.length);
}

const COLOURS = { debug: "gray", info: "cyan", warn: "yellow", error: "red" } as const;

/** Lines with the time of day; on a terminal (and without NO_COLOR) the level is coloured. */
function terminalLogger(print: (line: string) => void, verbose: boolean): Logger {
  return createLogger(
    (line, level) => print(`[${new Date().toISOString().slice(11, 23)}] ${coloured(level, line)}`),
    verbose ? "debug" : "info",
  );
}

/** The first signal stops in good order, a second one at once. */
function stopOnSignals(host: LocalHost, print: (line: string) => void): void {
  let stopping = false;
  const onSignal = () => {
    if (stopping) process.exit(130);
    stopping = true;
    print("Stopping; press Ctrl+C again to stop at once.");
    // The exit is forced: an app may keep servers and timers of its own for good.
    host.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}
