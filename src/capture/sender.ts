import { type Clock, sleep } from "../kernel/clock.ts";
import { isKind, isLightningError, type LightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { EpisodeInput } from "../wire/types.ts";
import type { CaptureLimits, CaptureStats, Refusal, Send, SendReport } from "./limits.ts";
import { isRefusal } from "./refusals.ts";
import { sendInTime } from "./send-in-time.ts";

interface SenderDeps {
  readonly send: Send;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: CaptureLimits;
  /** Where episodes wait, for the log. */
  readonly spillFile?: string | undefined;
  /** Puts an episode aside that only fails; false where it can't. */
  readonly setAside: (episode: EpisodeInput) => Promise<boolean>;
  readonly dropped: (reason: "poison", count: number) => void;
}

/** Fails by itself, as it seems: so often while others were taken. */
interface Suspect {
  tries: number;
  /** What had been taken at its last try. */
  takenThen: number;
}

/** `later`: the receiver is there and asked for a pause (429). It says nothing of the episodes. */
type Outcome = "failed" | "later" | { readonly refusal: LightningError } | { readonly left: EpisodeInput[] };

/** Between two looks at a receiver that is away, at most. */
const LONGEST_PAUSE_MS = 30_000;
/** So many failures in a row, each of one episode, are the receiver's. */
const FAILURES_OF_A_SICK_RECEIVER = 3;
const MOST_SUSPECTS = 10_000;

/**
 * Sends batches and tells a sick receiver from a sick episode: of a batch that fails a few are sent one by one. While the
 * receiver is away nothing but a few are tried now and then, each time others, so that no episode can keep the rest back.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #stats: CaptureStats;
  readonly #gone = new WeakSet<EpisodeInput>();
  readonly #suspects = new Map<string, Suspect>();
  /** Failed alone, each with what had been taken by then: it or the receiver. */
  readonly #doubts = new Map<string, number>();
  #triedInVain = new WeakSet<EpisodeInput>();
  /** Not sent in the last batch, for no reason of theirs. */
  #putOff = new WeakSet<EpisodeInput>();
  #taken = 0;
  #isDown = false;
  #probes = 0;
  #notBefore = 0;
  #lastThrown: unknown;
  #isEnded = false;
  #isUnsure = false;
  readonly #told = new Set<string>();

  constructor(deps: SenderDeps, stats: CaptureStats) {
    this.#deps = deps;
    this.#stats = stats;
  }

  /** The last batch failed: one look now and then, until something is taken. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Grows with each request of which the receiver took or refused something: it is there. */
  get taken(): number {
    return this.#taken;
  }

  /** The last look was at nothing but episodes that fail by themselves, as it seems: it says nothing of the receiver. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** It is counted already as sent, refused or set aside, though its batch is not at its end. */
  isGone(episode: EpisodeInput): boolean {
    return this.#gone.has(episode);
  }

  isSuspect({ id }: EpisodeInput): boolean {
    return id !== undefined && this.#suspects.has(id);
  }

  /** It was tried by itself in the last batch, or is not tried with others: it must not stand before them. */
  hasFailed(episode: EpisodeInput): boolean {
    return this.#triedInVain.has(episode) || this.isSuspect(episode);
  }

  /** Whatever is still under way counts no more. */
  end(): void {
    this.#isEnded = true;
  }

  /** Before the next look after so many rounds in vain, in ms. */
  pauseMs(rounds: number): number {
    const asked = Math.min(LONGEST_PAUSE_MS, this.#notBefore - this.#deps.clock.now());
    return Math.max(asked, Math.min(LONGEST_PAUSE_MS, this.#deps.limits.backoffMs * 2 ** rounds));
  }

  /** Sends each once, or says no more than that it could not: returns those that have to come again. */
  async offer(batch: readonly EpisodeInput[]): Promise<EpisodeInput[]> {
    const suspects = batch.filter((episode) => this.isSuspect(episode));
    this.#triedInVain = new WeakSet();
    this.#putOff = new WeakSet();
    this.#isUnsure = suspects.length === batch.length;
    const fresh = suspects.length === 0 ? [...batch] : batch.filter((episode) => !suspects.includes(episode));
    const left = await this.#offerFresh(fresh.length > 0 ? fresh : suspects.splice(0, 1));
    for (const suspect of suspects) {
      if (this.#isDown) left.push(suspect);
      else left.push(...(await this.#offerSuspect(suspect)));
    }
    return left;
  }

  async #offerFresh(batch: EpisodeInput[]): Promise<EpisodeInput[]> {
    const [only] = batch;
    if (only === undefined) return [];
    if (batch.length === 1) return this.#offerOne(only);
    let rest = batch;
    const left: EpisodeInput[] = [];
    if (this.#isDown) {
      const probed = await this.#probe(batch);
      if (this.#isDown) return batch;
      left.push(...probed.left);
      rest = batch.filter((episode) => !probed.tried.includes(episode));
    }
    const outcome = rest.length === 0 ? { left: [] } : await this.#send(rest, this.#deps.limits.attempts);
    if (outcome === "later") return [...left, ...rest];
    if (outcome !== "failed" && "left" in outcome) return [...left, ...outcome.left];
    // One is refused, which must not sink the others; or one is sick, or the receiver.
    return [...left, ...(await this.#singly(rest))];
  }

  async #offerOne(episode: EpisodeInput): Promise<EpisodeInput[]> {
    const isSuspect = this.isSuspect(episode);
    const outcome = await this.#send([episode], isSuspect || this.#isDown ? 1 : this.#deps.limits.attempts);
    if (outcome === "later") return [episode];
    if (outcome !== "failed") return this.#settle([episode], outcome);
    if (isSuspect) return this.#failedAlone(episode);
    // It or the receiver: the next time it is tried apart from the others.
    this.#suspect(episode.id);
    this.#setDown();
    return [episode];
  }

  /** A few of the batch one by one, each time others, until one is taken. */
  async #probe(batch: readonly EpisodeInput[]): Promise<{ tried: EpisodeInput[]; left: EpisodeInput[] }> {
    const tried: EpisodeInput[] = [];
    const left: EpisodeInput[] = [];
    while (this.#isDown && tried.length < Math.min(batch.length, FAILURES_OF_A_SICK_RECEIVER)) {
      const at = this.#probes++ % batch.length;
      const probe = batch.slice(at, at + 1);
      tried.push(...probe);
      const outcome = await this.#send(probe, 1);
      if (outcome === "later") return { tried, left: [...left, ...probe] };
      left.push(...(outcome === "failed" ? probe : this.#settle(probe, outcome)));
    }
    if (!this.#isDown) this.#suspectAll(left);
    else for (const episode of left) this.#doubt(episode);
    return { tried, left };
  }

  /** One by one, until it is plain that the receiver is away. */
  async #singly(batch: readonly EpisodeInput[]): Promise<EpisodeInput[]> {
    const left: EpisodeInput[] = [];
    let inARow = 0;
    for (const [index, episode] of batch.entries()) {
      const outcome = await this.#send([episode], 1);
      if (outcome === "later") return [...left, ...batch.slice(index)];
      if (this.#putOff.has(episode)) {
        left.push(episode);
        continue;
      }
      if (outcome === "failed") {
        left.push(episode);
        if (++inARow < Math.min(batch.length, FAILURES_OF_A_SICK_RECEIVER)) continue;
        for (const failed of left) this.#doubt(failed);
        this.#setDown();
        return [...left, ...batch.slice(index + 1)];
      }
      inARow = 0;
      left.push(...this.#settle([episode], outcome));
    }
    this.#suspectAll(left);
    return left;
  }

  async #offerSuspect(episode: EpisodeInput): Promise<EpisodeInput[]> {
    const outcome = await this.#send([episode], 1);
    if (outcome === "later") return [episode];
    return outcome === "failed" ? this.#failedAlone(episode) : this.#settle([episode], outcome);
  }

  /** Only a failure between two successes of others is its own. */
  async #failedAlone(episode: EpisodeInput): Promise<EpisodeInput[]> {
    const suspect = this.#suspects.get(episode.id ?? "");
    if (suspect === undefined || suspect.takenThen === this.#taken) return [episode];
    suspect.takenThen = this.#taken;
    if (++suspect.tries < this.#deps.limits.poisonTries) return [episode];
    this.#suspects.delete(episode.id ?? "");
    if (this.#isEnded) return [episode];
    this.#gone.add(episode);
    if (await this.#deps.setAside(episode)) {
      this.#stats.setAside++;
      this.#once("episode set aside", { episode_id: episode.id, file: `${this.#deps.spillFile ?? ""}.bad` });
    } else this.#deps.dropped("poison", 1);
    return [];
  }

  /** A sick receiver fails all alike. What fails again after others were taken is sick itself, as it seems. */
  #doubt(episode: EpisodeInput): void {
    if (this.#putOff.has(episode)) return;
    this.#triedInVain.add(episode);
    const { id } = episode;
    if (id === undefined) return;
    const takenThen = this.#doubts.get(id);
    if (takenThen === undefined) {
      if (this.#doubts.size < MOST_SUSPECTS) this.#doubts.set(id, this.#taken);
    } else if (takenThen !== this.#taken) this.#suspect(id);
  }

  #suspectAll(episodes: readonly EpisodeInput[]): void {
    for (const episode of episodes) if (!this.#putOff.has(episode)) this.#suspect(episode.id);
  }

  #suspect(id: string | undefined): void {
    if (id !== undefined) this.#doubts.delete(id);
    if (id === undefined || this.#suspects.has(id) || this.#suspects.size >= MOST_SUSPECTS) return;
    this.#suspects.set(id, { tries: 0, takenThen: this.#taken });
  }

  #trust(id: string): void {
    this.#suspects.delete(id);
    this.#doubts.delete(id);
  }

  /** What the receiver said about a batch that reached it; returns what it could not take now. */
  #settle(batch: EpisodeInput[], outcome: Exclude<Outcome, "failed" | "later">): EpisodeInput[] {
    if ("left" in outcome) return outcome.left;
    const { code, field, message } = outcome.refusal;
    for (const episode of batch) {
      if (!this.#isEnded) this.#gone.add(episode);
      this.#refused({ id: episode.id ?? "", code, field, message });
    }
    return [];
  }

  #refused({ id, code, field, message }: Refusal): void {
    if (this.#isEnded) return;
    this.#trust(id);
    this.#stats.rejected++;
    this.#stats.refused_by[code] = (this.#stats.refused_by[code] ?? 0) + 1;
    this.#once(`episode refused`, { code, field, reason: message, episode_id: id }, `refused ${code}`);
  }

  async #send(batch: EpisodeInput[], attempts: number): Promise<Outcome> {
    const { clock, limits } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      try {
        const report = (await sendInTime(this.#deps, batch)) ?? {};
        const failed = new Set(report.failed);
        const sent = this.#withoutPutOff(batch, report);
        if (sent.length === 0) return { left: batch };
        if (sent.every(({ id }) => id !== undefined && failed.has(id)))
          throw new Error("the receiver stored none of the batch");
        this.#isDown = false;
        return { left: this.#account(batch, report, failed) };
      } catch (thrown) {
        if (isRefusal(thrown)) {
          this.#isDown = false;
          this.#taken++;
          return { refusal: thrown as LightningError };
        }
        this.#stats.failures++;
        if (isKind(thrown, "limited")) {
          this.#failed(thrown);
          this.#setDown();
          return "later";
        }
        if (attempt >= attempts || this.#isEnded) {
          this.#failed(thrown);
          return "failed";
        }
        await sleep(clock, limits.backoffMs * 2 ** (attempt - 1) * (1 + Math.random() / 4));
      }
    }
  }

  /** What was sent of a batch. The rest comes again when its pause is over, and nothing is said of it. */
  #withoutPutOff(batch: EpisodeInput[], { later = [], laterMs = 0 }: SendReport): EpisodeInput[] {
    if (later.length === 0) return batch;
    const ids = new Set(later);
    const putOff = batch.filter(({ id }) => id !== undefined && ids.has(id));
    for (const episode of putOff) this.#putOff.add(episode);
    this.#notBefore = Math.max(this.#notBefore, this.#deps.clock.now() + laterMs);
    return batch.filter((episode) => !putOff.includes(episode));
  }

  #account(batch: EpisodeInput[], report: SendReport, failed: ReadonlySet<string>): EpisodeInput[] {
    const left = batch.filter(
      (episode) => this.#putOff.has(episode) || (episode.id !== undefined && failed.has(episode.id)),
    );
    if (this.#isEnded) return left;
    for (const episode of batch) if (!left.includes(episode)) this.#gone.add(episode);
    const of = new Set(batch.map(({ id }) => id));
    const refused = (report.refused ?? []).filter(({ id }) => of.has(id) && !failed.has(id));
    for (const refusal of refused) this.#refused(refusal);
    const most = batch.length - left.length - refused.length;
    const rejected = Math.min(most, Math.max(0, Math.trunc(report.rejected ?? 0) || 0));
    this.#stats.rejected += rejected;
    if (rejected > 0) this.#stats.refused_by.unnamed = (this.#stats.refused_by.unnamed ?? 0) + rejected;
    this.#stats.sent += most - rejected;
    if (most + refused.length > 0) this.#taken++;
    for (const episode of batch)
      if (episode.id !== undefined && !left.includes(episode)) this.#trust(episode.id);
    this.#suspectAll(left);
    return left;
  }

  #failed(thrown: unknown): void {
    this.#lastThrown = thrown;
    this.#notBefore = this.#deps.clock.now() + ((isLightningError(thrown) ? thrown.retryAfterMs : 0) ?? 0);
  }

  /** Once an outage, not once a batch: what to do about it and where the episodes wait. */
  #setDown(): void {
    if (this.#isDown || this.#isEnded) return;
    this.#isDown = true;
    const thrown = this.#lastThrown;
    this.#deps.logger.warn("episodes cannot be sent", {
      reason: messageOf(thrown),
      remedy: isLightningError(thrown) ? thrown.remedy : undefined,
      spill_file: this.#deps.spillFile,
    });
  }

  #once(message: string, fields: Parameters<Logger["warn"]>[1], kind = message): void {
    if (this.#told.has(kind)) return;
    if (this.#told.size < 100) this.#told.add(kind);
    this.#deps.logger.warn(message, fields);
  }
}
