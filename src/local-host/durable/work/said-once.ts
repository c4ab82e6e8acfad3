import type { Logger } from "../../../kernel/logger.ts";
import type { Note } from "../replay/traps.ts";

/** Size of the cache that deduplicates log messages. */
const LIMIT = 10_000;

/** Says a thing once, not at every work item. */
export class SaidOnce {
  readonly #logger: Logger;
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  say({ level, once, text }: Note): void {
    if (this.#said.has(once)) return;
    if (this.#said.size >= LIMIT) this.#said.clear();
    this.#said.add(once);
    this.#logger[level](text);
  }
}
