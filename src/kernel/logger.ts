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
      write(`${level} ${message}${tail}`, level);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Writes to standard error, so that standard output stays for results. */
export const stderrLogger = (least: LogLevel = "info"): Logger =>
  createLogger((line) => process.stderr.write(`${line}\n`), least);

export const silentLogger: Logger = createLogger(() => {}, "error");
