import type { FailureDetails } from "./history.ts";

/** What TaskFailed and SubOrchestrationInstanceFailed carry; the SDK shows `Reason \n Details` as the message. */
export interface Failure {
  readonly Reason: string;
  readonly Details: string;
  readonly FailureDetails: FailureDetails | null;
}

/**
 * An activity's error as the extension reports it: two spaces before the message, since its label for it ends
 * before the space. Type, own properties and stack are lost, unless the app set an exception properties provider.
 */
export function activityFailure(name: string, message: string): Failure {
  const details = structuredFailure(message);
  const text = details?.ErrorMessage ?? message;
  return {
    Reason: `Activity function '${name}' failed:  ${text}`,
    Details: JSON.stringify({ ClassName: "System.Exception", Message: ` ${text}` }),
    FailureDetails: details ?? null,
  };
}

export function missingFunction(kind: "activity" | "orchestrator", name: string): Failure {
  const message = `The ${kind} function '${name}' doesn't exist, is disabled, or is not an ${kind} function.`;
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
