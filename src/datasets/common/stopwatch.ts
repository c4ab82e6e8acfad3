/** Where a build's time goes, by stage: what the bench reports and the manifest keeps. */
export class Stopwatch {
  readonly #ms: Record<string, number> = {};

  time<T>(stage: string, work: () => T): T {
    const start = performance.now();
    const result = work();
    this.#ms[stage] = (this.#ms[stage] ?? 0) + performance.now() - start;
    return result;
  }

  async wait<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.#ms[stage] = (this.#ms[stage] ?? 0) + performance.now() - start;
    return result;
  }

  add(seconds: Readonly<Record<string, number>>): void {
    for (const [stage, of] of Object.entries(seconds)) this.#ms[stage] = (this.#ms[stage] ?? 0) + of * 1000;
  }

  /** What of a stretch of time no other stage took. */
  rest(stage: string, ms: number): void {
    const known = Object.values(this.#ms).reduce((sum, of) => sum + of, 0);
    this.#ms[stage] = (this.#ms[stage] ?? 0) + Math.max(0, ms - known);
  }

  get seconds(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.#ms).map(([stage, ms]) => [stage, Math.round(ms * 1000) / 1_000_000]),
    );
  }
}
