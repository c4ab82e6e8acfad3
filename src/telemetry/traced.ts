import type { Operation, Orchestrations } from "../doors/operation.ts";
import { ownIds } from "../doors/own-ids.ts";
import type { Provider } from "../provider/provider.ts";
import type { Attributes, Telemetry } from "./telemetry.ts";

/** An operation inside a span of its own name; what it starts belongs to the same trace. */
export function tracedOperation(operation: Operation, telemetry: Telemetry): Operation {
  return {
    ...operation,
    run: (input, context) =>
      telemetry.span(
        operation.name,
        {
          attributes: { "lightning.door": context.door, ...idsOf(input), ...callerOf(context.caller?.kind) },
        },
        async (note) => {
          const reply = await operation.run(input, {
            ...context,
            orchestrations: tracedStarts(context.orchestrations, telemetry),
          });
          note({ "lightning.status": reply.status ?? 200, ...idsOf(reply.body) });
          return reply;
        },
      ),
  };
}

function tracedStarts(orchestrations: Orchestrations, telemetry: Telemetry): Orchestrations {
  return {
    ...orchestrations,
    start(orchestration, input, instanceId = orchestration.instanceId(input)) {
      return telemetry.span(
        `start ${orchestration.name}`,
        {
          kind: "client",
          attributes: { "durabletask.type": "orchestration", "durabletask.task.instance_id": instanceId },
        },
        async () => {
          await telemetry.remember(instanceId);
          await orchestrations.start(orchestration, input, instanceId);
        },
      );
    },
  };
}

/** The provider with a span for each request, named as OpenTelemetry's conventions for generative AI name them. */
export function tracedProvider(provider: Provider, telemetry: Telemetry): Provider {
  const common = { "gen_ai.provider.name": provider.kind === "azure" ? "azure.ai.openai" : "local" };
  const asked = <T>(
    name: string,
    attributes: Attributes,
    run: () => Promise<T>,
    facts?: (result: T) => Attributes,
  ) =>
    telemetry.span(name, { kind: "client", attributes: { ...common, ...attributes } }, async (note) => {
      const result = await run();
      if (facts !== undefined) note(facts(result));
      return result;
    });
  return {
    ...provider,
    uploadFile: (file) =>
      asked(
        "upload_file",
        {},
        () => provider.uploadFile(file),
        ({ id, bytes }) => ({
          "lightning.provider.file_id": id,
          "lightning.provider.bytes": bytes,
        }),
      ),
    readFile: (id) => asked("read_file", { "lightning.provider.file_id": id }, () => provider.readFile(id)),
    deleteFile: (id) =>
      asked("delete_file", { "lightning.provider.file_id": id }, () => provider.deleteFile(id)),
    createJob: (request) =>
      asked(
        `create_job ${request.model}`,
        { "gen_ai.request.model": request.model, "lightning.run_id": request.metadata.run_id },
        () => provider.createJob(request),
        ({ id }) => ({ "lightning.provider.job_id": id }),
      ),
    readJob: (id) =>
      asked(
        "read_job",
        { "lightning.provider.job_id": id },
        () => provider.readJob(id),
        ({ state }) => ({
          "lightning.provider.job_state": state,
        }),
      ),
    cancelJob: (id) => asked("cancel_job", { "lightning.provider.job_id": id }, () => provider.cancelJob(id)),
    chat: (request, options) =>
      asked(
        `chat ${request.model}`,
        {
          "gen_ai.operation.name": "chat",
          "gen_ai.request.model": request.model,
          "gen_ai.request.temperature": request.temperature,
          "gen_ai.request.max_tokens": request.max_tokens,
        },
        () => provider.chat(request, options),
        ({ model, usage }) => ({
          "gen_ai.response.model": model,
          "gen_ai.usage.input_tokens": usage.prompt_tokens,
          "gen_ai.usage.output_tokens": usage.completion_tokens,
        }),
      ),
    ping: () => asked("ping", {}, () => provider.ping()),
  };
}

const callerOf = (kind: string | undefined): Attributes =>
  kind === undefined ? {} : { "lightning.caller": kind };

/** `agent_id`, `run_id`, … as attributes. */
function idsOf(value: unknown): Attributes {
  const { id: _id, ...ids } = ownIds(value);
  const { agent_id: agentId } = (value ?? {}) as { agent_id?: unknown };
  const all = { ...(typeof agentId === "string" ? { agent_id: agentId } : {}), ...ids };
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [`lightning.${name}`, text]));
}
