/** The files' format; README.md tells it in words. */

/** One thing done to an instance while it runs. */
export type Step =
  | { readonly sleep: number }
  | { readonly raise: string; readonly data?: unknown }
  | { readonly manage: string; readonly reason?: string }
  | { readonly restart: string }
  | { readonly purge: true }
  | { readonly startAgain: unknown }
  | { readonly status: string };

export interface Case {
  readonly name: string;
  readonly theme: string;
  readonly orchestrator: string;
  readonly input?: unknown;
  /** The body as it stands, in place of `input`. */
  readonly raw?: string;
  readonly contentType?: string;
  /** Started by `client.startNew` instead of over HTTP. */
  readonly sdk?: boolean;
  readonly before?: readonly { readonly orchestrator: string; readonly suffix: string }[];
  readonly steps?: readonly Step[];
  /** ms after which an instance that has not ended is taken as it is. */
  readonly wait: number;
}

interface Request {
  readonly name: string;
  readonly theme: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's method and its arguments. */
  readonly sdk?: readonly unknown[];
  /** Follow the continuation token to the end. */
  readonly pages?: boolean;
  /** Sent for what it does, and not recorded. */
  readonly compared?: false;
}
export type Call = Request | { readonly sleep: number };

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** What a case or a call gave, normalised. */
export interface Recorded {
  readonly theme: string;
  /** Parallel work: the order of its events means nothing. */
  readonly unordered?: boolean;
  readonly history?: readonly { readonly [key: string]: Json }[];
  readonly [member: string]: unknown;
}
export interface Recording {
  readonly cases: Readonly<Record<string, Recorded>>;
  readonly calls: Readonly<Record<string, Recorded>>;
}

/** The way to a host that runs the probe app. */
export interface Door {
  /** Its origin, as its own addresses begin: `http://localhost:7071`. */
  readonly base: string;
  /** A request to a path of it, without following redirects. */
  readonly send: (path: string, init: RequestInit) => Promise<Response>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}
