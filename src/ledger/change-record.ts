import { isLightningError } from "../kernel/errors.ts";
import type { ContainerKey } from "./containers.ts";
import { bare, type Ledger, type LedgerDocument } from "./ledger.ts";

/** Optimistic-lock conflicts in a row before the caller gets the error; each one means that another writer's change got through. */
const ATTEMPTS = 8;

/**
 * Reads a record, changes it and writes it back under if-match, retried when another writer was faster. `change` answers
 * undefined to leave it as it is. Undefined when there is no such record.
 */
export async function changeRecord<
  T extends LedgerDocument & { readonly type: string; readonly agent_id: string },
>(
  ledger: Ledger,
  container: ContainerKey,
  key: { readonly type: T["type"]; readonly agent_id: string; readonly id: string },
  change: (record: T) => T | undefined,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    const stored = await ledger.read<T>(container, [key.agent_id], key.id);
    if (stored?.type !== key.type) return undefined;
    const record = bare(stored) as unknown as T;
    const changed = change(record);
    if (changed === undefined) return record;
    try {
      await ledger.replace(container, changed, { ifMatch: stored._etag });
      return changed;
    } catch (thrown) {
      if (!isLightningError(thrown) || thrown.kind !== "precondition" || attempt >= ATTEMPTS) throw thrown;
    }
  }
}
