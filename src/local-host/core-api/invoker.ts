import { randomFillSync, randomUUID } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { FunctionInvoker, InvocationResult, TypedData } from "../durable/port.ts";
import type { Tracker } from "../tracker.ts";
import type { Core } from "./core.ts";
import { answersHttp, withDeferredResponse } from "./deferred-response.ts";
import { toError } from "./errors.ts";
import { lostInJson } from "./lost-in-json.ts";
import { droppedStatusOf, openTasksOf } from "./open-tasks.ts";
import { plainText } from "./typed-data.ts";
import type {
  CoreInvocationContext,
  CoreLogLevel,
  HookContext,
  InvocationResponse,
  RegisteredFunction,
  WireData,
  WireRetryContext,
} from "./types.ts";
import { wholeRequest } from "./whole-request.ts";

export interface Invocation {
  readonly trigger: WireData;
  readonly triggerMetadata?: Readonly<Record<string, WireData>>;
  readonly retryContext?: WireRetryContext;
  /** W3C trace context of the caller; a fresh one is made without it. */
  readonly traceParent?: string | undefined;
  readonly traceState?: string | undefined;
  readonly invocationId?: string;
  /**
   * For an HTTP function of an app that streams: takes what the function returned in the library's place, and resolves
   * when the answer has gone out. Not called for nothing.
   */
  readonly answer?: ((result: unknown) => Promise<void>) | undefined;
}

/** `result` is what the function returned, after the hooks; `response` is its form on the wire. */
export type Outcome =
  | {
      readonly ok: true;
      readonly response: InvocationResponse;
      readonly result: unknown;
      /** The library's context of the call. */
      readonly context?: unknown;
    }
  | { readonly ok: false; readonly error: Error };

export interface Invoker extends FunctionInvoker {
  /** Calls a registered function once; its failure is an outcome, not a throw. */
  call(fn: RegisteredFunction, invocation: Invocation): Promise<Outcome>;
}

/** A function invocation, for observers of a host. */
export interface EndedCall {
  readonly function: string;
  readonly ok: boolean;
  readonly ms: number;
}

export interface InvokerDeps {
  readonly core: Core;
  readonly logger: Logger;
  readonly tracker: Tracker;
  /** The JSON text of a `durableClient` input; undefined while there is no durable engine. */
  readonly clientBinding: () => string | undefined;
  /** Called with every invocation when it has ended. */
  readonly onCall?: ((call: EndedCall) => void) | undefined;
  /** host.json's functionTimeout, on this clock. */
  readonly timeout?: { readonly ms: number; readonly clock: Clock } | undefined;
}

/** Calls functions as the Node worker does: arguments, pre hooks, the function, post hooks, response. */
export function createInvoker(deps: InvokerDeps): Invoker {
  const { core, logger, tracker, clientBinding, onCall, timeout } = deps;
  const byName = new Map([...core.functions.values()].map((fn) => [fn.metadata.name.toLowerCase(), fn]));
  const clientInputs = new Map([...core.functions.values()].map((fn) => [fn, clientInputsOf(fn)]));

  /** Functions of which it was said that their results are lost on the way. */
  const told = new Set<string>();

  async function run(fn: RegisteredFunction, invocation: Invocation): Promise<Outcome> {
    const model = core.api.getProgrammingModel();
    if (model === undefined) return { ok: false, error: new Error("The app has set no programming model.") };
    const invocationId = invocation.invocationId ?? randomUUID();
    const hookData = {};
    let invocationContext: unknown;
    const context: CoreInvocationContext = {
      invocationId,
      metadata: fn.metadata,
      request: {
        invocationId,
        functionId: fn.id,
        inputData: [
          // Where the app streams the library would wait for the request at a server of its own.
          ...(invocation.answer === undefined
            ? [{ name: fn.trigger.name, data: plainText(invocation.trigger) }]
            : []),
          ...extraInputs(clientInputs.get(fn), clientBinding),
        ],
        triggerMetadata: metadataOf(fn, invocation.triggerMetadata),
        traceContext: {
          traceParent: invocation.traceParent ?? newTraceParent(),
          traceState: invocation.traceState ?? "",
          attributes: {},
        },
        ...(invocation.retryContext === undefined ? {} : { retryContext: invocation.retryContext }),
      },
      log(level, category, message) {
        const entry = core.rewriteLog({ level, category, message, invocationContext, hookData });
        writeLog(logger, entry.level, entry.message, fn.metadata.name);
      },
    };
    try {
      const call = model.getInvocationModel(context);
      const prepared = await call.getArguments();
      if (invocation.answer !== undefined)
        prepared.inputs.unshift(await wholeRequest(model, context, invocation.trigger));
      invocationContext = prepared.context;

      context.state = "preInvocationHooks";
      const before: HookContext = {
        hookData,
        inputs: prepared.inputs,
        functionCallback: fn.callback,
        invocationContext,
      };
      await core.runHooks("preInvocation", before);

      const after: HookContext = { hookData, inputs: before.inputs, invocationContext, error: null };
      context.state = "invocation";
      try {
        after.result = await call.invokeFunction(
          invocationContext,
          before.inputs as unknown[],
          before.functionCallback as RegisteredFunction["callback"],
        );
      } catch (thrown) {
        after.error = thrown;
      }
      context.state = "postInvocationHooks";
      await core.runHooks("postInvocation", after);
      // As in the worker: an error of null or undefined is none, be it thrown by the function or set by a hook.
      if (after.error !== null && after.error !== undefined) throw after.error;
      if (invocation.answer !== undefined) {
        const answer = answersHttp(fn) ? after.result : httpOutputOf(fn, invocationContext);
        if (answer !== undefined && answer !== null) await invocation.answer(answer);
        return { ok: true, response: {}, result: after.result, context: invocationContext };
      }
      // Where the app streams, the library writes its `Response` to a socket of its own.
      const isWhole = invocation.trigger.http?.url !== undefined && answersHttp(fn);
      const answer = isWhole ? withDeferredResponse(after.result) : after.result;
      return {
        ok: true,
        response: await call.getResponse(invocationContext, answer),
        result: after.result,
        context: invocationContext,
      };
    } catch (thrown) {
      return { ok: false, error: toError(thrown) };
    }
  }

  return {
    async call(fn, invocation) {
      const end = tracker.begin();
      const started = performance.now();
      try {
        const outcome =
          timeout === undefined ? await run(fn, invocation) : await within(timeout, fn, run(fn, invocation));
        onCall?.({ function: fn.metadata.name, ok: outcome.ok, ms: performance.now() - started });
        return outcome;
      } finally {
        end();
      }
    },
    find(name, triggerType) {
      const fn = byName.get(name.toLowerCase());
      if (fn === undefined || !isTrigger(fn, triggerType)) return undefined;
      return { name: fn.metadata.name, triggerBinding: fn.trigger.name };
    },
    names(triggerType) {
      const ofType = [...byName.values()].filter((fn) => isTrigger(fn, triggerType));
      return ofType.map((fn) => fn.metadata.name);
    },
    async invoke(name, trigger, triggerMetadata): Promise<InvocationResult> {
      const fn = byName.get(name.toLowerCase());
      if (fn === undefined) return { ok: false, error: new Error(`There is no function '${name}'.`) };
      const outcome = await this.call(fn, {
        trigger,
        ...(triggerMetadata === undefined ? {} : { triggerMetadata }),
      });
      if (!outcome.ok) return outcome;
      const lost = lostInJson(outcome.result);
      if (lost !== undefined && !told.has(fn.id)) {
        told.add(fn.id);
        logger.warn(`Function '${fn.metadata.name}' returned ${lost}, here and in Azure.`);
      }
      return {
        ok: true,
        returnValue: outcome.response.returnValue as TypedData | null | undefined,
        openTasks: openTasksOf(outcome.context),
        droppedStatus: droppedStatusOf(outcome.context),
      };
    },
  };
}

const TRACE_BYTES = 24;
const traces = Buffer.alloc(256 * TRACE_BYTES);
let nextTrace = traces.length;

/** Not sampled. Drawn from a pool: this is made for every call. */
function newTraceParent(): string {
  if (nextTrace === traces.length) {
    randomFillSync(traces);
    nextTrace = 0;
  }
  const text = traces.toString("hex", nextTrace, nextTrace + TRACE_BYTES);
  nextTrace += TRACE_BYTES;
  return `00-${text.slice(0, 32)}-${text.slice(32)}-00`;
}

/** A functionTimeout: Azure ends the whole worker process; here only the caller gets the error, and the function's promise runs on. */
async function within(
  { ms, clock }: { readonly ms: number; readonly clock: Clock },
  fn: RegisteredFunction,
  work: Promise<Outcome>,
): Promise<Outcome> {
  const { promise: late, resolve } = Promise.withResolvers<Outcome>();
  const cancel = clock.after(ms, () => {
    const span = new Date(ms).toISOString().slice(11, 19);
    const message = `Timeout value of ${span} was exceeded by function: Functions.${fn.metadata.name}`;
    resolve({ ok: false, error: new Error(message) });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}

/** True for the input through which a function reaches the Durable client. */
export function isDurableClient(type: string): boolean {
  return /^(durableClient|orchestrationClient)$/i.test(type);
}

function metadataOf(
  { trigger }: RegisteredFunction,
  metadata: Readonly<Record<string, WireData>> = {},
): Record<string, WireData> {
  // Of a streamed request the library takes those that are text, unparsed, for the route's parameters.
  if (/^httpTrigger$/i.test(trigger.binding.type)) return metadata;
  const plain: Record<string, WireData> = {};
  for (const name in metadata) plain[name] = plainText(metadata[name] as WireData);
  return plain;
}

/** The answer of a function whose HTTP output is not its return value. */
function httpOutputOf(fn: RegisteredFunction, context: unknown): unknown {
  const outputs = (context as { readonly extraOutputs?: { get(name: string): unknown } }).extraOutputs;
  const name = Object.entries(fn.metadata.bindings).find(
    ([, { direction, type }]) => direction === "out" && type.toLowerCase() === "http",
  )?.[0];
  return name === undefined ? undefined : outputs?.get(name);
}

function clientInputsOf(fn: RegisteredFunction): string[] {
  return Object.entries(fn.metadata.bindings)
    .filter(([, { direction, type }]) => direction === "in" && isDurableClient(type))
    .map(([name]) => name);
}

function extraInputs(names: readonly string[] = [], clientBinding: () => string | undefined) {
  const text = names.length === 0 ? undefined : clientBinding();
  return text === undefined ? [] : names.map((name) => ({ name, data: { string: text } }));
}

/** Writes one line of the app's log at our level for it. */
export function writeLog(logger: Logger, level: CoreLogLevel, message: string, fn?: string): void {
  const fields = fn === undefined ? {} : { function: fn };
  if (level === "trace" || level === "debug") logger.debug(message, fields);
  else if (level === "information") logger.info(message, fields);
  else if (level === "warning") logger.warn(message, fields);
  else if (level === "error" || level === "critical") logger.error(message, fields);
}

const isTrigger = (fn: RegisteredFunction, type: string): boolean =>
  fn.trigger.binding.type.toLowerCase() === type.toLowerCase();
