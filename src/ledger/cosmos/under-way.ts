import { AsyncLocalStorage } from "node:async_hooks";

/** What a request has to know of the operation that it is sent for; the SDK passes none of it down. */
interface Operation {
  /** Aborted when the operation's time is over. */
  readonly signal: AbortSignal;
  /** A query within one partition, which the service answers without the client's help. */
  readonly needsNoPlan?: boolean | undefined;
}

const operations = new AsyncLocalStorage<Operation>();

/** Sends on behalf of an operation: all that the SDK sends meanwhile, however often it repeats it, ends with its signal. */
export const onBehalfOf = <T>(operation: Operation, send: () => Promise<T>): Promise<T> =>
  operations.run(operation, send);

export const underWay = (): Operation | undefined => operations.getStore();

/** Codes of the errors that our own transport makes; both mean that nothing was carried out. */
export const PARTITIONS_MOVED = "PARTITIONS_MOVED";
export const TIME_OVER = "TIME_OVER";
