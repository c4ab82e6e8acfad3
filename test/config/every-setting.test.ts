import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { readSettings, SETTINGS } from "../../src/config/settings.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "settings-"));
const aFile = path.join(folder, "a-file");
writeFileSync(aFile, "");
afterAll(() => rmSync(folder, { recursive: true }));

type Row = (typeof SETTINGS)[keyof typeof SETTINGS];
const URL_NEEDED = "must be an http or https URL";
const NAME_NEEDED = "must be letters, digits, - or _, starting with a letter or digit";
const HEADER_NEEDED = "must be visible ASCII characters without blanks or line breaks";
const MODEL_NEEDED = "must be the name of a model or a deployment, without blanks";

/** For every variable: a value that cannot be meant, and what it must be. */
const REFUSED: Readonly<Record<Row["env"], readonly [value: string, reason: string]>> = {
  LIGHTNING_ENDPOINT: ["lightning-app.azurewebsites.net", URL_NEEDED],
  LIGHTNING_FUNCTION_KEY: ["two words", HEADER_NEEDED],
  LIGHTNING_TOKEN: ["Bearer eyJ", HEADER_NEEDED],
  LIGHTNING_AGENT_ID: ["my agent", NAME_NEEDED],
  ENABLE_LIGHTNING_CAPTURE: ["maybe", "expected one of"],
  LIGHTNING_REDACT_SECRETS: ["maybe", "expected one of"],
  LIGHTNING_PSEUDONYMS: ["email,password", "must be some of email, phone and iban"],
  LIGHTNING_PSEUDONYM_KEY: ["too short", "must be 32 to 1,024 visible ASCII characters"],
  LIGHTNING_REDACT_PERSONAL: ["us_ssn, shoe_size", "expected one of"],
  LIGHTNING_SPILL_ON_SIGNALS: ["maybe", "expected one of"],
  LIGHTNING_MAX_OUTPUT_LENGTH: ["99", "must be from 100 to 1000000"],
  LIGHTNING_CAPTURE_MEMORY_MB: ["0", "must be from 1 to 4096"],
  LIGHTNING_HOME: [path.join(aFile, "home"), `must be a folder; ${aFile} is a file`],
  USE_TUNED_MODEL: ["maybe", "expected one of"],
  TUNED_MODEL_DEPLOYMENT_NAME: ["my model", MODEL_NEEDED],
  FOUNDRY_MODEL_DEPLOYMENT_NAME: ["my model", MODEL_NEEDED],
  LIGHTNING_BASE_MODEL: ["gpt 4o mini", MODEL_NEEDED],
  LIGHTNING_CACHE_TTL: ["1 min", "must be a number"],
  LIGHTNING_MAX_WAIT_MINUTES: ["0", "must be from 1 to 43200"],
  LIGHTNING_AGENT_TOOL_TIMEOUT_SECONDS: ["0", "must be from 0.1 to 3600"],
  LIGHTNING_ARM_TIMEOUT_SECONDS: ["0", "must be from 0.1 to 600"],
  LIGHTNING_FILES_TIMEOUT_SECONDS: ["0", "must be from 0.1 to 600"],
  LIGHTNING_MOST_PART_MB: ["23", "must be from 1 to 22"],
  LIGHTNING_LEDGER_TIMEOUT_SECONDS: ["0", "must be from 0.1 to 600"],
  LIGHTNING_PROVIDER_TIMEOUT_SECONDS: ["0", "must be from 0.1 to 600"],
  LIGHTNING_PROVIDER_PORT: ["65536", "must be from 0 to 65535"],
  LIGHTNING_SHARDS_AT_ONCE: ["0", "must be from 1 to 100"],
  COSMOS_ACCOUNT_URI: ["AccountEndpoint=https://x;AccountKey=y", URL_NEEDED],
  COSMOS_DATABASE_NAME: ["agent/rl", NAME_NEEDED],
  COSMOS_AUTH_MODE: ["entra", "expected one of"],
  COSMOS_ACCOUNT_KEY: ["AccountKey=abc;", "must be an account key, in Base64"],
  COSMOS_CONTAINER_EPISODES: ["a/b", NAME_NEEDED],
  COSMOS_CONTAINER_REWARDS: ["a/b", NAME_NEEDED],
  COSMOS_CONTAINER_DATASETS: ["a/b", NAME_NEEDED],
  COSMOS_CONTAINER_RUNS: ["a/b", NAME_NEEDED],
  COSMOS_CONTAINER_DEPLOYMENTS: ["a/b", NAME_NEEDED],
  COSMOS_PARTITION_KEY_FIELD: ["/agent_id", NAME_NEEDED],
  LIGHTNING_EPISODES_TTL_DAYS: ["a month", "must be a number"],
  LIGHTNING_REWARDS_TTL_DAYS: ["0", "must be from 1 to 24000"],
  LIGHTNING_DEAD_LETTERS_TTL_DAYS: ["1.5", "must be a whole number"],
  LIGHTNING_DATA_DIR: [aFile, `must be a folder; ${aFile} is a file`],
  LIGHTNING_FILES_URI: ["account.blob.core.windows.net", URL_NEEDED],
  LIGHTNING_FILES_CONTAINER: ["Datasets", "must be 3 to 63 lower-case letters, digits or -"],
  LIGHTNING_FILES_CONNECTION_STRING: [
    "https://account",
    "must be a connection string, Name=Value;Name=Value",
  ],
  LIGHTNING_EVAL_THRESHOLD: ["70 %", "must be a number"],
  LIGHTNING_LATENCY_THRESHOLD_MS: ["-1", "must be from 0 to 86400000"],
  LIGHTNING_LATENCY_PENALTY: ["0.1", "must be from -1 to 0"],
  LIGHTNING_COST_THRESHOLD_USD: ["$1", "must be a number"],
  LIGHTNING_COST_PENALTY: ["0.1", "must be from -1 to 0"],
  LIGHTNING_REWARD_WAIT_DAYS: ["0", "must be from 1 to 365"],
  LIGHTNING_WAITING_REWARDS_MOST: ["-1", "must be from 0 to 1000000"],
  LIGHTNING_WAITING_REWARDS_MB: ["0", "must be from 1 to 10000"],
  LIGHTNING_MIN_REWARD: ["2", "must be from -1 to 1"],
  LIGHTNING_TRAIN_SPLIT: ["0", "must be from 0.01 to 1"],
  LIGHTNING_MAX_EXAMPLES: ["0", "must be from 1 to 10000000"],
  LIGHTNING_INCLUDE_TOOLS: ["some", "expected one of"],
  LIGHTNING_SPLIT_KEY: ["k".repeat(1001), "expected string to have <=1000 characters"],
  LIGHTNING_EPOCHS: ["many", "must be a number"],
  LIGHTNING_LR_MULTIPLIER: ["0", "must be from 0.0001 to 10"],
  LIGHTNING_MODEL_SUFFIX: ["my model", "must be at most 40 letters, digits, - or _"],
  LIGHTNING_POLL_INTERVAL: ["0", "must be from 0.1 to 3600"],
  AZURE_OPENAI_ENDPOINT: ["models.openai.azure.com", URL_NEEDED],
  FOUNDRY_PROJECT_ENDPOINT: ["models.services.ai.azure.com", URL_NEEDED],
  AZURE_OPENAI_API_KEY: ["a\nb", HEADER_NEEDED],
  AZURE_OPENAI_AUDIENCE: ["ai.azure.com", "must be a scope like"],
  LIGHTNING_TRAINING_TYPE: ["4x", "must match pattern"],
  AZURE_SUBSCRIPTION_ID: ["Pay as you go", NAME_NEEDED],
  AZURE_RESOURCE_GROUP: ["a/b", "must be the name of a resource group"],
  AZURE_OPENAI_ACCOUNT: ["a.openai.azure.com", NAME_NEEDED],
  AZURE_RESOURCE_MANAGER_ENDPOINT: ["management.azure.com", URL_NEEDED],
  AZURE_RESOURCE_MANAGER_AUDIENCE: ["management.azure.com", "must be a scope like"],
  LIGHTNING_DEPLOYMENT_SKU: ["Global Standard", "must match pattern"],
  LIGHTNING_DEPLOYMENT_CAPACITY: ["50K", "must be a number"],
  LIGHTNING_CLEAN_UP_AFTER_DAYS: ["0", "must be from 1 to 3650"],
  LIGHTNING_REMOVE_CANDIDATES_AFTER_HOURS: ["0", "must be from 1 to 8760"],
  LIGHTNING_KEEP_ANSWERS_DAYS: ["0", "must be from 1 to 3650"],
  LIGHTNING_AGENT_MCP_SERVERS: [path.join(folder, "none.json"), "must be a file that is there"],
  LIGHTNING_RETRAIN_CRON: ["every day", "must be an NCRONTAB schedule"],
  LIGHTNING_RETRAIN_MIN_EPISODES: ["0", "must be from 1 to 1000000"],
  LIGHTNING_RETRAIN_METRIC: ["f1", "expected one of"],
  LIGHTNING_READS_PER_MINUTE: ["-1", "must be from 0 to 10000000"],
  LIGHTNING_WRITES_PER_MINUTE: ["-1", "must be from 0 to 10000000"],
  LIGHTNING_WORK_PER_MINUTE: ["-1", "must be from 0 to 10000000"],
  LIGHTNING_AT_WORK_PER_AGENT: ["-1", "must be from 0 to 1000"],
  LIGHTNING_WAITING_PER_AGENT: ["-1", "must be from 0 to 10000"],
  LIGHTNING_GATE_POLICY: ["refuse", "expected one of"],
  LIGHTNING_AUTH: ["basic", "expected one of"],
  LIGHTNING_ROLE_GROUPS: ["group=king", "must be like <group id>=trainer"],
  LIGHTNING_DEFAULT_ROLE: ["king", "expected one of"],
  LIGHTNING_MCP_TOOLS: ["review,everything", "expected one of"],
  LIGHTNING_AUDIT_TTL_DAYS: ["-1", "must be from 0 to 24855"],
  LIGHTNING_LOG_LEVEL: ["verbose", "expected one of"],
  APPLICATIONINSIGHTS_CONNECTION_STRING: ["b7c1", "must be a connection string, Name=Value;Name=Value"],
  OTEL_EXPORTER_OTLP_ENDPOINT: ["collector:4318", URL_NEEDED],
  WEBSITE_AUTH_ENABLED: ["perhaps", "expected one of"],
  WEBSITE_SITE_NAME: ["my app", NAME_NEEDED],
};

/** What is refused of this environment. */
function refusalOf(env: Record<string, string>): { message: string; faults: readonly string[] } {
  try {
    readSettings(env);
  } catch (thrown) {
    const { message, remedy, details } = thrown as {
      message: string;
      remedy: string;
      details: { faults: readonly string[] };
    };
    expect(remedy).toContain("docs/settings.md");
    return { message, faults: details.faults };
  }
  return { message: "", faults: [] };
}

describe("every setting is checked at start", () => {
  test("and has its row in this table", () => {
    expect(Object.keys(REFUSED).toSorted()).toEqual(
      Object.values<Row>(SETTINGS)
        .map(({ env }) => env)
        .toSorted(),
    );
  });

  test.each(Object.values<Row>(SETTINGS).map((row) => [row.env, row] as const))(
    "%s is refused by its name with the reason, and without its value where that is a secret",
    (env, row) => {
      const [value, reason] = REFUSED[env];
      const { message, faults } = refusalOf({ [env]: value });
      const own = faults.filter((fault) => fault.startsWith(env) && fault.includes(reason));
      expect({ env, faults, own }).toMatchObject({ own: [expect.stringContaining(reason)] });
      expect(message).toContain(own[0]);
      expect(message.includes(JSON.stringify(value))).toBe(!("secret" in row));
    },
  );

  test("and no one of them is taken as it stands where Azure could not resolve a Key Vault reference", () => {
    const reference = "@Microsoft.KeyVault(VaultName=v;SecretName=s)";
    for (const { env } of Object.values<Row>(SETTINGS))
      expect(refusalOf({ [env]: reference }).message).toContain("is a Key Vault reference");
  });
});

test.each([
  ["AZURE_OPENAI_AUDIENCE", "https://ai.azure.com/.default"],
  ["AZURE_OPENAI_AUDIENCE", "api://gateway/.default"],
  ["AZURE_OPENAI_AUDIENCE", "797f4846-ba00-4fd7-ba43-dac1f8f63013/.default"],
  ["LIGHTNING_FILES_CONNECTION_STRING", "AccountName=a; AccountKey=b==;;EndpointSuffix=core.windows.net;"],
])("%s may be %s", (env, value) => {
  expect(() => readSettings({ [env]: value })).not.toThrow(/must be a/);
});
