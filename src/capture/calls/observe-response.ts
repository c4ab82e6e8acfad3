import { type BodyEnd, type Piece, ReadAhead } from "./read-ahead.ts";
import { endOfEvent } from "./sse.ts";

/** Told what the caller takes of a response's body, piece by piece. */
export interface BodyObserver {
  /**
   * `at`: when the piece arrived, ms since 1970, which may be long before it was taken; undefined: only when it was taken
   * is known.
   */
  piece(bytes: Uint8Array, at: number | undefined): void;
  /** The caller has taken all of it. */
  end(at: number): void;
  failed(thrown: unknown): void;
  /** The caller takes no more. */
  cancelled(): void;
  /** Nobody can take it any more: it was collected. */
  abandoned(): void;
}

const MEMBERS = ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"] as const;

/** Bodies that nobody holds any more are ended as far as they were taken. */
const collected = new FinalizationRegistry<Abandonable>((one) => one.abandoned());
type Abandonable = Pick<BodyObserver, "abandoned">;

/** Tells it when nobody holds the body any more; it must not hold the body itself. */
export const whenCollected = (body: object, told: Abandonable): void => collected.register(body, told);

/**
 * Looks on while a response's body is taken, by whichever of its members. The response stays the very same object; its
 * members read the same bytes through a stream of ours. Server-sent events are handed over one by one, so that what the
 * observer saw is what the caller was given.
 */
export function observeResponse(response: Response, observer: BodyObserver, now: () => number): void {
  const { body } = response;
  if (body === null || body === undefined) return;
  if (typeof body.getReader !== "function") {
    observeNodeResponse(response as unknown as NodeResponse, observer, now);
    return;
  }
  const isEvents = (response.headers.get("content-type") ?? "").includes("event-stream");
  const twin = new Response(observed(body, isEvents, observer, now), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
  const own: PropertyDescriptorMap = {
    body: { get: () => twin.body, configurable: true },
    bodyUsed: { get: () => twin.bodyUsed, configurable: true },
  };
  for (const name of MEMBERS)
    if (typeof twin[name] === "function")
      own[name] = {
        value: (...args: unknown[]) => Reflect.apply(twin[name], twin, args),
        configurable: true,
      };
  Object.defineProperties(response, own);
}

function observed(
  body: ReadableStream<Uint8Array>,
  isEvents: boolean,
  observer: BodyObserver,
  now: () => number,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const ahead = new ReadAhead(async () => {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  }, now);
  const cancel = async (reason?: unknown): Promise<void> => {
    ahead.stop();
    await reader.cancel(reason);
  };
  ahead.begin();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const taken = await takeFrom(ahead, isEvents, observer, now);
        if ("bytes" in taken) controller.enqueue(taken.bytes);
        else if (taken.isFault) controller.error(taken.thrown);
        else controller.close();
      },
      async cancel(reason) {
        observer.cancelled();
        await cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  whenCollected(stream, {
    abandoned() {
      observer.abandoned();
      cancel().catch(() => {});
    },
  });
  return stream;
}

/** The next piece, of events one alone, after the observer was told of it. */
async function takeFrom(
  ahead: ReadAhead,
  isEvents: boolean,
  observer: BodyObserver,
  now: () => number,
): Promise<Piece | BodyEnd> {
  const taken = await ahead.take();
  if (!("bytes" in taken)) {
    if (taken.isFault) observer.failed(taken.thrown);
    else observer.end(now());
    return taken;
  }
  const { bytes, at } = taken;
  const cut = isEvents ? endOfEvent(bytes) : -1;
  const isWhole = cut < 0 || cut >= bytes.byteLength;
  if (!isWhole) ahead.putBack({ bytes: bytes.subarray(cut), at });
  const first = isWhole ? bytes : bytes.subarray(0, cut);
  observer.piece(first, at);
  return { bytes: first, at };
}

/** A response of `node-fetch`, which `openai` 4 takes on Node: its body is a stream of Node's. */
interface NodeResponse {
  body: AsyncIterable<Uint8Array> & Partial<Pick<NodeJS.ReadableStream, "on">> & { destroy?(): unknown };
  [name: string]: unknown;
}

function observeNodeResponse(response: NodeResponse, observer: BodyObserver, now: () => number): void {
  for (const name of ["arrayBuffer", "blob", "buffer", "json", "text", "textConverted"]) {
    const member = response[name];
    if (typeof member !== "function") continue;
    const read = async (...args: unknown[]): Promise<unknown> => {
      let endedAt: number | undefined;
      // The member listens too, so that the stream begins to flow for both; `clone()` has put another body in its place.
      response.body.on?.("data", (piece: Uint8Array) => observer.piece(Buffer.from(piece), now()));
      response.body.on?.("end", () => {
        endedAt = now();
      });
      try {
        return await Reflect.apply(member, response, args);
      } catch (thrown) {
        // All of it came, and is not what the member makes of it, as JSON: no fault of the way here.
        if (endedAt === undefined) observer.failed(thrown);
        throw thrown;
      } finally {
        if (endedAt !== undefined) observer.end(endedAt);
      }
    };
    Object.defineProperty(response, name, { value: read, configurable: true });
  }
  const { body } = response;
  whenCollected(body, observer);
  const iterate = body[Symbol.asyncIterator]?.bind(body);
  if (iterate === undefined) return;
  Object.defineProperty(body, Symbol.asyncIterator, {
    configurable: true,
    value: () => observedIterator(iterate(), observer, now, () => body.destroy?.()),
  });
}

function observedIterator(
  source: AsyncIterator<Uint8Array>,
  observer: BodyObserver,
  now: () => number,
  destroy: () => unknown,
): AsyncIterator<Uint8Array> {
  const ahead = new ReadAhead(async () => {
    const step = await source.next();
    return step.done ? undefined : step.value;
  }, now);
  const iterator: AsyncIterator<Uint8Array> & { [Symbol.asyncIterator](): unknown } = {
    async next() {
      const taken = await takeFrom(ahead, true, observer, now);
      if ("bytes" in taken) return { done: false, value: taken.bytes };
      if (taken.isFault) throw taken.thrown;
      return { done: true, value: undefined };
    },
    async return(value?: unknown) {
      observer.cancelled();
      ahead.stop();
      // The source may be waiting for the next piece, and would return behind it alone.
      destroy();
      return { done: true, value };
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
