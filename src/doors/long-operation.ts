import { type Clock, sleep } from "../kernel/clock.ts";
import type { RecordRef } from "./claim.ts";
import type { CallContext } from "./operation.ts";
import type { Orchestration } from "./orchestration.ts";
import { startOrTakeUp } from "./take-up.ts";

interface Claimed {
  readonly claimed_by?: string | undefined;
  readonly status?: string | undefined;
}

/**
 * Starts an orchestration for a record that already exists and waits a little for it: the door then answers with the
 * finished record, or with 202 and the addresses to ask later. A record that is finished already starts nothing; one
 * whose instance has died is taken up again under its claim.
 */
export async function startAndWait<Input extends RecordRef, Record extends Claimed>(
  context: CallContext,
  clock: Clock,
  orchestration: Orchestration<string, Input, unknown>,
  input: NoInfer<Input>,
  read: () => Promise<Record>,
  isFinished: (record: Record) => boolean,
): Promise<{ record: Record; finished: boolean; urls: { [name: string]: string } }> {
  let record = await read();
  const instanceId = isFinished(record)
    ? orchestration.instanceId(input)
    : await startOrTakeUp(context.orchestrations, orchestration, input, record);
  const until = clock.now() + context.waitMs;
  for (let pause = 25; !isFinished(record) && clock.now() < until; pause = Math.min(pause * 1.5, 1000)) {
    if (record.status !== undefined) context.onProgress?.(record.status);
    await sleep(clock, Math.min(pause, Math.max(1, until - clock.now())));
    record = await read();
  }
  return {
    record,
    finished: isFinished(record),
    urls: context.orchestrations.urls(instanceId),
  };
}
