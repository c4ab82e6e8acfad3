/**
 * Keys of other tools' exports that hold nothing to learn from: ids, times, counts, where a row is from. They are
 * dropped, and which is told. Every other key that a reader does not know refuses its row.
 */
const names = (text: string): string[] => text.trim().split(/\s+/);

const COMMON = names(`
  id ids uuid idx index row_id example_id item_id prompt_id conversation_id conversation_hash message_id hash
  created_at createdAt created updated_at updatedAt modified_at timestamp time date
  source source_id origin url dataset dataset_id dataset_name datasetId datasetName split lang language license
  metadata tags category topic task task_type subset difficulty quality score scores rating annotator reviewer
  reviewed_at reviewed_by status model model_name generator version
`);

export const ROW = new Set(COMMON);

/** Of a turn. */
export const TURN = new Set(
  names(`
    id index type created_at createdAt timestamp time date model model_name usage usage_metadata finish_reason stop_reason
    logprobs status example response_metadata lc
  `),
);

/** Of a request for an answer, and of the answer, beside what was said. */
export const REQUEST = new Set([
  ...COMMON,
  ...names(`
    object temperature top_p n seed stop stream stream_options max_tokens max_completion_tokens presence_penalty
    frequency_penalty logit_bias logprobs top_logprobs user store service_tier system_fingerprint tool_choice
    response_format reasoning_effort verbosity usage request_id prompt_filter_results content_filter_results
    custom_id method datasource_item_id run_id eval_id results grades function_call
  `),
]);

/** Of a choice among answers. */
export const CHOICE = new Set(names("index finish_reason logprobs content_filter_results"));

export const LANGFUSE = new Set([
  ...COMMON,
  ...names(`
    name type userId user_id sessionId session_id release environment public bookmarked traceId trace_id traceName
    trace_name projectId project_id externalId parentObservationId parent_observation_id sourceTraceId source_trace_id
    sourceObservationId source_observation_id observations observationCount htmlPath startTime start_time endTime
    end_time completionStartTime completion_start_time level statusMessage status_message modelId model_id
    internalModelId providedModelName provided_model_name provided_usage_details provided_cost_details
    modelParameters model_parameters usage usageDetails usage_details costDetails cost_details unit promptId prompt_id
    promptName prompt_name promptVersion prompt_version latency timeToFirstToken time_to_first_token totalCost
    total_cost calculatedInputCost calculatedOutputCost calculatedTotalCost inputPrice outputPrice totalPrice
    inputCost outputCost promptTokens completionTokens totalTokens inputUsage outputUsage totalUsage
    isDeleted validFrom validTo event_ts
  `),
]);

export const LANGSMITH = new Set([
  ...COMMON,
  ...names(`
    name run_type start_time end_time latency error extra events serialized trace_id dotted_order parent_run_id
    parent_run_ids child_run_ids direct_child_run_ids session_id session_name reference_example_id
    reference_dataset_id feedback_stats feedback prompt_tokens completion_tokens total_tokens prompt_cost
    completion_cost total_cost prompt_token_details completion_token_details prompt_cost_details
    completion_cost_details first_token_time in_dataset app_path manifest_id inputs_preview outputs_preview
    inputs_s3_urls outputs_s3_urls s3_urls attachments_urls share_token last_queued_at execution_order ttl_seconds
    trace_tier trace_upgrade thread_id source_run_id revision_id tenant_id is_root price_model_id
  `),
]);

export const SPAN = new Set([
  ...COMMON,
  ...names(`
    name context span_id trace_id parent_id span_kind kind start_time end_time status_code status_message events
    cumulative_error_count cumulative_llm_token_count_prompt cumulative_llm_token_count_completion
    cumulative_token_count annotations annotation document_evaluations latency_ms resource session project_name
    graphql_id span_annotations
  `),
]);

/** Of a span's attributes. `input` and `output` repeat the turns of a span that has them. */
export const ATTRIBUTES = new Set(names("openinference metadata session user tag input output"));
export const SPAN_LLM = new Set(
  names("model_name token_count provider system cost invocation_parameters prompt_template finish_reason"),
);
