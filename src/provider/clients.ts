import OpenAI, { AzureOpenAI } from "openai";
import { type Clock, systemClock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { createCalls } from "./calls.ts";
import type { Provider } from "./provider.ts";

export interface ProviderOptions {
  readonly kind: Provider["kind"];
  /** Ends with `/v1` or `/v1/`; Azure's with `/openai/v1`. */
  readonly baseURL: string;
  /** A function is asked before every request, so that an Entra token never grows old. */
  readonly apiKey: string | (() => Promise<string>);
  readonly logger: Logger;
  /** Tells how far the date of a `retry-after` lies ahead; the system's when absent. */
  readonly clock?: Pick<Clock, "now"> | undefined;
  readonly fetch?: typeof globalThis.fetch;
  /** Retries of requests that only read; those that make something are sent once. Default 2. */
  readonly readRetries?: number;
  /** Timeout of a request with its retries, default 60 s; a chat may take three times, an upload ten times as long. */
  readonly timeoutMs?: number | undefined;
  /** Files from this size on go up in parts; for tests. */
  readonly partsFrom?: number;
  readonly partBytes?: number;
}

/** Uploads in parts and the removal of jobs are not on the v1 paths. */
const DATED_VERSION = "2025-04-01-preview";
/** `maxRetries` is 2 in the package, also for POST fine_tuning/jobs: three jobs for one request. */
export const ONCE = { maxRetries: 0 } as const;

/** The package's client of the v1 paths, and one of the paths with an api-version, made at first use. */
export function createClients(options: ProviderOptions) {
  const { kind, apiKey, readRetries = 2, timeoutMs = 60_000 } = options;
  const client = new OpenAI({
    baseURL: options.baseURL.replace(/\/*$/, "/"),
    apiKey,
    // Azure takes its keys in a header of their own; Entra tokens go as Bearer.
    ...(kind === "azure" && typeof apiKey === "string"
      ? { defaultHeaders: { "api-key": apiKey, authorization: null } }
      : {}),
    maxRetries: readRetries,
    timeout: timeoutMs,
    // The package would take these from the environment: nothing of another account may be sent.
    adminAPIKey: null,
    organization: null,
    project: null,
    logLevel: "off",
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });

  let dated: AzureOpenAI | undefined;
  const datedClient = () => {
    dated ??= new AzureOpenAI({
      baseURL: options.baseURL.replace(/\/v1\/*$/, ""),
      apiVersion: DATED_VERSION,
      ...(typeof apiKey === "string" ? { apiKey } : { azureADTokenProvider: apiKey }),
      maxRetries: 0,
      timeout: timeoutMs,
      organization: null,
      project: null,
      logLevel: "off",
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
    return dated;
  };

  return { client, datedClient, ...createCalls(options.clock ?? systemClock, timeoutMs) };
}
