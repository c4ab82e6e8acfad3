import { randomBytes } from "node:crypto";
import { type Clock, toIso } from "../kernel/clock.ts";
import { fatal } from "../kernel/errors.ts";
import type { Ledger, LedgerDocument } from "./ledger.ts";
import { unlessKind } from "./races.ts";

interface KeyDocument extends LedgerDocument {
  readonly agent_id: typeof OWNER;
  readonly type: "signing_key";
  readonly key: string;
  readonly created_at: string;
}

/** The partition of the key in `leases`, which no door shows. */
const OWNER = "signing";
const ID = "continuations";

/**
 * The key that continuations are signed with: a document of the ledger, created once, by the first instance that needs it. So every
 * instance has the same one without a secret among the settings; and who can read it there can read all
 * that a continuation leads to anyway. Asked for once a process; deleted, a new one is made at the next start.
 */
export function createSigningKey(ledger: Ledger, clock: Clock): () => Promise<string> {
  const find = async () => (await ledger.read<KeyDocument>("leases", [OWNER], ID))?.key;

  async function findOrMake(): Promise<string> {
    const known = await find();
    if (known !== undefined) return known;
    const key = randomBytes(32).toString("base64url");
    const created_at = toIso(clock.now());
    const document: KeyDocument = { id: ID, agent_id: OWNER, type: "signing_key", key, created_at };
    if (await unlessKind(ledger.create("leases", document), "conflict")) return key;
    const theirs = await find();
    if (theirs === undefined)
      throw fatal("signing_key_lost", "The key of the continuations was just deleted.");
    return theirs;
  }

  let asked: Promise<string> | undefined;
  return () => {
    if (asked === undefined) {
      asked = findOrMake();
      asked.catch(() => {
        asked = undefined;
      });
    }
    return asked;
  };
}
