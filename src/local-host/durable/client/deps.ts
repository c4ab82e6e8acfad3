import type { Clock } from "../../../kernel/clock.ts";
import type { Logger } from "../../../kernel/logger.ts";
import type { FunctionInvoker } from "../port.ts";
import type { DurableStore } from "../store/store.ts";
import type { Dispatcher } from "../work/dispatcher.ts";

export interface ClientDeps {
  readonly store: DurableStore;
  readonly dispatcher: Dispatcher;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly defaultVersion: string;
  /** host.json's overridableExistingInstanceStates: AnyState. */
  readonly replacesRunning: boolean;
  readonly newId: () => string;
}
