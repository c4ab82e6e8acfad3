import { readTable } from "./read-table.ts";
import { flag, name, number, type SettingsOf, setting, text, url, whole } from "./setting.ts";

/** What an agent's process reads: how Agent Lightning is reached, what is captured, and which model answers. */
export const AGENT_SETTINGS = {
  endpoint: setting({
    env: "LIGHTNING_ENDPOINT",
    parse: url,
    meaning: "Function app that the CLI and the SDK talk to; absent means the local host",
  }),
  functionKey: setting({
    env: "LIGHTNING_FUNCTION_KEY",
    parse: text(),
    meaning: "Function key sent to LIGHTNING_ENDPOINT",
    secret: true,
  }),
  accessToken: setting({
    env: "LIGHTNING_TOKEN",
    parse: text(),
    meaning: "Microsoft Entra access token sent to LIGHTNING_ENDPOINT, where persons are let in",
    secret: true,
  }),
  agentId: setting({
    env: "LIGHTNING_AGENT_ID",
    parse: name,
    default: "mcp-agents",
    meaning: "Agent identifier, the default of agent_id on every door",
  }),
  enableCapture: setting({
    env: "ENABLE_LIGHTNING_CAPTURE",
    parse: flag,
    default: "false",
    meaning: "Enable episode capture",
  }),
  redactSecrets: setting({
    env: "LIGHTNING_REDACT_SECRETS",
    parse: flag,
    default: "true",
    meaning: "Redact secrets and personal data before an episode is stored",
  }),
  maxOutputLength: setting({
    env: "LIGHTNING_MAX_OUTPUT_LENGTH",
    parse: whole(100, 1_000_000),
    default: "10000",
    meaning: "Characters of a tool result that are kept; what is cut is counted on the episode",
  }),
  home: setting({
    env: "LIGHTNING_HOME",
    parse: text(),
    default: "./.lightning",
    meaning: "Folder of the embedded ledger, the durable store, keys and spill files",
  }),
  useTunedModel: setting({
    env: "USE_TUNED_MODEL",
    parse: flag,
    default: "false",
    meaning: "Use the tuned model if there is one",
  }),
  tunedModelDeploymentName: setting({
    env: "TUNED_MODEL_DEPLOYMENT_NAME",
    parse: text(256),
    meaning: "Tuned model to fall back to when the registry has none",
  }),
  baseModelDeployment: setting({
    env: "FOUNDRY_MODEL_DEPLOYMENT_NAME",
    parse: text(256),
    meaning: "Base model that answers when no tuned model is selected; absent means LIGHTNING_BASE_MODEL",
  }),
  baseModel: setting({
    env: "LIGHTNING_BASE_MODEL",
    parse: text(256),
    default: "gpt-4o-mini-2024-07-18",
    meaning: "Base model for fine-tuning",
  }),
  cacheTtlSeconds: setting({
    env: "LIGHTNING_CACHE_TTL",
    parse: number(0, 86_400),
    default: "60",
    meaning: "Seconds an active model is remembered before the ledger is asked again",
  }),
  maxWaitMinutes: setting({
    env: "LIGHTNING_MAX_WAIT_MINUTES",
    parse: number(1, 43_200),
    default: "120",
    meaning: "After this a training run is marked overdue; it is never failed for it",
  }),
} as const;

export type AgentSettings = SettingsOf<typeof AGENT_SETTINGS>;

/**
 * The settings of an agent's process. A fault in another setting is none of the agent's business.
 * @throws LightningError `bad_settings` that lists every fault together; values of secrets are never shown
 */
export const readAgentSettings = (env?: Record<string, string | undefined>): AgentSettings =>
  readTable(AGENT_SETTINGS, env);
