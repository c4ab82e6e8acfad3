import { messageOf } from "../../../kernel/errors.ts";
import type { Failure } from "../history/failures.ts";
import type { HttpRequestAction } from "../replay/actions.ts";
import { CutShort, exchange, type HttpMessage, TIMEOUT_MS } from "./http-exchange.ts";
import { isContentHeader } from "./http-headers.ts";

/** How one request of `callHttp` ended: `{statusCode, headers, content}` as JSON, or the failure of its activity. */
export type HttpOutcome =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly failure: Failure };

/** What the servers of an app see in Azure (extension 3.19.0). */
const USER_AGENT = "Microsoft.Azure.WebJobs.Extensions.DurableTask/3.19.0";
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;

/** An exception of .NET's that the extension does not put into words of its own. */
class DotNetException extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** The activity behind `df.callHttp`: one request as .NET's HttpClient sends it. Never throws. */
export async function httpActivity(input: string): Promise<HttpOutcome> {
  const [request] = JSON.parse(input) as [HttpRequestAction];
  try {
    return { ok: true, json: JSON.stringify(await exchange(messageFor(request))) };
  } catch (error) {
    if (error instanceof DotNetException) return { ok: false, failure: unhandled(error) };
    return { ok: false, failure: requestFailure(request.uri, error) };
  }
}

/** @throws DotNetException for what .NET does not take */
function messageFor({ uri, method, headers, content, tokenSource }: HttpRequestAction): HttpMessage {
  const url = URL.parse(uri);
  if (url === null)
    throw new DotNetException(
      "System.InvalidOperationException",
      "An invalid request URI was provided. Either the request URI must be an absolute URI or BaseAddress must be set.",
    );
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https")
    throw new DotNetException("System.NotSupportedException", `The '${scheme}' scheme is not supported.`);
  if (tokenSource != null)
    throw new DotNetException(
      "System.NotSupportedException",
      "callHttp with a tokenSource is not served by the local host: there is no managed identity here.",
    );
  const given = Object.entries(headers ?? {}).map(([name, value]): [string, string] => [
    name,
    typeof value === "string" ? value : value.join(", "),
  ]);
  for (const [name, value] of given) checkHeader(name, value);
  const own = given.filter(([name]) => !isContentHeader(name));
  if (!own.some(([name]) => name.toLowerCase() === "user-agent")) own.push(["User-Agent", USER_AGENT]);
  const body = content == null ? undefined : Buffer.from(content);
  if (body !== undefined) {
    const type = given.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "text/plain";
    own.push(["Content-Type", mediaType(type)], ["Content-Length", String(body.length)]);
  }
  return { url, method: method.toUpperCase(), headers: Object.fromEntries(own), body };
}

/** @throws DotNetException */
function checkHeader(name: string, value: string): void {
  if (!TOKEN.test(name))
    throw new DotNetException("System.FormatException", `The header name '${name}' has an invalid format.`);
  if (name.toLowerCase() === "content-type") {
    if (value.includes("multipart"))
      throw new DotNetException(
        "Microsoft.Azure.WebJobs.Extensions.DurableTask.FunctionFailedException",
        "Multipart content is not supported with CallHttpAsync.",
      );
  } else if (isContentHeader(name))
    throw new DotNetException(
      "System.InvalidOperationException",
      `Misused header name, '${name}'. Make sure request headers are used with HttpRequestMessage, response headers with HttpResponseMessage, and content headers with HttpContent objects.`,
    );
  if (/[\r\n\0]/.test(value))
    throw new DotNetException(
      "System.FormatException",
      "New-line or NUL characters are not allowed in header values.",
    );
}

/** A content type has no place for parameters (`; charset=utf-8`) in Azure; for a form the extension adds one. */
function mediaType(type: string): string {
  if (!MEDIA_TYPE.test(type))
    throw new DotNetException("System.FormatException", `The format of value '${type}' is invalid.`);
  return type.toLowerCase() === "application/x-www-form-urlencoded" ? `${type}; charset=utf-8` : type;
}

const unhandled = ({ type, message }: DotNetException): Failure => ({
  Reason: message,
  Details: `Unhandled exception while executing task: ${type}: ${message}`,
  FailureDetails: { ErrorType: type, ErrorMessage: message, StackTrace: null, IsNonRetriable: false },
});

/** .NET's HttpRequestException; what Node says of it stands inside. */
function requestFailure(uri: string, error: unknown): Failure {
  const Message = requestError(uri, error);
  const InnerException = { ClassName: "System.Exception", Message: messageOf(error) };
  const $type = "System.Net.Http.HttpRequestException, System.Net.Http";
  return {
    Reason: Message,
    Details: JSON.stringify({ $type, Message, InnerException }),
    FailureDetails: null,
  };
}

/** What .NET on Linux calls the errors of a socket; host and port follow. */
const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  EAI_AGAIN: "Resource temporarily unavailable",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ENOTFOUND: "Name or service not known",
  ETIMEDOUT: "Connection timed out",
};

function requestError(uri: string, error: unknown): string {
  const { code = "", name = "" } = (error ?? {}) as { code?: string; name?: string };
  if (name === "AbortError" || name === "TimeoutError")
    return `The request was canceled due to the configured HttpClient.Timeout of ${TIMEOUT_MS / 1000} seconds elapsing.`;
  if (error instanceof CutShort) return "Error while copying content to a stream.";
  const known = SOCKET_ERRORS[code];
  const { hostname, port, protocol } = new URL(uri);
  if (known !== undefined) return `${known} (${hostname}:${port || (protocol === "https:" ? 443 : 80)})`;
  if (/CERT|SSL|TLS/.test(code)) return "The SSL connection could not be established, see inner exception.";
  return "An error occurred while sending the request.";
}
