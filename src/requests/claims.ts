import { randomUUID } from "node:crypto";
import type { Reply } from "../doors/operation.ts";
import { sleep, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { bare, type Stored } from "../ledger/ledger.ts";
import { createOnce, unlessKind } from "../ledger/races.ts";
import { KEPT_DAYS, LEASE_MS, PATIENCE_MS, type RequestRecord } from "./contract.ts";
import { type Held, hold, type RequestDeps } from "./held.ts";
import { keptReply } from "./replies.ts";

/** What is asked, and under which key. */
export interface Asked {
  readonly agentId: string;
  /** The record's id, made of operation, person and key. */
  readonly id: string;
  readonly operation: string;
  readonly by: string | undefined;
  readonly input_sha256: string;
  /** What earlier versions kept in its place. */
  readonly plainSha256?: () => string;
  readonly isKeptForEver: boolean;
}

/** @throws conflict `idempotency_conflict` when the key stands for something else */
export function demandSameInput(asked: Asked, input_sha256: string): void {
  if (asked.input_sha256 === input_sha256 || asked.plainSha256?.() === input_sha256) return;
  throw conflict(
    "idempotency_conflict",
    `This Idempotency-Key was used for ${asked.operation} with other input.`,
    { remedy: "Use a new key for a new request.", details: { operation: asked.operation } },
  );
}

/**
 * Claims a request for this process, or finds its answer. Two that ask at the same moment meet in one record; the later
 * one waits a little. @throws conflict `idempotency_conflict`, `idempotency_in_progress`
 */
export async function claim(
  deps: RequestDeps,
  asked: Asked,
): Promise<{ readonly held: Held } | { readonly reply: Reply<unknown> }> {
  const { ledger, clock } = deps;
  const holder = randomUUID();
  const until = clock.now() + PATIENCE_MS;
  const find = () => ledger.read<RequestRecord>("requests", [asked.agentId], asked.id);
  const lease = () => ({ holder, leased_until: toIso(clock.now() + LEASE_MS) });

  for (let pause = 50; ; pause = Math.min(pause * 2, 500)) {
    const record = await makeOrFind(deps, asked, lease(), find);
    demandSameInput(asked, record.input_sha256);
    if (record.holder === holder) return { held: hold(deps, record) };
    if (record.status === "done") return { reply: await keptReply(ledger, record) };
    if (record.leased_until <= toIso(clock.now())) {
      const next = { ...(bare(record) as RequestRecord), ...lease(), tries: record.tries + 1 };
      await unlessKind(
        ledger.replace("requests", next, { ifMatch: record._etag }),
        "precondition",
        "not_found",
      );
      continue;
    }
    const rest = until - clock.now();
    if (rest <= 0) throw inProgress(Date.parse(record.leased_until) - clock.now());
    await sleep(clock, Math.min(pause, rest));
  }
}

async function makeOrFind(
  { ledger, clock }: RequestDeps,
  { agentId, id, operation, by, input_sha256, isKeptForEver }: Asked,
  lease: Pick<RequestRecord, "holder" | "leased_until">,
  find: () => Promise<Stored<RequestRecord> | undefined>,
): Promise<Stored<RequestRecord>> {
  const { record } = await createOnce<Stored<RequestRecord>>(
    () =>
      ledger.create<RequestRecord>("requests", {
        id,
        type: "request",
        agent_id: agentId,
        operation,
        ...(by === undefined ? {} : { by }),
        input_sha256,
        request_id: randomUUID(),
        status: "open",
        ...lease,
        tries: 1,
        noted: {},
        created_at: toIso(clock.now()),
        ttl: isKeptForEver ? -1 : KEPT_DAYS * 86_400,
      }),
    find,
    { settleUnclear: true },
  );
  return record;
}

const inProgress = (leaseMs: number) =>
  conflict("idempotency_in_progress", "A request under this Idempotency-Key is being carried out.", {
    remedy: "Ask again under the same key after the time in Retry-After; the answer is kept.",
    retryAfterMs: Math.min(Math.max(leaseMs, 1000), PATIENCE_MS),
  });
