/**
 * One loop for everything on the page that is live: it asks, waits longer while nothing changes or the app does not
 * answer, and stops while the page is hidden.
 */
export interface PollerOptions {
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly isHidden: () => boolean;
  /** Shortest and longest pause in ms. */
  readonly shortest?: number;
  readonly longest?: number;
}

/** Answers whether anything changed. Throws when the app does not answer. */
export type Task = () => Promise<boolean>;

/** Each round without news makes the pause half as long again. */
const GROWTH = 1.5;

export class Poller {
  readonly #options: PollerOptions;
  readonly #shortest: number;
  readonly #longest: number;
  readonly #tasks = new Set<Task>();
  #pause: number;
  #cancel: (() => void) | undefined;
  #running = false;
  #again = false;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#shortest = options.shortest ?? 1500;
    this.#longest = options.longest ?? 30_000;
    this.#pause = this.#shortest;
  }

  /** The pause before the next round, in ms. */
  get pause(): number {
    return this.#pause;
  }

  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  /** Adds a task, runs it in the next round; returns the way to take it out. */
  add(task: Task): () => void {
    this.#tasks.add(task);
    this.#pause = this.#shortest;
    if (!this.#running) this.#wait();
    return () => {
      this.#tasks.delete(task);
      if (this.#tasks.size === 0) this.#stop();
    };
  }

  /** Something was done here, or the page is seen again: asks at once and often. */
  wake(): void {
    this.#pause = this.#shortest;
    this.#stop();
    if (this.#running) this.#again = true;
    else void this.#round();
  }

  /** The page was hidden or shown. */
  visibilityChanged(): void {
    if (this.#options.isHidden()) this.#stop();
    else if (this.#tasks.size > 0) this.wake();
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    this.#stop();
    if (this.#tasks.size === 0 || this.#options.isHidden()) return;
    this.#cancel = this.#options.after(this.#pause, () => {
      this.#cancel = undefined;
      void this.#round();
    });
  }

  async #round(): Promise<void> {
    if (this.#options.isHidden() || this.#tasks.size === 0) return;
    this.#running = true;
    const results = await Promise.allSettled([...this.#tasks].map((task) => task()));
    this.#running = false;
    const failed = results.some(({ status }) => status === "rejected");
    const changed = results.some((result) => result.status === "fulfilled" && result.value);
    this.#pause =
      changed && !failed ? this.#shortest : Math.min(this.#longest, this.#pause * (failed ? 2 : GROWTH));
    if (this.#again) {
      this.#again = false;
      this.#pause = this.#shortest;
      void this.#round();
      return;
    }
    this.#wait();
  }
}
