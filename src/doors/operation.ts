import type { z } from "zod";
import { invalid } from "../kernel/errors.ts";
import { nullsAsAbsent } from "./absent.ts";
import type { BeforeMaking, Idempotency, KeyedRequest } from "./keyed-request.ts";
import type { Orchestration } from "./orchestration.ts";

import { refusedInput, refuseProto } from "./refuse-input.ts";
import { oddShapesMarked, refuseShape } from "./refuse-shape.ts";
import { seeInputOf } from "./see-input.ts";
import { refuseReversed } from "./times.ts";

export { ROUTE_PREFIX } from "../wire/row.ts";

/** What an identity may do, from least to most; each role may do what the ones before it may. */
export const ROLES = ["reader", "labeller", "builder", "trainer", "releaser", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** Starts and steers durable orchestrations; each instance id is its record's id. */
export interface Orchestrations {
  /**
   * Starts one under the instance id of its input, or under `instanceId`; an instance of that id that is not finished is
   * left as it is.
   */
  start<Input>(
    orchestration: Orchestration<string, Input, unknown>,
    input: NoInfer<Input>,
    instanceId?: string,
  ): Promise<void>;
  raise(instanceId: string, event: string, data: unknown): Promise<void>;
  terminate(instanceId: string, reason: string): Promise<void>;
  /** Runtime status (`Running`, `Completed`, …) and custom status, or undefined when there is no such instance. */
  status(
    instanceId: string,
  ): Promise<{ runtimeStatus: string; customStatus: unknown; output: unknown } | undefined>;
  /** The Durable extension's status, event, suspend, resume and terminate URLs of an instance. */
  urls(instanceId: string): Record<string, string>;
}

/** Who calls and what they may do, as the platform vouches for it. */
export interface Caller {
  /** `local`: somebody at this machine; `key`: whoever holds a function key; `person`: a signed-in user or application. */
  readonly kind: "local" | "key" | "person";
  /** The signed-in one as records name it, with the object id where there is one (`kernel/persons.ts`). */
  readonly person?: string | undefined;
  /** As granted: `trainer` for every agent, `trainer:support` for one. */
  readonly roles: readonly string[];
  /** Whether the role is held for this agent; without one: for every agent. */
  may(role: Role, agentId?: string): boolean;
  /** Whether the role is held for any agent at all. */
  mayAnywhere(role: Role): boolean;
}

/** Who calls, and what the call may use. */
export interface CallContext {
  /** The authenticated person, if any; never taken from the body. */
  readonly principal?: string | undefined;
  /** What the caller may do; absent: everything (calls from inside this process). */
  readonly caller?: Caller | undefined;
  readonly orchestrations: Orchestrations;
  /** How long to wait for a long operation before answering 202, in ms (`Prefer: wait=N`). */
  readonly waitMs: number;
  /** The caller asked for that wait; operations that answer at once by default (`startTraining`) then wait too. */
  readonly explicitWait?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
  /** The `If-Match` header: what the row changes must be in this state (`Answers.changes`). */
  readonly ifMatch?: string | undefined;
  /** Tells a request under that key from another, in 64 hex digits; absent where input enters as it stands. */
  readonly inputFingerprint?: string | undefined;
  /** Told, as often as it is looked at, what the record of a long operation says while the door waits for it. */
  readonly onProgress?: ((status: string) => void) | undefined;
  /** The request under that key, for the row that carries it out. */
  readonly request?: KeyedRequest | undefined;
  /**
   * Called with the id of a record that would begin work of the agent, before it is made, and never for one that is
   * there. @throws limited `too_many_waiting`
   */
  readonly roomFor?: BeforeMaking | undefined;
  /** The door the call came through; the command line comes as `rest`. */
  readonly door: "rest" | "mcp" | "sdk";
}

/** What an operation answers: the body for every door, and the HTTP status where it is not the usual one. */
export interface Reply<Output> {
  readonly body: Output;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** A file instead of JSON (REST only streams it; other doors show `body`). */
  readonly file?: FileReply;
}

/** A file as REST answers it, whole or in part. */
export interface FileReply {
  readonly name: string;
  readonly bytes: number;
  /** Of its content, in hex. */
  readonly sha256: string;
  /**
   * Some of its bytes, in pieces; a part only of a file that is what `sha256` says.
   * @throws LightningError not_found `file_missing`; fatal `file_damaged`
   */
  stream(from: number, bytes: number): AsyncIterable<Uint8Array>;
}

/** What a row may answer beside 200 with JSON and the refusals that hold for all rows. */
export interface Answers {
  /** 201: always, or where something new was stored. */
  readonly stored?: "always" | "sometimes";
  /**
   * 202, as long as its work is under way: the address under `/api/lightning` at which to ask how it stands, with the
   * answer's fields in braces.
   */
  readonly later?: string;
  /** 202, where it is kept until what it belongs to comes: nothing is under way that could be followed. */
  readonly waits?: true;
  /** The status monitor of that work: its address in the same form (`status-monitor.ts`). */
  readonly monitor?: string;
  /** Over REST a file of this media type in place of the JSON. */
  readonly file?: string;
  /** Its own headers, with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 503 also with the usual body: a finding, not a refusal. */
  readonly unwell?: true;
  /** 409 also where no key is sent. */
  readonly conflicts?: true;
  /**
   * The address of what the row changes, with the input's fields in braces: the ETag of its GET is what `If-Match` may
   * demand to find.
   */
  readonly changes?: string;
}

/**
 * One row of the operations table. REST routes, OpenAPI, MCP tools and CLI commands are made from these rows, so a
 * door only parses, calls and renders. Input and output schemas are in wire form (snake_case); input is a strict
 * object: unknown fields are refused.
 */
export interface Operation<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** camelCase verb phrase, the same in code, logs and Azure: `buildDataset`. */
  readonly name: string;
  /** One sentence, shown by every door. */
  readonly summary: string;
  readonly input: Input;
  readonly output: Output;
  readonly role: Role;
  /** Answers everybody who is let in, also without a role: it tells nothing but the caller's own. */
  readonly open?: true;
  readonly effect: "read" | "write" | "destroy";
  /**
   * Whether this input moves what serves, though nothing is lost by it: the command line asks before it, as it does
   * before what destroys.
   */
  movesServing?(input: z.output<Input>): boolean;
  /** The same thing may happen again without harm, also without a key. */
  readonly idempotent: boolean;
  /** What an Idempotency-Key is to it; absent: on a POST the key holds. */
  readonly idempotency?: Idempotency;
  readonly rest: {
    readonly method: "GET" | "POST";
    /** Under `/api/lightning`: `/training/{run_id}`. */
    readonly path: string;
    /** POST only: also takes a JSON array or NDJSON, handed over as `{ [field]: [...] }`. */
    readonly manyAs?: string;
  };
  /** Absent: 200 with JSON alone. */
  readonly answers?: Answers;
  /**
   * Of a row whose answer is a record that may have to wait for other work of its agent: the record's type in the ledger,
   * and the answer's field with its id. A row that writes begins that work.
   */
  readonly work?: { readonly type: string; readonly id: string };
  /** Of a row that may end such a record, also one that waits: its type and field, as in `work`. */
  readonly ends?: { readonly type: string; readonly id: string };
  /** Words after `lightning`: `build-dataset`, or `dead-letters list`. Absent: not on the command line. */
  readonly cli?: string;
  /** MCP tool names; the first is the design's, further ones are the same tool under another name. */
  readonly mcp?: readonly string[];
  /** Levels of objects and arrays that its input may have; absent: `DEEPEST_JSON`. */
  readonly deepest?: number;
  /** Other spellings accepted on input: alias → field. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * The row redacts its input itself, in the place named here, because its record tells what was found; the door only
   * refuses secrets in what is kept exactly. Absent: the door redacts whatever no schema keeps (`kept.ts`).
   */
  readonly redactsItself?: string;
  /** What is tried with an input that the schema refuses: the same, with what is merely odd in it put right. */
  putRight?(raw: Record<string, unknown>): Record<string, unknown>;
  /** Example input, for help, OpenAPI and the README. */
  readonly example: Readonly<Record<string, unknown>>;
  run(input: z.output<Input>, context: CallContext): Promise<Reply<z.input<Output>>>;
  /**
   * Of an operation that with this input only creates one document: the answer `run` gives once it is stored, so that
   * the record of the change can be stored with it.
   */
  foreseen?(input: z.output<Input>): ((document: object) => Reply<z.input<Output>>) | undefined;
}

/** A row whose name, input and output the compiler knows; what runs it, a door, takes any `Operation`. */
export interface NamedOperation<Name extends string, Input extends z.ZodObject, Output extends z.ZodType>
  extends Operation {
  readonly name: Name;
  readonly input: Input;
  readonly output: Output;
}

/** Types one row: `run` is held to its own schemas, and the row keeps its name and schemas as types. */
export function defineOperation<Name extends string, Input extends z.ZodObject, Output extends z.ZodType>(
  operation: Operation<Input, Output> & { readonly name: Name },
): NamedOperation<Name, Input, Output> {
  return operation;
}

/**
 * Checks what a door received against the operation's one schema. Null for a field that may be absent is absent.
 * @throws LightningError `invalid_input` that names the first field at fault; `details` lists all of them;
 * `too_deep`; `too_many_values`; `dates_reversed`
 */
export function parseInput<Input extends z.ZodObject>(
  operation: Pick<Operation<Input>, "input" | "aliases" | "name" | "putRight" | "deepest"> &
    Partial<Pick<Operation, "rest">>,
  raw: Record<string, unknown>,
): z.output<Input> {
  const renamed: Record<string, unknown> = { ...raw };
  // Of many items each is refused for itself.
  const manyAs = operation.rest?.manyAs ?? "";
  const { [manyAs]: many, ...single } = renamed;
  refuseShape(single, operation.deepest);
  if (Array.isArray(many)) renamed[manyAs] = oddShapesMarked(many);
  for (const [alias, field] of Object.entries(operation.aliases ?? {})) {
    if (!(alias in renamed)) continue;
    const value = renamed[alias];
    delete renamed[alias];
    if (value === null && renamed[field] !== undefined) continue;
    if (renamed[field] !== undefined && value !== undefined && renamed[field] !== value)
      throw invalid(
        "invalid_input",
        `"${alias}" and "${field}" are one field and were given different values.`,
        {
          field,
          remedy: `Send "${field}" alone.`,
        },
      );
    if (value !== undefined) renamed[field] = value;
  }
  const given = nullsAsAbsent(operation.input, renamed) as Record<string, unknown>;
  const asSent = operation.input.safeParse(given);
  const parsed =
    asSent.success || operation.putRight === undefined
      ? asSent
      : operation.input.safeParse(operation.putRight(given));
  const remedy = seeInputOf(operation.name);
  if (parsed.success) {
    refuseProto(single, remedy);
    refuseReversed(operation.input, parsed.data);
    return parsed.data;
  }
  throw refusedInput(parsed.error, { whole: "The input", remedy });
}
