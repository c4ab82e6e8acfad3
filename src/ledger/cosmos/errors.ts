import {
  conflict,
  fatal,
  isLightningError,
  type LightningError,
  messageOf,
  notFound,
  preconditionFailed,
  tooLarge,
  unavailable,
} from "../../kernel/errors.ts";

import { PARTITIONS_MOVED, TIME_OVER } from "./under-way.ts";

/** What we read of an error of the SDK; a batch's error holds the service's as its cause. */
interface Fault {
  readonly code?: string | number;
  readonly name?: string;
  readonly substatus?: number;
  readonly retryAfterInMs?: number;
  readonly cause?: unknown;
}

/** The error that the service or the network gave, out of what the SDK wrapped around it. */
function faultOf(thrown: unknown): Fault {
  const fault = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Fault;
  const inner = fault.cause;
  return fault.code === undefined && typeof inner === "object" && inner !== null ? faultOf(inner) : fault;
}

export function codeOf(thrown: unknown): string | number | undefined {
  const { code, name } = faultOf(thrown);
  return code ?? (name === "TimeoutError" ? name : undefined);
}

/** Retryable: nothing was done, the same request may be sent again. 449: the service asks for just that. */
const CLEAR = new Set<unknown>([
  410,
  449,
  "ENOTFOUND",
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  PARTITIONS_MOVED,
  TIME_OVER,
]);
/** A write may have been carried out although no answer came. */
const UNCLEAR = new Set<unknown>([
  408,
  500,
  502,
  503,
  504,
  "TimeoutError",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "REQUEST_SEND_ERROR",
  "PARSE_ERROR",
]);

export type Outcome = "clear" | "unclear" | "final";

/** The SDK's feeds pass some errors on by their message alone; a fault of our own has a name of its own, TypeError say. */
const isBare = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.name === "Error" && codeOf(thrown) === undefined;

/**
 * Whether a request may be retried, and whether it may have been carried out. A read that failed without a code is
 * harmless to repeat; of a write it says nothing that a repetition could mend.
 */
export function outcomeOf(thrown: unknown, isWrite = true): Outcome {
  const code = codeOf(thrown);
  if (CLEAR.has(code) || (!isWrite && isBare(thrown))) return "clear";
  // Node's parser and sockets have many names for a connection that ended early.
  return UNCLEAR.has(code) || /^(HPE_|UND_ERR_|ERR_STREAM)/.test(String(code)) ? "unclear" : "final";
}

/** How long the service asks to wait, if it says so. */
export const retryAfterOf = (thrown: unknown): number | undefined => faultOf(thrown).retryAfterInMs;

/** Sub-status of a 404 that means the container or database, not the document. */
const OWNER_MISSING = 1003;
/** Sub-status of a 403: a logical partition has reached 20 GB. */
const PARTITION_FULL = 1014;

/** An error of the service in the ledger's terms; ours pass through. `what` names the document or container. */
export function toLedgerError(
  thrown: unknown,
  {
    what,
    ambiguous = false,
    isWrite = true,
  }: { readonly what: string; readonly ambiguous?: boolean; readonly isWrite?: boolean },
): LightningError {
  if (isLightningError(thrown)) return thrown;
  const { substatus } = faultOf(thrown);
  const code = codeOf(thrown);
  const facts = { cause: thrown, ambiguous };
  if (code === 404)
    return substatus === OWNER_MISSING
      ? fatal("container_missing", `The database or container of ${what} does not exist.`, {
          ...facts,
          remedy: "Deploy infra/, or run `lightning provision`.",
        })
      : notFound("document_missing", `There is no document ${what}.`, facts);
  if (code === 409) return conflict("document_exists", `There is already a document ${what}.`, facts);
  if (code === 412)
    return preconditionFailed("etag_mismatch", `${what} was changed by somebody else.`, {
      ...facts,
      remedy: "Read it again and repeat the change.",
    });
  if (code === 413) return tooLarge("item_too_large", `${what} is over Cosmos DB's limit of 2 MB.`, facts);
  if (code === 429)
    return unavailable("ledger_throttled", "Cosmos DB has no request units left for this at the moment.", {
      ...facts,
      retryAfterMs: retryAfterOf(thrown) ?? 1_000,
      remedy: "Try again later; raise the container's throughput if it lasts.",
    });
  if (code === 403 && substatus === PARTITION_FULL)
    return tooLarge("partition_full", `The partition key of ${what} holds 20 GB, all that it can.`, {
      ...facts,
      remedy: "Move to a container with the hierarchical key that `lightning provision` makes.",
    });
  if (code === 401 || code === 403)
    return fatal("ledger_forbidden", `Cosmos DB refuses this identity: ${messageOf(thrown).slice(0, 200)}`, {
      ...facts,
      remedy:
        "Give it the data-plane role Cosmos DB Built-in Data Contributor (an Azure role is not enough), or check the key.",
    });
  if (/^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(faultOf(thrown).name ?? ""))
    return unavailable(
      "ledger_credentials",
      `No Entra token for Cosmos DB: ${messageOf(thrown).slice(0, 200)}`,
      {
        ...facts,
        retryAfterMs: 5_000,
        remedy: "Sign in with `az login`, or give the app a managed identity.",
      },
    );
  if (outcomeOf(thrown, isWrite) !== "final")
    return unavailable(
      "ledger_unavailable",
      `Cosmos DB did not answer (${String(code ?? messageOf(thrown).slice(0, 200))}).`,
      {
        ...facts,
        retryAfterMs: retryAfterOf(thrown) ?? 1_000,
      },
    );
  return fatal("ledger_fault", `Cosmos DB refused a request: ${messageOf(thrown).slice(0, 500)}`, facts);
}
