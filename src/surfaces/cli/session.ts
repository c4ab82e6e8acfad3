import { randomUUID } from "node:crypto";
import { sendsKey } from "../../doors/idempotency-key.ts";
import type { Operation } from "../../doors/operation.ts";
import { isKind, LightningError } from "../../kernel/errors.ts";
import type { OperationName, ReplyOf } from "../../operations.ts";
import { askAgain } from "../../sdk/ask-again.ts";
import { type CallOptions, callRest } from "../../sdk/client.ts";
import type { Connection } from "../../sdk/connect.ts";
import type { CliIo } from "./io.ts";
import { print, printMore } from "./io.ts";
import type { Body } from "./layout.ts";
import { outline } from "./layout.ts";

/** An answer in the row's own type: the server keeps to its schema. */
interface Answer<Name extends OperationName> {
  readonly status: number;
  readonly body: ReplyOf<Name>;
}

/** One command under way: the function app it talks to, what was asked, and how to show the answer. */
export interface Session {
  readonly io: CliIo;
  readonly connection: Connection;
  readonly operation: Operation;
  readonly input: Record<string, unknown>;
  /** The answer as lines; absent: as an outline. */
  readonly text: ((body: Body, input: Body, columns?: number) => string[]) | undefined;
  /** Further pages of a file whose first is in the input. */
  readonly pages: AsyncIterator<string> | undefined;
  /** Print the REST reply instead of text. */
  readonly json: boolean;
  /** False: do not wait for what takes long. */
  readonly wait: boolean;
  /** What is asked before it costs money is answered with yes. */
  readonly yes: boolean;
  /** Only what it would cost, though the operation itself knows no dry run. */
  readonly dryRun: boolean;
  /** How long to wait for a training run, in ms. */
  readonly longestWaitMs: number;
  /** Longest pause between two looks, in ms. */
  readonly longestPauseMs: number;
  call<Name extends OperationName>(
    name: Name,
    input: Record<string, unknown>,
    options?: CallOptions,
  ): Promise<Answer<Name>>;
}

/** Before a lost request is sent again under its key, in ms. */
const PAUSES_MS = [1000, 4000];

/** A person who asks again by hand is told the key. */
function withKey(thrown: unknown, key: string): unknown {
  if (!(thrown instanceof LightningError)) return thrown;
  if (thrown.kind !== "unavailable" && thrown.code !== "idempotency_in_progress") return thrown;
  const { kind, code, message, remedy, ambiguous, field, details, retryAfterMs } = thrown;
  return new LightningError(kind, code, message, {
    remedy: `${remedy === undefined ? "" : `${remedy} `}It may have been carried out. To ask for the same one again: --idempotency-key ${key}`,
    ambiguous,
    field,
    details,
    retryAfterMs,
    cause: thrown,
  });
}

/** Calls operations of the table by name over the session's connection. */
export function caller(
  operations: readonly Operation[],
  connection: Connection,
  io: Pick<CliIo, "sleep">,
): Session["call"] {
  return async <Name extends OperationName>(
    name: Name,
    input: Record<string, unknown>,
    options?: CallOptions,
  ) => {
    const operation = operations.find((row) => row.name === name);
    if (operation === undefined)
      throw new LightningError("fatal", "unknown_operation", `There is no operation ${name}.`);
    const { idempotency_key: named, ...asked } = input;
    const given = typeof named === "string" ? named : options?.idempotencyKey;
    const idempotencyKey = given ?? (sendsKey(operation) ? randomUUID() : undefined);
    const send = () => callRest(connection, operation, asked, { ...options, idempotencyKey });
    try {
      const isLost = ({ kind }: LightningError) => kind === "unavailable";
      const pauses = idempotencyKey === undefined ? [] : PAUSES_MS;
      const answer = await askAgain(
        { pauses, putOff: PAUSES_MS.length, sleep: (ms) => io.sleep(ms), isLost },
        send,
      );
      return answer as unknown as Answer<Name>;
    } catch (thrown) {
      throw idempotencyKey === undefined ? thrown : withKey(thrown, idempotencyKey);
    }
  };
}

/** Shows a reply as the command's text, or as JSON. */
export function show(session: Session, body: Body): void {
  const { io, input } = session;
  if (session.json) io.out(`${JSON.stringify(body, undefined, 2)}\n`);
  else {
    print(io, session.text?.(body, input, io.columns) ?? outline(body));
    if (input.manifest === true) printMore(io, ["   🔏 signed; --json shows the answer to be kept"]);
  }
}

/** Ctrl+C while a command waited: what it waited for goes on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What goes on, how to look at it and how to end it. */
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super("interrupted");
    this.lines = lines;
  }
}

/** Ends a wait at Ctrl+C. @throws Interrupted with what `left` says then */
async function orInterrupted<Value>(
  { io }: Session,
  left: () => readonly string[],
  work: () => Promise<Value>,
): Promise<Value> {
  const pressed = Promise.withResolvers<never>();
  const stop = io.onInterrupt?.(() => pressed.reject(new Interrupted(left())));
  try {
    return await Promise.race([pressed.promise, work()]);
  } finally {
    stop?.();
  }
}

/** What a command waits for: how to look at it, when it is over, and what is to be said if the person goes. */
export interface Awaited<Reply extends Body> {
  readonly look: () => Promise<{ readonly body: Reply }>;
  readonly done: (body: Reply) => boolean;
  /** Told every answer. */
  readonly seen?: (body: Reply) => void;
  /** After Ctrl+C: that it goes on, and how to look at it or end it; of the last answer, if there was one. */
  readonly left: (last: Reply | undefined) => readonly string[];
}

/** Between the first two looks, so that what ends at once is seen at once; each pause after it is longer. */
const FIRST_PAUSE_MS = 250;
/** A server that restarts answers nothing for a while. */
const PATIENCE_MS = 120_000;

/**
 * Looks again and again until it is done.
 * @returns the last answer, or undefined when the time was over
 * @throws Interrupted
 */
export async function follow<Reply extends Body>(
  session: Session,
  { look, done, seen, left }: Awaited<Reply>,
): Promise<Reply | undefined> {
  const until = session.io.now() + session.longestWaitMs;
  let lastAnswerAt = session.io.now();
  let last: Reply | undefined;
  const step = async (pause: number): Promise<"done" | "over" | "on"> => {
    try {
      const { body } = await look();
      last = body;
      lastAnswerAt = session.io.now();
      seen?.(body);
      if (done(body)) return "done";
    } catch (thrown) {
      const passing = isKind(thrown, "unavailable", "limited");
      if (!passing || session.io.now() - lastAnswerAt > PATIENCE_MS) throw thrown;
    }
    if (session.io.now() >= until) return "over";
    await session.io.sleep(pause);
    return "on";
  };
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.3, session.longestPauseMs)) {
    const outcome = await orInterrupted(
      session,
      () => left(last),
      () => step(pause),
    );
    if (outcome !== "on") return outcome === "done" ? last : undefined;
  }
}
