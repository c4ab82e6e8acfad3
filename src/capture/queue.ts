import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { EpisodeInput } from "../wire/types.ts";
import { HeldEpisodes } from "./held.ts";
import {
  type CaptureLimits,
  type CaptureRest,
  type CaptureStats,
  copyStats,
  type DropReason,
  noStats,
  type Send,
} from "./limits.ts";
import { Sender } from "./sender.ts";
import { Backlog } from "./spill/backlog.ts";
import { type Copy, SpillFiles } from "./spill/spill.ts";
import { Timer } from "./timer.ts";
import { withinBounds } from "./within-bounds.ts";

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

/** Episodes that are in nobody's file: being finished, sent or written. */
interface Hand {
  readonly episodes: EpisodeInput[];
  isSending: boolean;
  isSettled: boolean;
  /** On disk too, in case that the process is killed before the receiver answers. */
  copy?: Copy | undefined;
}

/** What the loop sends next, and where what is left of it goes. */
interface Source {
  readonly episodes: EpisodeInput[];
  settle(left: EpisodeInput[]): Promise<void>;
}

/** Of a flush interval: two for company, one for the answer, one for the write. */
const QUARTER = 1 / 4;
/** Between two tries to write where nothing can be written, in flush intervals. */
const MOST_INTERVALS = 150;
/** Of the time that `close` has: the rest is for writing. */
const SENDING_PART = 0.9;

/**
 * Between the agent and the receiver: takes an episode in no time, redacts and sends in the background. One loop sends
 * at a time. What is not acknowledged within a flush interval is written to a spill file, so that nothing but that
 * interval depends on the process; what cannot be written either waits in memory, within bounds, and is tried again.
 * An episode leaves memory only when it was sent, written, refused or counted as dropped.
 */
export class CaptureQueue {
  readonly #stats: CaptureStats = noStats();
  readonly #deps: QueueDeps;
  readonly #sender: Sender;
  readonly #spill: SpillFiles | undefined;
  readonly #backlog: Backlog | undefined;
  readonly #held: HeldEpisodes;
  readonly #hands = new Set<Hand>();
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #working: Promise<void> | undefined;
  #securing: Promise<void> | undefined;
  /** Somebody wants a look although the receiver was away at the last one. */
  #isAsked = false;
  #isBacklogDue: boolean;
  /** Episodes held in memory that are to be tried in this round. */
  #heldDue = 0;
  /** Rounds that left something behind, one after the other. */
  #rounds = 0;
  #isClosed = false;
  #isEnded = false;
  #isSecureDue = false;
  /** Tries to write in turn that failed. */
  #unwritten = 0;
  /** Being sent, out of a spill file. */
  #reading: readonly EpisodeInput[] = [];
  /** It was said that the spill files cannot be written; once an outage. */
  #isSpillBroken = false;
  readonly #toldDrops = new Set<DropReason>();
  /** For company. */
  readonly #company: Timer;
  readonly #secureTimer: Timer;
  readonly #retry: Timer;
  readonly #look: Timer;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
    const { clock, limits, spillFile } = deps;
    this.#spill = spillFile === undefined ? undefined : new SpillFiles(spillFile, limits, clock);
    this.#backlog = this.#spill === undefined ? undefined : new Backlog(this.#spill, this.#stats);
    this.#held = new HeldEpisodes(limits);
    this.#sender = new Sender(
      {
        ...deps,
        setAside: async (episode) =>
          (await this.#spill?.setAside(JSON.stringify(withinBounds(episode))).catch(() => false)) ?? false,
        dropped: (reason, count) => this.#drop(reason, count),
      },
      this.#stats,
    );
    this.#company = new Timer(clock, () => this.#start());
    this.#secureTimer = new Timer(clock, () => void this.secure());
    this.#retry = new Timer(clock, () => this.#ask(), "background");
    this.#look = new Timer(clock, () => void this.#lookAround(), "background");
    // What the last process could not send.
    this.#isBacklogDue = this.#spill !== undefined;
    if (this.#isBacklogDue) this.#company.arm(limits.flushIntervalMs * 2 * QUARTER);
    void this.#spill?.canBeWritten().then(
      () => this.#armLook(),
      (thrown: unknown) => this.#saySpillBroken(thrown),
    );
  }

  stats(): CaptureStats {
    let inHands = 0;
    for (const { episodes } of this.#hands) inHands += this.#open(episodes).length;
    const held = this.#open(this.#held.all()).length;
    return { ...copyStats(this.#stats), queued: this.#waiting.length + inHands + held };
  }

  /** An answer that nobody took was captured. */
  noteUnread(): void {
    this.#stats.unread++;
  }

  /** A fault that the agent did not see. */
  fault(): void {
    this.#stats.errors++;
  }

  /** Takes constant time. */
  push(waiting: Waiting): void {
    const { limits } = this.#deps;
    this.#stats.captured++;
    if (this.#isClosed) {
      this.#drop("closed", 1);
      return;
    }
    const count = this.#waiting.length + this.#held.length + 1;
    const bytes = this.#bytes + this.#held.bytes + waiting.bytes;
    if (count > limits.maxQueued || bytes > limits.maxQueuedBytes) {
      this.#drop("queue_full", 1);
      return;
    }
    this.#waiting.push(waiting);
    this.#bytes += waiting.bytes;
    if (!this.#sender.isDown) {
      if (this.#waiting.length >= limits.batchSize) this.#start();
      else this.#company.arm(limits.flushIntervalMs * 2 * QUARTER);
    } else this.#retry.arm(this.#sender.pauseMs(this.#rounds));
    this.#armSecure(3 * QUARTER);
    if (count > limits.maxQueued / 2 || bytes > limits.maxQueuedBytes / 2) void this.secure();
  }

  /** Resolves when everything captured so far was sent, written, counted as lost or tried in vain. Never rejects. */
  async flush(): Promise<void> {
    this.#ask();
    while (this.#working !== undefined || this.#securing !== undefined) {
      await this.#working;
      await this.#securing;
    }
  }

  /** As `flush`; what is not sent after so many ms is written. */
  async flushWithin(ms: number): Promise<CaptureRest> {
    await this.#within(ms);
    await this.secure();
    // What was still being finished is on its way now.
    const isUnfinished = () =>
      [...this.#hands].some(({ isSending, copy }) => !isSending && copy === undefined);
    while (this.#spill !== undefined && isUnfinished()) await new Promise(setImmediate);
    await this.secure();
    return this.#rest();
  }

  /** Takes nothing more, sends what can be sent in time and writes the rest, or counts it as dropped. */
  async close(): Promise<CaptureRest> {
    this.#isClosed = true;
    if (this.#isEnded) return this.#rest();
    await this.#within(this.#deps.limits.closeWithinMs * SENDING_PART);
    this.#sender.end();
    this.#isEnded = true;
    this.#stats.onDisk -= this.#reading.length - this.#open(this.#reading).length;
    try {
      this.spillNow();
    } catch (thrown) {
      this.#saySpillBroken(thrown);
    }
    const { queued } = this.stats();
    this.#drop("ended", queued);
    this.#waiting.length = 0;
    this.#hands.clear();
    this.#held.release(this.#held.all());
    for (const timer of [this.#company, this.#secureTimer, this.#retry, this.#look]) timer.cancel();
    await this.#backlog?.close().catch(() => {});
    this.#spill?.release();
    const rest = this.#rest();
    if (rest.onDisk > 0 || queued > 0)
      this.#deps.logger.warn(
        queued > 0 ? "episodes lost: neither sent nor written" : "episodes wait on disk",
        {
          episodes: queued > 0 ? queued : rest.onDisk,
          on_disk: rest.onDisk,
          spill_file: this.#deps.spillFile,
        },
      );
    return rest;
  }

  /** Writes what is left to the spill files at once: for the moment the process may end. @throws when it can't */
  spillNow(): void {
    const spill = this.#spill;
    if (spill === undefined) return;
    const open = [...this.#hands].filter(({ episodes, isSettled }) => episodes.length > 0 && !isSettled);
    for (const hand of open.toSorted((a, b) => Number(b.copy !== undefined) - Number(a.copy !== undefined))) {
      const episodes = this.#open(hand.episodes);
      // A copy that was made while the batch was filled holds a part of it.
      const { copy } = hand;
      if (episodes.length > 0 && copy?.count !== episodes.length) {
        hand.copy = spill.copySync(episodes);
        if (copy !== undefined) void spill.forget(copy).catch(() => {});
      }
      if (!this.#isEnded) continue;
      this.#countKept(episodes.length);
      this.#hands.delete(hand);
    }
    const fresh: EpisodeInput[] = [];
    for (let next = this.#takeOne(); next !== undefined; next = this.#takeOne()) fresh.push(...next);
    const held = this.#open(this.#held.all());
    if (held.length + fresh.length === 0) return;
    try {
      spill.appendSync([...held, ...fresh]);
    } catch (thrown) {
      this.#hold(fresh);
      throw thrown;
    }
    this.#held.release(this.#held.all());
    this.#countKept(held.length + fresh.length);
  }

  /** The process ends for certain: what it leaves is the next one's. */
  release(): void {
    this.#spill?.release();
  }

  /** Writes what waits, and a copy of what is on its way. Never rejects. */
  secure(): Promise<void> {
    if (this.#spill === undefined || this.#isEnded) return Promise.resolve();
    this.#isSecureDue = this.#securing !== undefined;
    this.#securing ??= this.#secure()
      .then(
        () => {
          this.#unwritten = 0;
        },
        (thrown: unknown) => {
          // `close` has ended the files under the write.
          if (this.#isEnded) return;
          this.#unwritten++;
          this.#saySpillBroken(thrown);
        },
      )
      .finally(() => {
        this.#securing = undefined;
        // Some were still being finished, or came while the others were written. A full disk gets time.
        if (this.#isSecureDue && this.#unwritten === 0) void this.secure();
        else this.#armSecure(Math.min((QUARTER / 2) * 2 ** this.#unwritten, MOST_INTERVALS));
        if (this.#isBacklogDue && !this.#sender.isDown) this.#start();
      });
    return this.#securing;
  }

  async #secure(): Promise<void> {
    const spill = this.#spill;
    if (spill === undefined) return;
    for (const hand of [...this.#hands].filter(({ isSending, copy }) => isSending && copy === undefined)) {
      const copy = await spill.copy(hand.episodes);
      if (hand.isSettled || hand.copy !== undefined) await (copy && spill.forget(copy));
      else hand.copy = copy;
    }
    await this.#settleWaiting();
    const held = this.#held.take(this.#held.length);
    if (held.length === 0) return;
    let kept = 0;
    try {
      kept = await spill.append(held);
    } finally {
      // `close` has counted them meanwhile.
      if (!this.#isEnded) {
        this.#held.release(held.slice(0, kept));
        this.#held.putBack(held.slice(kept));
        if (kept > 0) this.#countKept(kept);
      }
    }
  }

  async #settleWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const hand = await this.#fill();
      await this.#settleHand(hand, hand.episodes);
    }
  }

  #open(episodes: readonly EpisodeInput[]): EpisodeInput[] {
    return episodes.filter((episode) => !this.#sender.isGone(episode));
  }

  #ask(): void {
    this.#isAsked = true;
    this.#isBacklogDue = this.#spill !== undefined;
    this.#heldDue = this.#held.length;
    this.#retry.cancel();
    this.#start();
  }

  #start(): void {
    this.#company.cancel();
    if (this.#working !== undefined || this.#isEnded) return;
    this.#working = this.#work()
      .catch((thrown: unknown) => {
        this.#stats.errors++;
        this.#deps.logger.warn("capture fault", { reason: messageOf(thrown) });
      })
      .finally(() => {
        this.#working = undefined;
        if (this.#isAsked) this.#start();
        else if (this.#waiting.length > 0 && !this.#sender.isDown)
          this.#company.arm(this.#deps.limits.flushIntervalMs * 2 * QUARTER);
      });
  }

  async #work(): Promise<void> {
    const { isDown: wasDown, taken } = this.#sender;
    // Where nothing can be written, what waits is in memory until the receiver is back.
    if (!wasDown || this.#isAsked || this.#spill === undefined) await this.#sendAll();
    if (this.#isEnded) return;
    // Where nothing can be written they stand in one line with those that failed, which lets each come to its turn.
    if (this.#sender.isDown) await (this.#spill === undefined ? this.#settleWaiting() : this.secure());
    if (this.#sender.isDown !== wasDown || this.#sender.taken !== taken) this.#rounds = 0;
    const isLeft = this.#held.length > 0 || this.#stats.onDisk > 0;
    if (!isLeft && !this.#sender.isDown) this.#rounds = 0;
    else if (!this.#retry.isArmed) this.#retry.arm(this.#sender.pauseMs(this.#rounds++));
    if (this.#waiting.length === 0 && this.#hands.size === 0) this.#secureTimer.cancel();
  }

  async #sendAll(): Promise<void> {
    for (let next = await this.#next(); next !== undefined; next = await this.#next()) {
      if (this.#isEnded) return;
      const left = await this.#sender.offer(next.episodes);
      await next.settle(left);
      if (this.#isEnded || (this.#sender.isDown && !this.#sender.isUnsure)) break;
    }
    this.#isAsked = false;
    this.#heldDue = 0;
    if (this.#sender.isDown) this.#isBacklogDue = false;
  }

  async #next(): Promise<Source | undefined> {
    const held = this.#nextHeld();
    if (held !== undefined) return held;
    while (this.#waiting.length > 0) {
      const hand = await this.#fill();
      if (hand.episodes.length === 0) {
        this.#hands.delete(hand);
        continue;
      }
      hand.isSending = true;
      return { episodes: hand.episodes, settle: (left) => this.#settleHand(hand, left) };
    }
    return this.#isBacklogDue ? this.#nextOfBacklog() : undefined;
  }

  /** In the order in which they were captured, but for those that failed by themselves. */
  #nextHeld(): Source | undefined {
    const episodes = this.#held.take(Math.min(this.#heldDue, this.#deps.limits.batchSize));
    this.#heldDue = episodes.length === 0 ? 0 : this.#heldDue - episodes.length;
    if (episodes.length === 0) return undefined;
    return {
      episodes,
      settle: async (left) => {
        const isWritten = (await this.#append(left)) !== undefined;
        if (this.#isEnded) return;
        const back = isWritten ? [] : left;
        this.#held.release(episodes.filter((episode) => !back.includes(episode)));
        this.#held.putBack(back, (one) => !this.#sender.isDown || this.#sender.hasFailed(one));
      },
    };
  }

  async #nextOfBacklog(): Promise<Source | undefined> {
    const backlog = this.#backlog;
    await backlog?.begin();
    const episodes = await backlog?.next(this.#deps.limits.batchSize);
    if (backlog === undefined || episodes === undefined) {
      this.#isBacklogDue = false;
      return undefined;
    }
    const sentBefore = this.#stats.sent;
    this.#reading = episodes;
    return {
      episodes,
      settle: async (left) => {
        if (this.#isEnded) return;
        this.#stats.replayed += this.#stats.sent - sentBefore;
        const back = this.#sender.isDown ? left.filter((one) => !this.#sender.hasFailed(one)) : [];
        const apart = left.filter((one) => !back.includes(one));
        // Each of the others failed by itself: to the end with it.
        const isWritten = await this.#spill?.append(apart, true).then(
          () => true,
          () => false,
        );
        // `close` has counted meanwhile what of these is on disk.
        if (this.#isEnded) return;
        this.#reading = [];
        backlog.settle(episodes.length - back.length);
        backlog.handBack(back);
        if (isWritten === true) this.#stats.onDisk += apart.length;
        else this.#hold(apart);
      },
    };
  }

  /** Finishes up to a batch of what waits. The agent's own work goes first: it yields after every episode. */
  async #fill(): Promise<Hand> {
    const hand: Hand = { episodes: [], isSending: false, isSettled: false };
    this.#hands.add(hand);
    while (hand.episodes.length < this.#deps.limits.batchSize) {
      const next = this.#takeOne();
      if (next === undefined) break;
      hand.episodes.push(...next);
      await new Promise(setImmediate);
    }
    return hand;
  }

  /** The next episode, finished; none where that failed; undefined where nothing waits. */
  #takeOne(): EpisodeInput[] | undefined {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return undefined;
    this.#bytes -= waiting.bytes;
    try {
      return [waiting.finish()];
    } catch (thrown) {
      this.#stats.errors++;
      this.#drop("fault", 1, messageOf(thrown));
      return [];
    }
  }

  async #settleHand(hand: Hand, left: EpisodeInput[]): Promise<void> {
    const { copy } = hand;
    // What was left behind at the end is the next process's to send.
    if (this.#isEnded && left.length > 0) return;
    if (left.length > 0) {
      if (copy !== undefined && left.length === hand.episodes.length && copy.count === left.length) {
        this.#spill?.keep(copy);
        this.#countKept(copy.count);
        hand.copy = undefined;
      } else {
        const kept = await this.#append(left);
        // `close` has written and counted them meanwhile, whatever became of this write.
        if (this.#isEnded) return;
        if (kept === undefined) this.#hold(left);
      }
    }
    hand.isSettled = true;
    this.#hands.delete(hand);
    if (hand.copy !== undefined) await this.#spill?.forget(hand.copy).catch(() => {});
  }

  /** To the spill files, as far as their bound goes; undefined where nothing can be written. */
  async #append(episodes: readonly EpisodeInput[]): Promise<number | undefined> {
    if (episodes.length === 0) return 0;
    if (this.#spill === undefined) return undefined;
    try {
      const kept = await this.#spill.append(episodes);
      // `close` has written and counted them meanwhile; the receiver knows a second copy by its id.
      if (this.#isEnded) return kept;
      this.#isSpillBroken = false;
      this.#countKept(kept);
      this.#drop("spill_full", episodes.length - kept);
      return kept;
    } catch (thrown) {
      if (!this.#isEnded) this.#saySpillBroken(thrown);
      return undefined;
    }
  }

  #hold(left: readonly EpisodeInput[]): void {
    const over = this.#held.hold(left, { count: this.#waiting.length, bytes: this.#bytes });
    this.#drop("queue_full", over);
  }

  #countKept(count: number): void {
    this.#stats.spilled += count;
    this.#stats.onDisk += count;
    if (!this.#sender.isDown) this.#isBacklogDue = true;
    this.#armLook();
  }

  #drop(reason: DropReason, count: number, why?: string): void {
    if (count === 0) return;
    this.#stats.dropped += count;
    this.#stats.dropped_by[reason] = (this.#stats.dropped_by[reason] ?? 0) + count;
    if (this.#toldDrops.has(reason)) return;
    this.#toldDrops.add(reason);
    this.#deps.logger.warn("episodes dropped", { reason, episodes: count, why });
  }

  #saySpillBroken(thrown: unknown): void {
    if (this.#isSpillBroken) return;
    this.#isSpillBroken = true;
    this.#deps.logger.warn("spill file cannot be written", {
      reason: messageOf(thrown),
      spill_file: this.#deps.spillFile,
      remedy:
        "Give LIGHTNING_HOME a folder that can be written to. Until then, what cannot be sent waits in memory.",
    });
  }

  #armSecure(part: number): void {
    if (this.#spill === undefined || this.#isEnded) return;
    const isUnwritten = [...this.#hands].some(({ copy }) => copy === undefined);
    if (this.#waiting.length > 0 || isUnwritten)
      this.#secureTimer.arm(this.#deps.limits.flushIntervalMs * part);
  }

  #armLook(): void {
    if (!this.#isEnded) this.#look.arm(this.#deps.limits.leaseMs / 4);
  }

  /** Says that this process lives, and takes over what one that does not has left. */
  async #lookAround(): Promise<void> {
    try {
      await this.#spill?.beat();
      if (!this.#sender.isDown && (await this.#spill?.hasOrphans()) === true) {
        this.#isBacklogDue = true;
        this.#start();
      }
    } catch (thrown) {
      this.#deps.logger.debug("spill folder cannot be looked at", { reason: messageOf(thrown) });
    }
    this.#armLook();
  }

  #within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#deps.clock.after(ms, resolve);
      void this.flush().finally(() => {
        cancel();
        resolve();
      });
    });
  }

  #rest(): CaptureRest {
    const { queued, onDisk, dropped } = this.stats();
    return { queued, onDisk, dropped };
  }
}
