import { type Clock, sleep } from "../kernel/clock.ts";
import type { CallContext } from "./operation.ts";
import type { Orchestration } from "./orchestration.ts";

/**
 * Starts an orchestration for a record that already exists and waits a little for it: the door then answers with the
 * finished record, or with 202 and the addresses to ask later. A record that is finished already starts nothing.
 */
export async function startAndWait<Input, Record>(
  context: CallContext,
  clock: Clock,
  orchestration: Orchestration<string, Input, unknown>,
  input: NoInfer<Input>,
  read: () => Promise<Record>,
  isFinished: (record: Record) => boolean,
): Promise<{ record: Record; finished: boolean; urls: { [name: string]: string } }> {
  let record = await read();
  if (!isFinished(record)) await context.orchestrations.start(orchestration, input);
  const until = clock.now() + context.waitMs;
  for (let pause = 25; !isFinished(record) && clock.now() < until; pause = Math.min(pause * 1.5, 1000)) {
    await sleep(clock, Math.min(pause, Math.max(1, until - clock.now())));
    record = await read();
  }
  return {
    record,
    finished: isFinished(record),
    urls: context.orchestrations.urls(orchestration.instanceId(input)),
  };
}
