import { matching, name, number, oneOf, setting, url, whole } from "./setting.ts";

/** Where episodes and all that comes of them are kept, and for how long. */
export const LEDGER_SETTINGS = {
  // Cosmos DB
  cosmosAccountUri: setting({
    env: "COSMOS_ACCOUNT_URI",
    parse: url,
    meaning: "Cosmos DB endpoint; absent on a laptop means the embedded ledger",
  }),
  cosmosDatabaseName: setting({
    env: "COSMOS_DATABASE_NAME",
    parse: name,
    default: "agent_rl",
    meaning: "Database name",
  }),
  cosmosAuthMode: setting({
    env: "COSMOS_AUTH_MODE",
    parse: oneOf("aad", "key"),
    default: "aad",
    meaning: "aad or key",
  }),
  cosmosAccountKey: setting({
    env: "COSMOS_ACCOUNT_KEY",
    parse: matching(/^[A-Za-z0-9+/]+={0,2}$/, "must be an account key, in Base64"),
    meaning: "Account key, only with COSMOS_AUTH_MODE=key",
    secret: true,
  }),
  containerEpisodes: setting({
    env: "COSMOS_CONTAINER_EPISODES",
    parse: name,
    default: "rl_episodes",
    meaning: "Container of episodes",
  }),
  containerRewards: setting({
    env: "COSMOS_CONTAINER_REWARDS",
    parse: name,
    default: "rl_rewards",
    meaning: "Container of rewards",
  }),
  containerDatasets: setting({
    env: "COSMOS_CONTAINER_DATASETS",
    parse: name,
    default: "rl_datasets",
    meaning: "Container of dataset manifests",
  }),
  containerRuns: setting({
    env: "COSMOS_CONTAINER_RUNS",
    parse: name,
    default: "rl_training_runs",
    meaning: "Container of training runs",
  }),
  containerDeployments: setting({
    env: "COSMOS_CONTAINER_DEPLOYMENTS",
    parse: name,
    default: "rl_deployments",
    meaning: "Container of deployments and the pointer to the active one",
  }),
  partitionKeyField: setting({
    env: "COSMOS_PARTITION_KEY_FIELD",
    parse: name,
    default: "agent_id",
    meaning: "First partition key field",
  }),
  ledgerTimeoutSeconds: setting({
    env: "LIGHTNING_LEDGER_TIMEOUT_SECONDS",
    parse: number(0.1, 600),
    default: "30",
    meaning: "Seconds that an operation on Cosmos DB may take, with all its retries",
  }),
  episodesTtlDays: setting({
    env: "LIGHTNING_EPISODES_TTL_DAYS",
    parse: whole(1, 24_000),
    meaning: "Days after it was recorded that an episode is deleted; absent means never",
  }),
  rewardsTtlDays: setting({
    env: "LIGHTNING_REWARDS_TTL_DAYS",
    parse: whole(1, 24_000),
    meaning: "Days until a reward is deleted, no fewer than an episode's; absent means never",
  }),
  deadLettersTtlDays: setting({
    env: "LIGHTNING_DEAD_LETTERS_TTL_DAYS",
    parse: whole(1, 24_000),
    meaning: "Days until a dead letter that is not tried again is deleted; absent means never",
  }),
} as const;
