import { beginCall, type CallContext, quietly } from "./begin-call.ts";
import { whenCollected } from "./calls/observe-response.ts";
import type { OpenCall } from "./calls/open-call.ts";
import type { CaptureHook } from "./capture.ts";
import { snapshot } from "./snapshot.ts";

type Create = (...parameters: unknown[]) => unknown;
interface ChatClient {
  chat: { completions: { create: Create } };
}

/** A client that only looks like OpenAI's: its `chat.completions.create` is captured by what it returns. */
export function watchCreate<Client extends object>(
  hook: CaptureHook,
  client: Client,
  context: CallContext,
): Client {
  const { chat } = client as unknown as ChatClient;
  const { completions } = chat;
  const create: Create = (...parameters) => {
    const begun = quietly(() =>
      beginCall(hook, context, { provider: "openai", form: "chat.completions", body: parameters[0] }),
    );
    if (begun === undefined) return completions.create(...parameters);
    const { call, now, remember } = begun;
    const failed = (thrown: unknown): never => {
      call.refused(thrown);
      remember(thrown);
      throw thrown;
    };
    let answer: unknown;
    try {
      answer = completions.create(...parameters);
    } catch (thrown) {
      return failed(thrown);
    }
    const seen = (value: unknown): unknown => {
      quietly(() => {
        remember(value);
        if (isStream(value)) watchStream(value, call, now);
        else {
          call.answered(false);
          call.whole(snapshot(value).value, now());
          call.end(now());
        }
      });
      return value;
    };
    const given = isThenable(answer) ? answer.then(seen, failed) : seen(answer);
    if (typeof given !== "string") remember(given);
    return given;
  };
  const view = (target: object, own: Record<string, unknown>) =>
    new Proxy(target, {
      get(object, name) {
        if (typeof name === "string" && Object.hasOwn(own, name)) return own[name];
        const member: unknown = Reflect.get(object, name, object);
        return typeof member === "function" && name !== "constructor"
          ? (member as Create).bind(object)
          : member;
      },
    });
  return view(client, { chat: view(chat, { completions: view(completions, { create }) }) }) as Client;
}

const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === "function";

type Stream = { [Symbol.asyncIterator](): AsyncIterator<unknown> };
const isStream = (value: unknown): value is Stream =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

function watchStream(stream: Stream, call: OpenCall, now: () => number): void {
  call.answered(true);
  whenCollected(stream, call);
  const iterate = stream[Symbol.asyncIterator].bind(stream);
  stream[Symbol.asyncIterator] = () => {
    const source = iterate();
    return {
      async next() {
        try {
          const step = await source.next();
          if (step.done) call.end(now());
          else call.chunk(step.value, now());
          return step;
        } catch (thrown) {
          call.failed(thrown);
          throw thrown;
        }
      },
      async return(value?: unknown) {
        call.cancelled();
        return (await source.return?.(value)) ?? { done: true, value: undefined };
      },
    };
  };
}
