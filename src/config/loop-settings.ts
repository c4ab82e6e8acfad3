import { ncrontab } from "./ncrontab.ts";
import { file, folder } from "./places.ts";
import {
  connectionString,
  flag,
  headerValue,
  matching,
  name,
  number,
  oneOf,
  scope,
  setting,
  text,
  url,
  whole,
} from "./setting.ts";

/** Of `LIGHTNING_SPLIT_KEY`. */
export const DEFAULT_SPLIT_KEY = "agent-lightning";

/** What the loop does, from capture to retraining. */
export const LOOP_SETTINGS = {
  // Dataset files
  dataDir: setting({
    env: "LIGHTNING_DATA_DIR",
    parse: folder,
    meaning: "Output directory for dataset files; absent: the folder `datasets` in LIGHTNING_HOME",
  }),
  filesUri: setting({
    env: "LIGHTNING_FILES_URI",
    parse: url,
    meaning:
      "Blob endpoint for dataset files, https://<account>.blob.core.windows.net; absent means the folder LIGHTNING_DATA_DIR",
  }),
  filesContainer: setting({
    env: "LIGHTNING_FILES_CONTAINER",
    parse: matching(
      /^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/,
      "must be 3 to 63 lower-case letters, digits or -",
    ),
    default: "lightning-datasets",
    meaning: "Blob container for dataset files",
  }),
  filesTimeoutSeconds: setting({
    env: "LIGHTNING_FILES_TIMEOUT_SECONDS",
    parse: number(0.1, 600),
    default: "60",
    meaning:
      "Seconds that Blob Storage may take for an answer, with all retries, or for the next piece of a file",
  }),
  mostPartMb: setting({
    env: "LIGHTNING_MOST_PART_MB",
    parse: whole(1, 22),
    default: "16",
    meaning: "Megabytes (MiB) that one part of an episode (a picture, a sound, a file, a long text) may have",
  }),
  filesConnectionString: setting({
    env: "LIGHTNING_FILES_CONNECTION_STRING",
    parse: connectionString,
    meaning: "Storage connection string instead of an identity, for Azurite",
    secret: true,
  }),
  // Rewards
  evalThreshold: setting({
    env: "LIGHTNING_EVAL_THRESHOLD",
    parse: number(0, 1),
    default: "0.7",
    meaning: "An evaluation score below this is a negative reward",
  }),
  latencyThresholdMs: setting({
    env: "LIGHTNING_LATENCY_THRESHOLD_MS",
    parse: number(0, 86_400_000),
    default: "10000",
    meaning: "Latency above this is a penalty",
  }),
  latencyPenalty: setting({
    env: "LIGHTNING_LATENCY_PENALTY",
    parse: number(-1, 0),
    default: "-0.1",
    meaning: "Penalty for high latency",
  }),
  costThresholdUsd: setting({
    env: "LIGHTNING_COST_THRESHOLD_USD",
    parse: number(0, 10_000),
    meaning: "Cost of one episode above this is a penalty; absent means no cost penalty",
  }),
  costPenalty: setting({
    env: "LIGHTNING_COST_PENALTY",
    parse: number(-1, 0),
    default: "-0.1",
    meaning: "Penalty for high cost",
  }),
  rewardWaitDays: setting({
    env: "LIGHTNING_REWARD_WAIT_DAYS",
    parse: whole(1, 365),
    default: "7",
    meaning: "Days for which a reward that came before its episode waits for it",
  }),
  waitingRewardsMost: setting({
    env: "LIGHTNING_WAITING_REWARDS_MOST",
    parse: whole(0, 1_000_000),
    default: "10000",
    meaning: "Most rewards of one agent that wait for their episodes; 0: none waits",
  }),
  waitingRewardsMb: setting({
    env: "LIGHTNING_WAITING_REWARDS_MB",
    parse: whole(1, 10_000),
    default: "64",
    meaning: "Most that the waiting rewards of one agent may come to, in MB",
  }),
  // Datasets
  minReward: setting({
    env: "LIGHTNING_MIN_REWARD",
    parse: number(-1, 1),
    default: "0.0",
    meaning: "Least average reward for an episode to enter a dataset",
  }),
  trainSplit: setting({
    env: "LIGHTNING_TRAIN_SPLIT",
    parse: number(0.01, 1),
    default: "0.8",
    meaning: "Share of groups on the training side",
  }),
  maxExamples: setting({
    env: "LIGHTNING_MAX_EXAMPLES",
    parse: whole(1, 10_000_000),
    default: "10000",
    meaning: "Most examples in a dataset; the best rewarded are kept",
  }),
  // Six of ten slots: on two or three threads no wave ends with one of them idle, as it would with five.
  shardsAtOnce: setting({
    env: "LIGHTNING_SHARDS_AT_ONCE",
    parse: whole(1, 100),
    default: "6",
    meaning:
      "Parts of a dataset built side by side; fewer than host.json's maxConcurrentActivityFunctions (10), since Durable Functions runs activities in the order in which they were asked for, whoever asked",
  }),
  includeTools: setting({
    env: "LIGHTNING_INCLUDE_TOOLS",
    parse: flag,
    default: "true",
    meaning: "Keep tools and tool calls in dataset lines",
  }),
  splitKey: setting({
    env: "LIGHTNING_SPLIT_KEY",
    parse: text(1000),
    default: DEFAULT_SPLIT_KEY,
    meaning: "Key of the hash that puts a group on one side of a split",
    secret: true,
  }),
  // Training
  epochs: setting({
    env: "LIGHTNING_EPOCHS",
    parse: whole(1, 50),
    default: "3",
    meaning: "Training epochs",
  }),
  learningRateMultiplier: setting({
    env: "LIGHTNING_LR_MULTIPLIER",
    parse: number(0.0001, 10),
    default: "1.0",
    meaning: "Learning rate multiplier",
  }),
  modelSuffix: setting({
    env: "LIGHTNING_MODEL_SUFFIX",
    parse: matching(/^[A-Za-z0-9_-]{1,40}$/, "must be at most 40 letters, digits, - or _"),
    meaning: "Suffix for the tuned model's name",
  }),
  pollIntervalSeconds: setting({
    env: "LIGHTNING_POLL_INTERVAL",
    parse: number(0.1, 3_600),
    default: "30",
    meaning:
      "Seconds between looks at a training job; grows to 5 minutes (at most 1 with the local provider)",
  }),
  openaiEndpoint: setting({
    env: "AZURE_OPENAI_ENDPOINT",
    parse: url,
    meaning: "Azure OpenAI endpoint; absent on a laptop means the local provider",
  }),
  foundryProjectEndpoint: setting({
    env: "FOUNDRY_PROJECT_ENDPOINT",
    parse: url,
    meaning: "Foundry project endpoint, used when AZURE_OPENAI_ENDPOINT is absent",
  }),
  openaiApiKey: setting({
    env: "AZURE_OPENAI_API_KEY",
    parse: headerValue,
    meaning: "Key for the provider; absent means a Microsoft Entra token for each request",
    secret: true,
  }),
  providerTimeoutSeconds: setting({
    env: "LIGHTNING_PROVIDER_TIMEOUT_SECONDS",
    parse: number(0.1, 600),
    default: "60",
    meaning:
      "Seconds that the provider may take for an answer, with all retries; a chat may take three times, an upload ten times as long",
  }),
  providerPort: setting({
    env: "LIGHTNING_PROVIDER_PORT",
    parse: whole(0, 65_535),
    default: "0",
    meaning: "Loopback port of the local provider; 0 for any free one",
  }),
  openaiAudience: setting({
    env: "AZURE_OPENAI_AUDIENCE",
    parse: scope,
    default: "https://ai.azure.com/.default",
    meaning: "Scope of the Entra token",
  }),
  trainingType: setting({
    env: "LIGHTNING_TRAINING_TYPE",
    parse: matching(/^[A-Za-z]{1,40}$/),
    default: "GlobalStandard",
    meaning: "Training tier on Azure: Standard, GlobalStandard, DeveloperTier or DatazoneStandard",
  }),
  // Callable deployments (Azure Resource Manager)
  azureSubscriptionId: setting({
    env: "AZURE_SUBSCRIPTION_ID",
    parse: name,
    meaning:
      "Subscription of the Azure OpenAI account; with the two below promotion makes callable deployments, absent means that a model is called by its own name or by a deployment_name given",
  }),
  azureResourceGroup: setting({
    env: "AZURE_RESOURCE_GROUP",
    parse: matching(/^[\w.()-]{1,90}$/, "must be the name of a resource group"),
    meaning: "Resource group of the Azure OpenAI account",
  }),
  openaiAccount: setting({
    env: "AZURE_OPENAI_ACCOUNT",
    parse: name,
    meaning: "Name of the Azure OpenAI account whose deployments are made and removed",
  }),
  armEndpoint: setting({
    env: "AZURE_RESOURCE_MANAGER_ENDPOINT",
    parse: url,
    default: "https://management.azure.com",
    meaning: "Azure Resource Manager; another one for national clouds and tests",
  }),
  armAudience: setting({
    env: "AZURE_RESOURCE_MANAGER_AUDIENCE",
    parse: scope,
    default: "https://management.azure.com/.default",
    meaning: "Scope of the Entra token for Azure Resource Manager",
  }),
  armTimeoutSeconds: setting({
    env: "LIGHTNING_ARM_TIMEOUT_SECONDS",
    parse: number(0.1, 600),
    default: "60",
    meaning: "Seconds that Azure Resource Manager may take for an answer",
  }),
  deploymentSku: setting({
    env: "LIGHTNING_DEPLOYMENT_SKU",
    parse: matching(/^[A-Za-z]{1,40}$/),
    default: "GlobalStandard",
    meaning:
      "Kind of deployment for a promoted model: Standard, GlobalStandard, DataZoneStandard, DeveloperTier",
  }),
  deploymentCapacity: setting({
    env: "LIGHTNING_DEPLOYMENT_CAPACITY",
    parse: whole(1, 100_000),
    default: "50",
    meaning: "Capacity of a deployment in thousands of tokens a minute; below 50 an evaluation crawls",
  }),
  cleanUpAfterDays: setting({
    env: "LIGHTNING_CLEAN_UP_AFTER_DAYS",
    parse: whole(1, 3_650),
    meaning:
      "Age at which the daily timer removes leftover files, failed jobs and unused deployments at the provider; absent means only when asked",
  }),
  removeCandidatesAfterHours: setting({
    env: "LIGHTNING_REMOVE_CANDIDATES_AFTER_HOURS",
    parse: whole(1, 8_760),
    default: "24",
    meaning:
      "Hours after a verdict other than pass until the deployment that its evaluation made is removed; the model stays",
  }),
  keepAnswersDays: setting({
    env: "LIGHTNING_KEEP_ANSWERS_DAYS",
    parse: whole(1, 3_650),
    default: "90",
    meaning: "Days for which what models answered to held-out examples is cached for later evaluations",
  }),
  // Reference agent
  agentMcpServers: setting({
    env: "LIGHTNING_AGENT_MCP_SERVERS",
    parse: file,
    meaning: "JSON file of the MCP servers whose tools the reference agent may call; absent means none",
  }),
  agentToolTimeoutSeconds: setting({
    env: "LIGHTNING_AGENT_TOOL_TIMEOUT_SECONDS",
    parse: number(0.1, 3_600),
    default: "60",
    meaning:
      "Seconds that an MCP server of the reference agent may take to connect, or a tool of it to answer",
  }),
  // Automation
  retrainCron: setting({
    env: "LIGHTNING_RETRAIN_CRON",
    parse: ncrontab,
    meaning: "NCRONTAB schedule of retraining; empty means off",
  }),
  retrainMinEpisodes: setting({
    env: "LIGHTNING_RETRAIN_MIN_EPISODES",
    parse: whole(1, 1_000_000),
    default: "50",
    meaning: "New rewarded episodes an agent needs before it is retrained",
  }),
  retrainMetric: setting({
    env: "LIGHTNING_RETRAIN_METRIC",
    parse: oneOf("auto", "tool_call", "tool_names", "exact"),
    default: "auto",
    meaning:
      "When an answer is right for the retraining's verdict: auto, tool_call, tool_names or exact, as in an evaluation",
  }),
  // Fairness between agents
  atWorkPerAgent: setting({
    env: "LIGHTNING_AT_WORK_PER_AGENT",
    parse: whole(0, 1_000),
    default: "2",
    meaning:
      "Pipelines and trainings of one agent that are worked on at a time, and as many builds and evaluations beside them; the others wait in the ledger in their order, so that no agent fills the durable engine's queue, which is first in, first out. 0: all at once",
  }),
  waitingPerAgent: setting({
    env: "LIGHTNING_WAITING_PER_AGENT",
    parse: whole(0, 10_000),
    default: "1000",
    meaning:
      "Most of these that may wait for one agent; more are refused (429 too_many_waiting). 0: no limit",
  }),
  gatePolicy: setting({
    env: "LIGHTNING_GATE_POLICY",
    parse: oneOf("warn", "require"),
    default: "warn",
    meaning: "What a direct promotion without a passing evaluation does; pipelines always require one",
  }),
} as const;
