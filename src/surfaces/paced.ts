import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers that @azure/functions writes to the Functions host, by the invocation that each belongs to. */
const answers = new Map<string, ServerResponse>();
const INVOCATION = "x-ms-invocation-id";

const BEGUN = "http.server.request.start";

/** Begins to note which answer belongs to which invocation: where the app streams. Call what it returns to end it. */
export function noteAnswers(): () => void {
  const note = (message: unknown) => {
    const { request, response } = message as {
      readonly request: IncomingMessage;
      readonly response: ServerResponse;
    };
    const id = request.headers[INVOCATION];
    if (typeof id !== "string") return;
    answers.set(id, response);
    response.once("close", () => answers.delete(id));
  };
  subscribe(BEGUN, note);
  return () => void unsubscribe(BEGUN, note);
}

/**
 * A body at the pace at which its answer is taken. @azure/functions writes what it is given without waiting for the
 * socket (`sendProxyResponse`), so that a file would lie in memory as a whole while a slow caller takes it.
 */
export async function* paced(
  invocationId: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const answer = answers.get(invocationId);
  let isSent = false;
  try {
    for await (const piece of body) {
      yield piece;
      isSent = true;
      if (answer?.writableNeedDrain === true) await drainedOrGone(answer);
      // The caller is gone.
      if (answer?.destroyed === true) return;
    }
  } catch (thrown) {
    // The library would leave the connection open, and the caller waiting for the rest. Before the first piece it has
    // written nothing, and the fault is answered.
    if (isSent) answer?.destroy();
    throw thrown;
  }
}

/** Waits until more can be written or the connection has ended; leaves no listener behind. */
async function drainedOrGone(answer: ServerResponse): Promise<void> {
  const over = new AbortController();
  const happened = async (event: string) => {
    await once(answer, event, over);
  };
  const waits = [happened("drain"), happened("close")];
  try {
    await Promise.race(waits);
  } finally {
    over.abort();
    // The one that did not happen ends with an AbortError.
    await Promise.allSettled(waits);
  }
}
