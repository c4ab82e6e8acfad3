import { tmpdir } from "node:os";
import path from "node:path";
import { PERSONAL_KINDS } from "./personal-kinds.ts";
import { folder } from "./places.ts";
import { readTable } from "./read-table.ts";
import {
  flag,
  headerValue,
  matching,
  model,
  name,
  number,
  type SettingsOf,
  setting,
  someOf,
  url,
  whole,
} from "./setting.ts";

/** What an agent's process reads: how Agent Lightning is reached, what is captured, and which model answers. */
export const AGENT_SETTINGS = {
  endpoint: setting({
    env: "LIGHTNING_ENDPOINT",
    parse: url,
    meaning: "Function app that the CLI and the SDK talk to; absent means the local host",
  }),
  functionKey: setting({
    env: "LIGHTNING_FUNCTION_KEY",
    parse: headerValue,
    meaning: "Function key sent to LIGHTNING_ENDPOINT",
    secret: true,
  }),
  accessToken: setting({
    env: "LIGHTNING_TOKEN",
    parse: headerValue,
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
    meaning: "Redact secrets and personal data in what is captured and sent, before it is stored or logged",
  }),
  pseudonyms: setting({
    env: "LIGHTNING_PSEUDONYMS",
    parse: matching(
      /^(?:email|phone|iban)(?:,(?:email|phone|iban))*$/,
      "must be some of email, phone and iban with commas between them",
    ),
    meaning:
      "Kinds of personal data of which the same value gets the same placeholder (`[REDACTED:email#…]`), such as email,phone; for every agent, besides what an agent's own redaction rules say",
  }),
  pseudonymKey: setting({
    env: "LIGHTNING_PSEUDONYM_KEY",
    parse: matching(/^[\x21-\x7e]{32,1024}$/, "must be 32 to 1,024 visible ASCII characters"),
    meaning:
      "Secret that pseudonyms are made with, 32 characters or more; absent on this machine: one that is made once and kept in LIGHTNING_HOME",
    secret: true,
  }),
  redactPersonal: setting({
    env: "LIGHTNING_REDACT_PERSONAL",
    parse: someOf(...PERSONAL_KINDS),
    meaning: `Numbers of persons that are redacted beside e-mail addresses, telephones, cards and IBANs, with commas between them: ${PERSONAL_KINDS.join(", ")}`,
  }),
  maxOutputLength: setting({
    env: "LIGHTNING_MAX_OUTPUT_LENGTH",
    parse: whole(100, 1_000_000),
    default: "10000",
    meaning: "Characters of a tool result that are kept; what is cut is counted on the episode",
  }),
  captureMemoryMb: setting({
    env: "LIGHTNING_CAPTURE_MEMORY_MB",
    parse: whole(1, 4096),
    default: "64",
    meaning: "Megabytes (MiB) of captured episodes that may wait in the agent's memory to be sent",
  }),
  spillOnSignals: setting({
    env: "LIGHTNING_SPILL_ON_SIGNALS",
    parse: flag,
    default: "true",
    meaning:
      "Write captured episodes that were not sent yet to disk when SIGTERM, SIGINT or SIGHUP ends the agent's process; the signal's outcome stays as it is",
  }),
  home: setting({
    env: "LIGHTNING_HOME",
    parse: folder,
    default: "./.lightning",
    inAzure: path.join(tmpdir(), "lightning"),
    meaning:
      "Folder of the embedded ledger, the durable store, keys and spill files; in Azure by default one for temporary files, which ends with its instance",
  }),
  useTunedModel: setting({
    env: "USE_TUNED_MODEL",
    parse: flag,
    default: "false",
    meaning: "Use the tuned model if there is one",
  }),
  tunedModelDeploymentName: setting({
    env: "TUNED_MODEL_DEPLOYMENT_NAME",
    parse: model,
    meaning: "Tuned model to fall back to when the registry has none",
  }),
  baseModelDeployment: setting({
    env: "FOUNDRY_MODEL_DEPLOYMENT_NAME",
    parse: model,
    meaning: "Base model that answers when no tuned model is selected; absent means LIGHTNING_BASE_MODEL",
  }),
  baseModel: setting({
    env: "LIGHTNING_BASE_MODEL",
    parse: model,
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
