import { setImmediate } from "node:timers";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../../kernel/clock.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/logger.ts";
import type { Faults } from "../../faults.ts";
import { isEntityId } from "../entity.ts";
import { EventType, isTerminal } from "../history/history.ts";
import type { DurableSettings } from "../options.ts";
import type { FunctionInvoker } from "../port.ts";
import { HistoryCache } from "../store/history-cache.ts";
import type { Activity, DurableStore, Message } from "../store/store.ts";
import { ActivityWorker } from "./activity-worker.ts";
import type { Applied } from "./apply-plan.ts";
import { Endings } from "./endings.ts";
import { EntityWorker } from "./entity-worker.ts";
import { type Decided, OrchestrationWorker } from "./orchestration-worker.ts";
import { PayloadWatch } from "./payloads.ts";
import { Queue } from "./queue.ts";
import { reordered } from "./reorder.ts";
import { type Persist, persistently } from "./retry-commit.ts";
import { gatheringMs, isResult, newSlot, type Slot } from "./slot.ts";
import { TimerQueue } from "./timer-queue.ts";

/** History text kept in memory for instances that go on; the rest is read again from the store. */
const CACHE_CHARS = 64_000_000;
/** Back-pressure: no further work items begin while so many changes wait for the disk, so that a commit and the turn before it stay short. */
const FULL_GROUP = 100;
export interface DispatcherDeps {
  readonly store: DurableStore;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: DurableSettings;
  readonly newId: () => string;
  readonly faults?: Faults | undefined;
  /** Nothing runs but what ends an instance that is to be terminated. */
  readonly paused?: boolean | undefined;
}

/**
 * Decides what runs now: one work item at a time for an instance, a bounded number of instances and activities at a
 * time. Whatever it holds in memory is also in the store, so that a killed host loses nothing.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #timers: TimerQueue;
  readonly #ready = new Queue<Slot>();
  readonly #activities = new Queue<Activity>();
  /** Large instances that wait for more results. */
  readonly #gathering = new Set<Slot>();
  #workItems = 0;
  /** Of these, the ones whose function has ended. */
  #committing = 0;
  #runningActivities = 0;
  readonly #histories = new HistoryCache(CACHE_CHARS);
  readonly #orchestrations: OrchestrationWorker;
  readonly #entities: EntityWorker;
  readonly #activityWorker: ActivityWorker;
  #stopping = false;
  readonly #idle = new Set<() => void>();
  readonly #endings = new Endings();
  readonly #persist: Persist;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    const { clock, logger, store } = deps;
    const payloads = new PayloadWatch(logger);
    this.#persist = persistently({ store, logger, isStopping: () => this.#stopping });
    this.#orchestrations = new OrchestrationWorker(
      { ...deps, payloads, histories: this.#histories, now: () => clock.now() },
      {
        persist: this.#persist,
        committing: () => this.#leavePlace(),
        written: (decided, applied) => this.#written(decided, applied),
        committed: (decided, applied) => this.#goOn(decided, applied),
      },
    );
    const persist = (work: () => readonly Message[]) => this.#persistMessages(work);
    this.#entities = new EntityWorker(deps, { persist });
    this.#activityWorker = new ActivityWorker(
      { ...deps, payloads },
      { persist, isReady: (id) => this.#isReady(id), arrive: (message) => this.#arrive(message) },
    );
    this.#timers = new TimerQueue(clock, (message) => this.#arrive(message));
    store.transactions.onFlushed = () => this.#pump();
  }

  /** Takes up what the store holds. */
  start(): void {
    const [messages, activities] = [this.#deps.store.messages(), this.#deps.store.activities()];
    if (this.#deps.paused !== true) for (const activity of activities) this.#add(activity);
    for (const message of messages) this.deliver(message);
    this.#pump();
  }

  /** Lets work items and activities under way commit, but starts none; gives up after `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true;
    this.#timers.stop();
    for (const slot of this.#gathering) slot.gathering?.();
    this.#endings.giveUp();
    const until = Date.now() + patienceMs;
    while (this.#workItems + this.#runningActivities + this.#deps.store.transactions.pending > 0) {
      if (Date.now() >= until) {
        this.#deps.logger.warn("stopping although work is under way; it is repeated at the next start", {
          activities: this.#runningActivities,
          orchestrations: this.#workItems,
        });
        break;
      }
      await pause(1);
    }
    await this.#keepResults();
    this.#settleIdle();
  }

  /** Ends like a process that was killed: nothing more runs, nothing more is written or acknowledged. */
  crash(): void {
    this.#stopping = true;
    this.#timers.stop();
    for (const slot of this.#gathering) slot.gathering?.();
    this.#settleIdle();
  }

  /** Results that would have been committed with a work item that does not come any more. */
  async #keepResults(): Promise<void> {
    const { store } = this.#deps;
    for (const { inbox } of this.#slots.values())
      for (const { activityId, ...message } of inbox)
        if (activityId !== undefined)
          await this.#persist(
            () =>
              store.deleteActivity({ instanceId: message.instanceId, id: activityId }) &&
              store.addMessage(message),
          );
  }

  /** A committed message for an instance, now or when it is due. */
  deliver(message: Message): void {
    const { clock, faults } = this.#deps;
    if (message.due !== null && message.due > clock.now()) this.#timers.add(message, message.due);
    // What goes to an entity is sorted by its sender's order in Azure, so it cannot come late alone.
    else if (faults?.strikes("delay") === true && !isEntityId(message.instanceId))
      clock.after(faults.lateness(), () => this.#stopping || this.#arrive(message));
    else this.#arrive(message);
  }

  /** Forgets what memory holds of an instance that was purged or replaced. */
  reset(id: string): void {
    this.#timers.drop(id);
    this.#histories.delete(id);
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    slot.inbox = [];
    if (slot.outstanding > 0) this.#activities.remove(({ instanceId }) => instanceId === id);
    slot.outstanding = 0;
  }

  /** An instance that had not begun is over, in the store. */
  endedUnstarted(id: string): void {
    this.reset(id);
    this.#endings.tell(id, true);
  }

  busy(): boolean {
    return (
      !this.#stopping &&
      (this.#ready.length > 0 ||
        this.#workItems > 0 ||
        this.#gathering.size > 0 ||
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

  /** See `Endings.listen`. */
  whenEnded(id: string, callback: (ended: boolean) => void): () => void {
    return this.#endings.listen(id, callback);
  }

  #slot(id: string): Slot {
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = newSlot(id);
      this.#slots.set(id, slot);
    }
    return slot;
  }

  #arrive(message: Message): void {
    const slot = this.#slot(message.instanceId);
    slot.inbox.push(message);
    if (slot.queued && message.event.event.EventType === EventType.ExecutionTerminated) {
      this.#ready.remove((one) => one === slot);
      this.#ready.pushFirst(slot);
    }
    if (isResult(message.event.event.EventType)) slot.outstanding = Math.max(0, slot.outstanding - 1);
    this.#schedule(slot);
  }

  #schedule(slot: Slot): void {
    if (slot.running || slot.queued || slot.inbox.length === 0) return;
    if (this.#deps.paused === true && !isTerminated(slot)) return;
    const wait = gatheringMs(slot, this.#histories.get(slot.id)?.events.length ?? 0);
    if (wait > 0) {
      if (slot.gathering !== undefined) return;
      const timer = setTimeout(() => this.#enqueue(slot), wait);
      slot.gathering = () => clearTimeout(timer);
      this.#gathering.add(slot);
    } else this.#enqueue(slot);
    this.#pump();
  }

  #enqueue(slot: Slot): void {
    slot.gathering?.();
    slot.gathering = undefined;
    this.#gathering.delete(slot);
    slot.queued = true;
    // An end that is asked for does not wait behind what the app has made of work meanwhile.
    if (isTerminated(slot)) this.#ready.pushFirst(slot);
    else this.#ready.push(slot);
    this.#pump();
  }

  #add(activity: Activity): void {
    this.#slot(activity.instanceId).outstanding++;
    this.#activities.push(activity);
  }

  #pump(): void {
    const { maxActivities, maxOrchestrators } = this.#deps.settings;
    const { transactions } = this.#deps.store;
    while (
      !this.#stopping &&
      this.#workItems < maxOrchestrators + this.#committing &&
      transactions.queued < FULL_GROUP
    ) {
      const slot = this.#ready.shift();
      if (slot === undefined) break;
      slot.queued = false;
      slot.running = true;
      this.#workItems++;
      void this.#workItem(slot);
    }
    while (!this.#stopping && this.#runningActivities < maxActivities) {
      const activity = this.#activities.shift();
      if (activity === undefined) break;
      this.#runningActivities++;
      void this.#activity(activity);
    }
    this.#settleIdle();
  }

  async #workItem(slot: Slot): Promise<void> {
    const { logger, faults } = this.#deps;
    const arrived = slot.inbox;
    const messages = faults?.strikes("reorder") === true ? reordered(arrived, faults) : arrived;
    slot.inbox = [];
    let parked = false;
    try {
      if (faults?.survives() === false) return;
      if (isEntityId(slot.id)) await this.#entities.work(slot.id, messages);
      else parked = await this.#orchestrations.work(slot, messages);
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
      this.#workItems--;
      this.#pump();
    }
  }

  /** One that only waits for the disk leaves its place to others, and shares its next sync with them. */
  #leavePlace(): () => void {
    this.#committing++;
    this.#pump();
    return () => this.#committing--;
  }

  /** Right after the commit: memory follows, and other orchestrators that have something to do now; true with any. */
  #written({ instance, past, plan }: Decided, applied: Applied): boolean {
    const slot = this.#slot(instance.id);
    const { executionId } = instance;
    const ended = isTerminal(plan.change.status);
    if (ended || plan.change.executionId !== executionId) this.#timers.drop(slot.id, executionId);
    if (ended) this.#histories.delete(slot.id);
    else {
      const events = plan.kept === 0 ? plan.history : past.concat(plan.history);
      this.#histories.set({ ...instance, ...plan.change }, events, plan.history);
    }
    for (const { id } of applied.replaced) this.reset(id);
    slot.outstanding += plan.effects.starts.length;
    return this.#pass(applied.messages, true);
  }

  /** After the sync: effects (activities, sub-orchestrations), and callers that wait outside. */
  #goOn({ instance, plan }: Decided, applied: Applied): void {
    for (const { id, name, status } of applied.replaced)
      if (!isTerminal(status))
        this.#deps.logger.warn(
          `A sub-orchestration of '${instance.name}' (${instance.id}) took the place of instance '${id}' ('${name}'), ` +
            "which was running: its history is gone and nobody hears of its end, here and in Azure.",
        );
    for (const activity of applied.activities) this.#add(activity);
    this.#pass(applied.messages, false);
    if (isTerminal(plan.change.status)) this.#endings.tell(instance.id, true);
    this.#pump();
  }

  async #activity(activity: Activity): Promise<void> {
    await this.#activityWorker.work(activity);
    this.#runningActivities--;
    this.#pump();
  }

  /** True when a work item of the instance would begin right after one more result. */
  #isReady(id: string): boolean {
    const slot = this.#slot(id);
    if (this.#stopping || slot.running) return false;
    if (slot.queued) return true;
    const rest = { ...slot, outstanding: slot.outstanding - 1 };
    return gatheringMs(rest, this.#histories.get(id)?.events.length ?? 0, 1) === 0;
  }

  /** Commits messages and passes them on: to orchestrators at once, to entities when they are on the disk. */
  #persistMessages(work: () => readonly Message[]): Promise<void> {
    return this.#persist(
      work,
      (messages) => this.#pass(messages, false),
      (messages) => this.#pass(messages, true),
    );
  }

  /** Delivers those that are effectless, or those that are not; true when there was one. */
  #pass(messages: readonly Message[], effectless: boolean): boolean {
    const passed = messages.filter((message) => isEffectless(message) === effectless);
    for (const message of passed) this.deliver(message);
    return passed.length > 0;
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

const isTerminated = ({ inbox }: Slot): boolean =>
  inbox.some(({ event }) => event.event.EventType === EventType.ExecutionTerminated);

/**
 * Orchestrators only decide, so that a run of one may be lost with what caused it as if it had never been. An
 * entity's operations are anybody's code.
 */
const isEffectless = ({ instanceId }: Message): boolean => !isEntityId(instanceId);
