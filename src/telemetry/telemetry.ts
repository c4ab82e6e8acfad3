import type { Settings } from "../config/settings.ts";

export type TelemetrySettings = Pick<Settings, "applicationInsights" | "otlpEndpoint" | "websiteSiteName">;

/** The trace an invocation belongs to, as the Functions host hands it over (W3C trace context). */
export interface TraceContext {
  readonly traceParent?: string | null | undefined;
  readonly traceState?: string | null | undefined;
}

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

interface SpanOptions {
  /** `client`: something outside is asked; `server`: somebody outside asks; default `internal`. */
  readonly kind?: "client" | "server" | "internal";
  readonly attributes?: Attributes;
  /** The trace that the message itself names; where it names none that can be followed, the present one is the parent. */
  readonly parent?: TraceContext | undefined;
}

/**
 * Traces as the rest of the app sees them. Attributes hold ids, names and counts, never an episode's text. Whatever
 * happens to telemetry itself, `run` runs once and its result or fault is passed on.
 */
export interface Telemetry {
  /** Runs as a part of the trace that came with an invocation, or else of the one this instance was started in. */
  follow<T>(
    trace: TraceContext | undefined,
    instanceId: string | undefined,
    run: () => Promise<T>,
  ): Promise<T>;
  /**
   * Runs inside a span; `note` adds attributes that are known only later. What is thrown ends it as an error, whose
   * `error.type` is the code unless `note` gave another.
   */
  span<T>(
    name: string,
    options: SpanOptions,
    run: (note: (facts: Attributes) => void) => Promise<T>,
  ): Promise<T>;
  /** Keeps the present trace for the steps of a durable instance. */
  remember(instanceId: string): Promise<void>;
  /** Sends what is waiting and stops. */
  close(): Promise<void>;
}

/** While no destination is set: nothing is loaded, nothing is kept. */
export const noTelemetry: Telemetry = {
  follow: (_trace, _instanceId, run) => run(),
  span: (_name, _options, run) => run(() => {}),
  remember: async () => {},
  close: async () => {},
};
