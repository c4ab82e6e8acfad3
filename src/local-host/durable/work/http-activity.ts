import { messageOf } from "../../../kernel/errors.ts";
import type { InvocationResult } from "../port.ts";
import type { HttpRequestAction } from "../replay/actions.ts";

/** The extension's time-out for one request of `callHttp`. */
const TIMEOUT_MS = 100_000;

/** The activity behind `df.callHttp`: one request; its answer is `{statusCode, headers, content}`. */
export async function httpActivity(message: string): Promise<InvocationResult> {
  const [request] = JSON.parse(message) as [HttpRequestAction];
  if (request.tokenSource != null)
    return { ok: false, error: new Error("callHttp with a tokenSource is not served by the local host") };
  try {
    const response = await fetch(request.uri, {
      method: request.method,
      headers: { ...request.headers },
      body: request.content ?? null,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const content = await response.text();
    const headers = Object.fromEntries(response.headers);
    return {
      ok: true,
      returnValue: { json: JSON.stringify({ statusCode: response.status, headers, content }) },
    };
  } catch (error) {
    return { ok: false, error: new Error(messageOf(error)) };
  }
}
