import { fatal, messageOf } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import { tableOf } from "./schema.ts";
import type { Prepare } from "./statements.ts";

/** Damaged documents that are named in one error. */
const NAMED = 3;

/** Text that is no JSON, as JavaScript and SQLite call it. */
const isNoJson = (thrown: unknown): boolean =>
  thrown instanceof SyntaxError || /malformed JSON/i.test(messageOf(thrown));

/**
 * An error that says which documents of a container are no JSON any more, where such a one ended a read; the error itself
 * otherwise. The search reads the whole table; it is asked for when a read has failed already.
 */
export function damageFinder(prepare: Prepare): (c: ContainerKey, thrown: unknown) => unknown {
  function find(c: ContainerKey): string[] {
    const sql = `SELECT pk1, id FROM ${tableOf(c)} WHERE NOT json_valid(doc) LIMIT ${NAMED + 1}`;
    return prepare(sql)
      .all()
      .map(({ pk1, id }) => `"${String(id)}" of "${String(pk1)}"`);
  }

  return (c, thrown) => {
    if (!isNoJson(thrown)) return thrown;
    const found = find(c);
    if (found.length === 0) return thrown;
    const names = `${found.slice(0, NAMED).join(", ")}${found.length > NAMED ? " and more" : ""}`;
    return fatal(
      "ledger_document_damaged",
      `In the container "${c}" the ledger holds damaged documents: ${names}.`,
      {
        cause: thrown,
        details: { container: c, documents: found.slice(0, NAMED) },
        remedy: "Restore the ledger from a backup (docs/local-host.md), which was made before the damage.",
      },
    );
  };
}
