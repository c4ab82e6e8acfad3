import { randomUUID } from "node:crypto";
import { type Clock, sleep, systemClock } from "../kernel/clock.ts";
import { LightningError } from "../kernel/errors.ts";
import type { SmallRow } from "../wire/row.ts";
import { OPERATIONS, type OperationName } from "../wire/table.ts";
import type { OperationOutputs } from "../wire/types.ts";
import { askAgain } from "./ask-again.ts";
import { type Answer, type CallOptions, callRest } from "./client.ts";
import { type Connection, type ConnectOptions, connect } from "./connect.ts";
import { camelRecord, type InputOf, type ReplyOf, snakeRecord } from "./names.ts";

/** Carries one call of an operation, in wire form. */
export interface Transport {
  invoke(operation: string, input: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

/** Calls one operation of the table by its name; fields of the input and of the reply are in camelCase. */
export type Invoke = <N extends OperationName>(
  operation: N,
  input: InputOf<N>,
  options?: CallOptions,
) => Promise<{ readonly status: number; readonly body: ReplyOf<N> }>;

/** @throws LightningError fatal `unknown_operation`, for callers that no compiler has read */
function rowOf(name: string): SmallRow {
  const rows: Readonly<Record<string, SmallRow>> = OPERATIONS;
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined)
    throw new LightningError("fatal", "unknown_operation", `There is no operation ${name}.`);
  return row;
}

/** Before a lost request is sent again under its key, in ms. */
const PAUSES_MS = [500, 1000];

/**
 * Typed calls over a transport. An operation that is about one agent gets `agentId` where the input names none; one that
 * pays or moves gets an idempotency key, and whatever has a key is asked again when its answer is lost.
 */
export function invokeOver(transport: Transport, agentId: string, clock: Clock = systemClock): Invoke {
  return async <N extends OperationName>(operation: N, input: InputOf<N>, options: CallOptions = {}) => {
    const { ofAgent, key } = rowOf(operation);
    const { idempotency_key: named, ...wire } = snakeRecord(input);
    const given = typeof named === "string" ? named : options.idempotencyKey;
    const { signal, attempts = 3 } = options;
    // Who asks once alone has no second request to tell by a key of ours.
    const idempotencyKey = given ?? (key === "always" && attempts > 1 ? randomUUID() : undefined);
    const { status, body } = await askAgain(
      {
        putOff: attempts - 1,
        pauses: idempotencyKey === undefined || key === undefined ? [] : PAUSES_MS.slice(0, attempts - 1),
        sleep: (ms) => sleep(clock, ms, signal),
        isLost: (thrown) => thrown.ambiguous && signal?.aborted !== true,
      },
      () =>
        transport.invoke(operation, ofAgent ? { agent_id: agentId, ...wire } : wire, {
          ...options,
          idempotencyKey,
        }),
    );
    // The one place where an answer gets its type: the doors answer what the row says.
    return { status, body: camelRecord(body as OperationOutputs[N]) as ReplyOf<N> };
  };
}

/** Over REST to the function app in reach, looked for at the first call and again when it has gone. */
export function restTransport(options: ConnectOptions): Transport {
  let connection: Promise<Connection> | undefined;
  const forget = (which: Promise<Connection>) => {
    if (connection === which) connection = undefined;
  };
  return {
    async invoke(name, input, callOptions) {
      const row = rowOf(name);
      connection ??= connect(options);
      const mine = connection;
      try {
        return await callRest(await mine, row, input, callOptions);
      } catch (thrown) {
        // A local host may have been started again on another port.
        if (thrown instanceof LightningError && GONE.has(thrown.code)) forget(mine);
        throw thrown;
      }
    },
    async close() {
      const last = connection;
      connection = undefined;
      await (await last)?.close();
    },
  };
}
const GONE = new Set(["endpoint_unreachable", "no_host"]);
