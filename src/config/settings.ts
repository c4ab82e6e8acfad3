import { homedir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { LightningError } from "../kernel/errors.ts";
import { ROLES } from "../kernel/operation.ts";

/**
 * Every setting, with its default and meaning. This file is the only reader of `process.env`; the settings table of
 * the README and `.env.example` are checked against it by a test.
 */
/** Of `LIGHTNING_SPLIT_KEY`. */
export const DEFAULT_SPLIT_KEY = "agent-lightning";

const flag = z
  .enum(["true", "false", "1", "0", "yes", "no", "on", "off"])
  .transform((text) => ["true", "1", "yes", "on"].includes(text));
const number = (least: number, most: number) =>
  z
    .string()
    .trim()
    .refine((text) => text !== "" && Number.isFinite(Number(text)), "must be a number")
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be from ${least} to ${most}`);
const whole = (least: number, most: number) =>
  number(least, most).refine((n) => Number.isInteger(n), "must be a whole number");
const url = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "must be an http or https URL",
  );
const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/,
    "must be letters, digits, - or _, starting with a letter or digit",
  );

const GROUP_GRANT = `\\s*[^=,\\s]+\\s*=\\s*(?:${ROLES.join("|")})(?::[A-Za-z0-9][A-Za-z0-9._-]*)?\\s*`;

interface Setting<T extends z.ZodType> {
  readonly env: string;
  readonly schema: T;
  /** Text as it would stand in the environment; undefined: not set. */
  readonly default?: string;
  readonly meaning: string;
  readonly secret?: boolean;
}
const setting = <T extends z.ZodType, const S extends Setting<T>>(row: S & { schema: T }): S => row;

/** The settings table; the key is the name in code, `env` the name in the environment. */
export const SETTINGS = {
  // Cosmos DB
  cosmosAccountUri: setting({
    env: "COSMOS_ACCOUNT_URI",
    schema: url,
    meaning: "Cosmos DB endpoint; absent on a laptop means the embedded ledger",
  }),
  cosmosDatabaseName: setting({
    env: "COSMOS_DATABASE_NAME",
    schema: name,
    default: "agent_rl",
    meaning: "Database name",
  }),
  cosmosAuthMode: setting({
    env: "COSMOS_AUTH_MODE",
    schema: z.enum(["aad", "key"]),
    default: "aad",
    meaning: "aad or key",
  }),
  cosmosAccountKey: setting({
    env: "COSMOS_ACCOUNT_KEY",
    schema: z.string().min(1),
    meaning: "Account key, only with COSMOS_AUTH_MODE=key",
    secret: true,
  }),
  containerEpisodes: setting({
    env: "COSMOS_CONTAINER_EPISODES",
    schema: name,
    default: "rl_episodes",
    meaning: "Container of episodes",
  }),
  containerRewards: setting({
    env: "COSMOS_CONTAINER_REWARDS",
    schema: name,
    default: "rl_rewards",
    meaning: "Container of rewards",
  }),
  containerDatasets: setting({
    env: "COSMOS_CONTAINER_DATASETS",
    schema: name,
    default: "rl_datasets",
    meaning: "Container of dataset manifests",
  }),
  containerRuns: setting({
    env: "COSMOS_CONTAINER_RUNS",
    schema: name,
    default: "rl_training_runs",
    meaning: "Container of training runs",
  }),
  containerDeployments: setting({
    env: "COSMOS_CONTAINER_DEPLOYMENTS",
    schema: name,
    default: "rl_deployments",
    meaning: "Container of deployments and the pointer to the active one",
  }),
  partitionKeyField: setting({
    env: "COSMOS_PARTITION_KEY_FIELD",
    schema: name,
    default: "agent_id",
    meaning: "First partition key field",
  }),
  episodesTtlDays: setting({
    env: "LIGHTNING_EPISODES_TTL_DAYS",
    schema: whole(1, 24_000),
    meaning: "Days from its last change until an episode is deleted; absent means never",
  }),
  rewardsTtlDays: setting({
    env: "LIGHTNING_REWARDS_TTL_DAYS",
    schema: whole(1, 24_000),
    meaning: "Days until a reward is deleted; absent means never",
  }),
  deadLettersTtlDays: setting({
    env: "LIGHTNING_DEAD_LETTERS_TTL_DAYS",
    schema: whole(1, 24_000),
    meaning: "Days until a dead letter that is not tried again is deleted; absent means never",
  }),
  cacheTtlSeconds: setting({
    env: "LIGHTNING_CACHE_TTL",
    schema: number(0, 86_400),
    default: "60",
    meaning: "Seconds an active model is remembered before the ledger is asked again",
  }),
  // Capture and selection
  enableCapture: setting({
    env: "ENABLE_LIGHTNING_CAPTURE",
    schema: flag,
    default: "false",
    meaning: "Enable episode capture",
  }),
  useTunedModel: setting({
    env: "USE_TUNED_MODEL",
    schema: flag,
    default: "false",
    meaning: "Use the tuned model if there is one",
  }),
  tunedModelDeploymentName: setting({
    env: "TUNED_MODEL_DEPLOYMENT_NAME",
    schema: z.string().min(1).max(256),
    meaning: "Tuned model to fall back to when the registry has none",
  }),
  baseModelDeployment: setting({
    env: "FOUNDRY_MODEL_DEPLOYMENT_NAME",
    schema: z.string().min(1).max(256),
    meaning: "Base model that answers when no tuned model is selected; absent means LIGHTNING_BASE_MODEL",
  }),
  agentId: setting({
    env: "LIGHTNING_AGENT_ID",
    schema: name,
    default: "mcp-agents",
    meaning: "Agent identifier, the default of agent_id on every door",
  }),
  dataDir: setting({
    env: "LIGHTNING_DATA_DIR",
    schema: z.string().min(1),
    default: "./data/finetune",
    meaning: "Output directory for dataset files",
  }),
  filesUri: setting({
    env: "LIGHTNING_FILES_URI",
    schema: url,
    meaning:
      "Blob endpoint for dataset files, https://<account>.blob.core.windows.net; absent means the folder LIGHTNING_DATA_DIR",
  }),
  filesContainer: setting({
    env: "LIGHTNING_FILES_CONTAINER",
    schema: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62}$/, "must be 3 to 63 lower-case letters, digits or -"),
    default: "lightning-datasets",
    meaning: "Blob container for dataset files",
  }),
  filesConnectionString: setting({
    env: "LIGHTNING_FILES_CONNECTION_STRING",
    schema: z.string().min(1),
    meaning: "Storage connection string instead of an identity, for Azurite",
    secret: true,
  }),
  home: setting({
    env: "LIGHTNING_HOME",
    schema: z.string().min(1),
    default: "./.lightning",
    meaning: "Folder of the embedded ledger, the durable store, keys and spill files",
  }),
  maxOutputLength: setting({
    env: "LIGHTNING_MAX_OUTPUT_LENGTH",
    schema: whole(100, 1_000_000),
    default: "10000",
    meaning: "Characters of a tool result that are kept; what is cut is counted on the episode",
  }),
  redactSecrets: setting({
    env: "LIGHTNING_REDACT_SECRETS",
    schema: flag,
    default: "true",
    meaning: "Redact secrets and personal data before an episode is stored",
  }),
  // Rewards
  evalThreshold: setting({
    env: "LIGHTNING_EVAL_THRESHOLD",
    schema: number(0, 1),
    default: "0.7",
    meaning: "An evaluation score below this is a negative reward",
  }),
  latencyThresholdMs: setting({
    env: "LIGHTNING_LATENCY_THRESHOLD_MS",
    schema: number(0, 86_400_000),
    default: "10000",
    meaning: "Latency above this is a penalty",
  }),
  latencyPenalty: setting({
    env: "LIGHTNING_LATENCY_PENALTY",
    schema: number(-1, 0),
    default: "-0.1",
    meaning: "Penalty for high latency",
  }),
  costThresholdUsd: setting({
    env: "LIGHTNING_COST_THRESHOLD_USD",
    schema: number(0, 10_000),
    meaning: "Cost of one episode above this is a penalty; absent means no cost penalty",
  }),
  costPenalty: setting({
    env: "LIGHTNING_COST_PENALTY",
    schema: number(-1, 0),
    default: "-0.1",
    meaning: "Penalty for high cost",
  }),
  // Datasets
  minReward: setting({
    env: "LIGHTNING_MIN_REWARD",
    schema: number(-1, 1),
    default: "0.0",
    meaning: "Least average reward for an episode to enter a dataset",
  }),
  trainSplit: setting({
    env: "LIGHTNING_TRAIN_SPLIT",
    schema: number(0.01, 1),
    default: "0.8",
    meaning: "Share of groups on the training side",
  }),
  maxExamples: setting({
    env: "LIGHTNING_MAX_EXAMPLES",
    schema: whole(1, 10_000_000),
    default: "10000",
    meaning: "Most examples in a dataset; the best rewarded are kept",
  }),
  includeTools: setting({
    env: "LIGHTNING_INCLUDE_TOOLS",
    schema: flag,
    default: "true",
    meaning: "Keep tools and tool calls in dataset lines",
  }),
  splitKey: setting({
    env: "LIGHTNING_SPLIT_KEY",
    schema: z.string().min(1),
    default: DEFAULT_SPLIT_KEY,
    meaning: "Key of the hash that puts a group on one side of a split",
    secret: true,
  }),
  // Training
  baseModel: setting({
    env: "LIGHTNING_BASE_MODEL",
    schema: z.string().min(1).max(256),
    default: "gpt-4o-mini-2024-07-18",
    meaning: "Base model for fine-tuning",
  }),
  epochs: setting({
    env: "LIGHTNING_EPOCHS",
    schema: whole(1, 50),
    default: "3",
    meaning: "Training epochs",
  }),
  learningRateMultiplier: setting({
    env: "LIGHTNING_LR_MULTIPLIER",
    schema: number(0.0001, 10),
    default: "1.0",
    meaning: "Learning rate multiplier",
  }),
  modelSuffix: setting({
    env: "LIGHTNING_MODEL_SUFFIX",
    schema: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, "must be at most 40 letters, digits, - or _"),
    meaning: "Suffix for the tuned model's name",
  }),
  pollIntervalSeconds: setting({
    env: "LIGHTNING_POLL_INTERVAL",
    schema: number(0.1, 3_600),
    default: "30",
    meaning:
      "Seconds between looks at a training job; grows to 5 minutes (at most 1 with the local provider)",
  }),
  maxWaitMinutes: setting({
    env: "LIGHTNING_MAX_WAIT_MINUTES",
    schema: number(1, 43_200),
    default: "120",
    meaning: "After this a training run is marked overdue; it is never failed for it",
  }),
  openaiEndpoint: setting({
    env: "AZURE_OPENAI_ENDPOINT",
    schema: url,
    meaning: "Azure OpenAI endpoint; absent on a laptop means the local provider",
  }),
  foundryProjectEndpoint: setting({
    env: "FOUNDRY_PROJECT_ENDPOINT",
    schema: url,
    meaning: "Foundry project endpoint, used when AZURE_OPENAI_ENDPOINT is absent",
  }),
  openaiApiKey: setting({
    env: "AZURE_OPENAI_API_KEY",
    schema: z.string().min(1),
    meaning: "Key for the provider; absent means a Microsoft Entra token for each request",
    secret: true,
  }),
  openaiAudience: setting({
    env: "AZURE_OPENAI_AUDIENCE",
    schema: z.string().min(1),
    default: "https://ai.azure.com/.default",
    meaning: "Scope of the Entra token",
  }),
  trainingType: setting({
    env: "LIGHTNING_TRAINING_TYPE",
    schema: z.string().regex(/^[A-Za-z]{1,40}$/),
    default: "GlobalStandard",
    meaning: "Training tier on Azure: Standard, GlobalStandard, DeveloperTier or DatazoneStandard",
  }),
  // Callable deployments (Azure Resource Manager)
  azureSubscriptionId: setting({
    env: "AZURE_SUBSCRIPTION_ID",
    schema: name,
    meaning:
      "Subscription of the Azure OpenAI account; with the two below promotion makes callable deployments, absent means that a model is called by its own name or by a deployment_name given",
  }),
  azureResourceGroup: setting({
    env: "AZURE_RESOURCE_GROUP",
    schema: z.string().regex(/^[\w.()-]{1,90}$/, "must be the name of a resource group"),
    meaning: "Resource group of the Azure OpenAI account",
  }),
  openaiAccount: setting({
    env: "AZURE_OPENAI_ACCOUNT",
    schema: name,
    meaning: "Name of the Azure OpenAI account whose deployments are made and removed",
  }),
  armEndpoint: setting({
    env: "AZURE_RESOURCE_MANAGER_ENDPOINT",
    schema: url,
    default: "https://management.azure.com",
    meaning: "Azure Resource Manager; another one for national clouds and tests",
  }),
  armAudience: setting({
    env: "AZURE_RESOURCE_MANAGER_AUDIENCE",
    schema: z.string().min(1),
    default: "https://management.azure.com/.default",
    meaning: "Scope of the Entra token for Azure Resource Manager",
  }),
  deploymentSku: setting({
    env: "LIGHTNING_DEPLOYMENT_SKU",
    schema: z.string().regex(/^[A-Za-z]{1,40}$/),
    default: "GlobalStandard",
    meaning:
      "Kind of deployment for a promoted model: Standard, GlobalStandard, DataZoneStandard, DeveloperTier",
  }),
  deploymentCapacity: setting({
    env: "LIGHTNING_DEPLOYMENT_CAPACITY",
    schema: whole(1, 100_000),
    default: "50",
    meaning: "Capacity of a deployment in thousands of tokens a minute; below 50 an evaluation crawls",
  }),
  cleanUpAfterDays: setting({
    env: "LIGHTNING_CLEAN_UP_AFTER_DAYS",
    schema: whole(1, 3_650),
    meaning:
      "Age at which the daily timer removes leftover files, failed jobs and unused deployments at the provider; absent means only when asked",
  }),
  // Reference agent
  agentMcpServers: setting({
    env: "LIGHTNING_AGENT_MCP_SERVERS",
    schema: z.string().min(1),
    meaning: "JSON file of the MCP servers whose tools the reference agent may call; absent means none",
  }),
  // Automation
  retrainCron: setting({
    env: "LIGHTNING_RETRAIN_CRON",
    schema: z.string().min(1),
    meaning: "NCRONTAB schedule of retraining; empty means off",
  }),
  retrainMinEpisodes: setting({
    env: "LIGHTNING_RETRAIN_MIN_EPISODES",
    schema: whole(1, 1_000_000),
    default: "50",
    meaning: "New rewarded episodes an agent needs before it is retrained",
  }),
  gatePolicy: setting({
    env: "LIGHTNING_GATE_POLICY",
    schema: z.enum(["warn", "require"]),
    default: "warn",
    meaning: "What a direct promotion without a passing evaluation does; pipelines always require one",
  }),
  // Doors
  endpoint: setting({
    env: "LIGHTNING_ENDPOINT",
    schema: url,
    meaning: "Function app that the CLI and the SDK talk to; absent means the local host",
  }),
  functionKey: setting({
    env: "LIGHTNING_FUNCTION_KEY",
    schema: z.string().min(1),
    meaning: "Function key sent to LIGHTNING_ENDPOINT",
    secret: true,
  }),
  accessToken: setting({
    env: "LIGHTNING_TOKEN",
    schema: z.string().min(1),
    meaning: "Microsoft Entra access token sent to LIGHTNING_ENDPOINT, where persons are let in",
    secret: true,
  }),
  auth: setting({
    env: "LIGHTNING_AUTH",
    schema: z.enum(["key", "entra"]),
    default: "key",
    meaning:
      "Who is let in on Azure: holders of a function key, with all rights, or persons signed in with Microsoft Entra ID, with their roles",
  }),
  roleGroups: setting({
    env: "LIGHTNING_ROLE_GROUPS",
    schema: z
      .string()
      .regex(
        new RegExp(`^${GROUP_GRANT}(,${GROUP_GRANT})*$`),
        "must be like <group id>=trainer,<group id>=releaser:<agent_id>",
      ),
    meaning: "Roles of Entra groups, beside app roles like lightning.trainer or lightning.trainer:support",
  }),
  defaultRole: setting({
    env: "LIGHTNING_DEFAULT_ROLE",
    schema: z.enum(ROLES),
    meaning: "Role of everybody who can sign in; absent means none",
  }),
  auditTtlDays: setting({
    env: "LIGHTNING_AUDIT_TTL_DAYS",
    schema: whole(0, 24_855),
    default: "365",
    meaning: "Days an audit record is kept; 0 means for ever",
  }),
  logLevel: setting({
    env: "LIGHTNING_LOG_LEVEL",
    schema: z.enum(["debug", "info", "warn", "error"]),
    default: "info",
    meaning: "Least level that is logged; debug shows the request charge of every call to Cosmos DB",
  }),
  // Telemetry: nothing of it is loaded while both are absent
  applicationInsights: setting({
    env: "APPLICATIONINSIGHTS_CONNECTION_STRING",
    schema: z.string().min(1),
    meaning: "Application Insights that traces are sent to",
    secret: true,
  }),
  otlpEndpoint: setting({
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    schema: url,
    meaning: "OpenTelemetry collector (OTLP over HTTP) that traces are sent to",
  }),
  websiteAuthEnabled: setting({
    env: "WEBSITE_AUTH_ENABLED",
    schema: z.string().transform((text) => text.toLowerCase() === "true"),
    default: "false",
    meaning: "Set by Azure when App Service Authentication is on: then the person's header is believed",
  }),
  websiteSiteName: setting({
    env: "WEBSITE_SITE_NAME",
    schema: z.string(),
    meaning: "Set by Azure: embedded engines are then refused",
  }),
} as const;

type Table = typeof SETTINGS;
type Parsed<K extends keyof Table> = z.output<Table[K]["schema"]>;
export type Settings = {
  readonly [K in keyof Table]: Table[K] extends { default: string } ? Parsed<K> : Parsed<K> | undefined;
};

/**
 * Reads all settings at once. An empty variable counts as absent.
 * @throws LightningError `bad_settings` that lists every fault together; values of secrets are never shown.
 */
export function readSettings(env: Record<string, string | undefined> = process.env): Settings {
  const faults: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(SETTINGS) as [string, Setting<z.ZodType>][]) {
    const text = env[row.env] || row.default;
    if (text === undefined) {
      settings[key] = undefined;
      continue;
    }
    const parsed = row.schema.safeParse(text);
    if (parsed.success) settings[key] = parsed.data;
    else
      faults.push(
        `${row.env}${row.secret ? "" : ` (${JSON.stringify(text)})`}: ${parsed.error.issues[0]?.message ?? "not valid"}`,
      );
  }
  if (env.COSMOS_AUTH_MODE === "key" && !env.COSMOS_ACCOUNT_KEY)
    faults.push("COSMOS_ACCOUNT_KEY: needed when COSMOS_AUTH_MODE is key");
  const arm = ["AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_OPENAI_ACCOUNT"];
  // The subscription alone is set on many machines; the account's name says that this app is meant.
  if (env.AZURE_OPENAI_ACCOUNT)
    for (const one of arm.filter((each) => !env[each]))
      faults.push(`${one}: needed with AZURE_OPENAI_ACCOUNT`);
  if (env.LIGHTNING_AUTH === "entra" && !(env.WEBSITE_SITE_NAME && settings.websiteAuthEnabled === true))
    faults.push("LIGHTNING_AUTH: entra needs App Service Authentication, which Azure alone has");
  if (env.WEBSITE_SITE_NAME) {
    if (!env.COSMOS_ACCOUNT_URI)
      faults.push("COSMOS_ACCOUNT_URI: needed in Azure, where an instance's disk is no ledger");
    if (!env.LIGHTNING_FILES_URI && !env.LIGHTNING_FILES_CONNECTION_STRING)
      faults.push("LIGHTNING_FILES_URI: needed in Azure, where instances share no disk");
    if (!env.AZURE_OPENAI_ENDPOINT && !env.FOUNDRY_PROJECT_ENDPOINT)
      faults.push("AZURE_OPENAI_ENDPOINT: needed in Azure, where there is no local provider");
  }
  if (faults.length > 0)
    throw new LightningError(
      "fatal",
      "bad_settings",
      `Settings that cannot be used:\n  ${faults.join("\n  ")}`,
      {
        remedy: "Correct the environment variables; the README lists every one with its default.",
      },
    );
  return settings as Settings;
}

/** The embedded engines' folder as an absolute path; `~` is the user's home. */
export function homeFolder(settings: Pick<Settings, "home">): string {
  return path.resolve(settings.home.replace(/^~(?=$|\/)/, homedir()));
}
