import {
  type ErrorFacts,
  type ErrorKind,
  fatal,
  isLightningError,
  LightningError,
  messageOf,
  unavailable,
} from "../../kernel/errors.ts";

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const CODE = {
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
};

/** The primary result code of an error of node:sqlite, or undefined for any other. */
function sqliteCode(thrown: unknown): number | undefined {
  const errcode = (thrown as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

export const isBusy = (thrown: unknown) => {
  const code = sqliteCode(thrown);
  return code === CODE.BUSY || code === CODE.LOCKED;
};

export const isNoDatabase = (thrown: unknown) => sqliteCode(thrown) === CODE.NOTADB;

/** Whether an error is about the store and not about the one operation that met it. */
export function isStoreFault(thrown: unknown): boolean {
  const code = sqliteCode(thrown);
  return code !== undefined && Object.values(CODE).includes(code);
}

/**
 * An error of node:sqlite in the ledger's terms; ours pass through. `ambiguous`: the write may have been applied.
 */
export function toLedgerError(
  thrown: unknown,
  {
    ambiguous = false,
    file = "The ledger's file",
  }: { readonly ambiguous?: boolean; readonly file?: string } = {},
): LightningError {
  if (isLightningError(thrown)) return thrown;
  const facts = { cause: thrown, ambiguous };
  const code = sqliteCode(thrown);
  if (code === CODE.BUSY || code === CODE.LOCKED)
    return unavailable("ledger_busy", "Another process is writing to the ledger.", {
      ...facts,
      retryAfterMs: 200,
    });
  if (code === CODE.FULL)
    return unavailable("ledger_disk_full", "The disk that holds the ledger is full.", {
      ...facts,
      retryAfterMs: 5_000,
      remedy: "Free some space, then try again.",
    });
  if (code === CODE.READONLY)
    return unavailable("ledger_read_only", `${file} cannot be written to.`, {
      ...facts,
      retryAfterMs: 5_000,
      remedy: "Check the permissions of the file and its folder.",
    });
  if (code === CODE.CORRUPT || code === CODE.NOTADB)
    return fatal("ledger_damaged", `${file} is damaged: ${messageOf(thrown)}.`, {
      ...facts,
      remedy: "Restore it from a backup (docs/local-host.md), or move it away to start an empty ledger.",
    });
  if (isStoreFault(thrown))
    return unavailable("ledger_io_error", `${file} cannot be used: ${messageOf(thrown)}.`, {
      ...facts,
      retryAfterMs: 1_000,
    });
  return fatal("ledger_fault", `The ledger met an unforeseen fault: ${messageOf(thrown)}`, facts);
}

/** An error as data: its own members do not cross threads. */
export interface FlatError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly facts: ErrorFacts;
}

export function flat(error: LightningError): FlatError {
  const { kind, code, message, field, remedy, details, retryAfterMs, ambiguous } = error;
  return { kind, code, message, facts: { field, remedy, details, retryAfterMs, ambiguous } };
}

export const fromFlat = ({ kind, code, message, facts }: FlatError): LightningError =>
  new LightningError(kind, code, message, facts);
