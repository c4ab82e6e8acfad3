/**
 * What crosses the seam between `@azure/functions` and its host: the shapes of the `@azure/functions-core` module, as
 * far as @azure/functions 4.16.5 and durable-functions 3.5.0 use them. Names are Microsoft's.
 */

/** A value on the worker's wire; exactly one member is set, none means undefined. */
export interface WireData {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: WireHttp;
}

interface WireHttp {
  method?: string;
  url?: string;
  nullableHeaders?: Record<string, { value: string }>;
  nullableQuery?: Record<string, { value: string }>;
  nullableParams?: Record<string, { value: string }>;
  params?: Record<string, string>;
  body?: WireData | null | undefined;
  /** Not on the wire: what the library takes for the `Request` it would make of the other members. */
  nativeRequest?: Request | undefined;
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: WireCookie[];
}

export interface WireCookie {
  name: string;
  value: string;
  domain?: { value: string } | undefined;
  path?: { value: string } | undefined;
  expires?: { value: { seconds: number } } | undefined;
  secure?: { value: boolean } | undefined;
  httpOnly?: { value: boolean } | undefined;
  maxAge?: { value: number } | undefined;
  /** `none` says nothing about SameSite; `explicitNone` is `SameSite=None`. */
  sameSite?: "none" | "lax" | "strict" | "explicitNone";
}

/** A trigger, input or output of a function, with the options it was registered with (`route`, `schedule`, …). */
interface BindingInfo {
  readonly type: string;
  readonly direction: "in" | "out";
  readonly [option: string]: unknown;
}

export interface RetryOptions {
  readonly retryStrategy?: string;
  /** -1: for ever. */
  readonly maxRetryCount?: number;
  readonly delayInterval?: { readonly seconds: number };
  readonly minimumInterval?: { readonly seconds: number };
  readonly maximumInterval?: { readonly seconds: number };
}

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  /** Keyed by binding name; the return value's is `$return`. */
  readonly bindings: Readonly<Record<string, BindingInfo>>;
  readonly retryOptions?: RetryOptions | undefined;
}

export type FunctionCallback = (...args: unknown[]) => unknown;

export interface RegisteredFunction {
  readonly id: string;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
  /** Name and info of the binding whose type ends in `Trigger`. */
  readonly trigger: { readonly name: string; readonly binding: BindingInfo };
}

export const HOOK_NAMES = ["preInvocation", "postInvocation", "appStart", "appTerminate", "log"] as const;
export type HookName = (typeof HOOK_NAMES)[number];
/** Hooks change the members of the object they are handed; the library adds `hookData` when it is missing. */
export type HookContext = Record<string, unknown>;
export type HookCallback = (context: HookContext) => unknown;

export type CoreLogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";
export type CoreLogCategory = "user" | "system" | "customMetric";

export interface WireRetryContext {
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception?: { readonly message: string; readonly source?: string; readonly stackTrace?: string };
}

interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: WireData }[];
  readonly triggerMetadata: Readonly<Record<string, WireData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
  readonly retryContext?: WireRetryContext;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  /** The very object that was registered: the library keeps facts about it by identity. */
  readonly metadata: FunctionMetadata;
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks";
  log(level: CoreLogLevel, category: CoreLogCategory, message: string): void;
}

export interface InvocationResponse {
  readonly invocationId?: string;
  readonly returnValue?: WireData | null | undefined;
  readonly outputData?: readonly { readonly name: string; readonly data: WireData }[];
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities?(defaults: Record<string, string>): Promise<Record<string, string>>;
}
