import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll } from "@jest/globals";

/** A folder of one test file, removed at its end; gives paths of new ledger files in it. */
export function temporaryFiles(): () => string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "ledger-"));
  let count = 0;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => path.join(folder, `store-${++count}`, "ledger.db");
}
