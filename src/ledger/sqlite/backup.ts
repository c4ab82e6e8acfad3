import { existsSync } from "node:fs";
import { link, open, rm, stat } from "node:fs/promises";
import path from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { conflict, notFound } from "../../kernel/errors.ts";
import { closedFile } from "../../kernel/private-files.ts";
import { toLedgerError } from "./errors.ts";

/** All pages in one step, inside one read transaction: a copy page by page begins anew at each write of another process. */
const ALL_PAGES = 2 ** 30;

/**
 * Writes a whole, consistent copy of the embedded ledger to a new file while others write to it, with what still stands
 * in its log. The copy appears under its name only when it is whole and on the disk.
 * @returns the copy's bytes
 * @throws LightningError not_found `ledger_missing`, conflict `backup_exists`, fatal `ledger_damaged`, unavailable
 */
export async function backUpLedger(from: string, to: string): Promise<number> {
  if (!existsSync(from))
    throw notFound("ledger_missing", `There is no embedded ledger at ${from}.`, {
      remedy: "Name its home by LIGHTNING_HOME.",
    });
  if (existsSync(to)) throw exists(to);
  const partial = path.join(path.dirname(to), `.${path.basename(to)}.${process.pid}.partial`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(from, { readOnly: true });
    closedFile(partial);
    await backup(db, partial, { rate: ALL_PAGES });
    await sync(partial);
    // A second name, and not a new one for the first: never over a file that came meanwhile.
    await link(partial, to);
    return (await stat(to)).size;
  } catch (thrown) {
    throw (thrown as NodeJS.ErrnoException).code === "EEXIST"
      ? exists(to)
      : toLedgerError(thrown, { file: from });
  } finally {
    db?.close();
    await rm(partial, { force: true });
  }
}

const exists = (file: string) =>
  conflict("backup_exists", `${file} is there already; it was left as it is.`, {
    field: "file",
    remedy: "Name a new file for each backup.",
  });

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
