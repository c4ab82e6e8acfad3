import type { Settings } from "../config/settings.ts";

/** The type of a field that may be filtered or ordered by. Cosmos compares typed; so does every adapter. */
export type FieldType = "string" | "number" | "boolean" | "strings";

export interface FieldDefinition {
  readonly type: FieldType;
  /** In every document: only such fields may order a query. */
  readonly always?: boolean;
  /** Worth an index. */
  readonly indexed?: boolean;
}

export interface ContainerDefinition {
  /** Partition key paths without the slash; two make the key hierarchical and rule out batches. */
  readonly partitionKey: readonly [string, ...string[]];
  /** The closed registry: field names come from here, never from a request. Top-level names only. */
  readonly fields: Readonly<Record<string, FieldDefinition>>;
  /** Whether documents may expire one by one. */
  readonly ttl: boolean;
}

const always = (type: FieldType, indexed = false): FieldDefinition => ({ type, always: true, indexed });
const sometimes = (type: FieldType, indexed = false): FieldDefinition => ({ type, indexed });

/** Every container of the ledger. `created_at` is RFC 3339 UTC of fixed width everywhere: string order is time order. */
export const CONTAINERS = {
  episodes: {
    partitionKey: ["agent_id", "id"],
    ttl: true,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      recorded_at: always("string", true),
      session_id: sometimes("string", true),
      correlation_id: sometimes("string", true),
      response_id: sometimes("string", true),
      trace_id: sometimes("string", true),
      span_id: sometimes("string", true),
      ending: sometimes("string", true),
      error_by: sometimes("string", true),
      model_deployment: sometimes("string"),
      tool_names: sometimes("strings"),
      /** Hashes of its parts in files: which episodes hold one is asked before it is removed. */
      parts: sometimes("strings"),
      reward_sources: sometimes("strings"),
      reward_count: sometimes("number"),
      reward_avg: sometimes("number", true),
      reward_vetoed: sometimes("boolean"),
      rewards_at: sometimes("string"),
      /** A random number that an episode is drawn by; those of earlier versions get theirs when reviewers ask. */
      sample_key: sometimes("number", true),
    },
  },
  rewards: {
    partitionKey: ["agent_id", "episode_id"],
    ttl: true,
    fields: {
      agent_id: always("string"),
      episode_id: always("string", true),
      created_at: always("string", true),
      source: always("string"),
      evaluator: sometimes("string"),
      value: always("number"),
      /** True where it says what the agent should have done. */
      corrected: sometimes("boolean", true),
    },
  },
  /** Judgements that came before their episode, and what became of them. */
  waitingRewards: {
    partitionKey: ["agent_id"],
    ttl: true,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      state: always("string", true),
      /** The name of the episode that it waits for: `response_id chatcmpl-…`. */
      awaits: always("string", true),
      bytes: always("number"),
    },
  },
  datasets: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      name: sometimes("string"),
      status: sometimes("string"),
      content_hash: sometimes("string", true),
      type: always("string"),
    },
  },
  runs: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      status: sometimes("string"),
      state: sometimes("string"),
      dataset_id: sometimes("string"),
      run_id: sometimes("string", true),
      type: always("string"),
    },
  },
  evaluations: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      status: sometimes("string"),
      run_id: sometimes("string", true),
      dataset_id: sometimes("string"),
      type: always("string"),
    },
  },
  deployments: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      /** `deployment`, `pointer` or `event`. */
      type: always("string", true),
      training_run_id: sometimes("string"),
    },
  },
  pipelines: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      status: sometimes("string", true),
      type: always("string"),
    },
  },
  /** What reviewers have in hand and have done, one partition an agent, so that a change of both is one batch. */
  reviews: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      /** `review_item`, `reviewer` or `review_rules`. */
      type: always("string", true),
      status: sometimes("string"),
      /** When the last of an item's leases ends. */
      leased_until: sometimes("string", true),
      corrected: sometimes("boolean"),
    },
  },
  deadLetters: {
    partitionKey: ["agent_id"],
    ttl: true,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      feed: always("string"),
    },
  },
  /** Who changed what, and when: never changed once its call is over. */
  audit: {
    partitionKey: ["agent_id"],
    ttl: true,
    fields: {
      agent_id: always("string"),
      created_at: always("string", true),
      operation: always("string", true),
      outcome: always("string"),
      who: sometimes("string", true),
      who_id: sometimes("string", true),
    },
  },
  /** Which episodes and rewards each line of a dataset came from: pages of some 500 lines, in the lines' order. */
  lineage: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: { agent_id: always("string"), created_at: always("string") },
  },
  /** What was asked under an idempotency key, and what was answered. */
  requests: {
    partitionKey: ["agent_id"],
    ttl: true,
    fields: { agent_id: always("string"), created_at: always("string"), type: always("string") },
  },
  /** Watermarks of the feeds and other small state of the loop itself; `agent_id` is the name of its owner. */
  leases: {
    partitionKey: ["agent_id"],
    ttl: false,
    fields: { agent_id: always("string"), created_at: always("string") },
  },
} as const satisfies Record<string, ContainerDefinition>;

export type ContainerKey = keyof typeof CONTAINERS;
export const CONTAINER_KEYS = Object.keys(CONTAINERS) as ContainerKey[];

type ContainerSettings = Pick<
  Settings,
  "containerEpisodes" | "containerRewards" | "containerDatasets" | "containerRuns" | "containerDeployments"
>;

/** The name of each container in the database, with the design's overrides. */
export function containerNames(settings: ContainerSettings): Record<ContainerKey, string> {
  return {
    episodes: settings.containerEpisodes,
    rewards: settings.containerRewards,
    waitingRewards: "rl_waiting_rewards",
    datasets: settings.containerDatasets,
    runs: settings.containerRuns,
    evaluations: "rl_evaluations",
    deployments: settings.containerDeployments,
    pipelines: "rl_pipelines",
    reviews: "rl_reviews",
    deadLetters: "rl_dead_letters",
    audit: "rl_audit",
    lineage: "rl_lineage",
    requests: "rl_requests",
    leases: "rl_leases",
  };
}

/** Prefixes under which the change-feed triggers keep their leases: one for each function, also on one container. */
export const LEASE_PREFIXES = { episodes: "scoreEpisodes-", rewards: "aggregateRewards-" } as const;
