import {
  type Attributes as ApiAttributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-node";
import { defined } from "../kernel/defined.ts";
import { isLightningError } from "../kernel/errors.ts";
import type { Attributes, Telemetry, TelemetrySettings, TraceContext } from "./telemetry.ts";

const NAME = "agent-lightning";
const KINDS = { client: SpanKind.CLIENT, server: SpanKind.SERVER, internal: SpanKind.INTERNAL } as const;
/** Size of the cache of instances' traces; the oldest is evicted first. */
const MOST_REMEMBERED = 1000;

/** An exporter for each destination that is set. The packages are optional: an install may leave them out. */
export async function exportersOf(settings: TelemetrySettings): Promise<SpanExporter[]> {
  const exporters: SpanExporter[] = [];
  if (settings.otlpEndpoint !== undefined) {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    // OTEL_EXPORTER_OTLP_HEADERS and the rest of the standard's variables it reads itself.
    exporters.push(new OTLPTraceExporter({ url: `${settings.otlpEndpoint.replace(/\/*$/, "")}/v1/traces` }));
  }
  if (settings.applicationInsights !== undefined) {
    const { AzureMonitorTraceExporter } = await import("@azure/monitor-opentelemetry-exporter");
    const { DefaultAzureCredential } = await import("@azure/identity");
    exporters.push(
      new AzureMonitorTraceExporter({
        connectionString: settings.applicationInsights,
        // infra/ makes Application Insights without local keys; on a laptop the connection string's key does.
        ...(settings.websiteSiteName === undefined ? {} : { credential: new DefaultAzureCredential() }),
      }),
    );
  }
  return exporters;
}

/** Registers the process's tracer. One at a time: the durable client finds it through OpenTelemetry's globals. */
export function startTracing(options: {
  readonly exporters: readonly SpanExporter[];
  readonly settings: Pick<TelemetrySettings, "websiteSiteName">;
  /** Each span is handed over when it ends, for tests. */
  readonly unbuffered?: boolean;
}): Telemetry {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": options.settings.websiteSiteName ?? NAME }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: options.exporters.map((exporter) =>
      options.unbuffered === true ? new SimpleSpanProcessor(exporter) : new BatchSpanProcessor(exporter),
    ),
  });
  provider.register();
  const tracer = provider.getTracer(NAME);
  const remembered = new Map<string, Context>();
  const inAzure = options.settings.websiteSiteName !== undefined;

  /**
   * The host's own trace. Elsewhere than in Azure the host may have none and hands over an invented one that is marked
   * as not sampled; following it would lose every span.
   */
  function contextOf({ traceParent, traceState }: TraceContext): Context | undefined {
    const carrier = { traceparent: traceParent ?? "", tracestate: traceState ?? "" };
    const found = propagation.extract(ROOT_CONTEXT, carrier);
    const span = trace.getSpanContext(found);
    if (span === undefined || !isSpanContextValid(span)) return undefined;
    return inAzure || (span.traceFlags & TraceFlags.SAMPLED) !== 0 ? found : undefined;
  }

  /** A child's id is its parent's with `-training` or the like behind it. */
  function rememberedOf(instanceId: string): Context | undefined {
    for (let id = instanceId; id !== ""; id = id.slice(0, Math.max(0, id.lastIndexOf("-")))) {
      const found = remembered.get(id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  return {
    async follow(traceContext, instanceId, run) {
      const parent =
        (traceContext === undefined ? undefined : contextOf(traceContext)) ??
        (instanceId === undefined ? undefined : rememberedOf(instanceId)) ??
        ROOT_CONTEXT;
      return context.with(parent, run);
    },
    span(name, { kind = "internal", attributes = {}, parent }, run) {
      const present = context.active();
      const named = parent === undefined ? undefined : contextOf(parent);
      const around = trace.getSpanContext(present);
      const spanOptions = {
        kind: KINDS[kind],
        attributes: known(attributes),
        // The transport's own trace, where the message belongs to another.
        links: named === undefined || around === undefined ? [] : [{ context: around }],
      };
      return tracer.startActiveSpan(name, spanOptions, named ?? present, async (span) => {
        let type: Attributes[string];
        try {
          return await run((facts) => {
            type = facts["error.type"] ?? type;
            span.setAttributes(known(facts));
          });
        } catch (thrown) {
          // The code alone: a message may quote what somebody sent.
          const code = isLightningError(thrown) ? thrown.code : "unexpected";
          span.setAttribute("error.type", type ?? code);
          span.setStatus({
            code: SpanStatusCode.ERROR,
            message: String(code === "unexpected" ? (type ?? code) : code),
          });
          throw thrown;
        } finally {
          span.end();
        }
      });
    },
    async remember(instanceId) {
      remembered.delete(instanceId);
      remembered.set(instanceId, context.active());
      const [oldest] = remembered.keys();
      if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    },
    async close() {
      remembered.clear();
      await provider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

const known = (attributes: Attributes): ApiAttributes => defined(attributes);
