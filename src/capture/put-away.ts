import { hash } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import { isKind, isLightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bytesPointer, type PartFacts, textPointer } from "../parts/pointer.ts";
import type { EpisodeInput } from "../wire/types.ts";
import { type LargePart, type LeastPart, largeParts, withTexts } from "./large-parts.ts";
import type { CaptureLimits, Send, SendReport } from "./limits.ts";
import { PartPauses } from "./part-pauses.ts";
import { MOST_BYTES, withinBounds } from "./within-bounds.ts";

/** A part on its way to the receiver, which answers under which hash it is kept. */
interface PartToStore {
  readonly agentId: string;
  /** Of the content as it is sent. */
  readonly sha256: string;
  readonly text?: string;
  /** Bytes in base64. */
  readonly data?: string;
  readonly mediaType?: string | undefined;
}
/** @throws what the receiver throws */
export type StorePart = (part: PartToStore) => Promise<PartFacts>;

interface PutAwayDeps {
  readonly send: Send;
  readonly storePart: StorePart;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: Pick<CaptureLimits, "largePart" | "sendTimeoutMs">;
}

/** Where an episode is too large still, smaller parts of it go to files too. */
const SMALLER: LeastPart = { text: 16 * 1024, base64: 4 * 1024 };
/** What the schema takes. */
const MOST_PARTS = 1000;
/** Parts that this process knows to be with the receiver, some 300 bytes each. */
const MOST_KNOWN = 5000;
/** How long a receiver is taken for one that keeps no parts, in ms. */
const LOOK_AGAIN_MS = 10 * 60_000;

/** Before a look at whether a part that is on its way has arrived, in ms. */
const LEAST_PAUSE_MS = 1000;
/** What one part may take, in ms: the largest over a slow line. */
const PART_TIMEOUT_MS = 5 * 60_000;

const codeOf = (thrown: unknown): string | undefined => (isLightningError(thrown) ? thrown.code : undefined);
/** An earlier version of the app has no such route. */
const isUnknownThere = (thrown: unknown): boolean =>
  isKind(thrown, "not_found") || ["http_405", "http_501"].includes(codeOf(thrown) ?? "");
/** The part is refused for what it is, by the receiver or by a proxy that takes no body of its length. */
const isRefused = (thrown: unknown): boolean =>
  isKind(thrown, "too_large") || ["invalid_input", "part_hash_mismatch"].includes(codeOf(thrown) ?? "");

/**
 * A way of sending that puts large parts of episodes into the receiver's files first. What is queued, written to spill
 * files and sent again is the whole episode, so that nothing depends on whether its parts have arrived. Where they
 * cannot be kept (an earlier receiver, a part that is refused, a place for parts that has failed for ten minutes), the
 * episode is cut as it would be without files; until then it waits.
 */
export function puttingAway(deps: PutAwayDeps): Send {
  const away = new PutAway(deps);
  return async (episodes) => {
    const ready: EpisodeInput[] = [];
    const later: string[] = [];
    // The smaller part of a batch's time, so that its other episodes are sent in the rest of it.
    const patience = patienceOf(deps.clock, deps.limits.sendTimeoutMs / 3);
    try {
      for (const episode of episodes) {
        const small = await away.smaller(episode, patience);
        if (small === "later") later.push(episode.id ?? "");
        else ready.push(small);
      }
    } finally {
      patience.end();
    }
    const waiting = { later, laterMs: Math.max(LEAST_PAUSE_MS, away.pauseMs) };
    if (ready.length === 0) return waiting;
    try {
      const report = (await deps.send(ready)) ?? {};
      const judged = away.judged(episodes, ready, report);
      return later.length === 0 ? judged : { ...judged, ...waiting };
    } catch (thrown) {
      away.failed(episodes, thrown);
      throw thrown;
    }
  };
}

/** How long a batch waits for the parts of its episodes. */
interface Patience {
  /** Whether it is over. */
  readonly isOver: () => boolean;
  readonly over: Promise<void>;
  readonly end: () => void;
}

function patienceOf(clock: Clock, ms: number): Patience {
  let isOver = false;
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => {
    cancel = clock.after(ms, () => {
      isOver = true;
      resolve();
    });
  });
  return { isOver: () => isOver, over, end: () => cancel() };
}

/** A part is on its way still, or the place for parts fails: its episode waits. */
class NotYet extends Error {}

class PutAway {
  readonly #deps: PutAwayDeps;
  /** A part goes on while its batch has ended, and is joined by the next try. */
  readonly #underWay = new Map<string, Promise<PartFacts>>();
  readonly #pauses: PartPauses;
  /** The same content, as a conversation brings it again with each turn, is sent once. */
  readonly #known = new Map<string, PartFacts>();
  /** Episodes that are sent again are sent as they were. */
  readonly #smaller = new WeakMap<EpisodeInput, EpisodeInput>();
  #withoutUntil = 0;

  constructor(deps: PutAwayDeps) {
    this.#deps = deps;
    this.#pauses = new PartPauses(deps.clock);
  }

  /** Before episodes that wait are looked at again, in ms. */
  get pauseMs(): number {
    return this.#pauses.leastMs;
  }

  async smaller(episode: EpisodeInput, patience: Patience): Promise<EpisodeInput | "later"> {
    const known = this.#smaller.get(episode);
    if (known !== undefined) return known;
    const { found, characters } = largeParts(episode, this.#deps.limits.largePart);
    // UTF-8 has three bytes for a character at most, and JSON two for what it escapes.
    if (found.size === 0 && characters * 3 < MOST_BYTES) return episode;
    if (this.#deps.clock.now() < this.#withoutUntil) return withinBounds(episode);
    try {
      const { whole, isGivenUp } = await this.#putAway(episode, patience);
      const small = withinBounds(whole);
      if (!isGivenUp) this.#smaller.set(episode, small);
      return small;
    } catch (thrown) {
      if (thrown instanceof NotYet) return "later";
      if (!isUnknownThere(thrown)) throw thrown;
      this.#setWithout(messageOf(thrown));
      return withinBounds(episode);
    }
  }

  /** What the receiver said about episodes that were made smaller: some of them come again. */
  judged(episodes: readonly EpisodeInput[], ready: readonly EpisodeInput[], report: SendReport): SendReport {
    const failed = new Set(report.failed);
    for (const episode of episodes) if (failed.has(episode.id ?? "")) this.#forget(episode);
    // While versions change, one instance keeps a part and another does not know the field.
    const pointing = new Set(ready.flatMap(({ id, parts }) => (id !== undefined && parts ? [id] : [])));
    const unknown = (report.refused ?? []).filter(
      ({ id, code, field }) => code === "invalid_input" && field === "parts" && pointing.has(id),
    );
    if (unknown.length === 0) return report;
    this.#setWithout("the field `parts` is unknown");
    for (const { id } of unknown) failed.add(id);
    for (const episode of episodes) if (failed.has(episode.id ?? "")) this.#forget(episode);
    return {
      ...report,
      refused: (report.refused ?? []).filter((one) => !unknown.includes(one)),
      failed: [...failed],
    };
  }

  failed(episodes: readonly EpisodeInput[], thrown: unknown): void {
    // Whoever has no routes at all is no earlier version.
    this.#withoutUntil = 0;
    if (
      isLightningError(thrown) &&
      (thrown.details as { code?: unknown } | undefined)?.code === "part_unknown"
    )
      for (const episode of episodes) this.#forget(episode);
  }

  /** The receiver may have lost parts: they are sent anew. */
  #forget(episode: EpisodeInput): void {
    if (this.#smaller.delete(episode)) this.#known.clear();
  }

  #setWithout(reason: string): void {
    this.#withoutUntil = this.#deps.clock.now() + LOOK_AGAIN_MS;
    this.#deps.logger.warn("large parts of episodes are cut: the receiver does not keep them", { reason });
  }

  async #putAway(
    episode: EpisodeInput,
    patience: Patience,
  ): Promise<{ readonly whole: EpisodeInput; readonly isGivenUp: boolean }> {
    let isGivenUp = false;
    const staying = new Set<string>();
    const parts = new Set(episode.parts);
    let whole = episode;
    for (const least of [this.#deps.limits.largePart, SMALLER]) {
      const pointers = new Map<string, string>();
      for (const [text, part] of largeParts(whole, least).found) {
        if (parts.size >= MOST_PARTS) break;
        if (staying.has(text)) continue;
        const facts = await this.#stored(whole.agent_id ?? "", part, patience);
        if (facts === "given up") isGivenUp = true;
        if (typeof facts === "string") {
          staying.add(text);
          continue;
        }
        parts.add(facts.sha256);
        const { type = "application/octet-stream" } = part;
        pointers.set(
          text,
          part.isText ? textPointer(part.before, facts) : part.before + bytesPointer({ ...facts, type }),
        );
      }
      if (pointers.size > 0) whole = withTexts(whole, pointers);
      if (Buffer.byteLength(JSON.stringify(whole)) <= MOST_BYTES) break;
    }
    return { whole: parts.size === 0 ? whole : { ...whole, parts: [...parts] }, isGivenUp };
  }

  /** A part that is refused, or has failed for too long, stays where it is. @throws NotYet */
  async #stored(
    agentId: string,
    part: LargePart,
    patience: Patience,
  ): Promise<PartFacts | "refused" | "given up"> {
    const { content, isText } = part;
    const sha256 = hash("sha256", isText ? content : Buffer.from(content, "base64"));
    const key = `${isText ? "text" : "bytes"} ${sha256} ${agentId}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    let underWay = this.#underWay.get(key);
    if (underWay === undefined) {
      if (patience.isOver() || this.#pauses.isPaused(key)) throw new NotYet();
      underWay = this.#start(key, { agentId, sha256, ...contentOf(part) });
    }
    try {
      const facts = await Promise.race([underWay, patience.over]);
      if (facts === undefined) throw new NotYet();
      return facts;
    } catch (thrown) {
      if (thrown instanceof NotYet || isUnknownThere(thrown)) throw thrown;
      if (!isRefused(thrown)) {
        if (!this.#pauses.isGivenUp(key)) throw new NotYet();
        return "given up";
      }
      this.#deps.logger.warn("a large part of an episode is refused, and cut where there is no room for it", {
        code: codeOf(thrown),
        reason: messageOf(thrown),
      });
      return "refused";
    }
  }

  /** Sends a part, in a time of its own. */
  #start(key: string, part: PartToStore): Promise<PartFacts> {
    const { clock, logger, storePart } = this.#deps;
    let cancel = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(PART_TIMEOUT_MS, () => reject(new Error("sending a part timed out")));
    });
    const sent = Promise.race([Promise.resolve().then(() => storePart(part)), late])
      .then(
        (facts) => {
          this.#pauses.went(key);
          if (this.#known.size >= MOST_KNOWN) this.#known.clear();
          this.#known.set(key, facts);
          return facts;
        },
        (thrown: unknown) => {
          const isAnswer = isRefused(thrown) || isUnknownThere(thrown);
          if (!isAnswer && this.#pauses.failed(key, thrown))
            logger.warn("a large part of an episode cannot be kept now: its episode waits", {
              code: codeOf(thrown),
              reason: messageOf(thrown),
            });
          throw thrown;
        },
      )
      .finally(() => {
        cancel();
        this.#underWay.delete(key);
      });
    this.#underWay.set(key, sent);
    // Whoever waits for it may have gone.
    sent.catch(() => {});
    return sent;
  }
}

const contentOf = ({ content, isText, type }: LargePart): Pick<PartToStore, "text" | "data" | "mediaType"> =>
  isText ? { text: content } : { data: content, mediaType: type };
