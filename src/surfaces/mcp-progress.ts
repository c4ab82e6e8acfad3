import type { ServerContext } from "@modelcontextprotocol/server";
import type { Clock } from "../kernel/clock.ts";

/** Between two notifications, in ms: often enough that no client's time-out strikes between them. */
const EVERY_MS = 1000;

/** What a tool call needs of its request to tell the client how it goes on. */
export interface ProgressTo {
  /** Absent: the client did not ask. */
  readonly token: string | number | undefined;
  readonly notify: ServerContext["mcpReq"]["notify"];
}

export const progressTo = ({ _meta: meta, notify }: ServerContext["mcpReq"]): ProgressTo => ({
  token: meta?.progressToken,
  notify,
});

/**
 * Runs a tool call and tells the client each second that it goes on: seconds as `progress`, which rises as the protocol
 * wants it, and what the work's record says as `message`. Only if the client sent a `progressToken`; a client that has
 * gone is told nothing more and ends nothing.
 */
export async function withProgress<T>(
  { token, notify }: ProgressTo,
  clock: Clock,
  work: (onProgress: (status: string) => void) => Promise<T>,
): Promise<T> {
  if (token === undefined) return work(() => {});
  let status: string | undefined;
  let seconds = 0;
  let cancel = () => {};
  const tell = () => {
    seconds += EVERY_MS / 1000;
    const message = status === undefined ? {} : { message: status };
    notify({
      method: "notifications/progress",
      params: { progressToken: token, progress: seconds, ...message },
    }).catch(() => {});
    cancel = clock.after(EVERY_MS, tell);
  };
  cancel = clock.after(EVERY_MS, tell);
  try {
    return await work((now) => {
      status = now;
    });
  } finally {
    cancel();
  }
}

/** Whether an answer to this body may be preceded by notifications, so that it has to be a stream. */
export function wantsProgress(body: unknown): boolean {
  const messages: unknown[] = Array.isArray(body) ? body : [body];
  return messages.some((message) => {
    const { params } = (message ?? {}) as { params?: { _meta?: { progressToken?: unknown } } };
    const { _meta: meta } = params ?? {};
    return meta?.progressToken !== undefined;
  });
}
