import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { redactedLater } from "../doors/kept.ts";
import { type CallContext, defineOperation } from "../doors/operation.ts";
import { agentOr, type Json, jsonSchema } from "../doors/schemas.ts";
import { defined } from "../kernel/defined.ts";
import { forbidden, invalid, messageOf } from "../kernel/errors.ts";
import { pseudonymsSchema, redactionRulesSchema, rulesRecordSchema } from "./contract.ts";
import type { PrivacyService } from "./service.ts";
import { type Trial, tryRedaction } from "./trial.ts";

const versionSchema = z.string().meta({
  description: "The redaction that holds for the agent, as its episodes name it: `2026.12+app-1+custom-3`.",
});
const findingSchema = z.object({
  kind: z.string(),
  rules: z.array(z.string()).optional().meta({
    description: "The owner's rules that look for this kind; absent: the rule pack.",
  }),
  path: z.string().meta({ description: 'Where, as a JSON pointer; "" is the value itself.' }),
  start: z.number().int().optional().meta({ description: "In UTF-16 units of the string there." }),
  end: z.number().int().optional(),
});

/** Rules for every agent are for those who own every agent. @throws forbidden `role_missing` */
function demandEvery({ caller }: CallContext): void {
  if (caller?.may("owner") ?? true) return;
  throw forbidden("role_missing", "Rules for every agent need the role owner for every agent.", {
    field: "every_agent",
    remedy: "Set the rules of one agent, or ask somebody with the app role lightning.owner.",
    details: { role: "owner", agent_id: null },
  });
}

/** What is to be tried is told as it would be stored, and is not. */
const looked = <Schema extends z.ZodType>(schema: Schema): Schema =>
  redactedLater("it is tried, and not stored", schema);

/** @throws invalid `invalid_input` of what is nested so deeply that it would be withheld */
function tried(...[value, policy, rules]: Parameters<typeof tryRedaction<Json>>): Trial<Json> {
  try {
    return tryRedaction(value, policy, rules);
  } catch (thrown) {
    throw invalid("invalid_input", `The value cannot be looked through: ${messageOf(thrown)}.`, {
      field: "value",
      remedy: "Nest values less deeply; of an episode such content is withheld.",
    });
  }
}

/** The rows of redaction: an owner's rules, and the trial of them. */
export function privacyOperations({
  service,
  settings,
  beginRescan,
}: {
  readonly service: PrivacyService;
  /**
   * Has what is stored of the agent held to its rules; answers the id of the work. `by`: the version of rules that stood
   * already, to which everything may have been held before.
   */
  readonly beginRescan: (agentId: string, context: CallContext, by?: string) => Promise<string>;
  readonly settings: Pick<Settings, "agentId" | "redactSecrets">;
}) {
  const agent = { agent_id: agentOr(settings.agentId) };
  const everyAgent = z.boolean().default(false).meta({
    description: "The rules for every agent instead of this one's; to set them needs the role owner for all.",
  });
  return [
    defineOperation({
      name: "getRedactionRules",
      summary: "Shows what redaction looks for beyond its rule pack, for an agent or for every agent.",
      input: z.strictObject({ ...agent, every_agent: everyAgent }),
      output: z.object({
        agent_id: z.string(),
        every_agent: z.boolean(),
        ...rulesRecordSchema.shape,
        redaction_version: versionSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/redaction/rules" },
      cli: "redaction rules",
      mcp: ["lightning_get_redaction_rules"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id, every_agent }) {
        const record = await service.read(every_agent ? undefined : agent_id);
        const { version } = await service.policyOf(agent_id);
        return { body: { agent_id, every_agent, ...defined(record), redaction_version: version } };
      },
    }),
    defineOperation({
      name: "setRedactionRules",
      summary: "Sets what redaction looks for beyond its rule pack, and what gets pseudonyms.",
      input: z.strictObject({
        ...agent,
        every_agent: everyAgent,
        rules: redactionRulesSchema.optional().meta({
          description: "All of them, in the place of those before; absent: they stay.",
        }),
        pseudonyms: pseudonymsSchema.optional().meta({
          description:
            "Kinds of personal data of which the same value gets the same token; absent: they stay.",
        }),
        if_version: z.number().int().min(0).optional().meta({
          description: "The version that was read before; when another stands by now, nothing is changed.",
        }),
        rescan: z.boolean().default(false).meta({
          description:
            "Also hold what is stored of the agent to them, unless it has been already; see rescanEpisodes.",
        }),
      }),
      output: z.object({
        agent_id: z.string(),
        every_agent: z.boolean(),
        ...rulesRecordSchema.shape,
        rescan_id: z.string().optional().meta({
          description: "The re-scan that was started; where the rules stood already, the one by them.",
        }),
        changed: z.boolean().meta({ description: "False: the same stood there already." }),
        redaction_version: versionSchema,
      }),
      role: "owner",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/redaction/rules" },
      answers: { changes: "/redaction/rules" },
      cli: "redaction set-rules",
      mcp: ["lightning_set_redaction_rules"],
      example: {
        rules: [{ name: "Customer number", pattern: "\\bK-\\d{6}\\b", pseudonym: true }],
        pseudonyms: ["email"],
        if_version: 0,
      },
      async run({ agent_id, every_agent, rescan, ...change }, context) {
        if (every_agent) demandEvery(context);
        if (every_agent && rescan)
          throw invalid("invalid_input", "A re-scan is of one agent.", {
            field: "rescan",
            remedy: "Set the rules, then ask for a re-scan of each agent.",
          });
        const { record, changed } = await service.set(
          every_agent ? undefined : agent_id,
          change,
          context.principal,
        );
        const { version } = await service.policyOf(agent_id);
        // Also where the same stood there: an earlier try may have ended between the rules and the re-scan.
        const started = rescan
          ? { rescan_id: await beginRescan(agent_id, context, changed ? undefined : version) }
          : {};
        return {
          body: {
            agent_id,
            every_agent,
            ...defined(record),
            ...started,
            changed,
            redaction_version: version,
          },
        };
      },
    }),
    defineOperation({
      name: "testRedaction",
      summary: "Shows what redaction would find in a text or a value, also by rules that are not set yet.",
      input: z.strictObject({
        ...agent,
        text: looked(z.string().max(1_000_000)).optional().meta({ description: "A text; or give `value`." }),
        value: looked(jsonSchema).optional().meta({ description: "Any JSON value; or give `text`." }),
        rules: looked(redactionRulesSchema).optional().meta({
          description: "Rules to try in the place of the agent's own, which stay as they are.",
        }),
        pseudonyms: pseudonymsSchema.optional().meta({ description: "To try likewise." }),
      }),
      output: z.object({
        agent_id: z.string(),
        redaction_version: versionSchema,
        found: z.number().int(),
        counts: z
          .record(z.string(), z.number().int())
          .meta({ description: "How often each kind was found." }),
        findings: z
          .array(findingSchema)
          .meta({ description: "Each with its place, at most 200; never a value." }),
        more: z.number().int().meta({ description: "Findings beyond those." }),
        redacted: jsonSchema.meta({ description: "What would be stored." }),
        applied: z.boolean().meta({
          description: "False: LIGHTNING_REDACT_SECRETS is off, and what comes in is stored as it is.",
        }),
      }),
      role: "labeller",
      effect: "read",
      idempotent: true,
      idempotency: { none: "It only looks: asked again, it answers by the rules of then." },
      rest: { method: "POST", path: "/redaction/test" },
      cli: "redaction test",
      mcp: ["lightning_test_redaction"],
      example: { text: "Write to jane.doe@example.org about K-123456." },
      async run({ agent_id, text, value, rules, pseudonyms }) {
        if ((text === undefined) === (value === undefined))
          throw invalid("invalid_input", "Give `text` or `value`, and one of them.", {
            field: "text",
            remedy: "Send one of the two.",
          });
        const isDraft = rules !== undefined || pseudonyms !== undefined;
        const [policy, every, own] = await Promise.all([
          isDraft ? service.policyWith(agent_id, { rules, pseudonyms }) : service.policyOf(agent_id),
          service.read(undefined),
          service.read(agent_id),
        ]);
        const trial = tried(text ?? value ?? null, policy, [...every.rules, ...(rules ?? own.rules)]);
        return {
          body: {
            agent_id,
            redaction_version: policy.version,
            found: Object.values(trial.counts).reduce((sum, count) => sum + count, 0),
            counts: { ...trial.counts },
            findings: trial.findings,
            more: trial.more,
            redacted: trial.redacted,
            applied: settings.redactSecrets,
          },
        };
      },
    }),
  ];
}
