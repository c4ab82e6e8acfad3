import { AsyncLocalStorage } from "node:async_hooks";
import { type CallContext, quietly } from "./begin-call.ts";
import { Conversations } from "./calls/conversations.ts";
import type { CallForm } from "./calls/model-call.ts";
import { observeResponse } from "./calls/observe-response.ts";
import { OpenCall } from "./calls/open-call.ts";
import { continuedFrom } from "./calls/responses.ts";
import type { CaptureHook } from "./capture.ts";
import { type EpisodeBox, followAnswer, rememberAnswer } from "./episode-of.ts";
import { snapshot } from "./snapshot.ts";
import { watchCreate } from "./watch-create.ts";

/** What this file needs of an `openai` or Azure OpenAI client; its own types stay its own. */
type ChatClient = {
  chat: {
    completions: {
      // biome-ignore lint/suspicious/noExplicitAny: the client's overloads are kept as they are
      create: (...parameters: any[]) => any;
    };
  };
};

/** Where calls of one view are captured. */
interface Scope {
  readonly hook: CaptureHook;
  readonly context: CallContext;
  readonly conversations: Conversations;
  /** Of one call of the view: told the episode that the request becomes. */
  readonly box?: EpisodeBox | undefined;
}

type Made = { readonly response?: Response; readonly controller?: object };
type Request = {
  readonly path?: unknown;
  readonly method?: unknown;
  readonly body?: unknown;
  readonly stream?: unknown;
};
type MakeRequest = (options: Request | PromiseLike<Request>, ...rest: unknown[]) => Promise<Made>;
interface RequestingClient {
  makeRequest: MakeRequest;
  readonly baseURL?: unknown;
}

/** The calls that run on behalf of a view, however deep inside the client's helpers. */
const scopes = new AsyncLocalStorage<Scope>();
/** Clients that look for a scope, and what each view shows. */
const watched = new WeakSet<object>();
const shownBy = new WeakMap<object, object>();
const conversationsOf = new WeakMap<CaptureHook, Conversations>();

/**
 * A view of the client whose calls of models are captured: `chat.completions`, `completions` and `responses`, created,
 * parsed, streamed, run with tools, read as a raw response, also of the clients that `withOptions()` gives. The answers,
 * the streams and every error are the client's own objects; calls on the client itself are not captured. With capture
 * off it is returned as it is; a view of a view captures once, for the last one's hook and context.
 *
 * It looks on at the one method that every helper of the `openai` package goes through, in majors 4 to 7, and at what the
 * caller takes of the response. A client of another make is captured at `chat.completions.create` alone.
 */
export function wrapOpenAI<Client extends ChatClient>(
  hook: CaptureHook,
  client: Client,
  context: CallContext = () => ({}),
): Client {
  if (!hook.enabled) return client;
  const shown = (shownBy.get(client) ?? client) as Client;
  if (!isRequesting(shown)) return watchCreate(hook, shown, context);
  const conversations = conversationsOf.get(hook) ?? new Conversations();
  conversationsOf.set(hook, conversations);
  return viewOf(shown, { hook, context, conversations });
}

const isRequesting = (value: object): value is RequestingClient =>
  typeof (value as Partial<RequestingClient>).makeRequest === "function";

/** The object, its methods called on itself (private fields reach no proxy) and inside the scope. */
function viewOf<T extends object>(target: T, scope: Scope): T {
  if (isRequesting(target)) watch(target);
  const methods = new Map<unknown, unknown>();
  const view = new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name, object);
      if (name === "constructor") return member;
      if (typeof member === "object" && member !== null && isResource(member)) return once(member);
      return typeof member === "function" ? once(member) : member;
    },
  });
  /** The same member is always shown by the same view: identities stay stable. */
  function once(member: object): unknown {
    const shown =
      methods.get(member) ?? (typeof member === "function" ? method(member) : viewOf(member, scope));
    methods.set(member, shown);
    return shown;
  }
  function method(member: object): unknown {
    return (...parameters: unknown[]): unknown => {
      const box: EpisodeBox = {};
      const result: unknown = scopes.run({ ...scope, box }, () =>
        Reflect.apply(member as (...p: unknown[]) => unknown, target, parameters),
      );
      followAnswer(result, box);
      return typeof result === "object" && result !== null && isRequesting(result)
        ? viewOf(result, scope)
        : result;
    };
  }
  shownBy.set(view, target);
  return view;
}

/** A part of the client, as `client.chat` and `client.chat.completions`. */
const isResource = (member: object): boolean => "_client" in member;

function watch(client: RequestingClient): void {
  if (watched.has(client)) return;
  watched.add(client);
  const original = client.makeRequest;
  /** A client that asks again passes on the same options. */
  const open = new WeakMap<object, Watched>();
  const makeRequest = function (
    this: RequestingClient,
    options: Request | PromiseLike<Request>,
    ...rest: unknown[]
  ): Promise<Made> {
    const send = (resolved: typeof options) => Reflect.apply(original, this, [resolved, ...rest]);
    const again = open.get(options);
    if (again !== undefined && !again.call.isDone) {
      again.call.sentAgain();
      return send(options);
    }
    const scope = scopes.getStore();
    if (scope === undefined) return send(options);
    // Copied when the client has the request together, which is what it sends.
    return Promise.resolve(options).then((resolved) => {
      const begun = quietly(() => begin(scope, client, resolved));
      if (begun === undefined) return send(resolved);
      open.set(resolved, begun);
      return follow(send(resolved), begun, resolved);
    });
  };
  Object.defineProperty(client, "makeRequest", { value: makeRequest, configurable: true, writable: true });
}

interface Watched {
  readonly id: string;
  readonly call: OpenCall;
  readonly now: () => number;
}

const FORMS: readonly [suffix: string, form: CallForm][] = [
  ["/chat/completions", "chat.completions"],
  ["/completions", "completions"],
  ["/responses", "responses"],
];

function begin(scope: Scope, client: RequestingClient, options: Request): Watched | undefined {
  const { path } = options;
  if (typeof path !== "string" || String(options.method).toLowerCase() !== "post") return undefined;
  const form = FORMS.find(([suffix]) => path.endsWith(suffix))?.[1];
  if (form === undefined) return undefined;
  const { hook, conversations } = scope;
  const continues = continuedFrom(options.body);
  const body = snapshot(options.body);
  const opened = hook.openModelCall(scope.context);
  if (scope.box !== undefined) scope.box.id = opened.id;
  const call = new OpenCall({
    provider: isAzure(client) ? "azure" : "openai",
    form,
    body: body.value,
    before: conversations.before(continues),
    now: opened.now,
    onResponseId: (responseId) => rememberAnswer(responseId, opened.id),
    done: (make, bytes) => {
      // The next request of the conversation names this one's answer.
      const record = form === "responses" ? make() : undefined;
      if (record !== undefined) conversations.remember(record, continues);
      opened.end(() => record ?? make(), body.bytes + bytes);
    },
  });
  opened.onClose(() => call.abandoned());
  return { id: opened.id, call, now: opened.now };
}

const isAzure = (client: RequestingClient): boolean =>
  "deploymentName" in client || /\.azure\.|azure-api\./.test(String(client.baseURL));

async function follow(made: Promise<Made>, { id, call, now }: Watched, { stream }: Request): Promise<Made> {
  let result: Made;
  try {
    result = await made;
  } catch (thrown) {
    quietly(() => {
      call.refused(thrown);
      rememberAnswer(thrown, id);
    });
    throw thrown;
  }
  quietly(() => {
    const { response, controller } = result;
    if (response === undefined || call.isDone) return;
    call.answered(stream === true);
    rememberAnswer(response, id);
    if (controller !== undefined) rememberAnswer(controller, id);
    observeResponse(response, call, now);
  });
  return result;
}
