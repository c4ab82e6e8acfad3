import type { StoredEvent } from "../history/history.ts";
import type { Instance } from "./store.ts";

interface Entry {
  readonly instance: Instance;
  readonly events: readonly StoredEvent[];
  readonly chars: number;
}

/** Instances that go on, with their histories, within a bound on their text over all; the least recently used go first. */
export class HistoryCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(limitChars: number) {
    this.#limit = limitChars;
  }

  get(id: string): Omit<Entry, "chars"> | undefined {
    return this.#entries.get(id);
  }

  /** @param added the events at the end that were not there before */
  set(instance: Instance, events: readonly StoredEvent[], added: readonly StoredEvent[] = events): void {
    const { id } = instance;
    let chars = added === events ? 0 : (this.#entries.get(id)?.chars ?? 0);
    for (const { text } of added) chars += text.length;
    this.delete(id);
    this.#entries.set(id, { instance, events, chars });
    this.#chars += chars;
    for (const oldest of this.#entries.keys()) {
      if (this.#chars <= this.#limit) return;
      this.delete(oldest);
    }
  }

  delete(id: string): void {
    this.#chars -= this.#entries.get(id)?.chars ?? 0;
    this.#entries.delete(id);
  }
}
