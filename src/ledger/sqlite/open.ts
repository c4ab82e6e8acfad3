import type { Clock } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import { ledgerOn, type SqliteLedger } from "./ledger.ts";
import { openStoreFile } from "./store-file.ts";
import type { ThreadUse } from "./writer.ts";

export type { SqliteLedger };

export interface SqliteLedgerOptions {
  /** The ledger's file, on a local disk (its locks don't hold on NFS), or `:memory:`. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  /** `busy`: bursts are committed on a thread of their own, for a process that answers requests meanwhile. */
  readonly writesOnThread?: ThreadUse | undefined;
}

/**
 * The embedded ledger on node:sqlite.
 * @throws LightningError fatal `ledger_foreign_file`, `ledger_too_new`, `ledger_damaged`, `ledger_fault`; unavailable
 */
export function openSqliteLedger({ file, ...options }: SqliteLedgerOptions): SqliteLedger {
  return ledgerOn(openStoreFile(file), options);
}
