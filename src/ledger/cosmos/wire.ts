import { randomUUID } from "node:crypto";
import type { LedgerDocument, Stored } from "../ledger.ts";
import type { PreparedDocument } from "../limits.ts";
import { checkAlias, type Place } from "./containers.ts";

/** Marks the write that made a version, so that a write whose answer was lost can be known again. Never shown. */
export const MARK = "_op";
export const newMark = (): string => randomUUID();

/** Members that only the service or this adapter sets. */
const HIDDEN = new Set([MARK, "_rid", "_self", "_attachments", "_lsn"]);

export type Wire = Record<string, unknown> & { id: string };

/** A prepared document as it is sent. */
export function toWire(place: Place, document: PreparedDocument, mark: string): Wire {
  const body = JSON.parse(document.json) as Wire;
  checkAlias(place, body, document.pk[0]);
  if (place.alias !== undefined) body[place.alias] = document.pk[0];
  body[MARK] = mark;
  return body;
}

/** A document of the service as the port promises it; `select`: only these members besides the ledger's own. */
export function fromWire<T extends LedgerDocument>(
  place: Place,
  body: Record<string, unknown>,
  select?: readonly string[],
): Stored<T> {
  const kept = Object.entries(body).filter(
    ([name]) =>
      !HIDDEN.has(name) &&
      name !== place.alias &&
      (select === undefined || name === "id" || name === "_etag" || name === "_ts" || select.includes(name)),
  );
  return Object.fromEntries(kept) as unknown as Stored<T>;
}
