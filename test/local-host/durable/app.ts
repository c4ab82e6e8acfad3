import { createRequire } from "node:module";
import type { EntityContext, OrchestrationContext } from "durable-functions";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { createLogger, type Logger, type LogLevel } from "../../../src/kernel/logger.ts";
import { droppedStatusOf, openTasksOf } from "../../../src/local-host/core-api/open-tasks.ts";
import { createDurableEngine } from "../../../src/local-host/durable/engine.ts";
import type {
  DurableEngine,
  DurableHttpResponse,
  FunctionInvoker,
  InvocationResult,
  TypedData,
} from "../../../src/local-host/durable/port.ts";
import type { Faults } from "../../../src/local-host/faults.ts";

// The SDK itself, below its registration: what the Functions worker would call with the trigger's value.
const require = createRequire(import.meta.url);
const { createOrchestrator, createEntityFunction } =
  require("durable-functions/lib/src/util/testingUtils.js") as {
    createEntityFunction: (code: EntityCode) => (trigger: unknown, context: unknown) => Promise<unknown>;
    createOrchestrator: (code: OrchestratorCode) => (trigger: unknown, context: unknown) => Promise<unknown>;
  };

// biome-ignore lint/suspicious/noExplicitAny: orchestrator code reads whatever its tasks give
export type OrchestratorCode = (context: OrchestrationContext) => Generator<any>;
// biome-ignore lint/suspicious/noExplicitAny: activities take and return any JSON
export type ActivityCode = (input: any) => any;

export type EntityCode = (context: EntityContext<unknown>) => unknown;

/** Orchestrator code that waits for nothing. */
export function atOnce(code: (context: OrchestrationContext) => unknown): OrchestratorCode {
  return function* (context) {
    yield* [];
    return code(context);
  };
}

export interface App {
  readonly orchestrators: Record<string, OrchestratorCode>;
  readonly activities: Record<string, ActivityCode>;
  readonly entities?: Record<string, EntityCode>;
}

/** Values as the worker decodes and encodes them. */
function decode(data: TypedData): unknown {
  if (!("string" in data)) return undefined;
  try {
    return JSON.parse(data.string);
  } catch {
    return data.string;
  }
}
function encode(value: unknown): TypedData | null | undefined {
  if (value === null || value === undefined) return value;
  if (typeof value === "string") return { string: value };
  if (typeof value === "number") return Number.isInteger(value) ? { int: value } : { double: value };
  return { json: JSON.stringify(value) };
}

const named = (table: object, name: string) =>
  Object.keys(table).find((key) => key.toLowerCase() === name.toLowerCase());

/** Calls the app's code as the host's worker would, with JSON both ways. */
export function appInvoker(app: App): FunctionInvoker & { episodes: number } {
  const tables = {
    orchestrationTrigger: app.orchestrators,
    activityTrigger: app.activities,
    entityTrigger: app.entities ?? {},
  };
  return {
    episodes: 0,
    find(name, triggerType) {
      const found = named(tables[triggerType], name);
      return found === undefined ? undefined : { name: found, triggerBinding: "input" };
    },

    names: (triggerType) => Object.keys(tables[triggerType]),
    async invoke(name, trigger): Promise<InvocationResult> {
      try {
        const code = app.orchestrators[name];
        const entity = app.entities?.[name];
        if (entity !== undefined) {
          const state = await createEntityFunction(entity)(decode(trigger), { log() {} });
          return { ok: true, returnValue: encode(state) };
        }
        if (code === undefined)
          return { ok: true, returnValue: encode(await app.activities[name]?.(decode(trigger))) };
        this.episodes++;
        const context = { log() {} };
        const result = await createOrchestrator(code)(decode(trigger), context);
        const returnValue = encode(JSON.parse(JSON.stringify(result)));
        return {
          ok: true,
          returnValue,
          openTasks: openTasksOf(context),
          droppedStatus: droppedStatusOf(context),
        };
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        return { ok: false, error };
      }
    },
  };
}

export const BASE = "http://localhost:7071/runtime/webhooks/durabletask";

export interface StatusBody {
  runtimeStatus: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any JSON
  output: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any JSON
  [field: string]: any;
}

export interface HostOptions {
  file?: string;
  clock?: VirtualClock;
  hostJson?: Record<string, unknown>;
  onCommit?: () => void;
  faults?: Faults;
  schema?: string;
  paused?: boolean;
}

/** An engine with the calls tests make, on a clock that moves only when nothing runs. */
export class TestHost {
  readonly clock: VirtualClock;
  readonly engine: DurableEngine;
  readonly invoker: ReturnType<typeof appInvoker>;
  readonly log: { level: LogLevel; line: string }[] = [];

  constructor(app: App, options: HostOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.invoker = appInvoker(app);
    const logger: Logger = createLogger((line, level) => this.log.push({ level, line }), "debug");
    this.engine = createDurableEngine(
      {
        storeFile: options.file ?? ":memory:",
        invoker: this.invoker,
        clock: this.clock,
        logger,
        taskHubName: "TestHub",
        hostJson: options.hostJson ?? {},
        faults: options.faults,
        schema: options.schema,
        paused: options.paused,
      },
      options.onCommit === undefined ? {} : { onCommit: options.onCommit },
    );
  }

  async call(
    method: string,
    pathAndQuery: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<DurableHttpResponse> {
    const [path = "", query = ""] = pathAndQuery.split("?", 2);
    return this.engine.handle(
      {
        method,
        path,
        query: new URLSearchParams(query),
        headers: { "content-type": "application/json", ...headers },
        body: body === undefined ? "" : JSON.stringify(body),
      },
      BASE,
      "key",
      "rpc",
    );
  }

  /** Starts an instance and returns its id. */
  async begin(name: string, id: string, input?: unknown): Promise<string> {
    const response = await this.call("POST", `orchestrators/${name}/${id}`, input);
    if (response.status !== 202) throw new Error(`start answered ${response.status}: ${response.body}`);
    return (JSON.parse(response.body) as { id: string }).id;
  }

  async status(id: string, query = ""): Promise<StatusBody> {
    const response = await this.call("GET", `instances/${id}?${query}`);
    return JSON.parse(response.body) as StatusBody;
  }

  /** Runs until nothing is left to do but wait for events, moving the clock from timer to timer. */
  async settle(until = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      await this.engine.idle();
      const next = this.clock.nextAt();
      if (next === undefined || next > until) return;
      this.clock.fireNext();
    }
  }

  /** Starts, settles, and returns the final status. */
  async run(name: string, input?: unknown, id = "one"): Promise<StatusBody> {
    await this.begin(name, id, input);
    await this.settle();
    return this.status(id);
  }
}

/** A started host, stopped by whoever disposes of it. */
export async function testHost({
  orchestrators = {},
  activities = {},
  entities = {},
  options = {},
}: Partial<App> & { options?: HostOptions }): Promise<TestHost & AsyncDisposable> {
  const host = new TestHost({ orchestrators, activities, entities }, options);
  await host.engine.start();
  return Object.assign(host, { [Symbol.asyncDispose]: () => host.engine.stop() });
}
