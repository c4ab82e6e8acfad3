import type { Logger } from "../kernel/logger.ts";

/** The agent's logger, which may throw, or answer with a promise that fails: neither reaches anybody. */
export function safeLogger(logger: Logger): Logger {
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, fields) => {
      try {
        const answer: unknown = logger[level](message, fields);
        if (answer instanceof Promise) answer.catch(() => {});
      } catch {
        // There is nowhere else to say it.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
