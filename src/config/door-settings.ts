import { z } from "zod";
import { ROLES } from "../doors/operation.ts";
import { setting, url, whole } from "./setting.ts";

const GROUP_GRANT = `\\s*[^=,\\s]+\\s*=\\s*(?:${ROLES.join("|")})(?::[A-Za-z0-9][A-Za-z0-9._-]*)?\\s*`;

/** Who comes in and how, and what the app tells of itself. */
export const DOOR_SETTINGS = {
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
