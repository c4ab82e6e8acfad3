import { unlinkSync } from "node:fs";
import { stat, unlink, utimes, writeFile } from "node:fs/promises";
import type { Clock } from "../../kernel/clock.ts";
import { ignoreMissing } from "./paths.ts";

/**
 * A file that says by its time of change that its owner lives. A pid would not do: every container has a process 1, and
 * numbers come again. Nor would a lock of the operating system, which ends at the container or at the network share.
 * A wrong guess costs a second request, no episode (`spill.ts`).
 */
export class Lease {
  readonly #file: string;
  readonly #clock: Clock;
  #isHeld = false;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Before the owner's first file. */
  async take(): Promise<void> {
    if (this.#isHeld) return;
    this.#isHeld = true;
    try {
      await this.beat();
    } catch (thrown) {
      this.#isHeld = false;
      throw thrown;
    }
  }

  async beat(): Promise<void> {
    if (!this.#isHeld) return;
    await writeFile(this.#file, "", { mode: 0o600 });
    const now = this.#clock.now() / 1000;
    await utimes(this.#file, now, now);
  }

  /** What the owner leaves is anybody's from now on. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    try {
      unlinkSync(this.#file);
    } catch {
      // It ends by itself.
    }
  }
}

/** Whether the owner of the lease lives; one that is older than `leaseMs` is taken away. */
export async function isLive(file: string, clock: Clock, leaseMs: number): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return false;
  if (clock.now() - found.mtimeMs < leaseMs) return true;
  await unlink(file).catch(ignoreMissing);
  return false;
}
