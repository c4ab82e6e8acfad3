import { LightningError } from "../../../kernel/errors.ts";
import { isEntityId } from "../entity.ts";
import { isTerminal, statusName } from "../history/history.ts";
import type { InstanceFilter } from "../store/listing.ts";
import type { ClientDeps } from "./deps.ts";

/** Most instances one purge by filter takes at a time. */
const PURGE_PAGE = 500;

/** Removes instances with their history, and entities with their state. */
export function createPurges({
  store,
  dispatcher,
  logger,
}: Pick<ClientDeps, "store" | "dispatcher" | "logger">) {
  return {
    /**
     * An orchestration that is over, or an entity at any time; false when there is none.
     * @throws LightningError `precondition` while the orchestration is running.
     */
    purge: (id: string): Promise<boolean> =>
      store.write(
        () => {
          const { status } = store.instance(id) ?? {};
          if (status !== undefined && !isTerminal(status))
            throw new LightningError(
              "precondition",
              "instance_running",
              "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID " +
                `${id} has status ${statusName(status)}`,
            );
          return store.forget(id);
        },
        (purged) => purged && dispatcher.reset(id),
      ),

    /**
     * Purges what matches; returns how many. Of the statuses in the filter only those count that never change any more,
     * as in DurableTask.AzureStorage 2.11.2: a filter that is left with none takes everything, what is running too.
     */
    purgeBy: async (filter: InstanceFilter): Promise<number> => {
      const over = filter.statuses?.filter(isTerminal) ?? [];
      const taken = { ...filter, statuses: over.length === 0 ? undefined : over };
      let [deleted, running] = [0, 0];
      for (let after = "", more = true; more; ) {
        const page = store.list(taken, after, PURGE_PAGE);
        after = page.at(-1)?.id ?? after;
        more = page.length === PURGE_PAGE;
        const gone = await store.write(
          () => page.filter(({ id }) => store.forget(id)),
          (purged) => {
            for (const { id } of purged) dispatcher.reset(id);
          },
        );
        deleted += gone.length;
        running += gone.filter(({ id, status }) => !isTerminal(status) && !isEntityId(id)).length;
      }
      if (running > 0) logger.warn(TOOK_RUNNING, { orchestrations: running });
      return deleted;
    },
  };
}

const TOOK_RUNNING =
  "A purge without a status that is final (Completed, Failed, Terminated, Canceled) took orchestrations that were " +
  "running, as it does in Azure. Name the statuses that you mean.";
