/** The URLs the extension hands out; `code` is the system key, "" for none. */
export interface UrlScope {
  readonly base: string;
  readonly code: string;
  readonly taskHub: string;
}

/** Names and IPv6 addresses; a port has no place in .NET's UriBuilder.Host either. */
const HOST_NAME = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/i;

/**
 * The extension's API under the name and scheme that a proxy forwards, when it forwards both; the port stays, as with
 * the UriBuilder of HttpApiHandler.GetClientResponseLinks.
 */
export function forwardedBase(base: string, headers: Readonly<Record<string, string>>): string {
  const { "x-forwarded-host": host = "", "x-forwarded-proto": scheme = "" } = headers;
  if (!HOST_NAME.test(host) || !/^https?$/i.test(scheme)) return base;
  const { port, pathname } = new URL(base);
  return `${scheme.toLowerCase()}://${host}${port === "" ? "" : `:${port}`}${pathname}`;
}

/** What stands for the id in the URLs of a client binding; the SDK replaces it. */
const ID_PLACEHOLDER = "INSTANCEID";

/** Required parameters; the storage connection's name is what the extension calls its default. */
function required({ code, taskHub }: UrlScope): string {
  return `taskHub=${encodeURIComponent(taskHub)}&connection=Storage${key(code)}`;
}
const key = (code: string) => (code === "" ? "" : `&code=${encodeURIComponent(code)}`);

/** Every address of an instance, as in a 202 answer of a client. */
export function managementUrls(scope: UrlScope, id: string) {
  const query = required(scope);
  const instance = `${scope.base}/instances/${id === ID_PLACEHOLDER ? id : encodeURIComponent(id)}`;
  const reason = `?reason={text}&${query}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate${reason}`,
    rewindPostUri: `${instance}/rewind${reason}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend${reason}`,
    resumePostUri: `${instance}/resume${reason}`,
  };
}

/** The JSON of a `durableClient` input binding. */
export function clientBindingJson(scope: UrlScope, rpcBase: string): string {
  const create = `${scope.base}/orchestrators/{functionName}[/{instanceId}]`;
  const code = key(scope.code).slice(1);
  return JSON.stringify({
    taskHubName: scope.taskHub,
    creationUrls: {
      createNewInstancePostUri: `${create}?${code}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}${key(scope.code)}`,
    },
    managementUrls: managementUrls(scope, ID_PLACEHOLDER),
    baseUrl: scope.base,
    requiredQueryStringParameters: code,
    // The SDK resolves relative paths against it, which needs the slash.
    rpcBaseUrl: rpcBase.endsWith("/") ? rpcBase : `${rpcBase}/`,
  });
}
