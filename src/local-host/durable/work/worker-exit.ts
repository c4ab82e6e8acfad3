import type { Logger } from "../../../kernel/logger.ts";
import type { Faults } from "../../faults.ts";
import { type FunctionInvoker, type InvocationResult, WorkerExit } from "../port.ts";

/** Told each time. */
const WORKER_EXITS = "fault mode ends the worker process; what is in flight fails";
const exited = (): InvocationResult => ({ ok: false, error: new WorkerExit() });

/**
 * Fault `worker`: the app's process ends now and then while the engine lives, as by a shortage of memory in Azure. All
 * orchestrators and activities that are in flight fail together, once their functions have ended: what they did stands,
 * what they answered is lost. Drawn as a call begins, whose function is then not run at all, and as it ends. Entities
 * are left alone.
 */
export function mortalWorker(invoker: FunctionInvoker, faults: Faults, logger: Logger): FunctionInvoker {
  /** The number of the process; a call belongs to the one that it began in. */
  let process = 0;
  const exit = (name: string) => {
    process++;
    logger.warn(WORKER_EXITS, { function: name });
  };
  return {
    find: (name, triggerType) => invoker.find(name, triggerType),
    names: (triggerType) => invoker.names(triggerType),
    async invoke(name, trigger, metadata) {
      if (invoker.find(name, "entityTrigger") !== undefined) return invoker.invoke(name, trigger, metadata);
      const endsInIt = faults.endsWorker(name);
      if (faults.strikes("worker")) {
        exit(name);
        return exited();
      }
      const begunIn = process;
      const result = await invoker.invoke(name, trigger, metadata);
      if (endsInIt || faults.strikes("worker")) exit(name);
      return process === begunIn ? result : exited();
    },
  };
}
