import type { Clock } from "../../../kernel/clock.ts";
import type { Logger } from "../../../kernel/logger.ts";
import type { EntityRequest } from "../entity-request.ts";
import { EventType, isTerminal } from "../history/history.ts";
import type { FunctionInvoker } from "../port.ts";
import type { DurableStore, Message } from "../store/store.ts";
import { runEntity } from "./run-entity.ts";

interface EntityDeps {
  readonly store: DurableStore;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/** How the dispatcher commits and passes messages on. */
interface Ways {
  readonly persist: (work: () => readonly Message[]) => Promise<void>;
}

/** Runs entities' batches and commits what they change, one batch of an entity at a time. */
export class EntityWorker {
  readonly #deps: EntityDeps;
  readonly #ways: Ways;

  constructor(deps: EntityDeps, ways: Ways) {
    this.#deps = deps;
    this.#ways = ways;
  }

  async work(id: string, messages: readonly Message[]): Promise<void> {
    const { store, invoker, clock, logger, newId } = this.#deps;
    const requests = messages.flatMap(({ event: { event } }) =>
      event.EventType === EventType.EventRaised ? [JSON.parse(event.Input ?? "{}") as EntityRequest] : [],
    );
    const plan = await runEntity(
      { invoker, now: () => clock.now(), newId, isAlive: (one) => this.#isAlive(one) },
      store.entity(id),
      requests,
    );
    if (plan.fault !== undefined)
      logger.error("an entity's operations failed", { entity: id, error: plan.fault });
    for (const warning of plan.warnings) logger.warn(warning);
    await this.#ways.persist(() => {
      store.consume(messages);
      store.putEntity({ id, ...plan.entity });
      return plan.messages.map((message) => store.addMessage(message));
    });
  }

  #isAlive(instanceId: string): boolean {
    const instance = this.#deps.store.instance(instanceId);
    return instance !== undefined && !isTerminal(instance.status);
  }
}
