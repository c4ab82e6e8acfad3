import { randomBytes } from "node:crypto";
import { type Clock, toIso } from "../kernel/clock.ts";
import { fatal, isKind } from "../kernel/errors.ts";
import type { Ledger, LedgerDocument } from "./ledger.ts";
import { unlessKind } from "./races.ts";

interface KeyDocument extends LedgerDocument {
  readonly agent_id: typeof OWNER;
  readonly type: "signing_key";
  readonly key: string;
  readonly created_at: string;
}

export interface SigningKey {
  /** The key, once it is stored: what it signs can be checked later, by every instance. */
  readonly stored: () => Promise<string>;
  /**
   * The same, but while no write is possible one that this process alone has: a list can then be paged through here, and
   * no read fails for want of a write. It is what will be stored.
   */
  readonly atHand: () => Promise<string>;
}

/** The partition of the key in `leases`, which no door shows. */
const OWNER = "signing";
const ID = "continuations";

/**
 * The key that continuations are signed with: a document of the ledger, created once, by the first instance that needs it. So every
 * instance has the same one without a secret among the settings; and who can read it there can read all
 * that a continuation leads to anyway. Asked for once a process; deleted, a new one is made at the next start.
 */
export function createSigningKey(ledger: Ledger, clock: Clock): SigningKey {
  const find = async () => (await ledger.read<KeyDocument>("leases", [OWNER], ID))?.key;

  const key = randomBytes(32).toString("base64url");
  /** Seen not to be there: only then is ours the one that will be stored. */
  let isMissing = false;
  async function findOrMake(): Promise<string> {
    const known = await find();
    isMissing = known === undefined;
    if (known !== undefined) return known;
    const created_at = toIso(clock.now());
    const document: KeyDocument = { id: ID, agent_id: OWNER, type: "signing_key", key, created_at };
    if (await unlessKind(ledger.create("leases", document), "conflict")) return key;
    const theirs = await find();
    if (theirs === undefined)
      throw fatal("signing_key_lost", "The key of the continuations was just deleted.");
    return theirs;
  }

  let asked: Promise<string> | undefined;
  const stored = () => {
    if (asked === undefined) {
      asked = findOrMake();
      asked.catch(() => {
        asked = undefined;
      });
    }
    return asked;
  };
  return {
    stored,
    atHand: () =>
      stored().catch((thrown: unknown) => {
        if (isMissing && isKind(thrown, "unavailable")) return key;
        throw thrown;
      }),
  };
}
