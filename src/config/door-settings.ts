import { ROLES } from "../doors/operation.ts";
import { TOOL_SETS } from "../doors/tool-sets.ts";
import { connectionString, flag, matching, name, oneOf, setting, someOf, url, whole } from "./setting.ts";

const GROUP_GRANT = `\\s*[^=,\\s]+\\s*=\\s*(?:${ROLES.join("|")})(?::[A-Za-z0-9][A-Za-z0-9._-]*)?\\s*`;

/** Who comes in and how, and what the app tells of itself. */
export const DOOR_SETTINGS = {
  // Doors
  auth: setting({
    env: "LIGHTNING_AUTH",
    parse: oneOf("key", "entra"),
    default: "key",
    meaning:
      "Who is let in on Azure: holders of a function key, with all rights, or persons signed in with Microsoft Entra ID, with their roles",
  }),
  roleGroups: setting({
    env: "LIGHTNING_ROLE_GROUPS",
    parse: matching(
      new RegExp(`^${GROUP_GRANT}(,${GROUP_GRANT})*$`),
      "must be like <group id>=trainer,<group id>=releaser:<agent_id>",
    ),
    meaning: "Roles of Entra groups, beside app roles like lightning.trainer or lightning.trainer:support",
  }),
  defaultRole: setting({
    env: "LIGHTNING_DEFAULT_ROLE",
    parse: oneOf(...ROLES),
    meaning: "Role of everybody who can sign in; absent means none",
  }),
  mcpTools: setting({
    env: "LIGHTNING_MCP_TOOLS",
    parse: someOf(...TOOL_SETS),
    meaning:
      "Sets of MCP tools that are listed where a client's address names none (`/api/mcp?tools=review,train`); absent means core, all lists every tool",
  }),
  auditTtlDays: setting({
    env: "LIGHTNING_AUDIT_TTL_DAYS",
    parse: whole(0, 24_855),
    default: "365",
    meaning: "Days an audit record is kept; 0 means for ever",
  }),
  readsPerMinute: setting({
    env: "LIGHTNING_READS_PER_MINUTE",
    parse: whole(0, 10_000_000),
    meaning:
      "Requests that read, of one caller for one agent in a minute, at each instance of the app; more are answered 429 with Retry-After. 0: no limit; absent: 6000 in Azure, none elsewhere",
  }),
  writesPerMinute: setting({
    env: "LIGHTNING_WRITES_PER_MINUTE",
    parse: whole(0, 10_000_000),
    meaning:
      "The same of requests that record or change something; a list of many episodes is one. 0: no limit; absent: 6000 in Azure, none elsewhere",
  }),
  workPerMinute: setting({
    env: "LIGHTNING_WORK_PER_MINUTE",
    parse: whole(0, 10_000_000),
    meaning:
      "The same of requests that begin a pipeline, build, training or evaluation. 0: no limit; absent: 300 in Azure, none elsewhere",
  }),
  logLevel: setting({
    env: "LIGHTNING_LOG_LEVEL",
    parse: oneOf("debug", "info", "warn", "error"),
    default: "info",
    meaning: "Least level that is logged; debug shows the request charge of every call to Cosmos DB",
  }),
  // Telemetry: nothing of it is loaded while both are absent
  applicationInsights: setting({
    env: "APPLICATIONINSIGHTS_CONNECTION_STRING",
    parse: connectionString,
    meaning: "Application Insights that traces are sent to",
    secret: true,
  }),
  otlpEndpoint: setting({
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    parse: url,
    meaning: "OpenTelemetry collector (OTLP over HTTP) that traces are sent to",
  }),
  websiteAuthEnabled: setting({
    env: "WEBSITE_AUTH_ENABLED",
    parse: (value) => flag(value.toLowerCase()),
    default: "false",
    meaning: "Set by Azure when App Service Authentication is on: then the person's header is believed",
  }),
  websiteSiteName: setting({
    env: "WEBSITE_SITE_NAME",
    parse: name,
    meaning: "Set by Azure: embedded engines are then refused",
  }),
} as const;
