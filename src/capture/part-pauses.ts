import type { Clock } from "../kernel/clock.ts";
import { isKind, isLightningError } from "../kernel/errors.ts";

/** So long a part is tried before its episode goes without it, in ms. */
const GIVEN_UP_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** So many parts that fail one after the other say that the place for all of them does. */
const FAILURES_OF_A_SICK_PLACE = 3;
/** Parts that are remembered as failing. */
const MOST_FAILING = 5000;

interface Failing {
  /** Its first failure; absent while it was only put off (429). */
  readonly since: number | undefined;
  readonly tries: number;
  readonly notBefore: number;
}

/**
 * When parts that failed are tried again, and when they are given up: each has its pauses, which double, and all of them
 * pause while their place fails. A failure is none of the episode's: it waits, and is not suspected.
 */
export class PartPauses {
  readonly #clock: Clock;
  readonly #failing = new Map<string, Failing>();
  #inARow = 0;
  #notBefore = 0;
  #leastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Before the next look, in ms: 0 where nothing fails. */
  get leastMs(): number {
    return Math.max(0, this.#leastMs - this.#clock.now());
  }

  isPaused(key: string): boolean {
    return Math.max(this.#notBefore, this.#failing.get(key)?.notBefore ?? 0) > this.#clock.now();
  }

  isGivenUp(key: string): boolean {
    const since = this.#failing.get(key)?.since;
    return since !== undefined && this.#clock.now() - since >= GIVEN_UP_MS;
  }

  went(key: string): void {
    this.#failing.delete(key);
    this.#inARow = 0;
    this.#notBefore = 0;
    this.#leastMs = 0;
  }

  /** Answers whether it is the first failure since something went. */
  failed(key: string, thrown: unknown): boolean {
    const now = this.#clock.now();
    const before = this.#failing.get(key);
    const tries = before?.tries ?? 0;
    const asked = (isLightningError(thrown) ? thrown.retryAfterMs : 0) ?? 0;
    const notBefore = now + Math.min(LONGEST_PAUSE_MS, Math.max(asked, FIRST_PAUSE_MS * 2 ** tries));
    if (this.#failing.size >= MOST_FAILING) this.#failing.clear();
    this.#failing.set(key, {
      since: isKind(thrown, "limited") ? before?.since : (before?.since ?? now),
      tries: tries + 1,
      notBefore,
    });
    if (++this.#inARow >= FAILURES_OF_A_SICK_PLACE || isKind(thrown, "limited")) this.#notBefore = notBefore;
    this.#leastMs = notBefore;
    return this.#inARow === 1;
  }
}
