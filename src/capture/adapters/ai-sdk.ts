import { beginCall, type CallContext, quietly } from "../begin-call.ts";
import { whenCollected } from "../calls/observe-response.ts";
import type { OpenCall } from "../calls/open-call.ts";
import type { CaptureHook } from "../capture.ts";
import { AiSdkChunks, aiSdkAnswer, aiSdkRequest } from "./ai-sdk-form.ts";

/** What is asked of the SDK's model and its calls; its own types stay its own. */
interface Model {
  readonly provider: string;
  readonly modelId: string;
}
interface Generating<Result> {
  readonly doGenerate: () => PromiseLike<Result>;
  readonly params: unknown;
  readonly model: Model;
}
interface Streaming<Result> {
  readonly doStream: () => PromiseLike<Result>;
  readonly params: unknown;
  readonly model: Model;
}

/** A language model middleware of the SDK's version 6 or 7. */
export interface LightningMiddleware {
  // biome-ignore lint/suspicious/noExplicitAny: "v3" in version 6, "v4" in version 7, and neither reads it
  readonly specificationVersion: any;
  wrapGenerate<Result>(options: Generating<Result>): Promise<Result>;
  wrapStream<Result extends { readonly stream: ReadableStream }>(options: Streaming<Result>): Promise<Result>;
}

/**
 * Captures each call of a language model of the Vercel AI SDK, as one episode, generated or streamed:
 * `wrapLanguageModel({ model, middleware: lightningMiddleware(hook) })`. Answers, streams and errors are the model's own.
 * @param context - Asked at each call: who and where it belongs to.
 */
export function lightningMiddleware(
  hook: CaptureHook,
  context: CallContext = () => ({}),
): LightningMiddleware {
  const begin = ({ params, model }: { readonly params: unknown; readonly model: Model }) => {
    const { abortSignal: _signal, headers: _headers, ...asked } = params as Record<string, unknown>;
    return beginCall(hook, context, {
      // As `openai.responses`: whom it asks, and how.
      provider: model.provider.split(".")[0] ?? model.provider,
      form: "chat",
      body: { model: model.modelId, params: asked },
      request: aiSdkRequest,
    });
  };
  return {
    specificationVersion: "v4",
    async wrapGenerate({ doGenerate, params, model }) {
      const begun = hook.enabled ? quietly(() => begin({ params, model })) : undefined;
      if (begun === undefined) return doGenerate();
      const result = await refusing(begun.call, doGenerate);
      quietly(() => {
        begun.call.answered(false);
        begun.call.whole(aiSdkAnswer(result), begun.now());
        begun.call.end(begun.now());
      });
      return result;
    },
    async wrapStream({ doStream, params, model }) {
      const begun = hook.enabled ? quietly(() => begin({ params, model })) : undefined;
      if (begun === undefined) return doStream();
      const result = await refusing(begun.call, doStream);
      begun.call.answered(true);
      return { ...result, stream: observed(result.stream, begun.call, begun.now) };
    },
  };
}

async function refusing<T>(call: OpenCall, work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    quietly(() => call.refused(thrown));
    throw thrown;
  }
}

/** The same parts at the reader's own pace. A stream that is left ends the call when it is collected. */
function observed(
  stream: ReadableStream<unknown>,
  call: OpenCall,
  now: () => number,
): ReadableStream<unknown> {
  const reader = stream.getReader();
  const chunks = new AiSdkChunks();
  const see = (part: unknown) => {
    const { type, error } = part as { type?: unknown; error?: unknown };
    if (type === "error") call.failed(error);
    else {
      const chunk = chunks.chunk(part);
      if (chunk !== undefined) call.chunk(chunk, now());
    }
  };
  const given = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            quietly(() => call.end(now()));
            controller.close();
            return;
          }
          quietly(() => see(value));
          controller.enqueue(value);
        } catch (thrown) {
          quietly(() => call.failed(thrown));
          controller.error(thrown);
        }
      },
      async cancel(reason) {
        quietly(() => call.cancelled());
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  whenCollected(given, call);
  return given;
}
