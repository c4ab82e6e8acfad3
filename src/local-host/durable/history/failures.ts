import type { FailureDetails } from "./history.ts";

/** What TaskFailed and SubOrchestrationInstanceFailed carry; the SDK shows `Reason \n Details` as the message. */
export interface Failure {
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails: FailureDetails | null;
}

/**
 * An activity's error as the extension (3.19.0) reports it. Type, own properties and stack are lost to the orchestrator,
 * unless the app set an exception properties provider; the text of it all is in `Details`.
 */
export function activityFailure(name: string, { message, stack = "" }: Error): Failure {
  const details = structuredFailure(message);
  const text = details?.ErrorMessage ?? message;
  return {
    Reason: `Activity function '${name}' failed: ${text}`,
    Details: exceptionTree(text, ownStack(stack)),
    FailureDetails: details ?? null,
  };
}

/** What the Functions host calls an error of the worker's (RpcException's message). */
export const rpcMessage = (message: string, stack: string): string =>
  `Result: Failure\nException: ${message}\nStack: ${stack}`;

/** Where this host's own code is. */
const HOST = import.meta.dirname.replace(/[\\/]durable[\\/]history$/, "");

/** An error's stack as far as the app's code: what is below belongs to this host. */
function ownStack(stack: string): string {
  const lines = stack.split("\n");
  const below = lines.findIndex((line) => line.startsWith("    at ") && line.includes(HOST));
  return (below < 0 ? lines : lines.slice(0, below)).join("\n");
}

const HRESULT = -2146233088;

/**
 * .NET's serialised exception with the worker's inside, as Newtonsoft.Json writes it. It has the message five times and the
 * stack twice, and an orchestration that fails by it has all of that in its output; apps that read such texts meet the same
 * here.
 */
function exceptionTree(message: string, stack: string): string {
  const inner = {
    $type: "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script",
    IsUserException: false,
    RemoteMessage: message,
    RemoteStackTrace: stack,
    RemoteTypeName: "",
    Message: rpcMessage(message, stack),
    Data: { $type: "System.Collections.ListDictionaryInternal, System.Private.CoreLib" },
    InnerException: null,
    HelpLink: null,
    Source: "Microsoft.Azure.WebJobs.Script",
    HResult: HRESULT,
    StackTrace: null,
  };
  return JSON.stringify({
    $type: "System.Exception, System.Private.CoreLib",
    ClassName: "System.Exception",
    Message: message,
    Data: null,
    InnerException: inner,
    HelpURL: null,
    StackTraceString: null,
    RemoteStackTraceString: null,
    RemoteStackIndex: 0,
    ExceptionMethod: null,
    HResult: HRESULT,
    Source: null,
    WatsonBuckets: null,
  });
}

/** The extension's words for a function that it does not know. */
export function unknownFunction(kind: FunctionKind, name: string, known: readonly string[]): string {
  const others =
    known.length === 0
      ? `No ${kind} functions are currently registered!`
      : `The following are the known ${kind} functions: '${known.join("', '")}'.`;
  return `The function '${name}' doesn't exist, is disabled, or is not an ${kind} function. Additional info: ${others}`;
}
type FunctionKind = "activity" | "orchestrator" | "entity";

/**
 * Why a call fails that the extension (3.19.0) swallows: it schedules nothing, logs nothing, and the orchestration is
 * Running for ever. A hang that nobody can see is not imitated.
 */
export function neverAnswered(why: string): string {
  return (
    `${why} In Azure nothing says so: the call is never answered, cannot be caught, and the orchestration stays ` +
    "Running for ever."
  );
}

/** Of an activity that the app had when it was scheduled, and has no more. */
export const lostActivity = (name: string, known: readonly string[]): Failure =>
  argumentFailure(unknownFunction("activity", name, known));

/** Of a call to what the app never had. */
export function missingFunction(kind: FunctionKind, name: string): Failure {
  const message = neverAnswered(
    `The ${kind} function '${name}' doesn't exist, is disabled, or is not an ${kind} function.`,
  );
  return argumentFailure(message);
}

function argumentFailure(message: string): Failure {
  return {
    Reason: message,
    Details: JSON.stringify({ ClassName: "System.ArgumentException", Message: message }),
    FailureDetails: null,
  };
}

/** `df.app.setExceptionPropertiesProvider` makes the error's message a JSON description of it. */
function structuredFailure(message: string): FailureDetails | undefined {
  if (!message.startsWith("{")) return undefined;
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(message) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { errorType, errorMessage, isNonRetriable, properties, stackTrace } = parsed;
  if (typeof errorType !== "string" || typeof errorMessage !== "string") return undefined;
  return {
    ErrorType: errorType,
    ErrorMessage: errorMessage,
    StackTrace: typeof stackTrace === "string" ? stackTrace : null,
    IsNonRetriable: isNonRetriable === true,
    InnerFailure: null,
    Properties: (properties ?? null) as Record<string, unknown> | null,
  };
}
