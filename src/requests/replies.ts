import { randomUUID } from "node:crypto";
import type { Reply } from "../doors/operation.ts";
import { defined } from "../kernel/defined.ts";
import { fatal } from "../kernel/errors.ts";
import { bare, type Ledger, type LedgerDocument, type Stored } from "../ledger/ledger.ts";
import { unlessKind } from "../ledger/races.ts";
import type { KeptReply, RequestRecord } from "./contract.ts";

/** Characters of a body that stand in the record itself, and in one part: a document may have 2 MB. */
const PART = 250_000;

interface Part extends LedgerDocument {
  readonly type: "request_part";
  readonly agent_id: string;
  readonly created_at: string;
  readonly text: string;
}
/** Of who answered: another, whose lease is over, writes beside it and not over it. */
const partId = ({ id, holder }: RequestRecord, n: number) => `${id}-${holder}-part-${n}`;

/**
 * Whether the answer is the last word. Work that is under way (202) is asked for its record again, and a batch of which
 * an item met a passing fault is sent again.
 */
export function isFinal({ status, body }: Reply<unknown>): boolean {
  if (status === 202) return false;
  const { results } = body as { results?: unknown };
  if (status !== 207 || !Array.isArray(results)) return true;
  return !results.some(({ error }: { error?: { status?: unknown } }) => Number(error?.status) >= 500);
}

/** Keeps a reply, the parts of a long one first: what the record says is there, is there. */
export async function keepReply(
  ledger: Ledger,
  record: RequestRecord,
  { status, headers, body }: Reply<unknown>,
): Promise<KeptReply> {
  const text = JSON.stringify(body);
  const head = {
    ...(status === undefined ? {} : { status }),
    ...(headers === undefined ? {} : { headers }),
  };
  if (text.length <= PART) return { ...head, body: JSON.parse(text) as unknown };
  const parts = Math.ceil(text.length / PART);
  for (let n = 0; n < parts; n++) {
    const part: Part = {
      id: partId(record, n),
      type: "request_part",
      agent_id: record.agent_id,
      created_at: record.created_at,
      text: text.slice(n * PART, (n + 1) * PART),
      // It goes after its record.
      ttl: record.ttl < 0 ? record.ttl : record.ttl + 3600,
    };
    await ledger.upsert("requests", part);
  }
  return { ...head, parts };
}

/** The reply as it was first answered. @throws fatal `idempotency_reply_lost` */
export async function keptReply(ledger: Ledger, record: RequestRecord): Promise<Reply<unknown>> {
  const { status, headers, body, parts } = record.reply ?? {};
  const whole = parts === undefined ? body : JSON.parse(await joined(ledger, record, parts));
  return {
    ...(status === undefined ? {} : { status }),
    headers: { ...headers, "idempotent-replayed": "true" },
    body: whole,
  };
}

/** The record of a part, and who wrote it. */
const PART_NAME = /^(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-part-\d+$/;

/**
 * Changes the body of a kept answer; parts of the earlier one are removed once the record names others.
 * @param change undefined: nothing is to be changed
 * @throws precondition when somebody else has written the record
 */
export async function changeReply(
  ledger: Ledger,
  stored: Stored<RequestRecord>,
  change: (body: unknown) => unknown,
): Promise<void> {
  if (stored.reply === undefined) return;
  const { parts = 0, status, headers, body } = stored.reply;
  const next = change(parts === 0 ? body : JSON.parse(await joined(ledger, stored, parts)));
  if (next === undefined) return;
  const record: RequestRecord = { ...bare(stored), holder: randomUUID() };
  const reply = await keepReply(ledger, record, { ...defined({ status, headers }), body: next });
  await ledger.replace("requests", { ...record, reply }, { ifMatch: stored._etag });
  for (let n = 0; n < parts; n++) await removePart(ledger, stored.agent_id, partId(stored, n));
}

/** Removes a part that belongs to no answer: whoever wrote it died before the record named it, or after it named others. */
export async function removeStrayPart(ledger: Ledger, agentId: string, id: string): Promise<void> {
  const [, of = "", holder] = PART_NAME.exec(id) ?? [];
  const record = await ledger.read<RequestRecord>("requests", [agentId], of);
  if (record?.holder !== holder) await removePart(ledger, agentId, id);
}

const removePart = (ledger: Ledger, agentId: string, id: string) =>
  unlessKind(ledger.delete("requests", [agentId], id), "not_found");

async function joined(ledger: Ledger, record: RequestRecord, parts: number): Promise<string> {
  const texts: string[] = [];
  for (let n = 0; n < parts; n++) {
    const part = await ledger.read<Part>("requests", [record.agent_id], partId(record, n));
    if (part === undefined)
      throw fatal("idempotency_reply_lost", "The request was carried out, and its answer is gone.", {
        remedy: "Look at what it made; a new key carries the request out again.",
      });
    texts.push(part.text);
  }
  return texts.join("");
}
