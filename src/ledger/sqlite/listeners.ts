import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import { definitionOf } from "../limits.ts";

/** Who wants to hear that a container changed. A listener that throws is logged and keeps nobody else from hearing. */
export function createListeners(logger: Pick<Logger, "error">) {
  const listeners = new Map<ContainerKey, Set<() => void>>();
  return {
    /** Returns what ends it. */
    add(c: ContainerKey, listener: () => void) {
      definitionOf(c);
      const set = listeners.get(c) ?? new Set();
      listeners.set(c, set.add(listener));
      return () => set.delete(listener);
    },
    tell(touched: ReadonlySet<ContainerKey>): void {
      for (const c of touched)
        for (const listener of Array.from(listeners.get(c) ?? []))
          try {
            listener();
          } catch (thrown) {
            logger.error("a listener of the ledger failed", { container: c, reason: messageOf(thrown) });
          }
    },
    clear: () => listeners.clear(),
  };
}
