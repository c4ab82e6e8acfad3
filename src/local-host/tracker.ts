/** Counts what runs at the moment, so that a stop can wait for it and a test can tell when all is quiet. */
export class Tracker {
  #running = 0;
  #changes = 0;
  readonly #waiting = new Set<() => void>();

  /** How many things run. */
  get running(): number {
    return this.#running;
  }

  /** Grows with every begin and end: equal numbers mean that nothing happened between. */
  get changes(): number {
    return this.#changes;
  }

  /** Marks a beginning; the function it returns marks the end, once. */
  begin(): () => void {
    this.#running++;
    this.#changes++;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#running--;
      this.#changes++;
      if (this.#running === 0) {
        for (const resolve of this.#waiting) resolve();
        this.#waiting.clear();
      }
    };
  }

  /** Runs `work` between a begin and its end. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    const end = this.begin();
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.add(resolve));
  }
}
