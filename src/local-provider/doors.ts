/**
 * The addresses of the one server. Behind all of them stand the same files, jobs and models; what differs is the
 * vocabulary: OpenAI's at `/v1`, Azure's at `/openai/v1`, at `/openai/…?api-version=` and at
 * `/openai/deployments/<model>/…?api-version=`.
 */
export interface Door {
  readonly words: "openai" | "azure";
  /** The part of the path that names the door. */
  readonly prefix: string;
  /** The model, where the address names it. */
  readonly deployment?: string;
}

/** The door of an address, or why it leads nowhere. */
export function doorOf({ pathname, searchParams }: URL): Door | { readonly nowhere: string } {
  if (pathname.startsWith("/v1/")) return { words: "openai", prefix: "/v1" };
  if (pathname.startsWith("/openai/v1/")) return { words: "azure", prefix: "/openai/v1" };
  if (!pathname.startsWith("/openai/"))
    return { nowhere: "The addresses here begin with /v1, or with /openai/v1 for Azure's vocabulary." };
  if (!searchParams.has("api-version"))
    return { nowhere: "Addresses under /openai need ?api-version=…; those under /v1 and /openai/v1 do not." };
  const named = /^(\/openai\/deployments\/([^/]+))\/chat\/completions$/.exec(pathname);
  if (named !== null)
    return { words: "azure", prefix: named[1] as string, deployment: decoded(named[2] as string) };
  if (pathname.startsWith("/openai/deployments/"))
    return { nowhere: "A deployment here has chat completions and nothing else." };
  return { words: "azure", prefix: "/openai" };
}

/** A part of a path as text; what is not validly encoded is taken as it stands. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Statuses as each door calls them, where that is not how the store does. */
const STATUSES: Readonly<Record<Door["words"], Readonly<Record<string, Readonly<Record<string, string>>>>>> =
  {
    // OpenAI declares no word for a paused job: it waits, like one in the queue.
    openai: { file: { pending: "uploaded" }, "fine_tuning.job": { paused: "queued" } },
    azure: { "fine_tuning.job": { validating_files: "pending", queued: "pending" } },
  };

/** A reply in a door's vocabulary: a file, a job, or a list of them; everything else as it is. */
export function inWords({ words }: Door, reply: unknown): unknown {
  if (typeof reply !== "object" || reply === null) return reply;
  const { object, data, status } = reply as { object?: string; data?: unknown; status?: string };
  if (object === "list" && Array.isArray(data))
    return { ...reply, data: data.map((one: unknown) => inWords({ words, prefix: "" }, one)) };
  const told = STATUSES[words][object ?? ""]?.[status ?? ""];
  return told === undefined ? reply : { ...reply, status: told };
}
