import type { Clock } from "../kernel/clock.ts";

/** One call in the future at most: armed again while it is armed, it keeps the earlier time. */
export class Timer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  readonly #background: "background" | undefined;
  #cancel: (() => void) | undefined;

  /** @param background the process may end before */
  constructor(clock: Clock, callback: () => void, background?: "background") {
    this.#clock = clock;
    this.#callback = callback;
    this.#background = background;
  }

  arm(ms: number): void {
    this.#cancel ??= this.#clock.after(
      ms,
      () => {
        this.#cancel = undefined;
        this.#callback();
      },
      this.#background,
    );
  }

  get isArmed(): boolean {
    return this.#cancel !== undefined;
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
