import type { IncomingMessage } from "node:http";

/** What happens to the next request that it matches. */
export interface Fault {
  /** `METHOD path` has to match; absent: any request to documents. */
  readonly on?: RegExp;
  /** The answer's status, or `drop` for a connection that ends without one. */
  readonly with: number | "drop";
  /** The operation is carried out first: only its answer is lost. */
  readonly applied?: boolean;
  readonly retryAfterMs?: number;
  /** Requests it meets, one if absent. */
  readonly times?: number;
}

export function createFaults() {
  let queue: { fault: Fault; left: number }[] = [];
  return {
    add: (...faults: Fault[]) => queue.push(...faults.map((fault) => ({ fault, left: fault.times ?? 1 }))),
    clear() {
      queue = [];
    },
    /** How many are still to come. */
    left: () => queue.reduce((sum, { left }) => sum + left, 0),
    take(request: IncomingMessage): Fault | undefined {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      const met = queue.find(({ fault }) => (fault.on ?? /\/docs/).test(line));
      if (met === undefined) return undefined;
      met.left -= 1;
      if (met.left === 0) queue = queue.filter((each) => each !== met);
      return met.fault;
    },
  };
}
