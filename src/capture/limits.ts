import type { EpisodeInput } from "../wire/types.ts";

export interface CaptureLimits {
  /** Episodes waiting in memory, to be sent or because they could not be written to the spill files; one more is dropped and counted. */
  readonly maxQueued: number;
  /** Bytes waiting in memory, estimated. */
  readonly maxQueuedBytes: number;
  /** Calls of a model under way, as far as is known; of more the oldest is recorded as left, with what was seen of it. */
  readonly maxOpen: number;
  readonly batchSize: number;
  /**
   * After so many ms an episode is with the receiver or in a spill file: it waits half of them for company, and what
   * is not acknowledged a quarter later is written. So much of the last can be lost when the process is killed.
   */
  readonly flushIntervalMs: number;
  /** Sends of one batch before it goes to the spill files. */
  readonly attempts: number;
  /** Before the second attempt; doubles, with a quarter of jitter. So do the pauses while the receiver is away, up to 30 s. */
  readonly backoffMs: number;
  /** A send that takes longer counts as failed. */
  readonly sendTimeoutMs: number;
  /** Of all spill files of one name together. */
  readonly maxSpillBytes: number;
  /** An episode that failed so often while others were taken is set aside. */
  readonly poisonTries: number;
  /** After so long without a sign of life, in ms, a process's spill files are anybody's. It gives four in that time. */
  readonly leaseMs: number;
  /** What `close()` may take. */
  readonly closeWithinMs: number;
  /** From so many characters on a text, or bytes in base64, lie in the receiver's files, where it keeps such parts. */
  readonly largePart: { readonly text: number; readonly base64: number };
  /** An episode's bytes with its large parts, while it waits. */
  readonly maxEpisodeBytes: number;
}

export const CAPTURE_LIMITS: CaptureLimits = {
  maxQueued: 2_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxOpen: 2_000,
  batchSize: 50,
  flushIntervalMs: 200,
  attempts: 3,
  backoffMs: 250,
  sendTimeoutMs: 30_000,
  maxSpillBytes: 256 * 1024 * 1024,
  poisonTries: 6,
  leaseMs: 20_000,
  closeWithinMs: 10_000,
  largePart: { text: 64 * 1024, base64: 64 * 1024 },
  maxEpisodeBytes: 32 * 1024 * 1024,
};

/** Why an episode was given up. */
export type DropReason =
  /** More came than memory may hold. */
  | "queue_full"
  /** The spill files have reached their bound. */
  | "spill_full"
  /** The process ended, and nothing could be written. */
  | "ended"
  /** Captured after the hook was closed. */
  | "closed"
  /** It failed for what it is, and there is no folder to set it aside in. */
  | "poison"
  /** A fault of capture's own. */
  | "fault";

/**
 * What became of what was captured. While nothing is being sent or written
 * `captured + adopted = sent + queued + onDisk + takenOver + setAside + rejected + dropped`.
 */
export interface CaptureStats {
  /** Episodes handed to the queue. */
  captured: number;
  /** Episodes of other processes whose spill files this one took over, as far as they were read. */
  adopted: number;
  sent: number;
  /** In memory: not sent yet, or being sent. */
  queued: number;
  /** In spill files of this process, to be sent by it or by the next. */
  onDisk: number;
  /** In spill files that another process took over, because this one had stood still for too long. */
  takenOver: number;
  /** Failed again and again while others were taken: in `<spill file>.bad`, to be looked at by a person. */
  setAside: number;
  /** Refused by the receiver for what they are; sending them again would not help. */
  rejected: number;
  /** `rejected` by the receiver's code. */
  refused_by: Record<string, number>;
  /** Lost for good. */
  dropped: number;
  /** `dropped` by reason. */
  dropped_by: Partial<Record<DropReason, number>>;
  /** Ever written to a spill file because they could not be sent in time; `replayed` ones were sent from one later. */
  spilled: number;
  replayed: number;
  /** Lines of spill files that were no episode. */
  poison: number;
  /** Sends that failed. */
  failures: number;
  /** Calls of a model whose answer nobody took, known once they are sent; they are among those captured. */
  unread: number;
  /** Faults inside capture itself; the agent never saw them. */
  errors: number;
}

/** What is left when a flush or a close ends. */
export interface CaptureRest {
  /** In memory still. After `close()`: 0. */
  readonly queued: number;
  /** In spill files: the next process sends them. */
  readonly onDisk: number;
  /** Dropped since capture began, `dropped` of the counters. */
  readonly dropped: number;
}

/** An episode that the receiver will never take. */
export interface Refusal {
  readonly id: string;
  readonly code: string;
  readonly field?: string | undefined;
  readonly message?: string | undefined;
}

/** What a receiver may tell about a batch it took. */
export interface SendReport {
  /** How many it refused, where it does not say which. */
  readonly rejected?: number;
  readonly refused?: readonly Refusal[];
  /** Ids of episodes that it could not take now: they come again. */
  readonly failed?: readonly string[];
  /** Ids of episodes that were not sent yet, for no reason of theirs: they come again, however often. */
  readonly later?: readonly string[];
  /** The least pause before those come again, in ms. */
  readonly laterMs?: number;
}
// biome-ignore lint/suspicious/noConfusingVoidType: most receivers have nothing to tell
export type Send = (episodes: EpisodeInput[]) => Promise<SendReport | void>;

export const noStats = (): CaptureStats => ({
  captured: 0,
  adopted: 0,
  sent: 0,
  queued: 0,
  onDisk: 0,
  takenOver: 0,
  setAside: 0,
  rejected: 0,
  refused_by: {},
  dropped: 0,
  dropped_by: {},
  spilled: 0,
  replayed: 0,
  poison: 0,
  failures: 0,
  unread: 0,
  errors: 0,
});

export const copyStats = (stats: CaptureStats): CaptureStats => ({
  ...stats,
  refused_by: { ...stats.refused_by },
  dropped_by: { ...stats.dropped_by },
});
