import { type Operation, type Orchestrations, parseInput } from "../doors/operation.ts";
import { type Clock, sleep } from "../kernel/clock.ts";
import { LightningError } from "../kernel/errors.ts";
import { type Answer, type CallOptions, callRest } from "./client.ts";
import { type Connection, type ConnectOptions, connect } from "./connect.ts";

/** Calls one operation of the table by its name, in wire form. */
export type Invoke = (
  operation: string,
  input: Readonly<Record<string, unknown>>,
  options?: CallOptions,
) => Promise<Answer>;

export interface Transport {
  readonly invoke: Invoke;
  close(): Promise<void>;
}

function find(operations: readonly Operation[], name: string): Operation {
  const operation = operations.find((row) => row.name === name);
  if (operation === undefined)
    throw new LightningError("fatal", "unknown_operation", `There is no operation ${name}.`);
  return operation;
}

/** An operation that is about one agent gets the caller's where the input names none. */
const ofAgent = (
  { input: { shape } }: Operation,
  input: Readonly<Record<string, unknown>>,
  agentId: string | undefined,
) => (agentId === undefined || !("agent_id" in shape) ? input : { agent_id: agentId, ...input });

/** Over REST to the function app in reach, looked for at the first call and again when it has gone. */
export function restTransport(
  options: ConnectOptions & { readonly operations: () => Promise<readonly Operation[]> },
): Transport {
  let connection: Promise<Connection> | undefined;
  const forget = (which: Promise<Connection>) => {
    if (connection === which) connection = undefined;
  };
  return {
    async invoke(name, input, callOptions) {
      const operation = find(await options.operations(), name);
      connection ??= connect(options);
      const mine = connection;
      try {
        return await callRest(
          await mine,
          operation,
          ofAgent(operation, input, callOptions?.agentId),
          callOptions,
        );
      } catch (thrown) {
        // A local host may have been started again on another port.
        const gone = thrown instanceof LightningError && GONE.has(thrown.code);
        if (gone && (await mine.then(({ kind }) => kind !== "embedded").catch(() => true))) forget(mine);
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

/** Inside the process that holds the services: no network, the same checks. */
export function inProcessTransport(options: {
  readonly operations: readonly Operation[];
  readonly orchestrations: Orchestrations;
}): Transport {
  return {
    async invoke(name, input, { wait, idempotencyKey, agentId } = {}) {
      const operation = find(options.operations, name);
      const reply = await operation.run(parseInput(operation, ofAgent(operation, input, agentId)), {
        door: "sdk",
        orchestrations: options.orchestrations,
        waitMs: (wait ?? 10) * 1000,
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      });
      return { status: reply.status ?? 200, body: reply.body as Record<string, unknown> };
    },
    close: async () => {},
  };
}

export interface WaitOptions {
  /** Give up waiting after this long, in ms; the work itself goes on. Default: LIGHTNING_MAX_WAIT_MINUTES. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** Looks until `done`. @throws LightningError unavailable `still_running` when the time is over */
export async function waitFor<T>(
  clock: Clock,
  look: () => Promise<T>,
  done: (value: T) => boolean,
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions,
): Promise<T> {
  const until = clock.now() + timeoutMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, LONGEST_PAUSE_MS)) {
    const value = await look();
    if (done(value)) return value;
    if (clock.now() >= until)
      throw new LightningError(
        "unavailable",
        "still_running",
        "It is still running; only the wait is over.",
        {
          remedy: "Ask for its status later, or wait longer with timeoutMs.",
        },
      );
    await sleep(clock, pause, signal);
  }
}
