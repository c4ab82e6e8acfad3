import type { Clock } from "../../../kernel/clock.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/logger.ts";
import type { Faults } from "../../faults.ts";
import { store as encoded, type StoredEvent } from "../history/history.ts";
import type { FunctionInvoker } from "../port.ts";
import type { Activity, DurableStore, Message } from "../store/store.ts";
import type { PayloadWatch } from "./payloads.ts";
import { runActivity } from "./run-activity.ts";

interface ActivityDeps {
  readonly store: DurableStore;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults?: Faults | undefined;
  readonly payloads: PayloadWatch;
}

/** How the dispatcher takes results. */
interface Ways {
  /** True when a work item of the instance would begin right after one more result. */
  readonly isReady: (instanceId: string) => boolean;
  readonly arrive: (message: Message) => void;
  readonly persist: (work: () => readonly Message[]) => Promise<void>;
}

/** Runs activities and brings their results to their instances. */
export class ActivityWorker {
  readonly #deps: ActivityDeps;
  readonly #ways: Ways;

  constructor(deps: ActivityDeps, ways: Ways) {
    this.#deps = deps;
    this.#ways = ways;
  }

  /** Never throws: an activity whose result could not be kept is still in the store. */
  async work(activity: Activity): Promise<void> {
    const { faults, logger, payloads } = this.#deps;
    payloads.look(`The input of activity '${activity.name}'`, activity.input);
    try {
      if (faults?.survives() === false) return;
      let event = await this.#run(activity);
      payloads.look(`The result of activity '${activity.name}'`, event.text);
      if (faults?.strikes("drop") === true) event = await this.#run(activity);
      const copy = faults?.strikes("duplicate") === true ? await this.#run(activity) : undefined;
      if (faults?.survives() === false) return;
      await this.#deliver(activity, event, copy);
    } catch (error) {
      logger.error("an activity's result could not be kept; it runs again at the next start", {
        activity: activity.name,
        instance: activity.instanceId,
        error: messageOf(error),
      });
    }
  }

  async #run(activity: Activity): Promise<StoredEvent> {
    return encoded(await runActivity(this.#deps, activity));
  }

  async #deliver(activity: Activity, event: StoredEvent, copy: StoredEvent | undefined): Promise<void> {
    const { store, faults } = this.#deps;
    const { id: activityId, instanceId, executionId } = activity;
    const message = (one: StoredEvent) => ({ instanceId, executionId, due: null, event: one });
    // A result whose instance can go on at once is committed with what comes of it: one sync in place of two.
    if (copy === undefined && this.#ways.isReady(instanceId) && faults?.strikes("delay") !== true) {
      this.#ways.arrive({ id: 0, activityId, ...message(event) });
      return;
    }
    await this.#ways.persist(() => {
      if (!store.deleteActivity(activity)) return [];
      return (copy === undefined ? [event] : [event, copy]).map((one) => store.addMessage(message(one)));
    });
  }
}
