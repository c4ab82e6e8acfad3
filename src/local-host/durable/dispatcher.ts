import { setImmediate } from "node:timers";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { runActivity } from "./activities.ts";
import { type Applied, applyPlan } from "./apply-plan.ts";
import type { Note } from "./diagnose.ts";
import { isEntityId } from "./entity.ts";
import { EntityWorker } from "./entity-worker.ts";
import { type Plan, runEpisode } from "./episode.ts";
import { store as encoded, isTerminal, type StoredEvent } from "./history.ts";
import { HistoryCache } from "./history-cache.ts";
import type { DurableSettings } from "./options.ts";
import type { FunctionInvoker } from "./port.ts";
import type { Activity, DurableStore, Message } from "./store.ts";
import { TimerQueue } from "./timer-queue.ts";

/** Beyond this many events an instance whose activities are still running waits a little for more results. */
const LARGE_HISTORY = 200;
/** It waits as long as its last episode took, so that replaying takes at most half of the time; up to this. */
const LONGEST_GATHERING_MS = 200;
/** History text kept in memory for instances that go on; the rest is read again from the store. */
const CACHE_CHARS = 64_000_000;
/** Pauses before what a full disk refused is tried again: the first, and the longest after doubling. */
const RETRY_WRITE_MS = { first: 10, longest: 1000 };

/** Executions of which it is remembered what was said about them. */
const NOTED_LIMIT = 10_000;

interface Slot {
  readonly id: string;
  inbox: Message[];
  /** An episode is under way. */
  running: boolean;
  /** In the ready queue, or about to be. */
  queued: boolean;
  /** Activities scheduled and not finished. */
  outstanding: number;
  /** How long the last episode took, ms of real time. */
  lastMs: number;
}

export interface DispatcherDeps {
  readonly store: DurableStore;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: DurableSettings;
}

/**
 * Decides what runs now: one episode at a time for an instance, a bounded number of instances and activities at a
 * time. Whatever it holds in memory is also in the store, so that a killed host loses nothing.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #timers: TimerQueue;
  #ready: Slot[] = [];
  #activities: Activity[] = [];
  #episodes = 0;
  #gathering = 0;
  #runningActivities = 0;
  readonly #histories = new HistoryCache(CACHE_CHARS);
  readonly #entities: EntityWorker;
  #stopping = false;
  readonly #noted = new Set<string>();
  readonly #idle = new Set<() => void>();
  readonly #ended = new Map<string, Set<(ended: boolean) => void>>();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#entities = new EntityWorker(deps, {
      persist: (work, committed) => this.#persist(work, committed),
      deliver: (message) => this.deliver(message),
    });
    this.#timers = new TimerQueue(deps.clock, (message) => this.#arrive(message));
  }

  /** Takes up what the store holds. */
  start(): void {
    for (const message of this.#deps.store.messages()) this.deliver(message);
    for (const activity of this.#deps.store.activities()) this.#enqueue(activity);
    this.#pump();
  }

  /** Lets episodes and activities under way commit, but starts none; gives up after `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true;
    this.#timers.stop();
    for (const id of this.#ended.keys()) this.#tell(id, false);
    const until = Date.now() + patienceMs;
    while (this.#episodes + this.#runningActivities + this.#deps.store.transactions.pending > 0) {
      if (Date.now() >= until) {
        this.#deps.logger.warn("stopping although work is under way; it is repeated at the next start", {
          activities: this.#runningActivities,
          orchestrations: this.#episodes,
        });
        break;
      }
      await pause(1);
    }
    this.#settleIdle();
  }

  /** A committed message for an instance, now or when it is due. */
  deliver(message: Message): void {
    if (message.due !== null && message.due > this.#deps.clock.now()) this.#timers.add(message, message.due);
    else this.#arrive(message);
  }

  /** Forgets what memory holds of an instance that was purged or replaced. */
  reset(id: string): void {
    this.#timers.drop(id);
    this.#histories.delete(id);
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    slot.inbox = [];
    if (slot.outstanding > 0)
      this.#activities = this.#activities.filter(({ instanceId }) => instanceId !== id);
    slot.outstanding = 0;
  }

  busy(): boolean {
    return (
      !this.#stopping &&
      (this.#ready.length > 0 ||
        this.#episodes > 0 ||
        this.#gathering > 0 ||
        this.#activities.length > 0 ||
        this.#runningActivities > 0 ||
        this.#deps.store.transactions.pending > 0)
    );
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      this.#settleIdle();
    });
  }

  /** Calls back once: true when the instance has ended, false when the host stops; returns the way to stop listening. */
  whenEnded(id: string, callback: (ended: boolean) => void): () => void {
    const listeners = this.#ended.get(id) ?? new Set();
    this.#ended.set(id, listeners.add(callback));
    return () => {
      listeners.delete(callback);
      if (listeners.size === 0 && this.#ended.get(id) === listeners) this.#ended.delete(id);
    };
  }

  #slot(id: string): Slot {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = { id, inbox: [], running: false, queued: false, outstanding: 0, lastMs: 0 };
      this.#slots.set(id, slot);
    }
    return slot;
  }

  #arrive(message: Message): void {
    const slot = this.#slot(message.instanceId);
    slot.inbox.push(message);
    this.#schedule(slot);
  }

  #schedule(slot: Slot): void {
    if (slot.running || slot.queued || slot.inbox.length === 0) return;
    slot.queued = true;
    const length = this.#histories.get(slot.id)?.length ?? 0;
    if (length <= LARGE_HISTORY || slot.outstanding === 0) {
      this.#ready.push(slot);
      this.#pump();
      return;
    }
    // Real time, also under a virtual clock: more results are being computed right now.
    this.#gathering++;
    setTimeout(
      () => {
        this.#gathering--;
        this.#ready.push(slot);
        this.#pump();
      },
      Math.min(LONGEST_GATHERING_MS, Math.max(1, slot.lastMs)),
    );
  }

  #enqueue(activity: Activity): void {
    this.#slot(activity.instanceId).outstanding++;
    this.#activities.push(activity);
  }

  #pump(): void {
    const { maxActivities, maxOrchestrators } = this.#deps.settings;
    while (!this.#stopping && this.#episodes < maxOrchestrators) {
      const slot = this.#ready.shift();
      if (slot === undefined) break;
      slot.queued = false;
      slot.running = true;
      this.#episodes++;
      void this.#episode(slot);
    }
    while (!this.#stopping && this.#runningActivities < maxActivities) {
      const activity = this.#activities.shift();
      if (activity === undefined) break;
      this.#runningActivities++;
      void this.#activity(activity);
    }
    this.#settleIdle();
  }

  async #episode(slot: Slot): Promise<void> {
    const { store, invoker, clock, logger, settings } = this.#deps;
    const messages = slot.inbox;
    slot.inbox = [];
    let parked = false;
    try {
      if (isEntityId(slot.id)) return await this.#entities.work(slot.id, messages);
      const instance = store.instance(slot.id);
      if (instance !== undefined) {
        const past = this.#histories.get(slot.id) ?? store.history(slot.id);
        const deps = { invoker, now: () => clock.now(), defaultVersion: settings.defaultVersion };
        const begun = performance.now();
        const plan = await runEpisode(deps, instance, past, messages);
        slot.lastMs = performance.now() - begun;
        if (plan === "missing") {
          parked = true;
          logger.error("an orchestration waits: the app has no such orchestrator any more", {
            orchestrator: instance.name,
            instance: slot.id,
          });
        } else if (plan !== undefined) {
          for (const note of plan.notes) this.#note(`${instance.executionId} ${note.level}`, note);
          await this.#persist(
            () => applyPlan(store, slot.id, instance.executionId, past.length, plan),
            (applied) => this.#applied(slot, instance.executionId, past, plan, applied),
          );
          return;
        }
      }
      if (!parked) await this.#persist(() => store.deleteMessages(messages.map(({ id }) => id)));
    } catch (error) {
      parked = true;
      logger.error("an orchestration's work failed inside the host and is tried again at its next event", {
        instance: slot.id,
        error: messageOf(error),
      });
    } finally {
      slot.running = false;
      const more = slot.inbox.length > 0;
      if (parked) slot.inbox = [...messages, ...slot.inbox];
      if (more) this.#schedule(slot);
      else if (!parked && slot.outstanding === 0) this.#slots.delete(slot.id);
      this.#episodes--;
      this.#pump();
    }
  }

  /** Says a thing once for an execution, not at every episode. */
  #note(key: string, { level, text }: Note): void {
    if (this.#noted.has(key)) return;
    if (this.#noted.size >= NOTED_LIMIT) this.#noted.clear();
    this.#noted.add(key);
    this.#deps.logger[level](text);
  }

  /** Right after the commit: memory follows. */
  #applied(
    slot: Slot,
    executionId: string,
    past: readonly StoredEvent[],
    plan: Plan,
    applied: Applied | undefined,
  ): void {
    if (applied === undefined) return;
    const ended = isTerminal(plan.change.status);
    if (ended || plan.change.executionId !== executionId) this.#timers.drop(slot.id, executionId);
    if (ended) this.#histories.delete(slot.id);
    else this.#histories.set(slot.id, [...past.slice(0, plan.kept), ...plan.history]);
    for (const { id, name } of applied.refused)
      this.#deps.logger.error(
        `Sub-orchestration '${name}' was not started: an instance '${id}' is already running. Its parent waits for ever, here and in Azure.`,
      );
    for (const id of applied.replaced) this.reset(id);
    for (const activity of applied.activities) this.#enqueue(activity);
    for (const message of applied.messages) this.deliver(message);
    if (!ended) return;
    this.#tell(slot.id, true);
  }

  #tell(id: string, ended: boolean): void {
    const listeners = this.#ended.get(id);
    this.#ended.delete(id);
    for (const listener of listeners ?? []) listener(ended);
  }

  async #activity(activity: Activity): Promise<void> {
    const { store } = this.#deps;
    const { instanceId, executionId } = activity;
    const event = encoded(await runActivity(this.#deps, activity));
    try {
      await this.#persist(
        () =>
          store.deleteActivity(activity.id)
            ? store.addMessage({ instanceId, executionId, due: null, event })
            : undefined,
        (message) => {
          const slot = this.#slot(instanceId);
          slot.outstanding = Math.max(0, slot.outstanding - 1);
          if (message !== undefined) this.deliver(message);
        },
      );
    } catch (error) {
      this.#deps.logger.error("an activity's result could not be kept; it runs again at the next start", {
        activity: activity.name,
        instance: instanceId,
        error: messageOf(error),
      });
    } finally {
      this.#runningActivities--;
      this.#pump();
    }
  }

  /** A commit that fails (a full disk) is tried again until it works or the host stops: work done is not lost. */
  async #persist<Result>(work: () => Result, committed?: (result: Result) => void): Promise<void> {
    for (let wait = RETRY_WRITE_MS.first; ; wait = Math.min(2 * wait, RETRY_WRITE_MS.longest)) {
      try {
        await this.#deps.store.write(work, committed);
        return;
      } catch (error) {
        if (this.#stopping) throw error;
        this.#deps.logger.error("the durable store could not be written; trying again", {
          error: messageOf(error),
        });
        await pause(wait);
      }
    }
  }

  #settleIdle(): void {
    if (this.#idle.size === 0 || this.busy()) return;
    // A turn later, so that whoever waits for the last commit has gone on first.
    setImmediate(() => {
      if (this.busy()) return;
      for (const resolve of this.#idle) resolve();
      this.#idle.clear();
    });
  }
}
