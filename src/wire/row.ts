/** Where every operation lies, under the host's route prefix (`api`). */
export const ROUTE_PREFIX = "lightning";

/** What a client of the REST doors has to know of an operation. */
export interface WireRow {
  readonly rest: {
    readonly method: "GET" | "POST";
    /** Under `/api/lightning`: `/training/{run_id}`. */
    readonly path: string;
    /** POST only: also takes a JSON array or NDJSON, handed over as `{ [field]: [...] }`. */
    readonly manyAs?: string | undefined;
  };
  readonly effect: "read" | "write" | "destroy";
  /** Other spellings accepted on input: alias → field. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

/** A row of the small table of operations. */
export interface SmallRow extends WireRow {
  /** The operation is about one agent: its input has `agent_id`. */
  readonly ofAgent: boolean;
  /** An Idempotency-Key holds; `always`: it pays or moves, so a client sends one with every call. */
  readonly key?: "taken" | "always" | undefined;
}
