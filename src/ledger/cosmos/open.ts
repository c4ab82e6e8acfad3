import type { Clock } from "../../kernel/clock.ts";
import { messageOf, unavailable } from "../../kernel/errors.ts";
import { type Logger, silentLogger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import type {
  LedgerDocument,
  NotifyingLedger,
  PartitionKey,
  PatchOperation,
  TriggeredLedger,
} from "../ledger.ts";
import { checkId, checkPartitionKey, checkPatch, definitionOf } from "../limits.ts";
import { createAttempts } from "./attempts.ts";
import { createBulk } from "./bulk.ts";
import { type Connection, type CosmosSettings, connect, type SignIn } from "./client.ts";
import { createPlaces } from "./containers.ts";
import { TRIGGER_LEASES } from "./definitions.ts";
import { createReads } from "./reads.ts";
import { readTriggerPosition } from "./trigger-leases.ts";
import { fromWire } from "./wire.ts";
import { createWrites } from "./writes.ts";

export interface CosmosLedgerOptions {
  readonly settings: CosmosSettings;
  /** For waits between sends; `_ts` and expiry are the service's. */
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  /** How the ledger shows who it is, in place of what the settings say. */
  readonly signIn?: SignIn | undefined;
}

const address = (c: ContainerKey, pk: PartitionKey, id: string) => {
  checkPartitionKey(c, pk);
  checkId(id);
};

/** The ledger in Cosmos DB for NoSQL. Nothing is asked of the account before the first operation. */
export function openCosmosLedger({
  settings,
  clock,
  logger = silentLogger,
  signIn,
}: CosmosLedgerOptions): NotifyingLedger & TriggeredLedger {
  const closing = new AbortController();
  const attempts = createAttempts({
    clock,
    logger,
    timeoutSeconds: settings.ledgerTimeoutSeconds,
    closing: closing.signal,
  });
  let open = true;
  let opened: Promise<Connection> | undefined;
  const connection = () => {
    if (!open) throw unavailable("ledger_closed", "The ledger is closed.");
    opened ??= connect(settings, signIn);
    return opened;
  };
  const places = createPlaces(connection, settings, attempts);
  const placeOf = async (c: ContainerKey) => {
    await connection();
    return places(c);
  };
  const reads = createReads(placeOf, attempts, logger);
  const writes = createWrites(placeOf, attempts, reads);
  const bulk = createBulk(placeOf, writes);

  const listeners = new Map<ContainerKey, Set<() => void>>();

  /** Passes a write's answer on, and notifies listeners of the change feed. */
  async function noted<T>(c: ContainerKey, write: Promise<T>): Promise<T> {
    const answer = await write;
    for (const listener of Array.from(listeners.get(c) ?? []))
      try {
        listener();
      } catch (thrown) {
        logger.error("a listener of the ledger failed", { container: c, reason: messageOf(thrown) });
      }
    return answer;
  }

  return {
    async read<T extends LedgerDocument>(c: ContainerKey, pk: PartitionKey, id: string) {
      address(c, pk, id);
      const place = await placeOf(c);
      const found = await reads.readRaw(place, pk, id);
      return found === undefined ? undefined : fromWire<T>(place, found);
    },
    create: (c, document) => noted(c, writes.put(c, "create", document)),
    upsert: (c, document, options) => noted(c, writes.put(c, "upsert", document, options?.ifMatch)),
    replace: (c, document, options) => noted(c, writes.put(c, "replace", document, options?.ifMatch)),
    async patch(c, pk, id, operations, options) {
      address(c, pk, id);
      checkPatch(c, operations);
      const copy = JSON.parse(JSON.stringify(operations)) as PatchOperation[]; // the caller may change his
      return noted(c, writes.patch(c, pk, id, copy, options?.ifMatch));
    },
    async delete(c, pk, id, options) {
      address(c, pk, id);
      await noted(c, writes.remove(c, pk, id, options?.ifMatch));
    },
    batch: (c, pk, operations) => noted(c, writes.batch(c, pk, operations)),
    bulk: (c, op, documents) => noted(c, bulk(c, op, documents)),
    query: reads.query,
    count: reads.count,
    changes: reads.changes,
    pending: reads.pending,
    feedEnd: reads.feedEnd,
    hasPassed: reads.hasPassed,
    async triggerPosition(c, leasePrefix) {
      const account = await connection();
      const leases = () => account.client.database(settings.cosmosDatabaseName).container(TRIGGER_LEASES);
      return readTriggerPosition(leases, await placeOf(c), leasePrefix, attempts);
    },
    async ping() {
      const account = await connection();
      await attempts({
        name: "ping",
        what: `the database "${settings.cosmosDatabaseName}"`,
        send: () => account.client.database(settings.cosmosDatabaseName).read(),
      });
    },
    async close() {
      if (!open) return;
      open = false;
      closing.abort();
      listeners.clear();
      (await opened?.catch(() => undefined))?.close();
    },
    onChange(c, listener) {
      definitionOf(c);
      const set = listeners.get(c) ?? new Set();
      listeners.set(c, set.add(listener));
      return () => set.delete(listener);
    },
  };
}
