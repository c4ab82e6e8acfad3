import type { Ledger, LedgerDocument, Stored } from "../ledger/ledger.ts";
import { retryRaces } from "../ledger/races.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";
import type { RequestRecord } from "../requests/contract.ts";
import { changeReply, removeStrayPart } from "../requests/replies.ts";
import type { Counts } from "./apply.ts";

/** What records are found by, and words and times of the app itself. */
const KEPT = /(?:^|_)(?:id|ids|at|sha256|version)$|^(?:type|status|code|urls|parts|pointer)$/;

/** The texts of an answer by the rules; undefined: nothing is found in them. */
function redactAnswer(
  body: unknown,
  policy: RedactionPolicy,
): { readonly body: unknown; readonly counts: Counts } | undefined {
  const counts: Record<string, number> = {};
  const look = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => (typeof one === "string" ? clean(one) : look(one)));
    return Object.fromEntries(
      Object.entries(value).map(([name, of]) => [
        name,
        KEPT.test(name) ? of : typeof of === "string" ? clean({ [name]: of })[name] : look(of),
      ]),
    );
  };
  const clean = <T>(value: T): T => {
    const found = redact(value, policy);
    for (const [kind, count] of Object.entries(found.counts)) counts[kind] = (counts[kind] ?? 0) + count;
    return Object.keys(found.counts).length === 0 ? value : found.value;
  };
  const next = look(body);
  return Object.keys(counts).length === 0 ? undefined : { body: next, counts };
}

/** An answer that is kept under an idempotency key, or a part of a long one. */
export async function rescanAnswer(
  ledger: Ledger,
  seen: Stored<LedgerDocument>,
  agentId: string,
  policy: RedactionPolicy,
): Promise<Counts | undefined> {
  if ((seen as { readonly type?: unknown }).type === "request_part") {
    await removeStrayPart(ledger, agentId, seen.id);
    return undefined;
  }
  return retryRaces(async () => {
    const record = await ledger.read<RequestRecord>("requests", [agentId], seen.id);
    if (record?.status !== "done") return undefined;
    let counts: Counts | undefined;
    await changeReply(ledger, record, (body) => {
      const found = redactAnswer(body, policy);
      counts = found?.counts;
      return found?.body;
    });
    return counts;
  });
}
