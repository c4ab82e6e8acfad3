import { type Clock, sleep } from "../kernel/clock.ts";
import { isLightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { EpisodeInput } from "../wire/types.ts";
import { SpillFile } from "./spill.ts";

export interface CaptureLimits {
  /** Episodes waiting in memory; one more is dropped and counted. */
  readonly maxQueued: number;
  /** Bytes waiting in memory, estimated. */
  readonly maxQueuedBytes: number;
  readonly batchSize: number;
  /** How long a first episode waits for company, in ms. */
  readonly flushIntervalMs: number;
  /** Sends of one batch before it goes to the spill file. */
  readonly attempts: number;
  /** Before the second attempt; doubles, with a quarter of jitter. */
  readonly backoffMs: number;
  /** A send that takes longer counts as failed. */
  readonly sendTimeoutMs: number;
  readonly maxSpillBytes: number;
}

export const CAPTURE_LIMITS: CaptureLimits = {
  maxQueued: 2_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  batchSize: 50,
  flushIntervalMs: 200,
  attempts: 3,
  backoffMs: 250,
  sendTimeoutMs: 30_000,
  maxSpillBytes: 256 * 1024 * 1024,
};

export interface CaptureStats {
  /** Episodes handed to the queue. */
  captured: number;
  sent: number;
  /** Lost for good: the queue or the spill file was full. */
  dropped: number;
  /** Written to the spill file; `replayed` ones were sent from it later. */
  spilled: number;
  replayed: number;
  /** Lines of the spill file that were no episode. */
  poison: number;
  /** Refused by the receiver for what they are; sending them again would not help. */
  rejected: number;
  /** Sends that failed. */
  failures: number;
  /** Faults inside capture itself; the agent never saw them. */
  errors: number;
  queued: number;
}

/** What a receiver may tell about a batch it took. */
export interface SendReport {
  readonly rejected?: number;
}
// biome-ignore lint/suspicious/noConfusingVoidType: most receivers have nothing to tell
export type Send = (episodes: EpisodeInput[]) => Promise<SendReport | void>;

interface Waiting {
  readonly bytes: number;
  /** Redacts and shapes the episode; called once, off the agent's path. */
  readonly finish: () => EpisodeInput;
}

interface QueueDeps {
  readonly send: Send;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: CaptureLimits;
  readonly spillFile?: string | undefined;
}

/** The receiver refuses the batch: one of it is at fault, the others have to go singly. */
const SPLIT = Symbol("split");

export const noStats = (): CaptureStats => ({
  captured: 0,
  sent: 0,
  dropped: 0,
  spilled: 0,
  replayed: 0,
  poison: 0,
  rejected: 0,
  failures: 0,
  errors: 0,
  queued: 0,
});

/**
 * Between the agent and the receiver: takes an episode in no time, redacts and sends in the background. One loop works
 * at a time; an episode leaves memory only when it was sent, spilled, refused or counted as dropped.
 */
export class CaptureQueue {
  readonly stats: CaptureStats = noStats();
  readonly #deps: QueueDeps;
  readonly #spill: SpillFile | undefined;
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** In the hands of the loop; for the end of the process. */
  #inFlight: EpisodeInput[] = [];
  #working: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** The last send failed: one attempt each, then the spill file, until one succeeds. */
  #isDown = false;
  #replayDue: boolean;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
    this.#spill =
      deps.spillFile === undefined ? undefined : new SpillFile(deps.spillFile, deps.limits.maxSpillBytes);
    this.#replayDue = this.#spill !== undefined;
    // What the last process could not send.
    if (this.#replayDue) this.#arm();
  }

  /** Takes constant time. */
  push(waiting: Waiting): void {
    const { limits } = this.#deps;
    this.stats.captured++;
    if (this.#waiting.length >= limits.maxQueued || this.#bytes + waiting.bytes > limits.maxQueuedBytes) {
      this.stats.dropped++;
      return;
    }
    this.#waiting.push(waiting);
    this.#bytes += waiting.bytes;
    this.stats.queued = this.#waiting.length + this.#inFlight.length;
    if (this.#waiting.length >= limits.batchSize) this.#start();
    else this.#arm();
  }

  /** Resolves when everything captured so far was sent, spilled or counted as lost. Never rejects. */
  async flush(): Promise<void> {
    this.#start();
    while (this.#working !== undefined) await this.#working;
  }

  /** Writes what is left to the spill file at once: for the moment the process ends. */
  spillNow(): void {
    if (this.#spill === undefined) return;
    const left = [...this.#inFlight];
    for (const waiting of this.#waiting.splice(0)) {
      try {
        left.push(waiting.finish());
      } catch {
        this.stats.errors++;
      }
    }
    this.#bytes = 0;
    this.#inFlight = [];
    if (left.length === 0) return;
    this.#spill.appendSync(left);
    this.stats.spilled += left.length;
    this.stats.queued = 0;
  }

  #arm(): void {
    if (this.#working !== undefined || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#deps.clock.after(this.#deps.limits.flushIntervalMs, () => this.#start());
  }

  #start(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#working !== undefined) return;
    this.#working = this.#work()
      .catch((thrown: unknown) => {
        this.stats.errors++;
        this.#deps.logger.warn("capture fault", { reason: messageOf(thrown) });
      })
      .finally(() => {
        this.#working = undefined;
        if (this.#waiting.length > 0) this.#arm();
      });
  }

  async #work(): Promise<void> {
    if (this.#replayDue && this.#waiting.length === 0) await this.#replay();
    while (this.#waiting.length > 0) {
      for (const waiting of this.#waiting.splice(0, this.#deps.limits.batchSize)) {
        this.#bytes -= waiting.bytes;
        try {
          this.#inFlight.push(waiting.finish());
        } catch (thrown) {
          this.stats.errors++;
          this.#deps.logger.warn("episode lost in capture", { reason: messageOf(thrown) });
        }
        // The agent's own work goes first: redaction yields after every episode.
        await new Promise(setImmediate);
      }
      await this.#deliver(this.#inFlight);
      this.#inFlight = [];
      this.stats.queued = this.#waiting.length;
      if (this.#replayDue && !this.#isDown) await this.#replay();
    }
  }

  async #deliver(batch: EpisodeInput[]): Promise<void> {
    if (batch.length === 0) return;
    const outcome = await this.#send(batch, this.#isDown ? 1 : this.#deps.limits.attempts);
    if (outcome === "sent") return;
    if (outcome === SPLIT) {
      // One of them is refused for what it is: it must not sink the others.
      for (const episode of batch) {
        const single = await this.#send([episode], 1);
        if (single === SPLIT) this.#reject();
        else if (single === "failed") await this.#keep([episode]);
      }
      return;
    }
    await this.#keep(batch);
  }

  #reject(): void {
    this.stats.rejected++;
    this.#deps.logger.warn("episode refused", { rejected: this.stats.rejected });
  }

  async #keep(batch: EpisodeInput[]): Promise<void> {
    const kept = await this.#spill?.append(batch).catch((thrown: unknown) => {
      this.#deps.logger.warn("spill file cannot be written", { reason: messageOf(thrown) });
      return 0;
    });
    this.stats.spilled += kept ?? 0;
    this.stats.dropped += batch.length - (kept ?? 0);
    if ((kept ?? 0) > 0) this.#replayDue = true;
  }

  /** `SPLIT`: refused for good. */
  async #send(batch: EpisodeInput[], attempts: number): Promise<"sent" | "failed" | typeof SPLIT> {
    const { clock, limits } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      try {
        const report = await this.#timed(batch);
        this.#isDown = false;
        const rejected = report?.rejected ?? 0;
        this.stats.rejected += rejected;
        this.stats.sent += batch.length - rejected;
        return "sent";
      } catch (thrown) {
        if (isRefusal(thrown)) return SPLIT;
        this.stats.failures++;
        if (attempt >= attempts) {
          if (!this.#isDown) this.#sayDown(thrown);
          this.#isDown = true;
          return "failed";
        }
        await sleep(clock, limits.backoffMs * 2 ** (attempt - 1) * (1 + Math.random() / 4));
      }
    }
  }

  /** Once an outage, not once a batch: what to do about it and where the episodes wait. */
  #sayDown(thrown: unknown): void {
    this.#deps.logger.warn("episodes cannot be sent", {
      reason: messageOf(thrown),
      remedy: isLightningError(thrown) ? thrown.remedy : undefined,
      spill_file: this.#deps.spillFile,
    });
  }

  #timed(batch: EpisodeInput[]): Promise<SendReport | undefined> {
    const { clock, limits, send } = this.#deps;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(limits.sendTimeoutMs, () => reject(new Error("sending timed out")));
      // `send` may throw before it makes a promise.
      Promise.resolve()
        .then(() => send(batch))
        .then((report) => resolve(report ?? undefined), reject)
        .finally(cancel);
    });
  }

  async #replay(): Promise<void> {
    if (this.#spill === undefined) return;
    try {
      const { sent, poison } = await this.#spill.replay(this.#deps.limits.batchSize, async (batch) => {
        const outcome = await this.#send(batch, 1);
        if (outcome === "failed") throw new Error("cannot be sent yet");
        if (outcome === "sent") return;
        for (const episode of batch) {
          const single = await this.#send([episode], 1);
          if (single === SPLIT) this.#reject();
          if (single === "failed") throw new Error("cannot be sent yet");
        }
      });
      this.stats.replayed += sent;
      this.stats.poison += poison;
      this.#replayDue = !(await this.#spill.isEmpty());
    } catch (thrown) {
      this.#deps.logger.debug("spill file stays", { reason: messageOf(thrown) });
    }
  }
}

/** The receiver read it and said no; later it would say the same. A wrong key or address can still be put right. */
function isRefusal(thrown: unknown): boolean {
  return (
    isLightningError(thrown) &&
    thrown.code !== "idempotency_in_progress" &&
    ["bad_request", "invalid", "conflict", "too_large"].includes(thrown.kind)
  );
}
