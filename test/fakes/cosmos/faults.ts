import type { IncomingMessage } from "node:http";

/** What happens to the next request that it matches. */
export interface Fault {
  /** `METHOD path` has to match; absent: any request to documents. */
  readonly on?: RegExp;
  /** The answer's status; `drop` for a connection that ends without one, `never` for one that stays open without one. */
  readonly with: number | "drop" | "never";
  /** The operation is carried out first: only its answer is lost. */
  readonly applied?: boolean;
  readonly retryAfterMs?: number;
  /** Requests it meets, one if absent. */
  readonly times?: number;
}

/** Which requests to documents meet a fault of their own, by a seed: the same requests in the same order meet the same. */
export interface Chaos {
  readonly seed: number;
  /** Of all requests to documents, 0 to 1. */
  readonly share: number;
}

const WRITE_FAULTS: readonly Omit<Fault, "on">[] = [
  { with: 408 },
  { with: 449 },
  { with: 503 },
  { with: "drop" },
  { with: 429, retryAfterMs: 1 },
  { with: 408, applied: true },
  { with: 503, applied: true },
  { with: "drop", applied: true },
];
/** The SDK waits a real second before it repeats a read whose connection broke: too long for a test. */
const READ_FAULTS: readonly Omit<Fault, "on">[] = [
  { with: 408 },
  { with: 449 },
  { with: 503 },
  { with: 429, retryAfterMs: 1 },
];

/** Mulberry32: small, seeded, good enough to choose faults. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const isRead = ({ method, headers }: IncomingMessage) =>
  method === "GET" || headers["x-ms-documentdb-isquery"] !== undefined;

export function createFaults(chaos?: Chaos) {
  const random = randomFrom(chaos?.seed ?? 0);
  let struck = 0;
  let calm = false;
  let queue: { fault: Fault; left: number }[] = [];
  function strike(request: IncomingMessage): Fault | undefined {
    if (chaos === undefined || calm || !/\/docs/.test(request.url ?? "") || random() >= chaos.share)
      return undefined;
    struck += 1;
    const faults = isRead(request) ? READ_FAULTS : WRITE_FAULTS;
    return faults[Math.floor(random() * faults.length)];
  }

  return {
    /** Ends the faults by chance. */
    calm() {
      calm = true;
    },
    /** Faults that came by chance. */
    struck: () => struck,
    add: (...faults: Fault[]) => queue.push(...faults.map((fault) => ({ fault, left: fault.times ?? 1 }))),
    clear() {
      queue = [];
    },
    /** How many are still to come. */
    left: () => queue.reduce((sum, { left }) => sum + left, 0),
    take(request: IncomingMessage): Fault | undefined {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      const met = queue.find(({ fault }) => (fault.on ?? /\/docs/).test(line));
      if (met === undefined) return strike(request);
      met.left -= 1;
      if (met.left === 0) queue = queue.filter((each) => each !== met);
      return met.fault;
    },
  };
}
