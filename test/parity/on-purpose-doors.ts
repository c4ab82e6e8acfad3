const TOO_LONG =
  "Azure Storage takes ids of more than 100 characters and other storage does not; they are refused, with what Azure does.";

/** Cases and calls of the client, the management API and callHttp that the local host answers otherwise, each with its reason. */
export const ON_PURPOSE_DOORS: Readonly<Record<string, string>> = {
  "POST orchestrators id xxxxxxxxxxxx(101)": TOO_LONG,
  "POST orchestrators id zzzzzzzzzzzz(257)": TOO_LONG,
  "inRaw-comment":
    "The engine keeps an input as it was sent, comments too; here the history has the JSON that it means. The orchestrator gets the same.",
  "inRaw-emptyjson":
    "A body of blanks is started there and fails before its first step; here it is refused with what is wrong.",
  "sdk suspend suspended": "The client's error has a stack trace of .NET's in its message.",
};
