import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { noTelemetry, type Telemetry, type TelemetrySettings } from "./telemetry.ts";

/**
 * Traces to Application Insights, to an OTLP collector or to both, as the settings say. The packages are loaded here
 * and only then: they cost more to import than the rest of the app. Without them the app runs untraced, and says so.
 */
export function openTelemetry(settings: TelemetrySettings, logger: Logger): Telemetry {
  if (settings.applicationInsights === undefined && settings.otlpEndpoint === undefined) return noTelemetry;
  return lazyTelemetry(
    import("./tracing.ts")
      .then(({ exportersOf, startTracing }) =>
        exportersOf(settings).then((exporters) => startTracing({ exporters, settings })),
      )
      .catch((thrown: unknown) => {
        logger.error("telemetry is off: it could not be loaded", { error: messageOf(thrown) });
        return noTelemetry;
      }),
  );
}

/** Telemetry that may still be loading: the first calls wait for it. */
function lazyTelemetry(opening: Promise<Telemetry>): Telemetry {
  return {
    follow: async (trace, instanceId, run) => (await opening).follow(trace, instanceId, run),
    span: async (name, options, run) => (await opening).span(name, options, run),
    remember: async (instanceId) => (await opening).remember(instanceId),
    close: async () => (await opening).close(),
  };
}
