import type { Logger } from "../../../kernel/logger.ts";
import { Status, type StoredEvent } from "../history/history.ts";
import type { HistoryCache } from "../store/history-cache.ts";
import type { DurableStore, Instance, Message } from "../store/store.ts";
import { type Applied, applyPlan } from "./apply-plan.ts";
import type { WorkItemDeps } from "./generation.ts";
import type { PayloadWatch } from "./payloads.ts";
import type { Persist } from "./retry-commit.ts";
import { SaidOnce } from "./said-once.ts";
import type { Slot } from "./slot.ts";
import { type Plan, runWorkItem } from "./work-item.ts";

interface OrchestrationDeps extends WorkItemDeps {
  readonly store: DurableStore;
  readonly logger: Logger;
  readonly histories: HistoryCache;
  readonly payloads: PayloadWatch;
}

/** A work item's plan with what it was made from. */
export interface Decided {
  readonly instance: Instance;
  readonly past: readonly StoredEvent[];
  readonly plan: Plan;
}

/** How the dispatcher commits work items and passes on what comes of them. */
interface Ways {
  readonly persist: Persist;
  /** The function has ended and its commit is under way; returns what to call when that is over. */
  readonly committing: () => () => void;
  /** In the store, before the sync; true when it set something going. */
  readonly written: (decided: Decided, applied: Applied) => boolean;
  /** After the sync. Neither is called when the instance is no longer what the plan was made from. */
  readonly committed: (decided: Decided, applied: Applied) => void;
}

/** Runs work items of orchestrations and commits what they decide, one of an instance at a time. */
export class OrchestrationWorker {
  readonly #deps: OrchestrationDeps;
  readonly #ways: Ways;
  readonly #notes: SaidOnce;

  constructor(deps: OrchestrationDeps, ways: Ways) {
    this.#deps = deps;
    this.#ways = ways;
    this.#notes = new SaidOnce(deps.logger);
  }

  /** True when the messages have to wait: for a host of the instance's version, or for its start. */
  async work(slot: Slot, messages: readonly Message[]): Promise<boolean> {
    const { store, faults, histories } = this.#deps;
    const known = histories.get(slot.id);
    const instance = known?.instance ?? store.instance(slot.id);
    if (instance !== undefined) {
      const past = known?.events ?? store.history(slot.id);
      const begun = performance.now();
      const outcome = await runWorkItem(this.#deps, instance, past, messages);
      slot.lastMs = performance.now() - begun;
      if (faults?.survives() === false) return false;
      if (outcome.kind === "waits") {
        if (outcome.for === "version") this.#tellWaiting(instance);
        return true;
      }
      if (outcome.kind === "plan") {
        await this.#commit({ instance, past, plan: outcome.plan });
        return false;
      }
    }
    await this.#ways.persist(() => store.consume(messages));
    return false;
  }

  async #commit(decided: Decided): Promise<void> {
    const { store, payloads, logger } = this.#deps;
    const { instance, past, plan } = decided;
    payloads.look(`The output of orchestrator '${instance.name}'`, plan.change.output);
    for (const note of plan.notes) this.#notes.say(note);
    if (plan.change.status === Status.Failed)
      logger.warn("an orchestration failed", {
        orchestrator: instance.name,
        instance: instance.id,
        error: (plan.change.output ?? "").slice(0, 500),
      });
    const over = this.#ways.committing();
    try {
      await this.#ways.persist(
        () => applyPlan(store, instance, past.length, plan),
        (applied) => applied && this.#ways.committed(decided, applied),
        (applied) => applied !== undefined && this.#ways.written(decided, applied),
      );
    } finally {
      over();
    }
  }

  #tellWaiting({ id: instance, name: orchestrator, version }: Instance): void {
    const why = "host.json's versionMatchStrategy leaves its version to another host";
    this.#deps.logger.error(`an orchestration waits: ${why}`, { orchestrator, version, instance });
  }
}
