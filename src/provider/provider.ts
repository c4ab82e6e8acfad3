import type { Message, ToolDefinition } from "../doors/chat.ts";

/**
 * The port to whoever trains and answers: Azure OpenAI or the local provider, both through the `openai` package.
 * Errors are `LightningError`: `unavailable` (`ambiguous` when the request may have been carried out), `invalid`
 * `provider_rejected` (with the provider's code and message in details), `not_found` `provider_missing`.
 */
export interface ProviderFile {
  readonly id: string;
  readonly filename: string;
  readonly bytes: number;
  /** `pending`, `running`, `processed`, `error`, … ; terminal: processed, error, deleted. */
  readonly state: string;
  readonly detail?: string | undefined;
}

export interface ProviderJob {
  readonly id: string;
  /** Verbatim. Terminal: succeeded, failed, cancelled; anything else is still going. */
  readonly state: string;
  readonly model: string;
  readonly training_file: string;
  readonly validation_file?: string | undefined;
  readonly fine_tuned_model?: string | undefined;
  readonly result_files: readonly string[];
  readonly trained_tokens?: number | undefined;
  readonly error?:
    | { readonly code: string; readonly message: string; readonly param?: string | undefined }
    | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly created_at: number;
  readonly finished_at?: number | undefined;
}

export interface ProviderJobRequest {
  readonly model: string;
  readonly training_file: string;
  readonly validation_file?: string | undefined;
  /** Absent: supervised. */
  readonly method?: "supervised" | "dpo" | "reinforcement" | undefined;
  readonly hyperparameters: Readonly<Record<string, number | string>>;
  /** Reinforcement: what gives the marks, in the service's own form. */
  readonly grader?: unknown;
  readonly seed: number;
  readonly suffix?: string | undefined;
  readonly training_type: string;
  /** At most 16 pairs; carries the run's id, by which a lost job is found again. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ProviderEvent {
  readonly id: string;
  readonly created_at: number;
  readonly level: string;
  readonly message: string;
  readonly data?: unknown;
}

export interface ProviderCheckpoint {
  readonly id: string;
  readonly model: string;
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[] | undefined;
  readonly tool_choice?: "auto" | "none" | "required" | undefined;
  readonly temperature?: number | undefined;
  readonly max_tokens?: number | undefined;
}

export interface ChatReply {
  readonly message: Message;
  readonly model: string;
  readonly finish_reason: string;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

/** What another client needs to speak to a provider of this machine. */
interface LocalAddress {
  readonly url: string;
  /** The file that holds the key. */
  readonly keyFile: string;
}

export interface Provider {
  /** `azure` or `local`, for health and replies. */
  readonly kind: "azure" | "local";
  uploadFile(file: {
    readonly name: string;
    readonly content: AsyncIterable<Uint8Array>;
  }): Promise<ProviderFile>;
  /** Newest first. */
  listFiles(): AsyncIterable<ProviderFile>;
  readFile(id: string): Promise<ProviderFile>;
  fileContent(id: string): AsyncIterable<Uint8Array>;
  deleteFile(id: string): Promise<void>;
  /** Sent exactly once: no retry of any kind inside. */
  createJob(request: ProviderJobRequest): Promise<ProviderJob>;
  /** Newest first. */
  listJobs(): AsyncIterable<ProviderJob>;
  readJob(id: string): Promise<ProviderJob>;
  cancelJob(id: string): Promise<ProviderJob>;
  /** Removes the history of a job that is over; only where the service has a way to. */
  deleteJob?: ((id: string) => Promise<void>) | undefined;
  listEvents(jobId: string): AsyncIterable<ProviderEvent>;
  listCheckpoints(jobId: string): AsyncIterable<ProviderCheckpoint>;
  chat(request: ChatRequest, options?: { readonly signal?: AbortSignal }): Promise<ChatReply>;
  /** A small round trip. @throws unavailable */
  ping(): Promise<void>;
  /** Where a provider of this machine answers other clients too; undefined before its first use, and of Azure's. */
  local?(): LocalAddress | undefined;
}
