/** Who waits for the end of which instance. */
export class Endings {
  readonly #listeners = new Map<string, Set<(ended: boolean) => void>>();

  /** Calls back once: true when the instance has ended, false when the host stops; returns the way to stop listening. */
  listen(id: string, callback: (ended: boolean) => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(callback));
    return () => {
      listeners.delete(callback);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  tell(id: string, ended: boolean): void {
    const listeners = this.#listeners.get(id);
    this.#listeners.delete(id);
    for (const listener of listeners ?? []) listener(ended);
  }

  /** Nobody hears of an end any more: the host stops. */
  giveUp(): void {
    for (const id of this.#listeners.keys()) this.tell(id, false);
  }
}
