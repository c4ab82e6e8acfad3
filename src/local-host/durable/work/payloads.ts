import type { Logger } from "../../../kernel/logger.ts";

/** What the Durable Task Scheduler takes for one input or result; larger ones fail there. */
const LARGE_PAYLOAD = 1024 * 1024;

/** Says once for each place that what passes there is too large for production. Sizes in bytes of UTF-8. */
export class PayloadWatch {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param what `the result of activity 'x'` */
  look(what: string, text: string | null): void {
    // Every character is at least one byte, at most three.
    if (text === null || text.length * 3 <= LARGE_PAYLOAD || this.#told.has(what)) return;
    const bytes = Buffer.byteLength(text);
    if (bytes <= LARGE_PAYLOAD) return;
    this.#told.add(what);
    this.#logger.warn(
      `${what} has ${bytes} bytes: the Durable Task Scheduler refuses more than ${LARGE_PAYLOAD}, and Azure Storage ` +
        "reads it again at every replay. Store it elsewhere and pass its address.",
    );
  }
}
