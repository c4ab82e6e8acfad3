import type { StoredEvent } from "./history.ts";

/** Histories of instances that go on, within a bound on their text over all; the least recently used go first. */
export class HistoryCache {
  readonly #limit: number;
  readonly #entries = new Map<string, { readonly events: readonly StoredEvent[]; readonly chars: number }>();
  #chars = 0;

  constructor(limitChars: number) {
    this.#limit = limitChars;
  }

  get(id: string): readonly StoredEvent[] | undefined {
    return this.#entries.get(id)?.events;
  }

  set(id: string, events: readonly StoredEvent[]): void {
    this.delete(id);
    let chars = 0;
    for (const { text } of events) chars += text.length;
    this.#entries.set(id, { events, chars });
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
