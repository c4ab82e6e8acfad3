import { LightningError } from "../../../kernel/errors.ts";
import { isTerminal, statusName } from "../history/history.ts";
import type { InstanceFilter } from "../store/store.ts";
import type { ClientDeps } from "./deps.ts";

/** Most instances one purge by filter takes at a time. */
const PURGE_PAGE = 500;

/** Removes what is over, with its history. */
export function createPurges({ store, dispatcher }: Pick<ClientDeps, "store" | "dispatcher">) {
  return {
    /** @throws LightningError `precondition` while the instance is running. */
    purge: (id: string): Promise<boolean> =>
      store.write(
        () => {
          const instance = store.instance(id);
          if (instance === undefined) return false;
          if (!isTerminal(instance.status))
            throw new LightningError(
              "precondition",
              "instance_running",
              "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID " +
                `${id} has status ${statusName(instance.status)}`,
            );
          return store.forget(id);
        },
        (purged) => purged && dispatcher.reset(id),
      ),

    /** Purges what is over and matches; returns how many. */
    purgeBy: async (filter: InstanceFilter): Promise<number> => {
      let deleted = 0;
      for (let after = 0, more = true; more; ) {
        const page = store.list(filter, after, PURGE_PAGE);
        after = page.at(-1)?.seq ?? after;
        more = page.length === PURGE_PAGE;
        const gone = await store.write(
          () => page.filter(({ id, status }) => isTerminal(status) && store.forget(id)),
          (purged) => {
            for (const { id } of purged) dispatcher.reset(id);
          },
        );
        deleted += gone.length;
      }
      return deleted;
    },
  };
}
