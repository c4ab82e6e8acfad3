import type { Clock } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Faults } from "../faults.ts";

/** A value as it crosses the worker boundary (the Functions RPC's TypedData, the kinds Durable uses). */
export type TypedData =
  | { readonly string: string }
  | { readonly json: string }
  | { readonly bytes: Uint8Array }
  | { readonly int: number }
  | { readonly double: number }
  | Record<string, never>;

/** A task as the SDK inside an orchestrator function sees it. */
export interface SdkTask {
  readonly actionType: number | undefined;
  readonly functionName: string | undefined;
}

export type InvocationResult =
  | {
      readonly ok: true;
      readonly returnValue: TypedData | null | undefined;
      /** Of orchestrators: the SDK's open tasks by number, where they could be seen. */
      readonly openTasks?: ReadonlyMap<number, SdkTask> | undefined;
      /** Of orchestrators: JSON text of a custom status that the SDK left out of its answer. */
      readonly droppedStatus?: string | undefined;
    }
  | { readonly ok: false; readonly error: Error };

/** The function was running in a worker process that has ended; the message is the Functions host's. */
export class WorkerExit extends Error {
  override readonly name = "WorkerProcessExitException";
  constructor() {
    super("node exited with code 137 (0x89)");
  }
}

type DurableTrigger = "orchestrationTrigger" | "activityTrigger" | "entityTrigger";

/** What the durable engine needs of the host: to find and call the app's functions, as the Node worker would. */
export interface FunctionInvoker {
  /** The registered function of that name (any case) and trigger type, with the name of its trigger binding. */
  find(
    name: string,
    triggerType: DurableTrigger,
  ): { readonly name: string; readonly triggerBinding: string } | undefined;
  /** Names of the registered functions of that trigger type. */
  names(triggerType: DurableTrigger): readonly string[];
  /** Calls the function with one trigger value; never throws for a failure of the function itself. */
  invoke(
    name: string,
    trigger: TypedData,
    triggerMetadata?: Readonly<Record<string, TypedData>>,
  ): Promise<InvocationResult>;
}

/** A request to the extension's HTTP API, already parsed; `path` starts after the prefix (`instances/run-1`). */
export interface DurableHttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface DurableHttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What comes after `body`, of a reply too long to be made as one text; an empty piece is a pause. */
  readonly more?: Iterable<string>;
}

export interface DurableEngineOptions {
  /** SQLite file of the durable store, or `:memory:`. */
  readonly storeFile: string;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly taskHubName: string;
  /** host.json extensions.durableTask; unknown members are ignored. */
  readonly hostJson?: Readonly<Record<string, unknown>>;
  /** Newest replay schema of the extension that is played, `V3` or `V4` (absent). */
  readonly schema?: string | undefined;
  /** Fault mode; absent: none. */
  readonly faults?: Faults | undefined;
  /** Opens the store and runs nothing of it: instances can be looked at, terminated and purged. */
  readonly paused?: boolean | undefined;
}

/** What the host sees of the engine. */
export interface DurableEngine {
  /** Opens the store and takes up every unfinished instance. */
  start(): Promise<void>;
  /** Lets running work items commit, then closes the store. */
  stop(): Promise<void>;
  /**
   * The extension's HTTP API. `base` is the public address the reply's URLs start with
   * (`http://localhost:7071/runtime/webhooks/durabletask`) and `code` the system key they carry ("" for none).
   */
  handle(
    request: DurableHttpRequest,
    base: string,
    code: string,
    surface: "public" | "rpc",
  ): Promise<DurableHttpResponse>;
  /** The JSON text of a `durableClient` input binding. */
  clientBinding(base: string, rpcBase: string, code: string): string;
  /** True while anything runs or waits to run now; timers in the future do not count. */
  busy(): boolean;
  /** Resolves when `busy()` is false. */
  idle(): Promise<void>;
}
