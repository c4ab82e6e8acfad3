import { printable } from "./printable.ts";

/** One structured line per event. Fields hold ids, counts and durations, never an episode's text or a secret. */
export type LogLevel = "debug" | "info" | "warn" | "error";
type LogFields = Record<string, string | number | boolean | null | undefined>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A line end within an event; what comes after it is set in, so that no text from outside passes for an event. */
const CONTINUED = /\n(?! {4})/g;

/** A logger that hands each line at or above `least` to `write`. */
export function createLogger(
  write: (line: string, level: LogLevel) => void,
  least: LogLevel = "info",
): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (ORDER[level] < ORDER[least]) return;
      const tail = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => ` ${key}=${typeof value === "string" ? JSON.stringify(value) : String(value)}`)
        .join("");
      write(printable(`${level} ${message}${tail}`).replaceAll(CONTINUED, "\n    "), level);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * Writes to standard error, so that standard output stays for results. A line that nobody takes any more (whoever
 * started this process has closed the pipe) is lost, and ends nothing.
 */
export const stderrLogger = (least: LogLevel = "info"): Logger =>
  createLogger((line) => process.stderr.write(`${line}\n`, swallowFault), least);

/** Called before the stream emits the fault as an event, which would end the process where nobody listens. */
function swallowFault(fault?: Error | null): void {
  if (fault !== undefined && fault !== null) process.stderr.once("error", () => {});
}

export const silentLogger: Logger = createLogger(() => {}, "error");
