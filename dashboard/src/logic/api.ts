/** The page's only way to the app: its REST routes, at the host it was loaded from. */

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly details: unknown;

  constructor(status: number, code: string, message: string, remedy?: string, details?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.details = details;
  }
}

/** What keeps the app from starting, each as a sentence: an app without its routes says so where its health is asked. */
export function faultsOfStart(health: unknown): readonly string[] | undefined {
  if (!(health instanceof ApiError) || health.status !== 503 || health.code === "failed") return undefined;
  const { faults } = (health.details ?? {}) as { readonly faults?: readonly string[] };
  return faults ?? [health.message];
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Api {
  /** Equal questions asked at once are one. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** `wait`: seconds a long operation may take before it answers with what it has. */
  post<T>(path: string, body: object, options?: { wait?: number; key?: string }): Promise<T>;
  /** A whole file. */
  file(path: string, query?: Query): Promise<Blob>;
  /** The first lines of a file; the rest is not fetched. */
  head(path: string, lines: number, query?: Query): Promise<string[]>;
}

export interface ApiOptions {
  /** Address before `/lightning`: `/api`. */
  readonly base: string;
  readonly agent: () => string | undefined;
  readonly key: () => string | undefined;
  /** The host asks for authentication (401); carries the method of the refused request. */
  readonly onLocked: (method: string) => void;
  readonly fetch?: typeof fetch;
}

const BASE = "/lightning";

/** `?a=1&b=x` without what is undefined or empty. */
export function queryText(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") params.set(name, String(value));
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export function createApi(options: ApiOptions): Api {
  const send = options.fetch ?? ((input: string | URL | Request, init?: RequestInit) => fetch(input, init));

  async function call(path: string, query: Query, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const key = options.key();
    if (key !== undefined) headers.set("x-functions-key", key);
    let response: Response;
    try {
      response = await send(`${options.base}${BASE}${path}${queryText(query)}`, {
        ...init,
        headers,
        // A redirect to a sign-in page is no answer.
        redirect: "manual",
      });
    } catch {
      throw new ApiError(0, "no_answer", "The app does not answer.", "Is it still running?");
    }
    if (response.status === 401 || response.type === "opaqueredirect") {
      options.onLocked(init.method ?? "GET");
      throw new ApiError(401, "locked", "The app asks who you are.");
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  const underWay = new Map<string, Promise<unknown>>();
  const withAgent = (query: Query): Query => ({ agent_id: options.agent(), ...query });

  return {
    get<T>(path: string, query: Query = {}): Promise<T> {
      const all = withAgent(query);
      const key = path + queryText(all);
      const asked =
        underWay.get(key) ?? call(path, all, { method: "GET" }).then((response) => response.json());
      underWay.set(key, asked);
      const done = () => underWay.delete(key);
      asked.then(done, done);
      return asked as Promise<T>;
    },

    async post<T>(path: string, body: object, more: { wait?: number; key?: string } = {}): Promise<T> {
      const agent = options.agent();
      const response = await call(
        path,
        {},
        {
          method: "POST",
          body: JSON.stringify(agent === undefined ? body : { agent_id: agent, ...body }),
          headers: {
            // Not a type that a form on another site can send.
            "content-type": "application/json",
            prefer: `wait=${more.wait ?? 0}`,
            ...(more.key === undefined ? {} : { "idempotency-key": more.key }),
          },
        },
      );
      return (await response.json()) as T;
    },

    async file(path: string, query: Query = {}): Promise<Blob> {
      return (await call(path, withAgent(query), { method: "GET" })).blob();
    },

    async head(path: string, count: number, query: Query = {}): Promise<string[]> {
      const response = await call(path, withAgent(query), { method: "GET" });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      if (reader === undefined) return [];
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        text += value ?? "";
        const lines = text.split("\n");
        if (!done && lines.length <= count) continue;
        void reader.cancel().catch(() => undefined);
        return lines.filter((line) => line !== "").slice(0, count);
      }
    },
  };
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; remedy?: string; details?: unknown };
    };
    return new ApiError(response.status, error.code, error.message, error.remedy, error.details);
  } catch {
    return new ApiError(response.status, "failed", `The app answered ${response.status}.`);
  }
}

/** What to show of anything thrown. */
export function errorText(thrown: unknown): string {
  if (thrown instanceof ApiError && thrown.remedy !== undefined) return `${thrown.message} ${thrown.remedy}`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
