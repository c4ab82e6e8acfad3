import { isLightningError } from "../kernel/errors.ts";
import type { ContainerKey } from "./containers.ts";
import { createFeedPositions, type FeedPositions } from "./feed-progress.ts";
import type { NotifyingLedger, TextPage } from "./ledger.ts";

/**
 * The ledger's change feeds as the local host asks for them: by the container's name in the database. The shape is
 * that of `local-host/change-feed/change-source.ts`, which must not know the ledger.
 */
export function ledgerChangeSource(
  ledger: NotifyingLedger,
  names: Record<ContainerKey, string>,
  positions: FeedPositions = createFeedPositions(),
) {
  const keys = new Map(Object.entries(names).map(([key, name]) => [name, key as ContainerKey]));
  const keyOf = (container: string): ContainerKey => {
    const key = keys.get(container);
    if (key === undefined) throw new Error(`The ledger has no container named "${container}".`);
    return key;
  };

  async function pageOf(
    c: ContainerKey,
    options: Parameters<NotifyingLedger["changes"]>[1],
  ): Promise<TextPage> {
    if (ledger.changesAsText !== undefined) return ledger.changesAsText(c, options);
    const { items, ...place } = await ledger.changes(c, options);
    return { count: items.length, json: JSON.stringify(items), ...place };
  }

  return {
    has: (container: string) => keys.has(container),
    /**
     * A page of changed documents after a continuation. One of another store (the ledger's file was replaced or
     * restored, the host's checkpoint was not) starts the feed again: delivery is at least once, never at most once.
     */
    async page(container: string, after: string | undefined, limit: number): Promise<TextPage> {
      const c = keyOf(container);
      return pageOf(c, { after, limit }).catch((thrown: unknown) => {
        if (after !== undefined && isLightningError(thrown) && thrown.code === "bad_continuation")
          return pageOf(c, { limit });
        throw thrown;
      });
    },
    /** The host's consumer of this container is done with everything up to this place. */
    handled(container: string, position: string | undefined): void {
      positions.note(keyOf(container), position);
    },
    /** Calls back after this process wrote to the container; another process's writes are seen by polling only. */
    subscribe: (container: string, listener: () => void) => ledger.onChange(keyOf(container), listener),
  };
}
