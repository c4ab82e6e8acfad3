// Written by `npm run wire` from the operations table; a test holds it equal.
/** The operations' nouns as they are on the wire. */

export type ActiveDeployment = {
  id?: string | undefined;
  agent_id: string;
  training_run_id?: string | undefined;
  dataset_id?: string | undefined;
  tuned_model_name: string | null;
  /** What a call names; the model's own name where no deployment is needed. */
  deployment_name?: string | undefined;
  evaluation_id?: string | undefined;
  verdict?: string | undefined;
  /** What the verdict judged right, and by which version of the rules; earlier versions did not keep it. */
  verdict_metric?: string | undefined;
  verdict_grading?: number | undefined;
  override_reason?: string | undefined;
  /** The policy that held when it was asked for, what spoke against it then, and the two persons where two were asked for. */
  gate_policy?: "warn" | "require" | undefined;
  gate_doubts?: string[] | undefined;
  four_eyes?: {
    requested_by: string;
    decided_by: string;
  } | undefined;
  /** Made by hand, and nobody could read which model stands behind it: an owner answered for it. */
  deployment_unverified?: true | undefined;
  state?: "requested" | "provisioning" | "probing" | "ready" | "active" | "superseded" | "failed" | "draining" | "deleted" | "lost" | undefined;
  error?: string | undefined;
  failure?: PromotionFailure | undefined;
  prune?: "no" | "oldest_inactive" | undefined;
  /** A rollback, or the return of what Azure removed: the earlier deployment of the same model whose place it takes. */
  restores?: string | undefined;
  reason?: string | undefined;
  taken_up?: TakenUp | undefined;
  promoted_by?: string | undefined;
  /** Who approved it in a pipeline that waited for that. */
  approved_by?: string | undefined;
  promoted_at?: string | undefined;
  created_at?: string | undefined;
  deployment_id: string | null;
  run_id?: string | undefined;
  tuned_model?: string | undefined;
  is_active: boolean;
  /** What is there at the provider under the deployment's name. */
  hosted?: {
    state: "requested" | "provisioning" | "probing" | "ready" | "draining" | "deleted" | "lost" | "failed";
    sku: string;
    capacity: number;
    /** When it was last asked for. */
    requested_at: string;
    ready_at?: string | undefined;
    /** When it was last seen gone, or its removal begun. */
    gone_at?: string | undefined;
    /** Deployments that were removed to make room for this one. */
    pruned?: string[] | undefined;
    error?: string | undefined;
  } | undefined;
  warnings?: string[] | undefined;
  rollback_from?: string | null | undefined;
  rollback_reason?: string | undefined;
  rollback_at?: string | undefined;
  /** How it stopped serving. */
  withdrawn?: {
    what: "promoted" | "rolled_back" | "deactivated";
    to: string | null;
    by?: string | undefined;
    reason?: string | undefined;
    at: string;
  } | undefined;
  has_active_deployment: boolean;
  base_model: string;
  message?: string | undefined;
  /** The deployment's record is gone. */
  missing?: true | undefined;
  /** What a rollback without a target would return to; null: the base model. */
  rollback_to?: {
    deployment_id: string;
    deployment_name: string;
  } | null | undefined;
};

export type AuditWrite = {
  container: string;
  id: string;
  /** The version it demanded to find. */
  before_etag?: string | undefined;
  /** The version it left. */
  after_etag?: string | undefined;
};

export type Checkpoint = {
  id: string;
  step: number;
  model: string;
  metrics: {
    [name: string]: number;
  };
};

export type ChosenHyperparameters = {
  /** Times that the training examples are gone through. */
  n_epochs?: number | undefined;
  /** Examples in one step. */
  batch_size?: number | undefined;
  /** Factor on the provider's learning rate. */
  learning_rate_multiplier?: number | undefined;
  /** Preferences: how closely the model stays to its base; lower is freer. */
  beta?: number | undefined;
  /** Reinforcement: how much is explored. */
  compute_multiplier?: number | undefined;
  /** Reinforcement: steps between looks at the validation side. */
  eval_interval?: number | undefined;
  /** Reinforcement: answers that are marked at each look. */
  eval_samples?: number | undefined;
  /** Reinforcement: how long a reasoning model thinks. */
  reasoning_effort?: "default" | "low" | "medium" | "high" | undefined;
};

export type ContentPart = {
  /** Kind of the part, such as `text` or `image_url`. */
  type: string;
  /** Of a part of type `text`. */
  text?: string | undefined;
  [name: string]: unknown;
};

export type Correction = {
  episode_id: string;
  reward_id: string;
  reviewer: string;
  user_input: string;
  /** What was said in the corrected turn; calls as JSON text. */
  original: string;
  /** The corrected turn, counted among the agent's own from 1; absent when the episode has none such. */
  turn?: number | undefined;
  correction: CorrectionInput;
  /** Why it makes no golden conversation; absent when it does. */
  not_golden?: string | undefined;
  /** Why it makes no DPO pair; absent when it does. */
  not_dpo?: string | undefined;
  at: string;
};

export type CorrectionCounts = {
  /** Corrections that stand. */
  corrections: number;
  /** Those that make a line. */
  lines: number;
  /** Those that make none, by reason. */
  left_out: {
    [name: string]: number;
  };
  /** Turns after a corrected one: they followed from what was wrong, so no line has them. */
  turns_dropped: number;
};

export type CorrectionInput = string | {
  /** Which of the agent's turns was wrong, 1 for its first, tool calls and answers alike; absent: the answer, or with `tool_calls` the one turn that called tools. */
  turn?: number | undefined;
  /** What it should have said in that turn; or give `tool_calls`. */
  text?: string | undefined;
  /** The tools it should have called in that turn, in order; or give `text`. */
  tool_calls?: {
    /** Name of the tool, one that the episode's agent was offered. */
    name: string;
    /** What it should have been called with, as the tool's schema asks. */
    arguments: {
      [name: string]: Json;
    };
  }[] | undefined;
};

export type CorrectionInputInput = string | {
  /** Which of the agent's turns was wrong, 1 for its first, tool calls and answers alike; absent: the answer, or with `tool_calls` the one turn that called tools. */
  turn?: number | undefined;
  /** What it should have said in that turn; or give `tool_calls`. */
  text?: string | undefined;
  /** The tools it should have called in that turn, in order; or give `text`. */
  tool_calls?: {
    /** Name of the tool, one that the episode's agent was offered. */
    name: string;
    /** What it should have been called with, as the tool's schema asks. */
    arguments: {
      [name: string]: unknown;
    };
  }[] | undefined;
};

export type Dataset = {
  /** Hash of agent, name, recipe and watermark: known before the content. */
  id: string;
  agent_id: string;
  name: string;
  description?: string | undefined;
  status: "pending" | "building" | "ready" | "failed";
  error?: string | undefined;
  /** The code that goes with `error`: `dataset_empty`, `feeds_behind`, … */
  error_code?: string | undefined;
  recipe: Recipe;
  /** How far the ledger was at the request: the agent's newest times and counts of episodes and rewards. */
  watermark: DatasetWatermark;
  /** Newest reward that the build waits for: set once all episodes up to the watermark have been scored. */
  awaited_rewards?: string | undefined;
  taken_up?: TakenUp | undefined;
  /** SHA-256 over the sorted hashes of all lines with their sides. */
  content_hash?: string | undefined;
  /** The first dataset of the agent with equal content. */
  same_as?: string | undefined;
  training_count?: number | undefined;
  validation_count?: number | undefined;
  test_count?: number | undefined;
  /** Episodes that were looked at, whether or not they are in it; golden lines are none. */
  episode_count?: number | undefined;
  /** Examples left out, by reason: `below_reward`, `vetoed`, `duplicate`, `over_limit`, `no_reward`, `invalid:<rule>`, … */
  dropped?: {
    [name: string]: number;
  } | undefined;
  /** What was kept and is worth a look, counted: `derived_tool_definition`, `blank_line`, `byte_order_mark`, … */
  warnings?: {
    [name: string]: number;
  } | undefined;
  /** Golden only: for each warning the first lines of the file that it is about, at most ten. */
  warning_lines?: {
    [name: string]: number[];
  } | undefined;
  /** Groups on each side (examples that share a session or an input are one group), and the size of the largest. */
  group_counts?: {
    [name: string]: number;
  } | undefined;
  /** Tokens on each side, tools counted with every line, and the vocabulary they were counted with. */
  token_counts?: {
    encoding: string;
    sides: {
      [name: string]: TokenCount;
    };
  } | undefined;
  /** Distributions over what was kept; tools by how many examples call them. */
  figures?: {
    rewards: Histogram;
    tokens: Histogram;
    /** Bytes of a line, its line break not counted; datasets of earlier versions have none. */
    lengths?: Histogram | undefined;
    tools: {
      [name: string]: number;
    };
  } | undefined;
  /** Sets of examples of which one stays, and how large the largest was. */
  clusters?: {
    found: number;
    largest: number;
  } | undefined;
  /** What was left out as nearly the same as what stays, of how many, and one pair of them to judge it by. */
  near_duplicates?: {
    left_out: number;
    of: number;
    /** In datasets of earlier versions: examples that were not compared. */
    not_compared?: number | undefined;
    example?: {
      kept: {
        line?: number | undefined;
        episode_ids?: string[] | undefined;
      };
      left_out: {
        line?: number | undefined;
        episode_ids?: string[] | undefined;
      };
    } | undefined;
  } | undefined;
  /** What the sides share: sessions and inputs, contents, near pairs. All 0 in a dataset that can be trusted. */
  leakage?: {
    shared_groups: number;
    shared_examples: number;
    near_pairs: number;
    /** Of earlier datasets' test sides, what is trained on or validated with; earlier versions did not look. */
    reserved_examples?: number | undefined;
    near_duplicates_from: number;
  } | undefined;
  /** Pages of edges from lines to episodes and rewards. */
  lineage?: {
    pages: number;
    rows: number;
  } | undefined;
  /** Examples whose tokens this build counted; those of all others were known from earlier builds. */
  tokens_counted?: number | undefined;
  /** Where the time went, summed over all workers. */
  seconds?: {
    [name: string]: number;
  } | undefined;
  cancel_requested?: boolean | undefined;
  /** Its files hold what the redaction of that version finds: nothing is trained on it. Build it anew. */
  unresolved?: {
    redaction_version: string;
    lines: number;
    counts: {
      [name: string]: number;
    };
    rescan_id: string;
  } | undefined;
  files?: {
    [name: string]: StoredFile;
  } | undefined;
  /** Keyed hashes of the sessions and inputs on each side, for the contamination check: a file, sorted, one a line. */
  groups?: {
    [name: string]: string;
  } | undefined;
  /** The number of each line's group, one a line in the order of the side's file; earlier versions kept none. */
  line_groups?: {
    [name: string]: string;
  } | undefined;
  created_at: string;
  completed_at?: string | undefined;
  success: boolean;
  dataset_id: string;
  /** The training file. */
  local_path?: string | undefined;
  validation_path?: string | undefined;
  test_path?: string | undefined;
  reward_threshold?: number | undefined;
  /** Examples in the files. */
  kept?: number | undefined;
  /** Examples that were kept or left out; `dropped` counts these by reason. */
  given?: number | undefined;
  /** Sentences on what was left out, changed or is worth a look, the most important first. */
  notices?: string[] | undefined;
  /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
  place_in_queue?: number | undefined;
  /** The durable status addresses, while it is being built. */
  urls?: {
    [name: string]: string;
  } | undefined;
};

export type DatasetWatermark = {
  episodes?: string | undefined;
  rewards?: string | undefined;
  /** How many there were: a clock that was ahead leaves the times where they are, a further document raises these. */
  episode_count?: number | undefined;
  reward_count?: number | undefined;
};

export type Deployment = {
  id: string;
  agent_id: string;
  training_run_id: string;
  dataset_id?: string | undefined;
  tuned_model_name: string;
  /** What a call names; the model's own name where no deployment is needed. */
  deployment_name: string;
  evaluation_id?: string | undefined;
  verdict?: string | undefined;
  /** What the verdict judged right, and by which version of the rules; earlier versions did not keep it. */
  verdict_metric?: string | undefined;
  verdict_grading?: number | undefined;
  override_reason?: string | undefined;
  /** The policy that held when it was asked for, what spoke against it then, and the two persons where two were asked for. */
  gate_policy?: "warn" | "require" | undefined;
  gate_doubts?: string[] | undefined;
  four_eyes?: {
    requested_by: string;
    decided_by: string;
  } | undefined;
  /** Made by hand, and nobody could read which model stands behind it: an owner answered for it. */
  deployment_unverified?: true | undefined;
  state: "requested" | "provisioning" | "probing" | "ready" | "active" | "superseded" | "failed" | "draining" | "deleted" | "lost";
  error?: string | undefined;
  failure?: PromotionFailure | undefined;
  prune?: "no" | "oldest_inactive" | undefined;
  /** A rollback, or the return of what Azure removed: the earlier deployment of the same model whose place it takes. */
  restores?: string | undefined;
  reason?: string | undefined;
  taken_up?: TakenUp | undefined;
  promoted_by?: string | undefined;
  /** Who approved it in a pipeline that waited for that. */
  approved_by?: string | undefined;
  promoted_at?: string | undefined;
  created_at: string;
  deployment_id: string;
  run_id: string;
  tuned_model: string;
  is_active: boolean;
  /** What is there at the provider under the deployment's name. */
  hosted?: {
    state: "requested" | "provisioning" | "probing" | "ready" | "draining" | "deleted" | "lost" | "failed";
    sku: string;
    capacity: number;
    /** When it was last asked for. */
    requested_at: string;
    ready_at?: string | undefined;
    /** When it was last seen gone, or its removal begun. */
    gone_at?: string | undefined;
    /** Deployments that were removed to make room for this one. */
    pruned?: string[] | undefined;
    error?: string | undefined;
  } | undefined;
  warnings: string[];
  rollback_from?: string | null | undefined;
  rollback_reason?: string | undefined;
  rollback_at?: string | undefined;
  /** How it stopped serving. */
  withdrawn?: {
    what: "promoted" | "rolled_back" | "deactivated";
    to: string | null;
    by?: string | undefined;
    reason?: string | undefined;
    at: string;
  } | undefined;
};

export type DeploymentEvent = {
  id: string;
  type: "event";
  agent_id: string;
  what: "promoted" | "rolled_back" | "deactivated";
  from: string | null;
  to: string | null;
  /** Of a rollback or deactivation: the deployments whose models it took out of service. */
  withdrawn?: string[] | undefined;
  by?: string | undefined;
  reason?: string | undefined;
  /** The pointer's version after the event. */
  version: number;
  created_at: string;
};

export type EpisodeInput = {
  /** Sent again with the same id, an episode is stored once. */
  id?: string | undefined;
  /** The agent; LIGHTNING_AGENT_ID when absent. */
  agent_id: string;
  /** What the user asked, as text. */
  user_input: string;
  /** What the agent answered, as text. */
  assistant_output: string;
  /** The whole conversation in chat form, at most 2,000; absent, it is made of `user_input`, `tool_calls` and `assistant_output`. */
  messages?: MessageInput[] | undefined;
  /** Definitions of the tools that the model was offered, in chat form, at most 512. */
  tools?: ToolDefinitionInput[] | undefined;
  /** Whether the model was allowed several tool calls in one turn. */
  parallel_tool_calls?: boolean | undefined;
  /** The tool calls of the episode in order, at most 2,000. */
  tool_calls?: ToolCallInput[] | undefined;
  /** The system message that the model was given. */
  system_prompt?: string | undefined;
  /** A hash of the agent's instructions, to tell their versions apart. */
  instructions_hash?: string | undefined;
  /** The model or deployment that answered. */
  model_deployment?: string | undefined;
  /** The sampling parameters of the call, such as `temperature`. */
  sampling?: {
    [name: string]: unknown;
  } | undefined;
  /** An id of the caller's that joins the episode to its own logs and traces. */
  correlation_id?: string | undefined;
  /** The provider's id of the answer, by which a reward may name the episode. */
  response_id?: string | undefined;
  /** The trace that the call belongs to, as OpenTelemetry writes it. */
  trace_id?: string | undefined;
  /** The call's own span in that trace. */
  span_id?: string | undefined;
  /** The conversation that it belongs to; a session never stands on two sides of a split. */
  session_id?: string | undefined;
  /** Who asked, as the caller names them. */
  user_id?: string | undefined;
  /** How long the whole request took, in ms. */
  request_latency_ms?: number | undefined;
  /** How long it took until the first part of the answer, in ms. */
  first_token_ms?: number | undefined;
  /** Tokens that the provider counted for the request. */
  token_usage?: TokenUsage | undefined;
  /** What the request cost, in US dollars. */
  cost_usd?: number | undefined;
  /** Why the request failed; absent when it did not. */
  error?: string | undefined;
  /** Whose fault the error was; only the model's own is a judgement of it. Absent: not known. */
  error_by?: "caller" | "network" | "provider" | "model" | undefined;
  /** How the answer ended; datasets take those that the model finished, and those that do not say. */
  ending?: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | undefined;
  /** Parts of the conversation that only the provider has, such as an earlier response. */
  missing?: string[] | undefined;
  /** Anything else, by name; results of tests and evaluations in it are scored automatically. */
  metadata?: {
    [name: string]: unknown;
  } | undefined;
  /** When it happened, RFC 3339 with zone; a day alone is its first instant, UTC; now when absent. */
  created_at?: string | undefined;
  /** What the sender's own redaction found; it runs again here and the counts are added. */
  redaction?: Redaction | undefined;
  /** Characters the sender cut, by field path; by `messages` those of whole messages. */
  truncated?: {
    [name: string]: number;
  } | undefined;
  /** Hashes of the parts that lie in files (addPart) and that pointers in its texts stand for, at most 1,000. */
  parts?: string[] | undefined;
};

export type EpisodeSummary = {
  id: string;
  agent_id: string;
  user_input: string;
  assistant_output: string;
  tool_calls_count: number;
  tool_names: string[];
  model_deployment: string | null;
  request_latency_ms: number | null;
  first_token_ms: number | null;
  session_id: string | null;
  correlation_id: string | null;
  response_id: string | null;
  trace_id: string | null;
  ending: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | null;
  error_by: "caller" | "network" | "provider" | "model" | null;
  reward_count: number;
  reward_avg: number | null;
  reward_penalty: number | null;
  reward_vetoed: boolean;
  created_at: string;
};

export type Estimate = {
  agent_id: string;
  dataset_id: string;
  base_model: string;
  method: string;
  training_type: string;
  encoding: string;
  /** False: another maker's model; its own vocabulary counts a little otherwise. */
  exact_vocabulary: boolean;
  examples: number;
  tokens_per_epoch: number;
  longest_example: number;
  n_epochs: {
    low: number;
    high: number;
  };
  training_tokens: {
    low: number;
    high: number;
  };
  /** Absent: no dated source says it. */
  price?: {
    /** Dollars. */
    usd: number;
    /** What they are for: `million training tokens`, an hour. */
    per: string;
    source: string;
    as_of: string;
  } | undefined;
  /** Absent: nobody can say; `notes` tell why. */
  cost_usd?: {
    low: number;
    high: number;
  } | undefined;
  hosting: {
    sku: string;
    usd_per_hour: number;
    usd_per_month: number;
    source: string;
    as_of: string;
  }[];
  limits: {
    name: string;
    wanted: number;
    limit: number;
    /** Absent: it cannot be told. */
    within?: boolean | undefined;
    source: string;
    as_of: string;
  }[];
  /** Absent: of some limit it cannot be told. */
  within_limits?: boolean | undefined;
  notes: string[];
};

export type EvaluationPair = {
  example: string;
  /** Pairs of one group are one piece of evidence; absent in evaluations of earlier versions, which counted each. */
  group?: string | undefined;
  /** The last that the user said; absent in evaluations of earlier versions. */
  question?: string | undefined;
  expected: string;
  baseline_answer: string;
  candidate_answer: string;
  baseline_correct: boolean;
  candidate_correct: boolean;
};

export type ExampleOrigin = {
  dataset_id: string;
  /** First 32 digits of the SHA-256 of the line's text. */
  hash: string;
  split: "train" | "validation" | "test" | null;
  fate: "kept" | "duplicate" | "near_duplicate" | "over_cap" | "over_limit" | "straddles_cut" | "reserved_for_test";
  reason: string;
  /** Null: a golden example. */
  score: number | null;
  tokens: number;
  at?: string | undefined;
  episode_ids: string[];
  reward_ids: string[];
  /** The line that stands in this one's place. */
  stands_for?: string | undefined;
};

export type ExampleReason = {
  reason: "random" | "low_reward" | "disagreement" | "new_tool" | "newest" | "again";
  /** The facts behind it; absent in blind mode. */
  text?: string | undefined;
};

export type Feeds = {
  episodes: {
    /** Everything written before this time is handled; null: nothing yet. */
    watermark: string | null;
    /** Age of the oldest change that is not handled; 0 when there is none. */
    lag_seconds: number;
  };
  rewards: {
    /** Everything written before this time is handled; null: nothing yet. */
    watermark: string | null;
    /** Age of the oldest change that is not handled; 0 when there is none. */
    lag_seconds: number;
  };
};

export type GivenReward = {
  /** Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward. */
  id: string;
  agent_id: string;
  episode_id: string;
  source: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty";
  value: number;
  raw_value?: number | undefined;
  rubric?: string | undefined;
  evaluator?: string | undefined;
  comments?: string | undefined;
  /** Who wrote it: the signed-in person or application with its object id, else `local`, `key` (a function key) or `auto` (what the episode says about itself); absent on rewards of earlier versions. */
  writer?: string | undefined;
  /** The earlier reward of the same writer, source, evaluator and rubric that this one replaces in the aggregate. */
  supersedes?: string | undefined;
  /** Takes the superseded judgement back without another in its place: it counts no more. */
  withdrawn?: true | undefined;
  /** Who took it back, where it was asked for by name. */
  withdrawn_by?: string | undefined;
  /** It says what the agent should have done, in `metadata.correction`; absent on rewards of earlier versions. */
  corrected?: true | undefined;
  /** When it was said, where it came before its episode and waited; `created_at` is when it was given. */
  said_at?: string | undefined;
  /** The re-scan that last replaced something in what was said, after it was given. */
  rescan?: string | undefined;
  metadata: {
    [name: string]: Json;
  };
  created_at: string;
  success: true;
  reward_id: string;
  /** The same judgement stood already; nothing was stored. */
  deduplicated: boolean;
} | {
  success: true;
  /** Not above the threshold; nothing was stored. */
  recorded: false;
  agent_id: string;
  episode_id: string;
  source: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty";
} | {
  waiting_id: string;
  /** The agent; LIGHTNING_AGENT_ID when absent. */
  agent_id: string;
  /** `waiting`; `given` when its episode had come; `expired` when none came in time; `refused` when it did not fit the episode that came. */
  state: "waiting" | "given" | "expired" | "refused";
  /** The name of the episode that it waits for. */
  named: {
    /** The episode's own id, where it is known. */
    episode_id?: string | undefined;
    response_id?: string | undefined;
    correlation_id?: string | undefined;
    span_id?: string | undefined;
    trace_id?: string | undefined;
  };
  source: string;
  /** Why it was not given. */
  reason?: string | undefined;
  /** The episode that came. */
  episode_id?: string | undefined;
  /** The reward that it became. */
  reward_id?: string | undefined;
  created_at: string;
  expires_at: string;
  settled_at?: string | undefined;
  success: true;
  /** No episode has this name yet: it is given when one is recorded, until `expires_at`. */
  waiting: true;
};

export type Grader = {
  type: "string_check";
  name: string;
  operation: "eq" | "ne" | "like" | "ilike";
  input: string;
  reference: string;
} | {
  type: "text_similarity";
  name: string;
  evaluation_metric: "fuzzy_match" | "cosine" | "bleu" | "gleu" | "meteor" | "rouge_1" | "rouge_2" | "rouge_3" | "rouge_4" | "rouge_5" | "rouge_l";
  input: string;
  reference: string;
  pass_threshold?: number | undefined;
} | {
  type: "score_model";
  name: string;
  model: string;
  input: {
    role: "system" | "developer" | "user" | "assistant";
    content: string | {
      type: string;
      [name: string]: unknown;
    };
    [name: string]: unknown;
  }[];
  range?: [number, number] | undefined;
  pass_threshold?: number | undefined;
  sampling_params?: {
    [name: string]: number | string | null;
  } | undefined;
} | {
  type: "python";
  name: string;
  source: string;
  image_tag?: string | undefined;
} | {
  type: "multi";
  name: string;
  graders: {
    [name: string]: {
      type: "string_check";
      name: string;
      operation: "eq" | "ne" | "like" | "ilike";
      input: string;
      reference: string;
    } | {
      type: "text_similarity";
      name: string;
      evaluation_metric: "fuzzy_match" | "cosine" | "bleu" | "gleu" | "meteor" | "rouge_1" | "rouge_2" | "rouge_3" | "rouge_4" | "rouge_5" | "rouge_l";
      input: string;
      reference: string;
      pass_threshold?: number | undefined;
    } | {
      type: "score_model";
      name: string;
      model: string;
      input: {
        role: "system" | "developer" | "user" | "assistant";
        content: string | {
          type: string;
          [name: string]: unknown;
        };
        [name: string]: unknown;
      }[];
      range?: [number, number] | undefined;
      pass_threshold?: number | undefined;
      sampling_params?: {
        [name: string]: number | string | null;
      } | undefined;
    } | {
      type: "python";
      name: string;
      source: string;
      image_tag?: string | undefined;
    };
  };
  calculate_output: string;
};

export type Health = {
  status: "healthy" | "degraded" | "unhealthy";
  checks: {
    [name: string]: {
      ok: boolean;
      kind?: string | undefined;
      code?: string | undefined;
      message?: string | undefined;
      milliseconds?: number | undefined;
      /** Where the local provider answers any OpenAI client. */
      address?: string | undefined;
    };
  };
  feeds?: Feeds | undefined;
  /** Datasets, runs, evaluations, deployments and pipelines under way. */
  records?: Survey | undefined;
  /** Documents in each. */
  containers?: {
    [name: string]: number;
  } | undefined;
  checked_at: string;
};

export type Histogram = {
  edges: number[];
  counts: number[];
};

export type Hyperparameters = {
  /** Times that the training examples are gone through. */
  n_epochs?: number | "auto" | undefined;
  /** Examples in one step. */
  batch_size?: number | "auto" | undefined;
  /** Factor on the provider's learning rate. */
  learning_rate_multiplier?: number | "auto" | undefined;
  /** Preferences: how closely the model stays to its base; lower is freer. */
  beta?: number | "auto" | undefined;
  /** Reinforcement: how much is explored. */
  compute_multiplier?: number | "auto" | undefined;
  /** Reinforcement: steps between looks at the validation side. */
  eval_interval?: number | "auto" | undefined;
  /** Reinforcement: answers that are marked at each look. */
  eval_samples?: number | "auto" | undefined;
  /** Reinforcement: how long a reasoning model thinks. */
  reasoning_effort?: "default" | "low" | "medium" | "high" | undefined;
};

export type Json = __schema0;

export type Lineage = {
  agent_id: string;
  /** Of the record that was asked for. */
  kind?: string | undefined;
  id?: string | undefined;
  /** Deployments on this page, not of all: `continuation` says that there are more. */
  deployments_found: number;
  lineage: {
    id: string;
    agent_id: string;
    training_run_id: string;
    dataset_id?: string | undefined;
    tuned_model_name: string;
    /** What a call names; the model's own name where no deployment is needed. */
    deployment_name: string;
    evaluation_id?: string | undefined;
    verdict?: string | undefined;
    /** What the verdict judged right, and by which version of the rules; earlier versions did not keep it. */
    verdict_metric?: string | undefined;
    verdict_grading?: number | undefined;
    override_reason?: string | undefined;
    /** The policy that held when it was asked for, what spoke against it then, and the two persons where two were asked for. */
    gate_policy?: "warn" | "require" | undefined;
    gate_doubts?: string[] | undefined;
    four_eyes?: {
      requested_by: string;
      decided_by: string;
    } | undefined;
    /** Made by hand, and nobody could read which model stands behind it: an owner answered for it. */
    deployment_unverified?: true | undefined;
    state: "requested" | "provisioning" | "probing" | "ready" | "active" | "superseded" | "failed" | "draining" | "deleted" | "lost";
    error?: string | undefined;
    failure?: PromotionFailure | undefined;
    prune?: "no" | "oldest_inactive" | undefined;
    /** A rollback, or the return of what Azure removed: the earlier deployment of the same model whose place it takes. */
    restores?: string | undefined;
    reason?: string | undefined;
    taken_up?: TakenUp | undefined;
    promoted_by?: string | undefined;
    /** Who approved it in a pipeline that waited for that. */
    approved_by?: string | undefined;
    promoted_at?: string | undefined;
    created_at: string;
    deployment_id: string;
    run_id: string;
    tuned_model: string;
    is_active: boolean;
    /** What is there at the provider under the deployment's name. */
    hosted?: {
      state: "requested" | "provisioning" | "probing" | "ready" | "draining" | "deleted" | "lost" | "failed";
      sku: string;
      capacity: number;
      /** When it was last asked for. */
      requested_at: string;
      ready_at?: string | undefined;
      /** When it was last seen gone, or its removal begun. */
      gone_at?: string | undefined;
      /** Deployments that were removed to make room for this one. */
      pruned?: string[] | undefined;
      error?: string | undefined;
    } | undefined;
    warnings: string[];
    rollback_from?: string | null | undefined;
    rollback_reason?: string | undefined;
    rollback_at?: string | undefined;
    /** How it stopped serving. */
    withdrawn?: {
      what: "promoted" | "rolled_back" | "deactivated";
      to: string | null;
      by?: string | undefined;
      reason?: string | undefined;
      at: string;
    } | undefined;
    training_run: {
      id: string;
      missing: true;
    } | {
      /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
      id: string;
      base_model: string;
      dataset_id: string;
      dataset_hash: string;
      status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
      tuned_model_name?: string | undefined;
      aoai_job_id?: string | undefined;
      /** Provider file ids. */
      training_file_id?: string | undefined;
      validation_file_id?: string | undefined;
      seed: number;
      created_at: string;
      started_at?: string | undefined;
      completed_at?: string | undefined;
      hyperparameters: ChosenHyperparameters;
    };
    dataset: {
      id: string;
      missing: true;
    } | {
      /** Hash of agent, name, recipe and watermark: known before the content. */
      id: string;
      name: string;
      status: "pending" | "building" | "ready" | "failed";
      training_count?: number | undefined;
      validation_count?: number | undefined;
      test_count?: number | undefined;
      /** Episodes that were looked at, whether or not they are in it; golden lines are none. */
      episode_count?: number | undefined;
      recipe: Recipe;
      /** SHA-256 over the sorted hashes of all lines with their sides. */
      content_hash?: string | undefined;
      created_at: string;
      watermark: DatasetWatermark;
      reward_threshold?: number | undefined;
      /** Examples in it that were made of episodes; the others are golden. Absent: not counted. */
      examples_from_episodes?: number | undefined;
      files: {
        [name: string]: {
          lines: number;
          bytes: number;
          sha256: string;
        };
      };
    } | null;
    evaluation: {
      id: string;
      missing: true;
    } | {
      id: string;
      run_id?: string | undefined;
      dataset_id: string;
      split: "train" | "validation" | "test";
      candidate: string;
      baseline: string;
      metric: string;
      /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
      grading?: number | undefined;
      status: "pending" | "running" | "finished" | "failed";
      result?: Verdict | undefined;
      created_at: string;
      completed_at?: string | undefined;
      verdict?: "pass" | "fail" | "inconclusive" | undefined;
    } | null;
  }[];
  events: DeploymentEvent[];
  training_run?: {
    id: string;
    missing: true;
  } | {
    /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
    id: string;
    base_model: string;
    dataset_id: string;
    dataset_hash: string;
    status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
    tuned_model_name?: string | undefined;
    aoai_job_id?: string | undefined;
    /** Provider file ids. */
    training_file_id?: string | undefined;
    validation_file_id?: string | undefined;
    seed: number;
    created_at: string;
    started_at?: string | undefined;
    completed_at?: string | undefined;
    hyperparameters: ChosenHyperparameters;
  } | null | undefined;
  training_runs?: {
    /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
    id: string;
    base_model: string;
    dataset_id: string;
    dataset_hash: string;
    status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
    tuned_model_name?: string | undefined;
    aoai_job_id?: string | undefined;
    /** Provider file ids. */
    training_file_id?: string | undefined;
    validation_file_id?: string | undefined;
    seed: number;
    created_at: string;
    started_at?: string | undefined;
    completed_at?: string | undefined;
    hyperparameters: ChosenHyperparameters;
  }[] | undefined;
  dataset?: {
    id: string;
    missing: true;
  } | {
    /** Hash of agent, name, recipe and watermark: known before the content. */
    id: string;
    name: string;
    status: "pending" | "building" | "ready" | "failed";
    training_count?: number | undefined;
    validation_count?: number | undefined;
    test_count?: number | undefined;
    /** Episodes that were looked at, whether or not they are in it; golden lines are none. */
    episode_count?: number | undefined;
    recipe: Recipe;
    /** SHA-256 over the sorted hashes of all lines with their sides. */
    content_hash?: string | undefined;
    created_at: string;
    watermark: DatasetWatermark;
    reward_threshold?: number | undefined;
    /** Examples in it that were made of episodes; the others are golden. Absent: not counted. */
    examples_from_episodes?: number | undefined;
    files: {
      [name: string]: {
        lines: number;
        bytes: number;
        sha256: string;
      };
    };
  } | null | undefined;
  evaluation?: {
    id: string;
    missing: true;
  } | {
    id: string;
    run_id?: string | undefined;
    dataset_id: string;
    split: "train" | "validation" | "test";
    candidate: string;
    baseline: string;
    metric: string;
    /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
    grading?: number | undefined;
    status: "pending" | "running" | "finished" | "failed";
    result?: Verdict | undefined;
    created_at: string;
    completed_at?: string | undefined;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
  } | undefined;
  evaluations?: {
    id: string;
    run_id?: string | undefined;
    dataset_id: string;
    split: "train" | "validation" | "test";
    candidate: string;
    baseline: string;
    metric: string;
    /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
    grading?: number | undefined;
    status: "pending" | "running" | "finished" | "failed";
    result?: Verdict | undefined;
    created_at: string;
    completed_at?: string | undefined;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
  }[] | undefined;
  /** There are more: asked with this, the next page is answered. Absent on the last page. */
  continuation?: string | undefined;
  manifest?: Manifest | undefined;
};

export type Manifest = {
  /** Version of the manifest's form. */
  version: 1;
  /** Name of the operation that answered. */
  operation: string;
  /** The input that the answer is for. */
  asked: {
    [name: string]: unknown;
  };
  /** When it was signed, UTC. */
  made_at: string;
  /** Hex SHA-256 of the answer without `manifest`, as JSON with sorted keys and no white space. */
  sha256: string;
  /** Hex HMAC-SHA-256 of the manifest without `signature`. */
  signature: string;
};

export type Message = {
  /** Who speaks. */
  role: "system" | "developer" | "user" | "assistant" | "tool";
  /** What is said: text, or a list of parts; null beside tool calls. */
  content?: string | ContentPart[] | null | undefined;
  /** Tells speakers of one role apart. */
  name?: string | undefined;
  /** Tools that the assistant calls in this turn. */
  tool_calls?: MessageToolCall[] | undefined;
  /** Of a tool message: the call that it answers. */
  tool_call_id?: string | undefined;
  /** Why the assistant refused. */
  refusal?: string | null | undefined;
  /** 0: the assistant turn is not trained on. */
  weight?: 0 | 1 | undefined;
};

export type MessageInput = {
  /** Who speaks. */
  role: "system" | "developer" | "user" | "assistant" | "tool";
  /** What is said: text, or a list of parts; null beside tool calls. */
  content?: string | ContentPart[] | null | undefined;
  /** Tells speakers of one role apart. */
  name?: string | undefined;
  /** Tools that the assistant calls in this turn. */
  tool_calls?: MessageToolCallInput[] | undefined;
  /** Of a tool message: the call that it answers. */
  tool_call_id?: string | undefined;
  /** Why the assistant refused. */
  refusal?: string | null | undefined;
  /** 0: the assistant turn is not trained on. */
  weight?: 0 | 1 | undefined;
};

export type MessageToolCall = {
  /** Joins the call to the tool message that answers it. */
  id: string;
  /** Always `function`. */
  type: "function";
  /** What is called. */
  function: {
    /** Name of the tool. */
    name: string;
    /** The arguments, as JSON text. */
    arguments: string;
  };
};

export type MessageToolCallInput = {
  /** Joins the call to the tool message that answers it. */
  id: string;
  /** Always `function`. */
  type?: "function" | undefined;
  /** What is called. */
  function: {
    /** Name of the tool. */
    name: string;
    /** The arguments, as JSON text. */
    arguments: string;
  };
};

export type MetricPoint = {
  step: number;
  train_loss?: number | undefined;
  train_accuracy?: number | undefined;
  valid_loss?: number | undefined;
  /** Of one mini-batch, as `valid_loss`. */
  valid_accuracy?: number | undefined;
  /** Of the whole validation side, measured now and then. */
  full_valid_loss?: number | undefined;
  full_valid_accuracy?: number | undefined;
  /** Reinforcement: the grader's marks. */
  train_reward?: number | undefined;
  valid_reward?: number | undefined;
};

export type OperationStatus = {
  id: string;
  kind: "datasets" | "runs" | "evaluations" | "deployments" | "pipelines" | "rescans";
  agent_id: string;
  status: "NotStarted" | "Running" | "Succeeded" | "Failed" | "Canceled";
  /** The record's own word for it, which may be more exact. */
  record_status: string;
  created_at: string;
  completed_at?: string | undefined;
  /** Where the record is read: a reference relative to this address. */
  resource_location: string;
  /** Why, of one that failed. */
  error?: {
    code: string;
    message: string;
  } | undefined;
};

export type Power = {
  /** Independent groups of held-out examples. */
  groups: number;
  /** Share of pairs on which the two models differ, as far as known. */
  differing: number;
  /** `seen` in the agent's last evaluation, or `assumed` where there is none. */
  differing_is: "seen" | "assumed";
  /** Least gain that is shown with a chance of 80 %, 0 to 1; absent: these groups can show none. */
  smallest_gain?: number | undefined;
};

export type PromotionFailure = {
  code: string;
  message: string;
  /** For `deployment_quota`: the deployments that could make room, oldest first. */
  candidates?: string[] | undefined;
};

export type Recipe = {
  kind: "episodes" | "golden";
  min_reward?: number | undefined;
  sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
  max_examples: number;
  include_tools: boolean;
  train_split: number;
  /** Share of groups reserved for evaluation and never trained on, taken before the train/validation split. */
  test_split: number;
  /** Mark of the key that puts groups on sides, LIGHTNING_SPLIT_KEY; absent: its default. */
  split_key?: string | undefined;
  system_prompt?: string | undefined;
  /** Golden only: SHA-256 of the file's bytes. */
  source_sha256?: string | undefined;
  /** Golden datasets whose examples join the training side. */
  include_golden?: string[] | undefined;
  /** Absent: `sft`. */
  format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
  /** Only episodes that called one of these tools. */
  tools?: string[] | undefined;
  /** Only episodes of these models. */
  models?: string[] | undefined;
  /** Only episodes with one of these tags, in their metadata or in that of a reward. */
  tags?: string[] | undefined;
  /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
  include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
  /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
  include_spelt_out?: boolean | undefined;
  /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
  min_per_tool?: number | undefined;
  /** What `cap` counts by; `tool` when absent. */
  cap_by?: "tool" | "model" | "session" | "source" | undefined;
  /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
  cap?: number | undefined;
  /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
  max_tokens?: number | undefined;
  /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
  for_model?: string | undefined;
  /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
  near_duplicates?: number | undefined;
  /** `last`: weight 0 on all assistant turns but the last. */
  learn?: "all" | "last" | undefined;
  /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
  min_gap?: number | undefined;
  /** Conversations that begin at or after this time are the test side. */
  test_after?: string | undefined;
  /** Begin files with a byte-order mark. */
  bom?: boolean | undefined;
};

export type Redaction = {
  /** Version of the redaction rules that were applied. */
  version: string;
  /** How often each rule hit. */
  counts: {
    [name: string]: number;
  };
  /** True when redaction failed, and the text was left out instead. */
  withheld?: boolean | undefined;
};

export type RedactionRule = {
  /** What the rule is called here; one name, one rule. */
  name: string;
  /** A regular expression in RE2's syntax: no backreferences, no looking around; `(?i)` ignores case. */
  pattern: string;
  /** The word in the placeholder, `[REDACTED:customer_number]`; made of the name when absent. */
  kind?: string | undefined;
  /** The same value gets the same token: for ids of persons, never for a password or a key. */
  pseudonym: boolean;
  /** False keeps the rule without using it. */
  enabled: boolean;
  /** Why the rule is there. */
  note?: string | undefined;
};

export type RedactionRuleInput = {
  /** What the rule is called here; one name, one rule. */
  name: string;
  /** A regular expression in RE2's syntax: no backreferences, no looking around; `(?i)` ignores case. */
  pattern: string;
  /** The word in the placeholder, `[REDACTED:customer_number]`; made of the name when absent. */
  kind?: string | undefined;
  /** The same value gets the same token: for ids of persons, never for a password or a key. */
  pseudonym?: boolean | undefined;
  /** False keeps the rule without using it. */
  enabled?: boolean | undefined;
  /** Why the rule is there. */
  note?: string | undefined;
};

export type ReviewOffer = {
  episode_id: string;
  /** In blind mode without rewards and model. */
  episode: {
    id?: string | undefined;
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What the user asked, as text. */
    user_input?: string | undefined;
    /** What the agent answered, as text. */
    assistant_output?: string | undefined;
    /** The whole conversation in chat form, at most 2,000; absent, it is made of `user_input`, `tool_calls` and `assistant_output`. */
    messages?: Message[] | undefined;
    /** Whether the model was allowed several tool calls in one turn. */
    parallel_tool_calls?: boolean | undefined;
    tool_calls?: ToolCall[] | undefined;
    /** The system message that the model was given. */
    system_prompt?: string | undefined;
    /** A hash of the agent's instructions, to tell their versions apart. */
    instructions_hash?: string | undefined;
    /** The model or deployment that answered. */
    model_deployment?: string | undefined;
    /** The sampling parameters of the call, such as `temperature`. */
    sampling?: {
      [name: string]: Json;
    } | undefined;
    /** An id of the caller's that joins the episode to its own logs and traces. */
    correlation_id?: string | undefined;
    /** The provider's id of the answer, by which a reward may name the episode. */
    response_id?: string | undefined;
    /** The trace that the call belongs to, as OpenTelemetry writes it. */
    trace_id?: string | undefined;
    /** The call's own span in that trace. */
    span_id?: string | undefined;
    /** The conversation that it belongs to; a session never stands on two sides of a split. */
    session_id?: string | undefined;
    /** Who asked, as the caller names them. */
    user_id?: string | undefined;
    /** How long the whole request took, in ms. */
    request_latency_ms?: number | undefined;
    /** How long it took until the first part of the answer, in ms. */
    first_token_ms?: number | undefined;
    /** Tokens that the provider counted for the request. */
    token_usage?: TokenUsage | undefined;
    /** What the request cost, in US dollars. */
    cost_usd?: number | undefined;
    /** Why the request failed; absent when it did not. */
    error?: string | undefined;
    /** Whose fault the error was; only the model's own is a judgement of it. Absent: not known. */
    error_by?: "caller" | "network" | "provider" | "model" | undefined;
    /** How the answer ended; datasets take those that the model finished, and those that do not say. */
    ending?: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | undefined;
    /** Parts of the conversation that only the provider has, such as an earlier response. */
    missing?: string[] | undefined;
    metadata?: {
      [name: string]: Json;
    } | undefined;
    created_at?: string | undefined;
    redaction?: {
      /** Version of the redaction rules that were applied. */
      version: string;
      /** How often each rule hit. */
      counts: {
        [name: string]: number;
      };
      /** True when redaction failed, and the text was left out instead. */
      withheld?: boolean | undefined;
      /** The re-scan that last replaced something in it, after it was recorded. */
      rescan?: string | undefined;
    } | undefined;
    truncated?: {
      [name: string]: number;
    } | undefined;
    /** Hashes of the parts that lie in files (addPart) and that pointers in its texts stand for, at most 1,000. */
    parts?: string[] | undefined;
    reward_count?: number | undefined;
    reward_sum?: number | undefined;
    reward_avg?: number | undefined;
    reward_penalty?: number | undefined;
    reward_vetoed?: boolean | undefined;
    reward_sources?: string[] | undefined;
    reward_by_source?: {
      [name: string]: SourceAggregate;
    } | undefined;
    reward_policy?: string | undefined;
    rewards_at?: string | undefined;
    recorded_at?: string | undefined;
    /** Distinct names of called tools, for filters. */
    tool_names?: string[] | undefined;
    /** What random samples draw by, 0 to 1023, a hash of the id; absent on episodes of earlier versions. */
    sample_key?: number | undefined;
  };
  why: ExampleReason;
  leased_until: string;
  blind: boolean;
  /** Your own judgement that was taken back. */
  yours?: {
    value: number;
    at: string;
  } | undefined;
};

export type ReviewRules = {
  /** How many people judge each episode. */
  reviewers_per_episode: number;
  /** Keep rewards, other judgements and the model's name from the reviewer: on the desk, and from signed-in labellers at every door that reads judgements of an episode. */
  blind: boolean;
  /** How long an episode is kept for the reviewer it was given to. */
  lease_seconds: number;
  /** An average below this is a low reward. */
  low_reward_below: number;
  /** How often each rule chooses the next episode, by weight. */
  sampling: {
    /** Any episode, by chance; a weight of 0 turns a rule off. */
    random: number;
    /** Episodes whose average reward is low. */
    low_reward: number;
    /** Episodes whose judges are far apart: two sources, or the judgements of one. */
    disagreement: number;
    /** Episodes with a tool that no reviewer has seen yet. */
    new_tool: number;
  };
};

export type Reward = {
  /** Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward. */
  id: string;
  agent_id: string;
  episode_id: string;
  source: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty";
  value: number;
  raw_value?: number | undefined;
  rubric?: string | undefined;
  evaluator?: string | undefined;
  comments?: string | undefined;
  /** Who wrote it: the signed-in person or application with its object id, else `local`, `key` (a function key) or `auto` (what the episode says about itself); absent on rewards of earlier versions. */
  writer?: string | undefined;
  /** The earlier reward of the same writer, source, evaluator and rubric that this one replaces in the aggregate. */
  supersedes?: string | undefined;
  /** Takes the superseded judgement back without another in its place: it counts no more. */
  withdrawn?: true | undefined;
  /** Who took it back, where it was asked for by name. */
  withdrawn_by?: string | undefined;
  /** It says what the agent should have done, in `metadata.correction`; absent on rewards of earlier versions. */
  corrected?: true | undefined;
  /** When it was said, where it came before its episode and waited; `created_at` is when it was given. */
  said_at?: string | undefined;
  /** The re-scan that last replaced something in what was said, after it was given. */
  rescan?: string | undefined;
  metadata: {
    [name: string]: Json;
  };
  created_at: string;
};

export type RewardTrend = {
  agent_id: string;
  /** Judged episodes that were read, the newest. */
  episodes: number;
  from: string | null;
  until: string | null;
  models: {
    episodes: number;
    mean: number;
    model: string;
    last_at: string;
  }[];
  /** Spans of equal length, oldest first; spans without an episode are left out. */
  buckets: {
    at: string;
    models: {
      [name: string]: {
        episodes: number;
        mean: number;
      };
    };
  }[];
  /** Judged episodes in no bucket: their time is so far from the others' that it would make one bucket of these, or is later than now. */
  left_out: number;
};

export type SourceAggregate = {
  count: number;
  sum: number;
  latest_at: string;
};

export type Stats = {
  agent_id: string;
  lightning_enabled: boolean;
  use_tuned_model: boolean;
  statistics: {
    total_episodes: number;
    rewarded_episodes: number;
    /** Episodes whose answer the model did not finish, by its ending; those that there are. */
    answers_not_finished: {
      [name: string]: number;
    };
    /** Episodes with an error, by whose fault it was; only the model's are a judgement of it. Those that there are. */
    faults_by: {
      [name: string]: number;
    };
    total_rewards: number;
    /** Mean of the judged episodes' averages, penalties beside it; three decimals, null without judgements. */
    average_reward: number | null;
    /** How many judged episodes, the newest, the average is of. */
    average_reward_of: number;
    /** Rewards and feedback that wait for an episode that is not recorded yet. */
    rewards_waiting: number;
    /** Of the last thirty days, those that expired or did not fit their episode. */
    rewards_not_given: number;
    total_datasets: number;
    total_training_runs: number;
    training_run_status: {
      [name: string]: number;
    };
    total_evaluations: number;
    total_deployments: number;
    total_pipelines: number;
    pipelines_waiting_for_approval: number;
  };
  /** Pipelines, builds, trainings and evaluations that were asked for at a door. */
  work: {
    /** Pieces of the agent's work that are being worked on. */
    at_work: number;
    /** Asked for, and waiting for one of those to end. */
    waiting: number;
    /** LIGHTNING_AT_WORK_PER_AGENT: of trainings and pipelines so many, and as many builds and evaluations; 0: as much as is asked for. */
    at_work_at_most: number;
  };
  active_deployment: {
    has_active: boolean;
    deployment_id: string | null;
    model_name: string | null;
  };
  current_model: string;
  current_model_source: string;
  base_model: string;
  feeds: Feeds;
};

export type StoredFile = {
  key: string;
  path: string;
  lines: number;
  bytes: number;
  sha256: string;
};

export type StoredPart = {
  /** The name that the part is kept under: of its bytes after redaction. It belongs in the episode's `parts`. */
  sha256: string;
  bytes: number;
  /** What stands in the episode: in the place of the base64, or behind the beginning of the text. */
  pointer: string;
  /** How often each rule hit. */
  redaction: {
    [name: string]: number;
  };
};

export type Survey = {
  /** Their orchestration is at work, and was never lost. */
  at_work: number;
  /** At work again, after theirs had been lost. */
  taken_up: number;
  /** Asked for and begun by nobody yet. */
  not_begun: number;
  /** Waiting for other work of their agent to end, by agent: those of the 20 with the most. */
  queued: {
    [name: string]: number;
  };
  /** Not yet taken up, by how their orchestration ended: Failed is the engine's doing. */
  lost: {
    [name: string]: number;
  };
  /** There are more than the 200 that were looked at. */
  more: boolean;
};

export type TakenUp = {
  /** How often within a day. */
  times: number;
  /** The first of these times. */
  since?: string | undefined;
  at: string;
  because: string;
};

export type TokenCount = {
  examples: number;
  tokens: number;
  longest: number;
};

export type TokenUsage = {
  /** Tokens of the request. */
  prompt_tokens?: number | undefined;
  /** Tokens of the answer. */
  completion_tokens?: number | undefined;
  /** Both together. */
  total_tokens?: number | undefined;
  /** Of the request's tokens, those that the provider had in its cache. */
  cached_tokens?: number | undefined;
  /** Of the answer's tokens, those spent on reasoning. */
  reasoning_tokens?: number | undefined;
};

export type ToolCall = {
  /** The call's id in `messages`. */
  id?: string | undefined;
  /** Name of the tool. */
  tool_name: string;
  /** What the tool was called with, any JSON. */
  arguments?: Json | undefined;
  /** What the tool answered, any JSON. */
  result?: Json | undefined;
  /** How long the call took, in ms. */
  duration_ms?: number | undefined;
  /** Why the call failed; absent when it did not. */
  error?: string | undefined;
};

export type ToolCallInput = {
  /** The call's id in `messages`. */
  id?: string | undefined;
  /** Name of the tool. */
  tool_name: string;
  /** What the tool was called with, any JSON. */
  arguments?: unknown | undefined;
  /** What the tool answered, any JSON. */
  result?: unknown | undefined;
  /** How long the call took, in ms. */
  duration_ms?: number | undefined;
  /** Why the call failed; absent when it did not. */
  error?: string | undefined;
};

export type ToolDefinition = {
  /** Always `function`. */
  type: "function";
  /** The tool. */
  function: {
    /** Name of the tool. */
    name: string;
    /** What the model is told of the tool. */
    description?: string | undefined;
    /** JSON Schema of the arguments. */
    parameters?: {
      [name: string]: Json;
    } | undefined;
    /** Whether the provider holds the arguments to the schema. */
    strict?: boolean | null | undefined;
  };
};

export type ToolDefinitionInput = {
  /** Always `function`. */
  type?: "function" | undefined;
  /** The tool. */
  function: {
    /** Name of the tool. */
    name: string;
    /** What the model is told of the tool. */
    description?: string | undefined;
    /** JSON Schema of the arguments. */
    parameters?: {
      [name: string]: unknown;
    } | undefined;
    /** Whether the provider holds the arguments to the schema. */
    strict?: boolean | null | undefined;
  };
};

export type TrainingCost = {
  /** Absent: nobody can say; unknown is not zero. */
  usd_at_most?: number | undefined;
  /** How the figure came about. */
  basis: string;
};

export type TrainingEvent = {
  id: string;
  created_at: string;
  level: string;
  message: string;
};

export type TrainingRun = {
  /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
  id: string;
  agent_id: string;
  dataset_id: string;
  dataset_hash: string;
  base_model: string;
  method: "supervised" | "dpo" | "reinforcement";
  grader?: Grader | undefined;
  hyperparameters: ChosenHyperparameters;
  seed: number;
  suffix?: string | undefined;
  training_type: string;
  attempt: number;
  status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
  state: string;
  taken_up?: TakenUp | undefined;
  /** Provider file ids. */
  training_file_id?: string | undefined;
  validation_file_id?: string | undefined;
  aoai_job_id: string | null;
  tuned_model_name: string | null;
  error?: {
    code: string;
    message: string;
    param?: string | undefined;
    remedy?: string | undefined;
  } | undefined;
  /** Where it failed: before a job existed, in the job itself, or in following a job that may still be going. */
  failed_in?: "upload" | "submit" | "job" | "tracking" | undefined;
  /** Who asked for it first; where two persons are asked for, it is not this one who promotes the model. */
  requested_by?: string | undefined;
  cancel_requested?: boolean | undefined;
  /** The most that the request allowed for, and what was reckoned when it came. */
  budget_usd?: number | undefined;
  cost?: TrainingCost | undefined;
  /** What keeps it from having a job: a file that is processed, a provider that is busy or away. */
  waiting?: Waiting | undefined;
  /** The last look that failed; the job goes on all the same. */
  look_failed?: {
    at: string;
    message: string;
  } | undefined;
  /** Past LIGHTNING_MAX_WAIT_MINUTES and still going; never a failure. */
  overdue?: boolean | undefined;
  trained_tokens?: number | undefined;
  metrics: {
    [name: string]: Json;
  };
  curve?: MetricPoint[] | undefined;
  events?: TrainingEvent[] | undefined;
  checkpoints?: Checkpoint[] | undefined;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  run_id: string;
  training_run_id: string;
  tuned_model: string | null;
  error_message: string | null;
  success: boolean;
  /** An equal request was made before; this is its run. */
  deduplicated?: boolean | undefined;
  hint?: string | undefined;
  /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
  place_in_queue?: number | undefined;
  /** The durable status addresses, while it is running. */
  urls?: {
    [name: string]: string;
  } | undefined;
};

export type TrainingRunSummary = {
  /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
  id: string;
  agent_id: string;
  dataset_id: string;
  dataset_hash: string;
  base_model: string;
  method: "supervised" | "dpo" | "reinforcement";
  grader?: Grader | undefined;
  hyperparameters: ChosenHyperparameters;
  seed: number;
  suffix?: string | undefined;
  training_type: string;
  attempt: number;
  status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
  state: string;
  taken_up?: TakenUp | undefined;
  /** Provider file ids. */
  training_file_id?: string | undefined;
  validation_file_id?: string | undefined;
  aoai_job_id: string | null;
  tuned_model_name: string | null;
  error?: {
    code: string;
    message: string;
    param?: string | undefined;
    remedy?: string | undefined;
  } | undefined;
  /** Where it failed: before a job existed, in the job itself, or in following a job that may still be going. */
  failed_in?: "upload" | "submit" | "job" | "tracking" | undefined;
  /** Who asked for it first; where two persons are asked for, it is not this one who promotes the model. */
  requested_by?: string | undefined;
  cancel_requested?: boolean | undefined;
  /** The most that the request allowed for, and what was reckoned when it came. */
  budget_usd?: number | undefined;
  cost?: TrainingCost | undefined;
  /** What keeps it from having a job: a file that is processed, a provider that is busy or away. */
  waiting?: Waiting | undefined;
  /** The last look that failed; the job goes on all the same. */
  look_failed?: {
    at: string;
    message: string;
  } | undefined;
  /** Past LIGHTNING_MAX_WAIT_MINUTES and still going; never a failure. */
  overdue?: boolean | undefined;
  trained_tokens?: number | undefined;
  metrics: {
    [name: string]: Json;
  };
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  run_id: string;
  training_run_id: string;
  tuned_model: string | null;
  error_message: string | null;
  success: boolean;
  /** An equal request was made before; this is its run. */
  deduplicated?: boolean | undefined;
  hint?: string | undefined;
  /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
  place_in_queue?: number | undefined;
  /** The durable status addresses, while it is running. */
  urls?: {
    [name: string]: string;
  } | undefined;
};

export type Verdict = {
  verdict: "pass" | "fail" | "inconclusive";
  reasons: string[];
  pairs: number;
  missing: number;
  /** Independent groups that the pairs fall into, which the test counts; earlier versions counted pairs. */
  groups?: number | undefined;
  baseline_accuracy: number;
  candidate_accuracy: number;
  /** Candidate minus baseline, with a 95 % interval of the paired difference. */
  difference: number;
  interval: [number, number];
  /** Pairs only the candidate (only the baseline) got right. */
  candidate_only: number;
  baseline_only: number;
  both: number;
  neither: number;
  /** Exact, two-sided: sign flips of the groups' sums; with groups of one pair it is McNemar's test. */
  p_value: number;
};

export type Waiting = {
  since: string;
  reason: string;
  /** When it is tried again, where that is known. */
  again_at?: string | undefined;
};

export type WaitingReward = {
  waiting_id: string;
  /** The agent; LIGHTNING_AGENT_ID when absent. */
  agent_id: string;
  /** `waiting`; `given` when its episode had come; `expired` when none came in time; `refused` when it did not fit the episode that came. */
  state: "waiting" | "given" | "expired" | "refused";
  /** The name of the episode that it waits for. */
  named: {
    /** The episode's own id, where it is known. */
    episode_id?: string | undefined;
    response_id?: string | undefined;
    correlation_id?: string | undefined;
    span_id?: string | undefined;
    trace_id?: string | undefined;
  };
  source: string;
  /** Why it was not given. */
  reason?: string | undefined;
  /** The episode that came. */
  episode_id?: string | undefined;
  /** The reward that it became. */
  reward_id?: string | undefined;
  created_at: string;
  expires_at: string;
  settled_at?: string | undefined;
};

export type __schema0 = string | number | boolean | null | Json[] | {
  [name: string]: Json;
};

export type __schema0Input = string | number | boolean | null | unknown[] | {
  [name: string]: unknown;
};

/** What each operation takes; what the settings give where it is absent is optional. */
export interface OperationInputs {
  /** Keeps a picture, sound, file or long text that is too large to stand in an episode. */
  addPart: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A text; secrets in it are redacted first. */
    text?: string | undefined;
    /** Bytes in base64, in the place of `text`; where they are text in UTF-8, they are redacted as such. */
    data?: string | undefined;
    /** What the bytes are, such as `image/png`; it stands in the pointer. */
    media_type?: string | undefined;
    /** Of the bytes or the UTF-8 text as they are sent; another one is refused. */
    sha256?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Fetches a part of an episode that lies in a file, by the hash in its pointer. */
  getPart: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The part's hash, as the episode's `parts` name it. */
    sha256: string;
  };
  /** Records one episode, or many of which each succeeds or fails on its own; secrets are redacted first. */
  recordEpisodes: {
    /** Sent again with the same id, an episode is stored once. */
    id?: string | undefined;
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What the user asked, as text. */
    user_input?: string | undefined;
    /** What the agent answered, as text. */
    assistant_output?: string | undefined;
    /** The whole conversation in chat form, at most 2,000; absent, it is made of `user_input`, `tool_calls` and `assistant_output`. */
    messages?: MessageInput[] | undefined;
    /** Definitions of the tools that the model was offered, in chat form, at most 512. */
    tools?: ToolDefinitionInput[] | undefined;
    /** Whether the model was allowed several tool calls in one turn. */
    parallel_tool_calls?: boolean | undefined;
    /** The tool calls of the episode in order, at most 2,000. */
    tool_calls?: ToolCallInput[] | undefined;
    /** The system message that the model was given. */
    system_prompt?: string | undefined;
    /** A hash of the agent's instructions, to tell their versions apart. */
    instructions_hash?: string | undefined;
    /** The model or deployment that answered. */
    model_deployment?: string | undefined;
    /** The sampling parameters of the call, such as `temperature`. */
    sampling?: {
      [name: string]: unknown;
    } | undefined;
    /** An id of the caller's that joins the episode to its own logs and traces. */
    correlation_id?: string | undefined;
    /** The provider's id of the answer, by which a reward may name the episode. */
    response_id?: string | undefined;
    /** The trace that the call belongs to, as OpenTelemetry writes it. */
    trace_id?: string | undefined;
    /** The call's own span in that trace. */
    span_id?: string | undefined;
    /** The conversation that it belongs to; a session never stands on two sides of a split. */
    session_id?: string | undefined;
    /** Who asked, as the caller names them. */
    user_id?: string | undefined;
    /** How long the whole request took, in ms. */
    request_latency_ms?: number | undefined;
    /** How long it took until the first part of the answer, in ms. */
    first_token_ms?: number | undefined;
    /** Tokens that the provider counted for the request. */
    token_usage?: TokenUsage | undefined;
    /** What the request cost, in US dollars. */
    cost_usd?: number | undefined;
    /** Why the request failed; absent when it did not. */
    error?: string | undefined;
    /** Whose fault the error was; only the model's own is a judgement of it. Absent: not known. */
    error_by?: "caller" | "network" | "provider" | "model" | undefined;
    /** How the answer ended; datasets take those that the model finished, and those that do not say. */
    ending?: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | undefined;
    /** Parts of the conversation that only the provider has, such as an earlier response. */
    missing?: string[] | undefined;
    /** Anything else, by name; results of tests and evaluations in it are scored automatically. */
    metadata?: {
      [name: string]: unknown;
    } | undefined;
    /** When it happened, RFC 3339 with zone; a day alone is its first instant, UTC; now when absent. */
    created_at?: string | undefined;
    /** What the sender's own redaction found; it runs again here and the counts are added. */
    redaction?: Redaction | undefined;
    /** Characters the sender cut, by field path; by `messages` those of whole messages. */
    truncated?: {
      [name: string]: number;
    } | undefined;
    /** Hashes of the parts that lie in files (addPart) and that pointers in its texts stand for, at most 1,000. */
    parts?: string[] | undefined;
    /** Many episodes with the fields below; agent_id is theirs where they have none. */
    episodes?: unknown[] | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists an agent's episodes, newest first, with the beginnings of their texts. */
  listEpisodes: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
    start_date?: string | undefined;
    /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
    end_date?: string | undefined;
    /** Only episodes whose average reward is at least this, -1 to 1. */
    min_reward?: number | undefined;
    /** Only episodes of this session. */
    session_id?: string | undefined;
    /** Only episodes with this correlation id. */
    correlation_id?: string | undefined;
    /** Only the episode of this answer, by the provider's id of it. */
    response_id?: string | undefined;
    /** Only episodes of this trace. */
    trace_id?: string | undefined;
    /** Only the episode of this span. */
    span_id?: string | undefined;
    /** Only episodes whose answer ended in this way. */
    ending?: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | undefined;
    /** Only episodes whose error was the fault of this one. */
    error_by?: "caller" | "network" | "provider" | "model" | undefined;
    /** Only episodes that this model or deployment answered. */
    model_deployment?: string | undefined;
    /** Only episodes that hold this part in a file, by its hash. */
    part?: string | undefined;
    /** Only episodes that called this tool. */
    tool_name?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Shows one episode as it is stored, with its reward aggregate; `parts` are what of it lies in files, for getPart. */
  getEpisode: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An episode's id. */
    episode_id: string;
  };
  /** Rewards an episode, named by any of its ids; the same judgement sent again changes nothing, another one supersedes it, one whose episode is not recorded yet waits for it, and a latency or cost up to its threshold is not stored. */
  assignReward: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The episode that is judged, by its own id; or give `response_id`, `correlation_id`, `span_id` or `trace_id`. */
    episode_id?: string | undefined;
    /** The episode by the provider's id of its answer, such as `chatcmpl-…` or `resp_…`. */
    response_id?: string | undefined;
    /** The episode by the caller's own id of it. */
    correlation_id?: string | undefined;
    /** The episode by the span of its call; with `trace_id` beside it, of that trace. */
    span_id?: string | undefined;
    /** The episode by its trace; of several in it the last one, which saw the whole of it. */
    trace_id?: string | undefined;
    /** Where the judgement comes from; the two penalties are counted beside the mean, not in it. */
    source?: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty" | undefined;
    /** The judgement, -1 (bad) to 1 (good); or give `raw_value`. */
    value?: number | undefined;
    /** The judgement on a scale of its own; mapped to -1 … 1 by `raw_min` and `raw_max`. */
    raw_value?: number | undefined;
    /** Least value of that scale; 0 when absent. */
    raw_min?: number | undefined;
    /** Greatest value of that scale; 1 when absent. */
    raw_max?: number | undefined;
    /** What was judged, such as `correctness`; another rubric is a judgement of its own. Case counts, outer space does not. */
    rubric?: string | undefined;
    /** Who or what judged: a person's name, a test suite, an evaluator; compared without case and outer space. */
    evaluator?: string | undefined;
    /** What the judge has to say, as text. */
    comments?: string | undefined;
    /** Anything else, by name; at most 32 KiB as JSON, a `correction` apart (512 KiB). */
    metadata?: {
      [name: string]: unknown;
    } | undefined;
    /** An episode that is not recorded yet is waited for, for LIGHTNING_REWARD_WAIT_DAYS; false: refused at once. */
    wait_for_episode?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Takes what a user has to say of an answer (thumbs, a score, a label, a comment, the better answer), for an episode named by any of its ids; the better answer becomes golden and DPO data. */
  recordFeedback: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The episode that is judged, by its own id; or give `response_id`, `correlation_id`, `span_id` or `trace_id`. */
    episode_id?: string | undefined;
    /** The episode by the provider's id of its answer, such as `chatcmpl-…` or `resp_…`. */
    response_id?: string | undefined;
    /** The episode by the caller's own id of it. */
    correlation_id?: string | undefined;
    /** The episode by the span of its call; with `trace_id` beside it, of that trace. */
    span_id?: string | undefined;
    /** The episode by its trace; of several in it the last one, which saw the whole of it. */
    trace_id?: string | undefined;
    /** `up` is a reward of 1, `down` of -1. */
    thumbs?: "up" | "down" | undefined;
    /** A score on the scale from `score_min` to `score_max`, mapped to -1 … 1 in a straight line. */
    score?: number | undefined;
    /** Least score of the scale; 0 when absent. */
    score_min?: number | undefined;
    /** Greatest score of the scale; 1 when absent. */
    score_max?: number | undefined;
    /** A word for it, kept as a tag. Alone it must be one of good, correct, pass, positive, accepted, neutral, bad, incorrect, fail, negative, rejected. */
    label?: string | undefined;
    /** What they have to say, as text; beside one of the others. */
    comment?: string | undefined;
    /** What the agent should have done: a text for its answer, or `{turn, text}` or `{turn, tool_calls: [{name, arguments}]}` for one of its turns. Becomes a golden conversation and a DPO pair; alone it is a reward of -1. */
    better_answer?: CorrectionInputInput | undefined;
    /** What was judged, such as `helpfulness`; feedback on another metric stands beside it. */
    metric?: string | undefined;
    /** Who gives it; the signed-in person where one is known. */
    evaluator?: string | undefined;
    /** Anything else, by name; at most 32 KiB as JSON, a `correction` apart (512 KiB). */
    metadata?: {
      [name: string]: unknown;
    } | undefined;
    /** An episode that is not recorded yet is waited for, for LIGHTNING_REWARD_WAIT_DAYS; false: refused at once. */
    wait_for_episode?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Takes a reward back, so that it counts no more: your own, or as an owner anybody's, a safety check's veto among them. */
  withdrawReward: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The episode that it judges. */
    episode_id: string;
    /** The reward to take back, as listRewards tells it. */
    reward_id: string;
    /** Why; it stays with the withdrawal. */
    reason: string;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists rewards and feedback that came before their episodes, newest first: what waits, and for thirty days what became of it. */
  listWaitingRewards: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Only those in this state. */
    state?: "waiting" | "given" | "expired" | "refused" | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Lists an agent's or one episode's rewards, newest first. */
  listRewards: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Only rewards of this episode. */
    episode_id?: string | undefined;
    /** Only rewards from this source. */
    source?: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty" | undefined;
    /** Only rewards by this evaluator, written as there. */
    evaluator?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Builds a fine-tuning dataset from the agent's rewarded episodes. */
  buildDataset: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What people call it; two datasets may have one name. */
    name: string;
    /** What it is for, as text. */
    description?: string | undefined;
    /** Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent. */
    min_reward?: number | undefined;
    /** Reward sources that count; all when absent. */
    sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
    /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
    start_date?: string | undefined;
    /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
    end_date?: string | undefined;
    /** Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent. */
    max_examples?: number | undefined;
    /** Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent. */
    include_tools?: boolean | undefined;
    /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
    train_split?: number | undefined;
    /** Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent. */
    test_split?: number | undefined;
    /** The system message of every example, in the place of the episode's own. */
    system_prompt?: string | undefined;
    /** Golden datasets whose lines join this one, by id, at most 20. */
    include_golden?: string[] | undefined;
    /** Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent. */
    format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
    /** Only episodes that called one of these tools. */
    tools?: string[] | undefined;
    /** Only episodes of these models. */
    models?: string[] | undefined;
    /** Only episodes with one of these tags, in their metadata or in that of a reward. */
    tags?: string[] | undefined;
    /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
    include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
    /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
    include_spelt_out?: boolean | undefined;
    /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
    min_per_tool?: number | undefined;
    /** What `cap` counts by; `tool` when absent. */
    cap_by?: "tool" | "model" | "session" | "source" | undefined;
    /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
    cap?: number | undefined;
    /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
    max_tokens?: number | undefined;
    /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
    for_model?: string | undefined;
    /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
    near_duplicates?: number | undefined;
    /** `last`: weight 0 on all assistant turns but the last. */
    learn?: "all" | "last" | undefined;
    /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
    min_gap?: number | undefined;
    /** Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC. */
    test_after?: string | undefined;
    /** Begin files with a byte-order mark. */
    bom?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Builds a dataset from golden conversations (JSONL); one invalid line refuses the whole file. */
  buildGoldenDataset: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What people call it; two datasets may have one name. */
    name: string;
    /** What it is for, as text. */
    description?: string | undefined;
    /** The file's text, JSONL; or give `parts`. A line may say its `session_id`: lines of one session are one group. */
    content?: string | undefined;
    /** In the place of `content`: what addGoldenPart answered for each part of a large file, in order. */
    parts?: string[] | undefined;
    /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
    train_split?: number | undefined;
    /** Share of the groups set aside as a test side, 0 to 1; 1 makes the whole file a test set that is never trained on. */
    test_split?: number | undefined;
    /** What the lines are; `sft` when absent, to which exports of other tools are converted. */
    format?: "sft" | "dpo" | "rft" | undefined;
    /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
    include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
    /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
    near_duplicates?: number | undefined;
    /** Write the files with a byte-order mark. */
    bom?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Checks and keeps a part of a golden file that is too large for one request. */
  addGoldenPart: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Name of the golden dataset that it becomes part of. */
    name: string;
    /** Whole lines of the file, JSONL. */
    content: string;
    /** Number of the part's first line in the file; 1 starts over and drops earlier parts. */
    first_line?: number | undefined;
    /** What the lines are; `sft` when absent, to which exports of other tools are converted. */
    format?: "sft" | "dpo" | "rft" | undefined;
    /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
    include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Asks for the end of a dataset's build; what it wrote is removed. */
  cancelDataset: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A dataset's id. */
    dataset_id: string;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists the agent's datasets, newest first. */
  listDatasets: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Shows one dataset: counts, files, recipe, and what was left out and why. */
  getDataset: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A dataset's id. */
    dataset_id: string;
  };
  /** Downloads one side of a dataset as JSONL. */
  getDatasetFile: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A dataset's id. */
    dataset_id: string;
    /** The side whose file is downloaded. */
    split: "train" | "validation" | "test";
  };
  /** Checks a training file by the rules of its format, provider and model; nothing is stored. */
  validateFile: {
    /** The JSONL text itself. */
    content: string;
    /** The validation file's text. */
    validation_content?: string | undefined;
    /** Name by which the report calls the file. */
    file?: string | undefined;
    /** What the lines are meant to be. */
    format?: "sft" | "dpo" | "rft" | undefined;
    /** The base model it is for. */
    model?: string | undefined;
    /** Whose rules the lines are checked by. */
    provider?: "azure" | "openai" | "local" | undefined;
    /** How many epochs it is for: tokens times epochs have a limit. */
    n_epochs?: number | undefined;
    /** Fields that the grader reads: each line of format rft must have them. */
    reference_fields?: string[] | undefined;
    /** The deployment insists on a byte-order mark. */
    bom?: boolean | undefined;
  };
  /** Lists where each line of a dataset is from: its episodes and rewards, a page of some 500 at a time. */
  listExamples: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A dataset's id. */
    dataset_id: string;
    /** The continuation of the page before. */
    continuation?: string | undefined;
    /** Add a signed manifest of the answer, to be kept with it and checked later. */
    manifest?: boolean | undefined;
  };
  /** Tells why a line is in a dataset: its episodes, its rewards, and the duplicates it stands for. */
  explainExample: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A dataset's id. */
    dataset_id: string;
    /** First digits of the SHA-256 of the line's text, or its number in the file. */
    hash: string;
    /** The file that a number counts in. */
    split?: "train" | "validation" | "test" | undefined;
    /** Add a signed manifest of the answer, to be kept with it and checked later. */
    manifest?: boolean | undefined;
  };
  /** Reserves the next episode for a reviewer, by the sampling rules; the same one until it is judged. */
  nextReview: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Who reviews; the signed-in person where there is one. */
    reviewer?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Stores a reviewer's judgement of an episode as a reward, with tags and a corrected answer. */
  submitReview: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An episode's id. */
    episode_id: string;
    /** Who reviews; the signed-in person where there is one. */
    reviewer?: string | undefined;
    /** 1 good, -1 bad, or between. */
    value: number;
    /** Words for what is good or bad about it, at most 20. */
    tags?: string[] | undefined;
    /** What the reviewer has to say, as text. */
    comments?: string | undefined;
    /** What the agent should have done, for golden conversations and DPO pairs: a text for its answer, or `{turn, text}` or `{turn, tool_calls: [{name, arguments}]}` for one of its turns. */
    correction?: CorrectionInputInput | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Puts the episode in hand back for others; this reviewer is not offered it again. */
  skipReview: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An episode's id. */
    episode_id: string;
    /** Who reviews; the signed-in person where there is one. */
    reviewer?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Ends a reviewer's reservation of an episode before its lease does. */
  releaseReview: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An episode's id. */
    episode_id: string;
    /** Who reviews; the signed-in person where there is one. */
    reviewer?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Takes one label or skip of a reviewer back, the last or the one named, and hands its episode over again. */
  undoReview: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Who reviews; the signed-in person where there is one. */
    reviewer?: string | undefined;
    /** The step on this episode instead of the last; sent again, nothing more is taken back. */
    episode_id?: string | undefined;
    /** The label that made this reward instead of the last. */
    reward_id?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Counts what waits for review, and shows the rules, the reservations and who has judged how many. */
  getReviewQueue: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Sets how many people judge an episode, whether blind, for how long it is reserved, and what is offered. */
  setReviewRules: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** How many people judge each episode. */
    reviewers_per_episode?: number | undefined;
    /** Keep rewards, other judgements and the model's name from the reviewer: on the desk, and from signed-in labellers at every door that reads judgements of an episode. */
    blind?: boolean | undefined;
    /** How long an episode is kept for the reviewer it was given to. */
    lease_seconds?: number | undefined;
    /** An average below this is a low reward. */
    low_reward_below?: number | undefined;
    /** How often each rule chooses the next episode, by weight; rules that are not named keep theirs. */
    sampling?: {
      /** Any episode, by chance; a weight of 0 turns a rule off. */
      random?: number | undefined;
      /** Episodes whose average reward is low. */
      low_reward?: number | undefined;
      /** Episodes whose judges are far apart: two sources, or the judgements of one. */
      disagreement?: number | undefined;
      /** Episodes with a tool that no reviewer has seen yet. */
      new_tool?: number | undefined;
    } | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists what reviewers corrected and still stand by, newest first, with the reason where one makes no line of a file. */
  listCorrections: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Downloads the corrections as golden conversations or as DPO pairs (JSONL); the header x-left-out counts those that make no line, by reason. */
  getCorrectionsFile: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Golden conversations, or pairs for DPO. */
    format: "golden" | "dpo";
  };
  /** Builds a dataset from the corrections: golden conversations to train or test on, or DPO pairs of what was said and what should have been. */
  buildCorrectionsDataset: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Name of the dataset. */
    name?: string | undefined;
    /** Golden conversations, or pairs for DPO. */
    format?: "golden" | "dpo" | undefined;
    /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
    train_split?: number | undefined;
    /** Share of the groups set aside as a test side, 0 to 1; 0 when absent. */
    test_split?: number | undefined;
    /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
    near_duplicates?: number | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Trains a model on a dataset; equal requests share one run. */
  startTraining: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The dataset to train on; it has to be ready. */
    dataset_id: string;
    /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent */
    base_model?: string | undefined;
    /** Times that the training examples are gone through. */
    n_epochs?: number | "auto" | undefined;
    /** Of the job; what is not named is left to the settings and the provider. */
    hyperparameters?: Hyperparameters | undefined;
    /** Of the job's chance */
    seed?: number | undefined;
    /** End of the tuned model's name */
    suffix?: string | undefined;
    /** Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier */
    training_type?: string | undefined;
    /** Train again although an equal run exists */
    force_new?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
    /** What the dataset's format says by itself; given, it must fit. */
    method?: "sft" | "supervised" | "dpo" | "rft" | "reinforcement" | undefined;
    /** Reinforcement: what gives the marks, as OpenAI and Azure write graders. */
    grader?: Grader | undefined;
    /** Refuse when it could cost more dollars, or when nobody can say what it costs */
    budget_usd?: number | undefined;
    /** Who has it trained; a signed-in person's name goes before it */
    requested_by?: string | undefined;
  };
  /** Tells what training on a dataset would cost, by counted tokens and dated prices, and whether it fits the limits. */
  estimateTraining: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The dataset that would be trained on. */
    dataset_id: string;
    /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent. */
    base_model?: string | undefined;
    /** Times that the training examples are gone through, 1 to 50 or `auto`; LIGHTNING_EPOCHS when absent. */
    n_epochs?: number | "auto" | undefined;
    /** Azure's tier, which decides the price; LIGHTNING_TRAINING_TYPE when absent. */
    training_type?: string | undefined;
  };
  /** Shows a training run as the ledger has it: status, model, learning curve, events, error. */
  getTrainingRun: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A training run's id. */
    run_id: string;
  };
  /** Lists the agent's training runs, newest first. */
  listTrainingRuns: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Only runs with this status. */
    status?: "pending" | "running" | "succeeded" | "failed" | "cancelled" | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Asks for the end of a training run; its job at the provider is cancelled with it. */
  cancelTraining: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A training run's id. */
    run_id: string;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Makes a training run agree with its job at the provider, and takes it up again if nobody follows it. */
  reconcileTraining: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A training run's id. */
    run_id: string;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Removes leftover files and failed jobs of finished runs at the provider; a dry run, which is the default, only lists them. */
  cleanUpTraining: {
    /** Only of runs that ended at least this many days ago. LIGHTNING_CLEAN_UP_AFTER_DAYS when absent, 7 without it. */
    older_than_days?: number | undefined;
    /** Only list what would go */
    dry_run?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lets a candidate and a baseline answer held-out examples and says whether the candidate is better. */
  startEvaluation: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A succeeded training run whose model is the candidate; or give `candidate`. */
    run_id?: string | undefined;
    /** Model or deployment to judge, by name; beside run_id a deployment of that run's model. */
    candidate?: string | undefined;
    /** What it is compared with: `active`, what serves now, or the base model when nothing was promoted; `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. */
    baseline?: string | undefined;
    /** The dataset with the held-out examples. */
    dataset_id: string;
    /** The side that is asked; `test` when absent and there is one, else `validation`. */
    split?: "train" | "validation" | "test" | undefined;
    /** When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text. */
    metric?: "auto" | "tool_call" | "tool_names" | "exact" | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Shows an evaluation: counts, interval, verdict with its reasons, and a sample of the pairs. */
  getEvaluation: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An evaluation's id. */
    evaluation_id: string;
  };
  /** Lists the agent's evaluations, newest first. */
  listEvaluations: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Only evaluations of this training run. */
    run_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Lists all pairs of a finished evaluation: question, expected answer, both models' answers, and which was right. */
  listPairs: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An evaluation's id. */
    evaluation_id: string;
    /** Only pairs on which the candidate alone was right, the baseline alone, both or neither; all when absent. */
    outcome?: "candidate_only" | "baseline_only" | "both" | "neither" | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Puts the model of a training run into service. */
  promote: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The succeeded training run whose model is promoted. */
    run_id: string;
    /** Who promotes; a signed-in person's name goes before it */
    promoted_by?: string | undefined;
    /** The evaluation that justifies it; absent: the newest finished one of the run against what serves */
    evaluation_id?: string | undefined;
    /** Why it is promoted although something speaks against it (no passing, fresh evaluation; shown to be worse; withdrawn before; unverified): owners only; shows in lineage for ever */
    override_reason?: string | undefined;
    /** A deployment that an operator has made by hand of this run's model; where that cannot be read, an owner and override_reason are needed */
    deployment_name?: string | undefined;
    /** When Azure has no room for another deployment: remove the oldest that no longer serves */
    prune?: "no" | "oldest_inactive" | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Goes back to the model that served before, or to the deployment named. */
  rollback: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The deployment to return to; absent, the one that served before. One that was withdrawn: owners only. */
    target_id?: string | undefined;
    /** Why, as text; stands in the history. */
    reason?: string | undefined;
    /** Who asks for it; a signed-in person's name goes before it. */
    rolled_back_by?: string | undefined;
    /** If the target was removed at the provider, do not wait until it is back: let the nearest callable model serve. */
    at_once?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Stops using the tuned model; the base model answers from now on. */
  deactivate: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Why, as text; stands in the history. */
    reason?: string | undefined;
    /** Who asks for it; a signed-in person's name goes before it. */
    deactivated_by?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists the agent's deployments, newest first, with the active one marked. */
  listDeployments: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Shows the deployment that serves now, or says that the base model does. */
  getActiveDeployment: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Traces deployments to their evaluation, training run and dataset, with the history of promotions. */
  getLineage: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Begin at a record of this kind, with `id`; absent, every deployment of the agent. */
    kind?: "deployments" | "runs" | "datasets" | "evaluations" | undefined;
    /** The record's id. */
    id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
    /** Add a signed manifest of the answer, to be kept with it and checked later. */
    manifest?: boolean | undefined;
  };
  /** Traces one deployment, run, dataset or evaluation to what led to it and what came of it. */
  getLineageOf: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What the record is. */
    kind: "deployments" | "runs" | "datasets" | "evaluations";
    /** The record's id. */
    id: string;
    /** Add a signed manifest of the answer, to be kept with it and checked later. */
    manifest?: boolean | undefined;
  };
  /** Tells which model the agent is to call now, and where the answer comes from. */
  selectModel: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Shows what an agent's promotions need: a passing evaluation, a second person. */
  getGatePolicy: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Lays down what an agent's promotions need; what is not named stays as it is. */
  setGatePolicy: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** `setting`: back to LIGHTNING_GATE_POLICY. */
    gate?: "warn" | "require" | "setting" | undefined;
    /** Whether who promotes must be somebody else than who had the model trained. */
    four_eyes?: boolean | undefined;
    /** Why, as text; stands in the history. */
    reason?: string | undefined;
    /** Who sets it; a signed-in person's name goes before it. */
    set_by?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Compares the registry with what the provider hosts, keeps what serves awake, and brings back an active model that was removed. */
  reconcileDeployments: {
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Removes hosted models that nothing needs any more; a dry run, which is the default, only lists them. */
  cleanUpDeployments: {
    /** Only what was made at least this many days ago. LIGHTNING_CLEAN_UP_AFTER_DAYS when absent, 7 without it. */
    older_than_days?: number | undefined;
    /** Only list what would go */
    dry_run?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists when the agent's base models, runs and deployments end, and what could be trained instead. */
  listRetirements: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Runs the loop: dataset, training, evaluation, approval if asked for, promotion if the candidate passes. */
  runPipeline: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Name of the pipeline, and of the dataset it builds. */
    name?: string | undefined;
    /** What to build, as in buildDataset. */
    dataset?: {
      /** What it is for, as text. */
      description?: string | undefined;
      /** Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent. */
      min_reward?: number | undefined;
      /** Reward sources that count; all when absent. */
      sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
      /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
      start_date?: string | undefined;
      /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
      end_date?: string | undefined;
      /** Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent. */
      max_examples?: number | undefined;
      /** Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent. */
      include_tools?: boolean | undefined;
      /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
      train_split?: number | undefined;
      /** Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent. */
      test_split?: number | undefined;
      /** The system message of every example, in the place of the episode's own. */
      system_prompt?: string | undefined;
      /** Golden datasets whose lines join this one, by id, at most 20. */
      include_golden?: string[] | undefined;
      /** Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent. */
      format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
      /** Only episodes that called one of these tools. */
      tools?: string[] | undefined;
      /** Only episodes of these models. */
      models?: string[] | undefined;
      /** Only episodes with one of these tags, in their metadata or in that of a reward. */
      tags?: string[] | undefined;
      /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
      include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
      /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
      include_spelt_out?: boolean | undefined;
      /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
      min_per_tool?: number | undefined;
      /** What `cap` counts by; `tool` when absent. */
      cap_by?: "tool" | "model" | "session" | "source" | undefined;
      /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
      cap?: number | undefined;
      /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
      max_tokens?: number | undefined;
      /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
      for_model?: string | undefined;
      /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
      near_duplicates?: number | undefined;
      /** `last`: weight 0 on all assistant turns but the last. */
      learn?: "all" | "last" | undefined;
      /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
      min_gap?: number | undefined;
      /** Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC. */
      test_after?: string | undefined;
      /** Begin files with a byte-order mark. */
      bom?: boolean | undefined;
    } | undefined;
    /** Train on this dataset instead of building one. */
    dataset_id?: string | undefined;
    /** How to train, as in startTraining. */
    training?: {
      /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent */
      base_model?: string | undefined;
      /** Times that the training examples are gone through. */
      n_epochs?: number | "auto" | undefined;
      /** Of the job; what is not named is left to the settings and the provider. */
      hyperparameters?: Hyperparameters | undefined;
      /** Of the job's chance */
      seed?: number | undefined;
      /** End of the tuned model's name */
      suffix?: string | undefined;
      /** Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier */
      training_type?: string | undefined;
      /** Train again although an equal run exists */
      force_new?: boolean | undefined;
      /** What the dataset's format says by itself; given, it must fit. */
      method?: "sft" | "supervised" | "dpo" | "rft" | "reinforcement" | undefined;
      /** Reinforcement: what gives the marks, as OpenAI and Azure write graders. */
      grader?: Grader | undefined;
      /** Refuse when it could cost more dollars, or when nobody can say what it costs */
      budget_usd?: number | undefined;
    } | undefined;
    /** How the model is judged. */
    evaluation?: {
      /** Dataset with the held-out examples; absent, the test or validation side of the one trained on. */
      dataset_id?: string | undefined;
      /** The side that is asked; `test` when absent and there is one, else `validation`. */
      split?: "train" | "validation" | "test" | undefined;
      /** What the model is compared with: `active`, what serves now (the base model when nothing was promoted); `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. It is promoted only on a verdict against what serves. */
      baseline?: string | undefined;
      /** When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text. */
      metric?: "auto" | "tool_call" | "tool_names" | "exact" | undefined;
    } | undefined;
    /** Whether a person decides between evaluation and promotion. */
    approval?: {
      /** Wait for a person. */
      required?: boolean | undefined;
      /** Minutes to wait, 1 to 43,200 (30 days); then nothing is promoted. */
      timeout_minutes?: number | undefined;
    } | undefined;
    /** False: stop after the evaluation. */
    promote?: boolean | undefined;
    /** Who has it promoted; a signed-in person's name goes before it. */
    promoted_by?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Shows how far a pipeline is, the records it made and how it ended. */
  getPipeline: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A pipeline's id. */
    pipeline_id: string;
  };
  /** Approves or rejects the promotion that a pipeline waits with. */
  decidePipeline: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The pipeline that waits. */
    pipeline_id: string;
    /** True: promote; false: nothing changes. */
    approved: boolean;
    /** Who decides; a signed-in person's name goes before it. */
    decided_by?: string | undefined;
    /** Why, as text. */
    reason?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists the agent's pipelines, newest first. */
  listPipelines: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Shows what redaction looks for beyond its rule pack, for an agent or for every agent. */
  getRedactionRules: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The rules for every agent instead of this one's; to set them needs the role owner for all. */
    every_agent?: boolean | undefined;
  };
  /** Sets what redaction looks for beyond its rule pack, and what gets pseudonyms. */
  setRedactionRules: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The rules for every agent instead of this one's; to set them needs the role owner for all. */
    every_agent?: boolean | undefined;
    /** All of them, in the place of those before; absent: they stay. */
    rules?: RedactionRuleInput[] | undefined;
    /** Kinds of personal data of which the same value gets the same token; absent: they stay. */
    pseudonyms?: ("email" | "phone" | "iban")[] | undefined;
    /** The version that was read before; when another stands by now, nothing is changed. */
    if_version?: number | undefined;
    /** Also hold what is stored of the agent to them, unless it has been already; see rescanEpisodes. */
    rescan?: boolean | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Shows what redaction would find in a text or a value, also by rules that are not set yet. */
  testRedaction: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** A text; or give `value`. */
    text?: string | undefined;
    /** Any JSON value; or give `text`. */
    value?: unknown | undefined;
    /** Rules to try in the place of the agent's own, which stay as they are. */
    rules?: RedactionRuleInput[] | undefined;
    /** To try likewise. */
    pseudonyms?: ("email" | "phone" | "iban")[] | undefined;
  };
  /** Holds what is stored of an agent to its redaction rules of today: episodes and rewards are changed, datasets named. */
  rescanEpisodes: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists an agent's re-scans, newest first. */
  listRescans: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Shows how far a re-scan has come and what it found. */
  getRescan: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The re-scan. */
    rescan_id: string;
  };
  /** Asks for the end of a re-scan; what it has changed stays. */
  cancelRescan: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** The re-scan. */
    rescan_id: string;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Lists the documents that the change feeds could not handle, oldest first, with the reason. */
  listDeadLetters: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Whose feed could not handle it. */
    feed?: "episodes" | "rewards" | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
  /** Handles dead letters again, an agent's or those named; what succeeds leaves the list, and what is left is told. */
  retryDeadLetters: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** Whose feed could not handle it. */
    feed?: "episodes" | "rewards" | undefined;
    /** Only these dead letters. */
    ids?: string[] | undefined;
    /** Most in one call, those tried longest ago first: call again until none is left untried. */
    limit?: number | undefined;
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Tells which datasets, training runs and live models saw an episode, and by which line. */
  traceEpisode: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** An episode's id. */
    episode_id: string;
    /** Add a signed manifest of the answer, to be kept with it and checked later. */
    manifest?: boolean | undefined;
  };
  /** Checks that an answer kept with its signed manifest is the one that was given. */
  verifyAnswer: {
    /** The whole answer as it was given, its `manifest` in it. */
    answer: {
      /** The manifest that came with it. */
      manifest: Manifest;
      [name: string]: unknown;
    };
  };
  /** Counts an agent's episodes, rewards, datasets, runs and deployments, and says which model serves. */
  getStats: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Shows how well each model's episodes were judged over time, from the newest judged episodes. */
  getRewardTrend: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Checks the ledger (a read and a write), the provider, the change feeds and the orchestrations behind what is under way; 503 when the ledger fails. */
  getHealth: {
    /** Also count every container's documents, which Cosmos charges for. */
    counts?: boolean | undefined;
  };
  /** Shows how the work behind a 202 stands, in the status words of the Azure REST guidelines. */
  getOperationStatus: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** What the work's record is. */
    kind: "datasets" | "runs" | "evaluations" | "deployments" | "pipelines" | "rescans";
    /** The record's id. */
    id: string;
  };
  /** Takes every dataset, run, evaluation, deployment and pipeline up again whose orchestration has died, or fails it with the reason; an hourly timer does the same. */
  takeUpRecords: {
    /** Names this very request, for this operation and agent: sent again under the same key, it is carried out once and answered alike. As the Idempotency-Key header. */
    idempotency_key?: string | undefined;
  };
  /** Tells who the caller is taken for, and which roles that person has for an agent. */
  whoAmI: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
  };
  /** Lists who changed what of an agent, and who was refused, newest first. */
  listAudit: {
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id?: string | undefined;
    /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
    start_date?: string | undefined;
    /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
    end_date?: string | undefined;
    /** A signed-in person or application: a name, or `name (object id)` as records say it, which finds that account whatever its name. */
    who?: string | undefined;
    /** As promote or startTraining. */
    operation?: string | undefined;
    /** Only changes that ended so. */
    outcome?: "done" | "failed" | "refused" | undefined;
    /** Items on a page, 1 to 1000. */
    limit?: number | undefined;
    /** The continuation of the page before. */
    continuation?: string | undefined;
  };
}

/** What each operation answers. */
export interface OperationOutputs {
  /** Keeps a picture, sound, file or long text that is too large to stand in an episode. */
  addPart: StoredPart;
  /** Fetches a part of an episode that lies in a file, by the hash in its pointer. */
  getPart: {
    sha256: string;
    bytes: number;
    /** Where it is text: its first 200,000 characters. */
    text?: string | undefined;
    /** Else, up to 200,000 bytes: in base64. */
    data?: string | undefined;
    /** Whether all of it is shown; over REST the whole file comes. */
    shown: boolean;
  };
  /** Records one episode, or many of which each succeeds or fails on its own; secrets are redacted first. */
  recordEpisodes: {
    id: string;
    agent_id: string;
    user_input: string;
    assistant_output: string;
    tool_calls_count: number;
    tool_names: string[];
    model_deployment: string | null;
    request_latency_ms: number | null;
    first_token_ms: number | null;
    session_id: string | null;
    correlation_id: string | null;
    response_id: string | null;
    trace_id: string | null;
    ending: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | null;
    error_by: "caller" | "network" | "provider" | "model" | null;
    reward_count: number;
    reward_avg: number | null;
    reward_penalty: number | null;
    reward_vetoed: boolean;
    created_at: string;
    success: true;
    status: "recorded" | "duplicate";
    episode_id: string;
    recorded_at: string;
    redaction: Redaction;
    truncated?: {
      [name: string]: number;
    } | undefined;
  } | {
    /** True when every item was recorded or was there already. */
    success: boolean;
    recorded: number;
    duplicates: number;
    failed: number;
    results: {
      index: number;
      status: "recorded" | "duplicate" | "error";
      id?: string | undefined;
      error?: {
        code: string;
        message: string;
        status: number;
        field?: string | undefined;
        remedy?: string | undefined;
        details?: unknown | undefined;
      } | undefined;
    }[];
  };
  /** Lists an agent's episodes, newest first, with the beginnings of their texts. */
  listEpisodes: {
    agent_id: string;
    /** Episodes on this page, not of all: `continuation` says that there are more. */
    episodes_found: number;
    episodes: EpisodeSummary[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Shows one episode as it is stored, with its reward aggregate; `parts` are what of it lies in files, for getPart. */
  getEpisode: {
    id: string;
    /** The agent; LIGHTNING_AGENT_ID when absent. */
    agent_id: string;
    /** What the user asked, as text. */
    user_input: string;
    /** What the agent answered, as text. */
    assistant_output: string;
    /** The whole conversation in chat form, at most 2,000; absent, it is made of `user_input`, `tool_calls` and `assistant_output`. */
    messages?: Message[] | undefined;
    /** Definitions of the tools that the model was offered, in chat form, at most 512. */
    tools?: ToolDefinition[] | undefined;
    /** Whether the model was allowed several tool calls in one turn. */
    parallel_tool_calls?: boolean | undefined;
    tool_calls: ToolCall[];
    /** The system message that the model was given. */
    system_prompt?: string | undefined;
    /** A hash of the agent's instructions, to tell their versions apart. */
    instructions_hash?: string | undefined;
    /** The model or deployment that answered. */
    model_deployment?: string | undefined;
    /** The sampling parameters of the call, such as `temperature`. */
    sampling?: {
      [name: string]: Json;
    } | undefined;
    /** An id of the caller's that joins the episode to its own logs and traces. */
    correlation_id?: string | undefined;
    /** The provider's id of the answer, by which a reward may name the episode. */
    response_id?: string | undefined;
    /** The trace that the call belongs to, as OpenTelemetry writes it. */
    trace_id?: string | undefined;
    /** The call's own span in that trace. */
    span_id?: string | undefined;
    /** The conversation that it belongs to; a session never stands on two sides of a split. */
    session_id?: string | undefined;
    /** Who asked, as the caller names them. */
    user_id?: string | undefined;
    /** How long the whole request took, in ms. */
    request_latency_ms?: number | undefined;
    /** How long it took until the first part of the answer, in ms. */
    first_token_ms?: number | undefined;
    /** Tokens that the provider counted for the request. */
    token_usage?: TokenUsage | undefined;
    /** What the request cost, in US dollars. */
    cost_usd?: number | undefined;
    /** Why the request failed; absent when it did not. */
    error?: string | undefined;
    /** Whose fault the error was; only the model's own is a judgement of it. Absent: not known. */
    error_by?: "caller" | "network" | "provider" | "model" | undefined;
    /** How the answer ended; datasets take those that the model finished, and those that do not say. */
    ending?: "finished" | "cut" | "filtered" | "unfinished" | "unread" | "failed" | undefined;
    /** Parts of the conversation that only the provider has, such as an earlier response. */
    missing?: string[] | undefined;
    metadata: {
      [name: string]: Json;
    };
    created_at: string;
    redaction: {
      /** Version of the redaction rules that were applied. */
      version: string;
      /** How often each rule hit. */
      counts: {
        [name: string]: number;
      };
      /** True when redaction failed, and the text was left out instead. */
      withheld?: boolean | undefined;
      /** The re-scan that last replaced something in it, after it was recorded. */
      rescan?: string | undefined;
    };
    truncated?: {
      [name: string]: number;
    } | undefined;
    /** Hashes of the parts that lie in files (addPart) and that pointers in its texts stand for, at most 1,000. */
    parts?: string[] | undefined;
    reward_count?: number | undefined;
    reward_sum?: number | undefined;
    reward_avg?: number | undefined;
    reward_penalty?: number | undefined;
    reward_vetoed?: boolean | undefined;
    reward_sources?: string[] | undefined;
    reward_by_source?: {
      [name: string]: SourceAggregate;
    } | undefined;
    reward_policy?: string | undefined;
    rewards_at?: string | undefined;
    recorded_at: string;
    /** Distinct names of called tools, for filters. */
    tool_names: string[];
    /** What random samples draw by, 0 to 1023, a hash of the id; absent on episodes of earlier versions. */
    sample_key?: number | undefined;
    schema_version: 1;
    episode_id: string;
  };
  /** Rewards an episode, named by any of its ids; the same judgement sent again changes nothing, another one supersedes it, one whose episode is not recorded yet waits for it, and a latency or cost up to its threshold is not stored. */
  assignReward: GivenReward;
  /** Takes what a user has to say of an answer (thumbs, a score, a label, a comment, the better answer), for an episode named by any of its ids; the better answer becomes golden and DPO data. */
  recordFeedback: GivenReward;
  /** Takes a reward back, so that it counts no more: your own, or as an owner anybody's, a safety check's veto among them. */
  withdrawReward: {
    success: true;
    agent_id: string;
    episode_id: string;
    reward_id: string;
    /** false: another judgement had taken its place; nothing was stored. */
    withdrawn: boolean;
    /** The reward that stands in its place. */
    withdrawal_id?: string | undefined;
  };
  /** Lists rewards and feedback that came before their episodes, newest first: what waits, and for thirty days what became of it. */
  listWaitingRewards: {
    agent_id: string;
    /** Waiting rewards on this page, not of all: `continuation` says that there are more. */
    waiting_found: number;
    waiting: WaitingReward[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Lists an agent's or one episode's rewards, newest first. */
  listRewards: {
    agent_id: string;
    /** Rewards on this page, not of all: `continuation` says that there are more. */
    rewards_found: number;
    rewards: {
      /** Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward. */
      id: string;
      agent_id: string;
      episode_id: string;
      source: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty";
      value: number;
      raw_value?: number | undefined;
      rubric: string | null;
      evaluator: string | null;
      comments?: string | undefined;
      /** Who wrote it: the signed-in person or application with its object id, else `local`, `key` (a function key) or `auto` (what the episode says about itself); absent on rewards of earlier versions. */
      writer?: string | undefined;
      /** The earlier reward of the same writer, source, evaluator and rubric that this one replaces in the aggregate. */
      supersedes?: string | undefined;
      /** Takes the superseded judgement back without another in its place: it counts no more. */
      withdrawn?: true | undefined;
      /** Who took it back, where it was asked for by name. */
      withdrawn_by?: string | undefined;
      /** It says what the agent should have done, in `metadata.correction`; absent on rewards of earlier versions. */
      corrected?: true | undefined;
      /** When it was said, where it came before its episode and waited; `created_at` is when it was given. */
      said_at?: string | undefined;
      /** The re-scan that last replaced something in what was said, after it was given. */
      rescan?: string | undefined;
      metadata: {
        [name: string]: Json;
      };
      created_at: string;
    }[];
    /** Rewards of this page that a blind review keeps from the caller. */
    hidden?: number | undefined;
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Builds a fine-tuning dataset from the agent's rewarded episodes. */
  buildDataset: Dataset;
  /** Builds a dataset from golden conversations (JSONL); one invalid line refuses the whole file. */
  buildGoldenDataset: Dataset;
  /** Checks and keeps a part of a golden file that is too large for one request. */
  addGoldenPart: {
    part: string;
    read: number;
    kept: number;
    warnings: {
      [name: string]: number;
    };
    warning_lines?: {
      [name: string]: number[];
    } | undefined;
    /** Rows left out, by how their answers ended. */
    dropped?: {
      [name: string]: number;
    } | undefined;
  };
  /** Asks for the end of a dataset's build; what it wrote is removed. */
  cancelDataset: Dataset;
  /** Lists the agent's datasets, newest first. */
  listDatasets: {
    agent_id: string;
    /** Datasets on this page, not of all: `continuation` says that there are more. */
    datasets_found: number;
    datasets: Dataset[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Shows one dataset: counts, files, recipe, and what was left out and why. */
  getDataset: Dataset;
  /** Downloads one side of a dataset as JSONL. */
  getDatasetFile: {
    dataset_id: string;
    split: "train" | "validation" | "test";
    lines: number;
    bytes: number;
    sha256: string;
    path: string;
  };
  /** Checks a training file by the rules of its format, provider and model; nothing is stored. */
  validateFile: {
    valid: boolean;
    format: string;
    model: string;
    source: string;
    as_of: string;
    files: {
      file: string;
      /** Lines given, blank ones left out. */
      lines: number;
      /** Lines that are valid. */
      examples: number;
      /** Lines given that are not valid. */
      invalid_lines: number;
      bytes: number;
      tokens: number;
      longest: number;
      faults_found: number;
      warnings: {
        [name: string]: number;
      };
    }[];
    faults: {
      file: string;
      line?: number | undefined;
      rule: string;
      field?: string | undefined;
      message: string;
      remedy: string;
    }[];
    /** All faults; `faults` holds the first of each file. */
    faults_found: number;
  };
  /** Lists where each line of a dataset is from: its episodes and rewards, a page of some 500 at a time. */
  listExamples: {
    agent_id: string;
    dataset_id: string;
    edges: ExampleOrigin[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
    manifest?: Manifest | undefined;
  };
  /** Tells why a line is in a dataset: its episodes, its rewards, and the duplicates it stands for. */
  explainExample: {
    agent_id: string;
    dataset_id: string;
    edges: ExampleOrigin[];
    manifest?: Manifest | undefined;
  };
  /** Reserves the next episode for a reviewer, by the sampling rules; the same one until it is judged. */
  nextReview: {
    agent_id: string;
    reviewer: string;
    item: ReviewOffer | null;
    message?: string | undefined;
  };
  /** Stores a reviewer's judgement of an episode as a reward, with tags and a corrected answer. */
  submitReview: {
    success: true;
    agent_id: string;
    episode_id: string;
    reviewer: string;
    reward_id: string;
    reward: Reward;
    /** `done`: as many people as the rules ask for judged it. */
    status: "open" | "done";
    judged_by: number;
  };
  /** Puts the episode in hand back for others; this reviewer is not offered it again. */
  skipReview: {
    success: true;
    agent_id: string;
    episode_id: string;
  };
  /** Ends a reviewer's reservation of an episode before its lease does. */
  releaseReview: {
    success: true;
    agent_id: string;
    episode_id: string;
    released: boolean;
  };
  /** Takes one label or skip of a reviewer back, the last or the one named, and hands its episode over again. */
  undoReview: {
    agent_id: string;
    reviewer: string;
    item: ReviewOffer | null;
    message?: string | undefined;
  };
  /** Counts what waits for review, and shows the rules, the reservations and who has judged how many. */
  getReviewQueue: {
    agent_id: string;
    episodes: number;
    /** Episodes that were not reviewed here to the end. */
    waiting: number;
    done: number;
    reserved: number;
    /** Corrections that stand, as GET /review/corrections lists them. */
    corrections: number;
    rules: ReviewRules;
    reservations: {
      reviewer: string;
      until: string;
      episode_id: string;
    }[];
    reviewers: {
      reviewer: string;
      labelled: number;
    }[];
  };
  /** Sets how many people judge an episode, whether blind, for how long it is reserved, and what is offered. */
  setReviewRules: {
    agent_id: string;
    rules: ReviewRules;
  };
  /** Lists what reviewers corrected and still stand by, newest first, with the reason where one makes no line of a file. */
  listCorrections: {
    agent_id: string;
    /** Corrections on this page, not of all: `continuation` says that there are more. */
    corrections_found: number;
    corrections: Correction[];
    /** What all corrections come to in each format; on the first page alone. */
    formats?: {
      golden: CorrectionCounts;
      dpo: CorrectionCounts;
    } | undefined;
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Downloads the corrections as golden conversations or as DPO pairs (JSONL); the header x-left-out counts those that make no line, by reason. */
  getCorrectionsFile: {
    /** Corrections that stand. */
    corrections: number;
    /** Those that make a line. */
    lines: number;
    /** Those that make none, by reason. */
    left_out: {
      [name: string]: number;
    };
    /** Turns after a corrected one: they followed from what was wrong, so no line has them. */
    turns_dropped: number;
    agent_id: string;
    format: "golden" | "dpo";
  };
  /** Builds a dataset from the corrections: golden conversations to train or test on, or DPO pairs of what was said and what should have been. */
  buildCorrectionsDataset: {
    success: boolean;
    agent_id: string;
    dataset_id: string;
    status: string;
    training_count?: number | undefined;
    validation_count?: number | undefined;
    test_count?: number | undefined;
    kept?: number | undefined;
    given?: number | undefined;
    dropped?: {
      [name: string]: number;
    } | undefined;
    warnings?: {
      [name: string]: number;
    } | undefined;
    notices?: string[] | undefined;
    /** Corrections that stand. */
    corrections: number;
    /** Those that make a line. */
    lines: number;
    /** Those that make none, by reason. */
    left_out: {
      [name: string]: number;
    };
    /** Turns after a corrected one: they followed from what was wrong, so no line has them. */
    turns_dropped: number;
    created_at: string;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Trains a model on a dataset; equal requests share one run. */
  startTraining: TrainingRun;
  /** Tells what training on a dataset would cost, by counted tokens and dated prices, and whether it fits the limits. */
  estimateTraining: Estimate;
  /** Shows a training run as the ledger has it: status, model, learning curve, events, error. */
  getTrainingRun: TrainingRun;
  /** Lists the agent's training runs, newest first. */
  listTrainingRuns: {
    agent_id: string;
    /** Runs on this page, not of all: `continuation` says that there are more. */
    runs_found: number;
    training_runs: TrainingRunSummary[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Asks for the end of a training run; its job at the provider is cancelled with it. */
  cancelTraining: TrainingRun;
  /** Makes a training run agree with its job at the provider, and takes it up again if nobody follows it. */
  reconcileTraining: {
    /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
    id: string;
    agent_id: string;
    dataset_id: string;
    dataset_hash: string;
    base_model: string;
    method: "supervised" | "dpo" | "reinforcement";
    grader?: Grader | undefined;
    hyperparameters: ChosenHyperparameters;
    seed: number;
    suffix?: string | undefined;
    training_type: string;
    attempt: number;
    status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
    state: string;
    taken_up?: TakenUp | undefined;
    /** Provider file ids. */
    training_file_id?: string | undefined;
    validation_file_id?: string | undefined;
    aoai_job_id: string | null;
    tuned_model_name: string | null;
    error?: {
      code: string;
      message: string;
      param?: string | undefined;
      remedy?: string | undefined;
    } | undefined;
    /** Where it failed: before a job existed, in the job itself, or in following a job that may still be going. */
    failed_in?: "upload" | "submit" | "job" | "tracking" | undefined;
    /** Who asked for it first; where two persons are asked for, it is not this one who promotes the model. */
    requested_by?: string | undefined;
    cancel_requested?: boolean | undefined;
    /** The most that the request allowed for, and what was reckoned when it came. */
    budget_usd?: number | undefined;
    cost?: TrainingCost | undefined;
    /** What keeps it from having a job: a file that is processed, a provider that is busy or away. */
    waiting?: Waiting | undefined;
    /** The last look that failed; the job goes on all the same. */
    look_failed?: {
      at: string;
      message: string;
    } | undefined;
    /** Past LIGHTNING_MAX_WAIT_MINUTES and still going; never a failure. */
    overdue?: boolean | undefined;
    trained_tokens?: number | undefined;
    metrics: {
      [name: string]: Json;
    };
    curve?: MetricPoint[] | undefined;
    events?: TrainingEvent[] | undefined;
    checkpoints?: Checkpoint[] | undefined;
    created_at: string;
    started_at: string | null;
    completed_at: string | null;
    run_id: string;
    training_run_id: string;
    tuned_model: string | null;
    error_message: string | null;
    success: boolean;
    /** An equal request was made before; this is its run. */
    deduplicated?: boolean | undefined;
    hint?: string | undefined;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
    /** The durable status addresses, while it is running. */
    urls?: {
      [name: string]: string;
    } | undefined;
    corrected: boolean;
  };
  /** Removes leftover files and failed jobs of finished runs at the provider; a dry run, which is the default, only lists them. */
  cleanUpTraining: {
    success: boolean;
    dry_run: boolean;
    older_than_days: number;
    files: {
      id: string;
      filename: string;
      run_id: string;
    }[];
    jobs: {
      id: string;
      state: string;
      run_id: string;
      created_at: string;
    }[];
    not_removed: {
      id: string;
      reason: string;
    }[];
  };
  /** Lets a candidate and a baseline answer held-out examples and says whether the candidate is better. */
  startEvaluation: {
    id: string;
    agent_id: string;
    run_id?: string | undefined;
    candidate: string;
    /** The run's model, where `candidate` names a deployment that was seen to call it. */
    candidate_model?: string | undefined;
    /** What a call to the candidate names, where the model has to be made callable first; and what is hosted for it. */
    candidate_deployment?: string | undefined;
    hosted_id?: string | undefined;
    baseline: string;
    /** What was asked for: when `base` or `active` mean another model than `baseline` by now, the evaluation is stale. */
    baseline_asked?: string | undefined;
    dataset_id: string;
    dataset_hash: string;
    split: "train" | "validation" | "test";
    metric: string;
    /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
    grading?: number | undefined;
    status: "pending" | "running" | "finished" | "failed";
    taken_up?: TakenUp | undefined;
    error?: string | undefined;
    /** What keeps the models from answering: a provider that is busy or away. */
    waiting?: Waiting | undefined;
    /** Absent where the dataset's groups were not counted. */
    power?: Power | undefined;
    /** What is asked: fixed before the first question. */
    plan?: {
      examples: number;
      batches: number;
      /** Lines without a turn to judge, and repeated ones. */
      skipped: number;
      /** Independent groups of the examples; earlier versions did not count them. */
      groups?: number | undefined;
      /** `unchecked`: no run is known, or its training data could be compared by texts alone. */
      contamination: "none" | "unchecked";
      /** Examples of the side that are not asked: they are nearly the same as ones that the candidate was trained on. */
      near_trained?: number | undefined;
    } | undefined;
    result?: Verdict | undefined;
    /** Up to 20 pairs for people to look at; all of them are in the file `pairs_key`. */
    sample?: EvaluationPair[] | undefined;
    pairs_key?: string | undefined;
    created_at: string;
    completed_at?: string | undefined;
    evaluation_id: string;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
    success: boolean;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Shows an evaluation: counts, interval, verdict with its reasons, and a sample of the pairs. */
  getEvaluation: {
    id: string;
    agent_id: string;
    run_id?: string | undefined;
    candidate: string;
    /** The run's model, where `candidate` names a deployment that was seen to call it. */
    candidate_model?: string | undefined;
    /** What a call to the candidate names, where the model has to be made callable first; and what is hosted for it. */
    candidate_deployment?: string | undefined;
    hosted_id?: string | undefined;
    baseline: string;
    /** What was asked for: when `base` or `active` mean another model than `baseline` by now, the evaluation is stale. */
    baseline_asked?: string | undefined;
    dataset_id: string;
    dataset_hash: string;
    split: "train" | "validation" | "test";
    metric: string;
    /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
    grading?: number | undefined;
    status: "pending" | "running" | "finished" | "failed";
    taken_up?: TakenUp | undefined;
    error?: string | undefined;
    /** What keeps the models from answering: a provider that is busy or away. */
    waiting?: Waiting | undefined;
    /** Absent where the dataset's groups were not counted. */
    power?: Power | undefined;
    /** What is asked: fixed before the first question. */
    plan?: {
      examples: number;
      batches: number;
      /** Lines without a turn to judge, and repeated ones. */
      skipped: number;
      /** Independent groups of the examples; earlier versions did not count them. */
      groups?: number | undefined;
      /** `unchecked`: no run is known, or its training data could be compared by texts alone. */
      contamination: "none" | "unchecked";
      /** Examples of the side that are not asked: they are nearly the same as ones that the candidate was trained on. */
      near_trained?: number | undefined;
    } | undefined;
    result?: Verdict | undefined;
    /** Up to 20 pairs for people to look at; all of them are in the file `pairs_key`. */
    sample?: EvaluationPair[] | undefined;
    pairs_key?: string | undefined;
    created_at: string;
    completed_at?: string | undefined;
    evaluation_id: string;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
  };
  /** Lists the agent's evaluations, newest first. */
  listEvaluations: {
    agent_id: string;
    /** Evaluations on this page, not of all: `continuation` says that there are more. */
    evaluations_found: number;
    evaluations: {
      id: string;
      agent_id: string;
      run_id?: string | undefined;
      candidate: string;
      /** The run's model, where `candidate` names a deployment that was seen to call it. */
      candidate_model?: string | undefined;
      /** What a call to the candidate names, where the model has to be made callable first; and what is hosted for it. */
      candidate_deployment?: string | undefined;
      hosted_id?: string | undefined;
      baseline: string;
      /** What was asked for: when `base` or `active` mean another model than `baseline` by now, the evaluation is stale. */
      baseline_asked?: string | undefined;
      dataset_id: string;
      dataset_hash: string;
      split: "train" | "validation" | "test";
      metric: string;
      /** Version of the metric's rules; absent in earlier versions, whose `auto` and `tool_call` were names alone. */
      grading?: number | undefined;
      status: "pending" | "running" | "finished" | "failed";
      taken_up?: TakenUp | undefined;
      error?: string | undefined;
      /** What keeps the models from answering: a provider that is busy or away. */
      waiting?: Waiting | undefined;
      /** Absent where the dataset's groups were not counted. */
      power?: Power | undefined;
      /** What is asked: fixed before the first question. */
      plan?: {
        examples: number;
        batches: number;
        /** Lines without a turn to judge, and repeated ones. */
        skipped: number;
        /** Independent groups of the examples; earlier versions did not count them. */
        groups?: number | undefined;
        /** `unchecked`: no run is known, or its training data could be compared by texts alone. */
        contamination: "none" | "unchecked";
        /** Examples of the side that are not asked: they are nearly the same as ones that the candidate was trained on. */
        near_trained?: number | undefined;
      } | undefined;
      result?: Verdict | undefined;
      pairs_key?: string | undefined;
      created_at: string;
      completed_at?: string | undefined;
      evaluation_id: string;
      verdict?: "pass" | "fail" | "inconclusive" | undefined;
      /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
      place_in_queue?: number | undefined;
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Lists all pairs of a finished evaluation: question, expected answer, both models' answers, and which was right. */
  listPairs: {
    agent_id: string;
    evaluation_id: string;
    /** What was judged: when an answer counts as right. */
    metric: string;
    /** Version of the metric's rules; absent: `auto` and `tool_call` compared tool names alone. */
    grading?: number | undefined;
    outcome?: "candidate_only" | "baseline_only" | "both" | "neither" | undefined;
    /** Pairs of this outcome on all pages. */
    total: number;
    /** Number of the first pair on this page, from 1. */
    first: number;
    pairs: {
      example: string;
      /** Pairs of one group are one piece of evidence; absent in evaluations of earlier versions, which counted each. */
      group?: string | undefined;
      /** The last that the user said; absent in evaluations of earlier versions. */
      question?: string | undefined;
      expected: string;
      baseline_answer: string;
      candidate_answer: string;
      baseline_correct: boolean;
      candidate_correct: boolean;
      outcome: "candidate_only" | "baseline_only" | "both" | "neither";
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Puts the model of a training run into service. */
  promote: {
    id: string;
    agent_id: string;
    training_run_id: string;
    dataset_id?: string | undefined;
    tuned_model_name: string;
    /** What a call names; the model's own name where no deployment is needed. */
    deployment_name: string;
    evaluation_id?: string | undefined;
    verdict?: string | undefined;
    /** What the verdict judged right, and by which version of the rules; earlier versions did not keep it. */
    verdict_metric?: string | undefined;
    verdict_grading?: number | undefined;
    override_reason?: string | undefined;
    /** The policy that held when it was asked for, what spoke against it then, and the two persons where two were asked for. */
    gate_policy?: "warn" | "require" | undefined;
    gate_doubts?: string[] | undefined;
    four_eyes?: {
      requested_by: string;
      decided_by: string;
    } | undefined;
    /** Made by hand, and nobody could read which model stands behind it: an owner answered for it. */
    deployment_unverified?: true | undefined;
    state: "requested" | "provisioning" | "probing" | "ready" | "active" | "superseded" | "failed" | "draining" | "deleted" | "lost";
    error?: string | undefined;
    failure?: PromotionFailure | undefined;
    prune?: "no" | "oldest_inactive" | undefined;
    /** A rollback, or the return of what Azure removed: the earlier deployment of the same model whose place it takes. */
    restores?: string | undefined;
    reason?: string | undefined;
    taken_up?: TakenUp | undefined;
    promoted_by?: string | undefined;
    /** Who approved it in a pipeline that waited for that. */
    approved_by?: string | undefined;
    promoted_at?: string | undefined;
    created_at: string;
    deployment_id: string;
    run_id: string;
    tuned_model: string;
    is_active: boolean;
    /** What is there at the provider under the deployment's name. */
    hosted?: {
      state: "requested" | "provisioning" | "probing" | "ready" | "draining" | "deleted" | "lost" | "failed";
      sku: string;
      capacity: number;
      /** When it was last asked for. */
      requested_at: string;
      ready_at?: string | undefined;
      /** When it was last seen gone, or its removal begun. */
      gone_at?: string | undefined;
      /** Deployments that were removed to make room for this one. */
      pruned?: string[] | undefined;
      error?: string | undefined;
    } | undefined;
    warnings: string[];
    rollback_from?: string | null | undefined;
    rollback_reason?: string | undefined;
    rollback_at?: string | undefined;
    /** How it stopped serving. */
    withdrawn?: {
      what: "promoted" | "rolled_back" | "deactivated";
      to: string | null;
      by?: string | undefined;
      reason?: string | undefined;
      at: string;
    } | undefined;
    success: boolean;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Goes back to the model that served before, or to the deployment named. */
  rollback: {
    success: boolean;
    agent_id: string;
    deployment_id: string | null;
    tuned_model_name: string | null;
    tuned_model: string | null;
    deployment_name: string | null;
    /** Whether a tuned model is active now. */
    is_active: boolean;
    base_model: string;
    version: number;
    rollback_from: string | null;
    rollback_reason?: string | undefined;
    rolled_back_by?: string | undefined;
    rolled_back_at?: string | undefined;
    /** What differs from what was asked for. */
    warnings: string[];
    /** The deployment under which a removed model comes back. */
    restoring?: string | undefined;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Stops using the tuned model; the base model answers from now on. */
  deactivate: {
    success: boolean;
    agent_id: string;
    deployment_id: string | null;
    tuned_model_name: string | null;
    tuned_model: string | null;
    deployment_name: string | null;
    /** Whether a tuned model is active now. */
    is_active: boolean;
    base_model: string;
    version: number;
    message: string;
    reason?: string | undefined;
    /** The deployment that was active; null when none was. */
    deactivated: string | null;
  };
  /** Lists the agent's deployments, newest first, with the active one marked. */
  listDeployments: {
    agent_id: string;
    /** Deployments on this page, not of all: `continuation` says that there are more. */
    deployments_found: number;
    deployments: Deployment[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Shows the deployment that serves now, or says that the base model does. */
  getActiveDeployment: ActiveDeployment;
  /** Traces deployments to their evaluation, training run and dataset, with the history of promotions. */
  getLineage: Lineage;
  /** Traces one deployment, run, dataset or evaluation to what led to it and what came of it. */
  getLineageOf: Lineage;
  /** Tells which model the agent is to call now, and where the answer comes from. */
  selectModel: {
    agent_id: string;
    model: string;
    source: "registry" | "env" | "base";
    /** The registry could not be asked just now. */
    stale: boolean;
    deployment_id?: string | undefined;
    use_tuned_model: boolean;
    base_model: string;
  };
  /** Shows what an agent's promotions need: a passing evaluation, a second person. */
  getGatePolicy: {
    agent_id: string;
    /** What a direct promotion without a passing, fresh evaluation does. Pipelines require one always. */
    gate: "warn" | "require";
    /** `setting`: LIGHTNING_GATE_POLICY decides, the agent has no gate of its own. */
    gate_from: "agent" | "setting";
    /** Who promotes must be somebody else than who had the model trained. */
    four_eyes: boolean;
    /** 0: nothing was ever set for this agent. */
    version: number;
    /** What was set, oldest first; nothing while the setting counts. */
    changes: {
      /** Absent: LIGHTNING_GATE_POLICY decides. */
      gate?: "warn" | "require" | undefined;
      four_eyes: boolean;
      by?: string | undefined;
      reason?: string | undefined;
      at: string;
    }[];
  };
  /** Lays down what an agent's promotions need; what is not named stays as it is. */
  setGatePolicy: {
    agent_id: string;
    /** What a direct promotion without a passing, fresh evaluation does. Pipelines require one always. */
    gate: "warn" | "require";
    /** `setting`: LIGHTNING_GATE_POLICY decides, the agent has no gate of its own. */
    gate_from: "agent" | "setting";
    /** Who promotes must be somebody else than who had the model trained. */
    four_eyes: boolean;
    /** 0: nothing was ever set for this agent. */
    version: number;
    /** What was set, oldest first; nothing while the setting counts. */
    changes: {
      /** Absent: LIGHTNING_GATE_POLICY decides. */
      gate?: "warn" | "require" | undefined;
      four_eyes: boolean;
      by?: string | undefined;
      reason?: string | undefined;
      at: string;
    }[];
    success: boolean;
  };
  /** Compares the registry with what the provider hosts, keeps what serves awake, and brings back an active model that was removed. */
  reconcileDeployments: {
    success: boolean;
    compared: boolean;
    seen: number;
    lost: string[];
    returning: {
      agent_id: string;
      id: string;
      deployment_name: string;
    }[];
    found: string[];
    kept_awake: string[];
    not_answering: string[];
    expiring: string[];
    unknown: string[];
  };
  /** Removes hosted models that nothing needs any more; a dry run, which is the default, only lists them. */
  cleanUpDeployments: {
    success: boolean;
    dry_run: boolean;
    older_than_days: number;
    removed: {
      agent_id: string;
      deployment_name: string;
      training_run_id: string;
      requested_at: string;
      /** Absent: no dated source says it. */
      usd_an_hour?: number | undefined;
    }[];
    not_removed: {
      deployment_name: string;
      reason: string;
    }[];
  };
  /** Lists when the agent's base models, runs and deployments end, and what could be trained instead. */
  listRetirements: {
    agent_id: string;
    bases: {
      model: string;
      lifecycle: string;
      /** A date, or `unknown` where no dated source says one. */
      base_retires: string;
      /** A date, or `unknown` where no dated source says one. */
      training_retires: string;
      /** A date, or `unknown` where no dated source says one. */
      deployment_retires: string;
      /** Absent: no dated source says it. */
      days_until_training_ends?: number | undefined;
      /** Absent: no dated source says it. */
      days_until_answers_end?: number | undefined;
      configured: boolean;
      sources: {
        source: string;
        as_of: string;
      }[];
    }[];
    runs: {
      run_id: string;
      base_model: string;
      tuned_model: string;
      /** A date, or `unknown` where no dated source says one. */
      retires: string;
      /** Absent: no dated source says it. */
      days_left?: number | undefined;
    }[];
    deployments: {
      deployment_id: string;
      run_id: string;
      deployment_name: string;
      base_model: string;
      /** A date, or `unknown` where no dated source says one. */
      retires: string;
      /** Absent: no dated source says it. */
      days_left?: number | undefined;
      is_active: boolean;
    }[];
    plan: {
      replaces: string;
      base_model: string;
      /** A date, or `unknown` where no dated source says one. */
      training_retires: string;
      /** Absent: nobody can say. */
      estimated_usd?: number | undefined;
      estimated_from: string;
      gate: string;
      /** Body of POST /pipelines, which trains, evaluates and promotes. */
      request: {
        agent_id: string;
        name: string;
        dataset_id: string;
        training: {
          base_model: string;
          grader?: Json | undefined;
        };
        evaluation: {
          baseline: "active";
        };
      };
    }[];
  };
  /** Runs the loop: dataset, training, evaluation, approval if asked for, promotion if the candidate passes. */
  runPipeline: {
    id: string;
    agent_id: string;
    name: string;
    input: {
      /** The agent; LIGHTNING_AGENT_ID when absent. */
      agent_id: string;
      /** Name of the pipeline, and of the dataset it builds. */
      name: string;
      /** What to build, as in buildDataset. */
      dataset: {
        /** What it is for, as text. */
        description?: string | undefined;
        /** Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent. */
        min_reward?: number | undefined;
        /** Reward sources that count; all when absent. */
        sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
        /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
        start_date?: string | undefined;
        /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
        end_date?: string | undefined;
        /** Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent. */
        max_examples?: number | undefined;
        /** Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent. */
        include_tools?: boolean | undefined;
        /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
        train_split?: number | undefined;
        /** Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent. */
        test_split?: number | undefined;
        /** The system message of every example, in the place of the episode's own. */
        system_prompt?: string | undefined;
        /** Golden datasets whose lines join this one, by id, at most 20. */
        include_golden?: string[] | undefined;
        /** Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent. */
        format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
        /** Only episodes that called one of these tools. */
        tools?: string[] | undefined;
        /** Only episodes of these models. */
        models?: string[] | undefined;
        /** Only episodes with one of these tags, in their metadata or in that of a reward. */
        tags?: string[] | undefined;
        /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
        include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
        /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
        include_spelt_out?: boolean | undefined;
        /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
        min_per_tool?: number | undefined;
        /** What `cap` counts by; `tool` when absent. */
        cap_by?: "tool" | "model" | "session" | "source" | undefined;
        /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
        cap?: number | undefined;
        /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
        max_tokens?: number | undefined;
        /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
        for_model?: string | undefined;
        /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
        near_duplicates?: number | undefined;
        /** `last`: weight 0 on all assistant turns but the last. */
        learn?: "all" | "last" | undefined;
        /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
        min_gap?: number | undefined;
        /** Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC. */
        test_after?: string | undefined;
        /** Begin files with a byte-order mark. */
        bom?: boolean | undefined;
      };
      /** Train on this dataset instead of building one. */
      dataset_id?: string | undefined;
      training: {
        /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent */
        base_model?: string | undefined;
        /** Times that the training examples are gone through. */
        n_epochs?: number | undefined;
        hyperparameters?: ChosenHyperparameters | undefined;
        /** Of the job's chance */
        seed?: number | undefined;
        /** End of the tuned model's name */
        suffix?: string | undefined;
        /** Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier */
        training_type?: string | undefined;
        /** Train again although an equal run exists */
        force_new?: boolean | undefined;
        /** What the dataset's format says by itself; given, it must fit. */
        method?: "sft" | "supervised" | "dpo" | "rft" | "reinforcement" | undefined;
        /** Reinforcement: what gives the marks, as OpenAI and Azure write graders. */
        grader?: Grader | undefined;
        /** Refuse when it could cost more dollars, or when nobody can say what it costs */
        budget_usd?: number | undefined;
      };
      /** How the model is judged. */
      evaluation: {
        /** Dataset with the held-out examples; absent, the test or validation side of the one trained on. */
        dataset_id?: string | undefined;
        /** The side that is asked; `test` when absent and there is one, else `validation`. */
        split?: "train" | "validation" | "test" | undefined;
        /** What the model is compared with: `active`, what serves now (the base model when nothing was promoted); `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. It is promoted only on a verdict against what serves. */
        baseline: string;
        /** When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text. */
        metric: "auto" | "tool_call" | "tool_names" | "exact";
      };
      /** Whether a person decides between evaluation and promotion. */
      approval: {
        /** Wait for a person. */
        required: boolean;
        /** Minutes to wait, 1 to 43,200 (30 days); then nothing is promoted. */
        timeout_minutes: number;
      };
      /** False: stop after the evaluation. */
      promote: boolean;
      /** Who has it promoted; a signed-in person's name goes before it. */
      promoted_by?: string | undefined;
    };
    status: "pending" | "running" | "waiting_for_approval" | "finished" | "failed";
    stage: "dataset" | "training" | "evaluation" | "approval" | "promotion" | "done";
    /** The clock asked for it; then a run that was judged before is `nothing_new`. */
    retraining?: true | undefined;
    outcome?: "promoted" | "gate_failed" | "gate_inconclusive" | "rejected" | "approval_timeout" | "evaluated" | "nothing_new" | "failed" | undefined;
    error?: string | undefined;
    taken_up?: TakenUp | undefined;
    dataset_id?: string | undefined;
    run_id?: string | undefined;
    evaluation_id?: string | undefined;
    deployment_id?: string | undefined;
    /** What the held-out groups can show, known before the training is paid for. */
    power?: Power | undefined;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
    decision?: {
      approved: boolean;
      decided_by?: string | undefined;
      reason?: string | undefined;
      at: string;
    } | undefined;
    approval_until?: string | undefined;
    created_at: string;
    completed_at?: string | undefined;
    pipeline_id: string;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
    success: boolean;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Shows how far a pipeline is, the records it made and how it ended. */
  getPipeline: {
    id: string;
    agent_id: string;
    name: string;
    input: {
      /** The agent; LIGHTNING_AGENT_ID when absent. */
      agent_id: string;
      /** Name of the pipeline, and of the dataset it builds. */
      name: string;
      /** What to build, as in buildDataset. */
      dataset: {
        /** What it is for, as text. */
        description?: string | undefined;
        /** Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent. */
        min_reward?: number | undefined;
        /** Reward sources that count; all when absent. */
        sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
        /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
        start_date?: string | undefined;
        /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
        end_date?: string | undefined;
        /** Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent. */
        max_examples?: number | undefined;
        /** Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent. */
        include_tools?: boolean | undefined;
        /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
        train_split?: number | undefined;
        /** Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent. */
        test_split?: number | undefined;
        /** The system message of every example, in the place of the episode's own. */
        system_prompt?: string | undefined;
        /** Golden datasets whose lines join this one, by id, at most 20. */
        include_golden?: string[] | undefined;
        /** Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent. */
        format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
        /** Only episodes that called one of these tools. */
        tools?: string[] | undefined;
        /** Only episodes of these models. */
        models?: string[] | undefined;
        /** Only episodes with one of these tags, in their metadata or in that of a reward. */
        tags?: string[] | undefined;
        /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
        include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
        /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
        include_spelt_out?: boolean | undefined;
        /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
        min_per_tool?: number | undefined;
        /** What `cap` counts by; `tool` when absent. */
        cap_by?: "tool" | "model" | "session" | "source" | undefined;
        /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
        cap?: number | undefined;
        /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
        max_tokens?: number | undefined;
        /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
        for_model?: string | undefined;
        /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
        near_duplicates?: number | undefined;
        /** `last`: weight 0 on all assistant turns but the last. */
        learn?: "all" | "last" | undefined;
        /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
        min_gap?: number | undefined;
        /** Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC. */
        test_after?: string | undefined;
        /** Begin files with a byte-order mark. */
        bom?: boolean | undefined;
      };
      /** Train on this dataset instead of building one. */
      dataset_id?: string | undefined;
      training: {
        /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent */
        base_model?: string | undefined;
        /** Times that the training examples are gone through. */
        n_epochs?: number | undefined;
        hyperparameters?: ChosenHyperparameters | undefined;
        /** Of the job's chance */
        seed?: number | undefined;
        /** End of the tuned model's name */
        suffix?: string | undefined;
        /** Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier */
        training_type?: string | undefined;
        /** Train again although an equal run exists */
        force_new?: boolean | undefined;
        /** What the dataset's format says by itself; given, it must fit. */
        method?: "sft" | "supervised" | "dpo" | "rft" | "reinforcement" | undefined;
        /** Reinforcement: what gives the marks, as OpenAI and Azure write graders. */
        grader?: Grader | undefined;
        /** Refuse when it could cost more dollars, or when nobody can say what it costs */
        budget_usd?: number | undefined;
      };
      /** How the model is judged. */
      evaluation: {
        /** Dataset with the held-out examples; absent, the test or validation side of the one trained on. */
        dataset_id?: string | undefined;
        /** The side that is asked; `test` when absent and there is one, else `validation`. */
        split?: "train" | "validation" | "test" | undefined;
        /** What the model is compared with: `active`, what serves now (the base model when nothing was promoted); `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. It is promoted only on a verdict against what serves. */
        baseline: string;
        /** When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text. */
        metric: "auto" | "tool_call" | "tool_names" | "exact";
      };
      /** Whether a person decides between evaluation and promotion. */
      approval: {
        /** Wait for a person. */
        required: boolean;
        /** Minutes to wait, 1 to 43,200 (30 days); then nothing is promoted. */
        timeout_minutes: number;
      };
      /** False: stop after the evaluation. */
      promote: boolean;
      /** Who has it promoted; a signed-in person's name goes before it. */
      promoted_by?: string | undefined;
    };
    status: "pending" | "running" | "waiting_for_approval" | "finished" | "failed";
    stage: "dataset" | "training" | "evaluation" | "approval" | "promotion" | "done";
    /** The clock asked for it; then a run that was judged before is `nothing_new`. */
    retraining?: true | undefined;
    outcome?: "promoted" | "gate_failed" | "gate_inconclusive" | "rejected" | "approval_timeout" | "evaluated" | "nothing_new" | "failed" | undefined;
    error?: string | undefined;
    taken_up?: TakenUp | undefined;
    dataset_id?: string | undefined;
    run_id?: string | undefined;
    evaluation_id?: string | undefined;
    deployment_id?: string | undefined;
    /** What the held-out groups can show, known before the training is paid for. */
    power?: Power | undefined;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
    decision?: {
      approved: boolean;
      decided_by?: string | undefined;
      reason?: string | undefined;
      at: string;
    } | undefined;
    approval_until?: string | undefined;
    created_at: string;
    completed_at?: string | undefined;
    pipeline_id: string;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
  };
  /** Approves or rejects the promotion that a pipeline waits with. */
  decidePipeline: {
    id: string;
    agent_id: string;
    name: string;
    input: {
      /** The agent; LIGHTNING_AGENT_ID when absent. */
      agent_id: string;
      /** Name of the pipeline, and of the dataset it builds. */
      name: string;
      /** What to build, as in buildDataset. */
      dataset: {
        /** What it is for, as text. */
        description?: string | undefined;
        /** Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent. */
        min_reward?: number | undefined;
        /** Reward sources that count; all when absent. */
        sources?: ("human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty")[] | undefined;
        /** From this time on, RFC 3339 with zone; a day alone is its first instant, UTC. */
        start_date?: string | undefined;
        /** Until this time, RFC 3339 with zone; a day alone is its last instant, UTC. */
        end_date?: string | undefined;
        /** Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent. */
        max_examples?: number | undefined;
        /** Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent. */
        include_tools?: boolean | undefined;
        /** Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent. */
        train_split?: number | undefined;
        /** Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent. */
        test_split?: number | undefined;
        /** The system message of every example, in the place of the episode's own. */
        system_prompt?: string | undefined;
        /** Golden datasets whose lines join this one, by id, at most 20. */
        include_golden?: string[] | undefined;
        /** Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent. */
        format?: "sft" | "dpo" | "rft" | "chat" | "legacy_text" | undefined;
        /** Only episodes that called one of these tools. */
        tools?: string[] | undefined;
        /** Only episodes of these models. */
        models?: string[] | undefined;
        /** Only episodes with one of these tags, in their metadata or in that of a reward. */
        tags?: string[] | undefined;
        /** Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent. */
        include_endings?: ("unfinished" | "cut" | "filtered" | "unread")[] | undefined;
        /** Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent. */
        include_spelt_out?: boolean | undefined;
        /** Of each tool (by the first call) the best so many are kept before max_examples counts. */
        min_per_tool?: number | undefined;
        /** What `cap` counts by; `tool` when absent. */
        cap_by?: "tool" | "model" | "session" | "source" | undefined;
        /** Most examples of one tool, model, session or reward source; the best rewarded stay. */
        cap?: number | undefined;
        /** Longer examples are left out and counted; nothing is ever cut. 65,536 when absent. */
        max_tokens?: number | undefined;
        /** The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay. */
        for_model?: string | undefined;
        /** 1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing. */
        near_duplicates?: number | undefined;
        /** `last`: weight 0 on all assistant turns but the last. */
        learn?: "all" | "last" | undefined;
        /** DPO: least difference of score between two answers to one question; 0.5 when absent. */
        min_gap?: number | undefined;
        /** Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC. */
        test_after?: string | undefined;
        /** Begin files with a byte-order mark. */
        bom?: boolean | undefined;
      };
      /** Train on this dataset instead of building one. */
      dataset_id?: string | undefined;
      training: {
        /** Model to train from, with its date; LIGHTNING_BASE_MODEL when absent */
        base_model?: string | undefined;
        /** Times that the training examples are gone through. */
        n_epochs?: number | undefined;
        hyperparameters?: ChosenHyperparameters | undefined;
        /** Of the job's chance */
        seed?: number | undefined;
        /** End of the tuned model's name */
        suffix?: string | undefined;
        /** Azure's tier: Standard, GlobalStandard, DatazoneStandard, DeveloperTier */
        training_type?: string | undefined;
        /** Train again although an equal run exists */
        force_new?: boolean | undefined;
        /** What the dataset's format says by itself; given, it must fit. */
        method?: "sft" | "supervised" | "dpo" | "rft" | "reinforcement" | undefined;
        /** Reinforcement: what gives the marks, as OpenAI and Azure write graders. */
        grader?: Grader | undefined;
        /** Refuse when it could cost more dollars, or when nobody can say what it costs */
        budget_usd?: number | undefined;
      };
      /** How the model is judged. */
      evaluation: {
        /** Dataset with the held-out examples; absent, the test or validation side of the one trained on. */
        dataset_id?: string | undefined;
        /** The side that is asked; `test` when absent and there is one, else `validation`. */
        split?: "train" | "validation" | "test" | undefined;
        /** What the model is compared with: `active`, what serves now (the base model when nothing was promoted); `base`, the base model (FOUNDRY_MODEL_DEPLOYMENT_NAME where it is set, else the run's own); or a model's name. It is promoted only on a verdict against what serves. */
        baseline: string;
        /** When an answer is right: `auto`, the whole call where one is expected, else the same text; `tool_call`, the whole call, names and arguments by the tool's schema; `tool_names`, tool names alone; `exact`, the very same calls or text. */
        metric: "auto" | "tool_call" | "tool_names" | "exact";
      };
      /** Whether a person decides between evaluation and promotion. */
      approval: {
        /** Wait for a person. */
        required: boolean;
        /** Minutes to wait, 1 to 43,200 (30 days); then nothing is promoted. */
        timeout_minutes: number;
      };
      /** False: stop after the evaluation. */
      promote: boolean;
      /** Who has it promoted; a signed-in person's name goes before it. */
      promoted_by?: string | undefined;
    };
    status: "pending" | "running" | "waiting_for_approval" | "finished" | "failed";
    stage: "dataset" | "training" | "evaluation" | "approval" | "promotion" | "done";
    /** The clock asked for it; then a run that was judged before is `nothing_new`. */
    retraining?: true | undefined;
    outcome?: "promoted" | "gate_failed" | "gate_inconclusive" | "rejected" | "approval_timeout" | "evaluated" | "nothing_new" | "failed" | undefined;
    error?: string | undefined;
    taken_up?: TakenUp | undefined;
    dataset_id?: string | undefined;
    run_id?: string | undefined;
    evaluation_id?: string | undefined;
    deployment_id?: string | undefined;
    /** What the held-out groups can show, known before the training is paid for. */
    power?: Power | undefined;
    verdict?: "pass" | "fail" | "inconclusive" | undefined;
    decision?: {
      approved: boolean;
      decided_by?: string | undefined;
      reason?: string | undefined;
      at: string;
    } | undefined;
    approval_until?: string | undefined;
    created_at: string;
    completed_at?: string | undefined;
    pipeline_id: string;
    /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
    place_in_queue?: number | undefined;
    success: boolean;
    approved: boolean;
  };
  /** Lists the agent's pipelines, newest first. */
  listPipelines: {
    agent_id: string;
    /** Pipelines on this page, not of all: `continuation` says that there are more. */
    pipelines_found: number;
    pipelines: {
      id: string;
      agent_id: string;
      name: string;
      status: "pending" | "running" | "waiting_for_approval" | "finished" | "failed";
      stage: "dataset" | "training" | "evaluation" | "approval" | "promotion" | "done";
      /** The clock asked for it; then a run that was judged before is `nothing_new`. */
      retraining?: true | undefined;
      outcome?: "promoted" | "gate_failed" | "gate_inconclusive" | "rejected" | "approval_timeout" | "evaluated" | "nothing_new" | "failed" | undefined;
      error?: string | undefined;
      taken_up?: TakenUp | undefined;
      dataset_id?: string | undefined;
      run_id?: string | undefined;
      evaluation_id?: string | undefined;
      deployment_id?: string | undefined;
      /** What the held-out groups can show, known before the training is paid for. */
      power?: Power | undefined;
      verdict?: "pass" | "fail" | "inconclusive" | undefined;
      decision?: {
        approved: boolean;
        decided_by?: string | undefined;
        reason?: string | undefined;
        at: string;
      } | undefined;
      approval_until?: string | undefined;
      created_at: string;
      completed_at?: string | undefined;
      pipeline_id: string;
      /** It waits for other work of its agent to end, and is begun as the so-manieth from now: 1 is next. Absent once it was begun. */
      place_in_queue?: number | undefined;
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Shows what redaction looks for beyond its rule pack, for an agent or for every agent. */
  getRedactionRules: {
    agent_id: string;
    every_agent: boolean;
    /** 0: nothing was ever set. */
    version: number;
    rules: RedactionRule[];
    /** Kinds of personal data of which the same value gets the same token. */
    pseudonyms: ("email" | "phone" | "iban")[];
    changed_at?: string | undefined;
    changed_by?: string | undefined;
    /** The redaction that holds for the agent, as its episodes name it: `2026.12+app-1+custom-3`. */
    redaction_version: string;
  };
  /** Sets what redaction looks for beyond its rule pack, and what gets pseudonyms. */
  setRedactionRules: {
    agent_id: string;
    every_agent: boolean;
    /** 0: nothing was ever set. */
    version: number;
    rules: RedactionRule[];
    /** Kinds of personal data of which the same value gets the same token. */
    pseudonyms: ("email" | "phone" | "iban")[];
    changed_at?: string | undefined;
    changed_by?: string | undefined;
    /** The re-scan that was started; where the rules stood already, the one by them. */
    rescan_id?: string | undefined;
    /** False: the same stood there already. */
    changed: boolean;
    /** The redaction that holds for the agent, as its episodes name it: `2026.12+app-1+custom-3`. */
    redaction_version: string;
  };
  /** Shows what redaction would find in a text or a value, also by rules that are not set yet. */
  testRedaction: {
    agent_id: string;
    /** The redaction that holds for the agent, as its episodes name it: `2026.12+app-1+custom-3`. */
    redaction_version: string;
    found: number;
    /** How often each kind was found. */
    counts: {
      [name: string]: number;
    };
    /** Each with its place, at most 200; never a value. */
    findings: {
      kind: string;
      /** The owner's rules that look for this kind; absent: the rule pack. */
      rules?: string[] | undefined;
      /** Where, as a JSON pointer; "" is the value itself. */
      path: string;
      /** In UTF-16 units of the string there. */
      start?: number | undefined;
      end?: number | undefined;
    }[];
    /** Findings beyond those. */
    more: number;
    /** What would be stored. */
    redacted: Json;
    /** False: LIGHTNING_REDACT_SECRETS is off, and what comes in is stored as it is. */
    applied: boolean;
  };
  /** Holds what is stored of an agent to its redaction rules of today: episodes and rewards are changed, datasets named. */
  rescanEpisodes: {
    id: string;
    agent_id: string;
    status: "pending" | "running" | "finished" | "cancelled" | "failed";
    error?: string | undefined;
    error_code?: string | undefined;
    /** The redaction that everything is held to. */
    redaction_version: string;
    requested_by?: string | undefined;
    taken_up?: TakenUp | undefined;
    cancel_requested?: boolean | undefined;
    /** What it is looking through. */
    scanning: "episodes" | "parts" | "rewards" | "waiting_rewards" | "answers" | "datasets";
    tallies: {
      [name: string]: {
        /** How many there were when it began. */
        of: number;
        /** How many it has looked at. */
        read: number;
        /** In how many something was found and replaced; of datasets: in how many it was found. */
        changed: number;
        /** How many could not be looked at or written. */
        failed: number;
      };
    };
    /** What was found, by kind. */
    counts: {
      [name: string]: number;
    };
    /** The first that could not be looked at, and why. */
    failures: string[];
    /** Datasets whose files hold what is found now; the first hundred. */
    stale_datasets: string[];
    created_at: string;
    completed_at?: string | undefined;
    rescan_id: string;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Lists an agent's re-scans, newest first. */
  listRescans: {
    agent_id: string;
    /** Re-scans on this page, not of all: `continuation` says that there are more. */
    rescans_found: number;
    rescans: {
      id: string;
      agent_id: string;
      status: "pending" | "running" | "finished" | "cancelled" | "failed";
      error?: string | undefined;
      error_code?: string | undefined;
      /** The redaction that everything is held to. */
      redaction_version: string;
      requested_by?: string | undefined;
      taken_up?: TakenUp | undefined;
      cancel_requested?: boolean | undefined;
      /** What it is looking through. */
      scanning: "episodes" | "parts" | "rewards" | "waiting_rewards" | "answers" | "datasets";
      tallies: {
        [name: string]: {
          /** How many there were when it began. */
          of: number;
          /** How many it has looked at. */
          read: number;
          /** In how many something was found and replaced; of datasets: in how many it was found. */
          changed: number;
          /** How many could not be looked at or written. */
          failed: number;
        };
      };
      /** What was found, by kind. */
      counts: {
        [name: string]: number;
      };
      /** The first that could not be looked at, and why. */
      failures: string[];
      /** Datasets whose files hold what is found now; the first hundred. */
      stale_datasets: string[];
      created_at: string;
      completed_at?: string | undefined;
      rescan_id: string;
      urls?: {
        [name: string]: string;
      } | undefined;
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Shows how far a re-scan has come and what it found. */
  getRescan: {
    id: string;
    agent_id: string;
    status: "pending" | "running" | "finished" | "cancelled" | "failed";
    error?: string | undefined;
    error_code?: string | undefined;
    /** The redaction that everything is held to. */
    redaction_version: string;
    requested_by?: string | undefined;
    taken_up?: TakenUp | undefined;
    cancel_requested?: boolean | undefined;
    /** What it is looking through. */
    scanning: "episodes" | "parts" | "rewards" | "waiting_rewards" | "answers" | "datasets";
    tallies: {
      [name: string]: {
        /** How many there were when it began. */
        of: number;
        /** How many it has looked at. */
        read: number;
        /** In how many something was found and replaced; of datasets: in how many it was found. */
        changed: number;
        /** How many could not be looked at or written. */
        failed: number;
      };
    };
    /** What was found, by kind. */
    counts: {
      [name: string]: number;
    };
    /** The first that could not be looked at, and why. */
    failures: string[];
    /** Datasets whose files hold what is found now; the first hundred. */
    stale_datasets: string[];
    created_at: string;
    completed_at?: string | undefined;
    rescan_id: string;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Asks for the end of a re-scan; what it has changed stays. */
  cancelRescan: {
    id: string;
    agent_id: string;
    status: "pending" | "running" | "finished" | "cancelled" | "failed";
    error?: string | undefined;
    error_code?: string | undefined;
    /** The redaction that everything is held to. */
    redaction_version: string;
    requested_by?: string | undefined;
    taken_up?: TakenUp | undefined;
    cancel_requested?: boolean | undefined;
    /** What it is looking through. */
    scanning: "episodes" | "parts" | "rewards" | "waiting_rewards" | "answers" | "datasets";
    tallies: {
      [name: string]: {
        /** How many there were when it began. */
        of: number;
        /** How many it has looked at. */
        read: number;
        /** In how many something was found and replaced; of datasets: in how many it was found. */
        changed: number;
        /** How many could not be looked at or written. */
        failed: number;
      };
    };
    /** What was found, by kind. */
    counts: {
      [name: string]: number;
    };
    /** The first that could not be looked at, and why. */
    failures: string[];
    /** Datasets whose files hold what is found now; the first hundred. */
    stale_datasets: string[];
    created_at: string;
    completed_at?: string | undefined;
    rescan_id: string;
    urls?: {
      [name: string]: string;
    } | undefined;
  };
  /** Lists the documents that the change feeds could not handle, oldest first, with the reason. */
  listDeadLetters: {
    agent_id: string;
    /** Dead letters on this page, not of all: `continuation` says that there are more. */
    dead_letters_found: number;
    dead_letters: {
      id: string;
      /** Whose feed could not handle it. */
      feed: "episodes" | "rewards";
      document_id: string;
      error: string;
      /** How often it came and failed. */
      attempts: number;
      created_at: string;
      last_at: string;
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
  /** Handles dead letters again, an agent's or those named; what succeeds leaves the list, and what is left is told. */
  retryDeadLetters: {
    /** None failed again. */
    success: boolean;
    agent_id: string;
    handled: number;
    failed: number;
    gone: number;
    /** Dead letters that are there afterwards. */
    left: number;
    /** Of these, how many this call did not get to. */
    not_tried: number;
    results: {
      id: string;
      /** Whose feed could not handle it. */
      feed: "episodes" | "rewards";
      document_id: string;
      /** `gone`: the document was deleted meanwhile, and the letter with it. */
      outcome: "handled" | "failed" | "gone";
      error?: string | undefined;
    }[];
  };
  /** Tells which datasets, training runs and live models saw an episode, and by which line. */
  traceEpisode: {
    agent_id: string;
    episode_id: string;
    episode: {
      id: string;
      missing: true;
    } | {
      id: string;
      created_at: string;
      /** The conversation that it belongs to; a session never stands on two sides of a split. */
      session_id?: string | undefined;
      /** The model or deployment that answered. */
      model_deployment?: string | undefined;
      reward_avg?: number | undefined;
    };
    rewards: {
      id: string;
      missing: true;
    } | {
      /** Hash of what the reward says and of the one it supersedes: the same judgement sent twice is one reward. */
      id: string;
      source: "human_approval" | "eval_score" | "test_result" | "safety_check" | "golden_conversation" | "latency_penalty" | "cost_penalty";
      value: number;
      evaluator?: string | undefined;
      created_at: string;
      /** Takes the superseded judgement back without another in its place: it counts no more. */
      withdrawn?: true | undefined;
      /** False: a later one replaced it, or it was taken back. */
      standing: boolean;
    }[];
    datasets: {
      /** Hash of agent, name, recipe and watermark: known before the content. */
      id: string;
      name: string;
      /** SHA-256 over the sorted hashes of all lines with their sides. */
      content_hash?: string | undefined;
      created_at: string;
      edges: ExampleOrigin[];
      runs: {
        /** Hash of agent, dataset content, base model, method, hyperparameters, seed, tier and attempt: equal requests meet. */
        id: string;
        status: "pending" | "running" | "succeeded" | "failed" | "cancelled";
        tuned_model_name?: string | undefined;
        deployments: {
          id: string;
          deployment_name: string;
          tuned_model: string;
          is_active: boolean;
        }[];
      }[];
    }[];
    live_models: string[];
    manifest?: Manifest | undefined;
  };
  /** Checks that an answer kept with its signed manifest is the one that was given. */
  verifyAnswer: {
    valid: true;
    manifest: Manifest;
  };
  /** Counts an agent's episodes, rewards, datasets, runs and deployments, and says which model serves. */
  getStats: Stats;
  /** Shows how well each model's episodes were judged over time, from the newest judged episodes. */
  getRewardTrend: RewardTrend;
  /** Checks the ledger (a read and a write), the provider, the change feeds and the orchestrations behind what is under way; 503 when the ledger fails. */
  getHealth: Health;
  /** Shows how the work behind a 202 stands, in the status words of the Azure REST guidelines. */
  getOperationStatus: OperationStatus;
  /** Takes every dataset, run, evaluation, deployment and pipeline up again whose orchestration has died, or fails it with the reason; an hourly timer does the same. */
  takeUpRecords: {
    /** Records that had not ended. */
    looked_at: number;
    /** Their orchestration was dead; it was started again under the same instance id. */
    taken_up: {
      type: string;
      agent_id: string;
      id: string;
      because: string;
    }[];
    /** Nobody goes on with them; the reason stands in the record, too. */
    failed: {
      type: string;
      agent_id: string;
      id: string;
      code: string;
      message: string;
    }[];
    /** They had been given up; the job that went on without them has ended since, and they say how by now. */
    settled: {
      type: string;
      agent_id: string;
      id: string;
      status: string;
    }[];
    left: {
      /** Their orchestration is at work. */
      alive: number;
      /** Asked for less than a day ago, begun by nobody yet. */
      not_begun: number;
      /** They wait for other work of their agent to end. */
      queued: number;
      /** They ended or changed hands meanwhile. */
      changed: number;
    };
    /** A fault kept them from their turn; without an id: all further records of the type. */
    not_looked_after: {
      type: string;
      agent_id?: string | undefined;
      id?: string | undefined;
      reason: string;
    }[];
    success: boolean;
  };
  /** Tells who the caller is taken for, and which roles that person has for an agent. */
  whoAmI: {
    agent_id: string;
    /** The signed-in person as records name it; null: nobody known. */
    principal: string | null;
    /** The person's name alone. */
    name?: string | undefined;
    /** Object id in Microsoft Entra ID, which tells persons apart. */
    object_id?: string | undefined;
    identity: "local" | "key" | "person";
    /** As granted. */
    roles: string[];
    /** Every role held for this agent. */
    may: ("reader" | "labeller" | "builder" | "trainer" | "releaser" | "owner")[];
  };
  /** Lists who changed what of an agent, and who was refused, newest first. */
  listAudit: {
    agent_id: string;
    /** Records on this page, not of all: `continuation` says that there are more. */
    audit_found: number;
    audit: {
      id: string;
      type: "audit";
      agent_id: string;
      created_at: string;
      /** The signed-in person or application; absent: nobody known. */
      who?: string | undefined;
      /** Their object id: a name may be changed, or be that of two. Absent on records of earlier versions. */
      who_id?: string | undefined;
      identity: "local" | "key" | "person";
      roles: string[];
      door: "rest" | "mcp" | "sdk";
      operation: string;
      effect: "write" | "destroy";
      outcome: "done" | "failed" | "refused";
      /** The HTTP status of the answer. */
      status?: number | undefined;
      /** The error's code. */
      code?: string | undefined;
      /** How many agents a refused call named, where it was more than one. */
      agents_named?: number | undefined;
      /** Ids the call named or made: `run_id`, `dataset_id`, … */
      ids: {
        [name: string]: string;
      };
      /** Names the body gave (`promoted_by`, …), vouched for by nobody. */
      claimed?: {
        [name: string]: string;
      } | undefined;
      reason?: string | undefined;
      writes: AuditWrite[];
      writes_count: number;
    }[];
    /** There are more: asked with this, the next page is answered. Absent on the last page. */
    continuation?: string | undefined;
  };
}
