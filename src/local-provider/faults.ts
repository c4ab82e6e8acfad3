/**
 * What can go wrong between a client and the provider, for tests: each entry hits the next matching request and is
 * then used up.
 */
export interface Fault {
  readonly kind:
    | "lose_response" // carried out, then the socket drops
    | "drop" // the socket drops before anything is done
    | "status" // answers `status` without doing anything
    | "status_after" // carried out, then answers `status`
    | "slow" // answers after `delayMs` on the clock
    | "job_status"; // carried out; the job in the reply carries `value` as its status
  /** Only requests of this method and path (after the door: `/files`). */
  readonly method?: string;
  readonly path?: RegExp;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly delayMs?: number;
  readonly value?: string;
}

/** Takes the first fault that fits a request out of the queue. */
export function takeFault(faults: Fault[], method: string, path: string): Fault | undefined {
  const at = faults.findIndex(
    (fault) =>
      (fault.method === undefined || fault.method === method) &&
      (fault.path === undefined || fault.path.test(path)),
  );
  return at === -1 ? undefined : faults.splice(at, 1)[0];
}
