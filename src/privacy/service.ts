import type { Settings } from "../config/settings.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { preconditionFailed } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { createOrReplace, retryRaces } from "../ledger/races.ts";
import type { CustomRule, RedactionPolicy } from "../redaction/policy.ts";
import { createPseudonyms, kindsOf, type Pseudonyms, personalOf, tokensOf } from "../redaction/pseudonyms.ts";
import { REDACTION_VERSION } from "../redaction/redact.ts";
import { compileRules, refuseSlowRules } from "./compile.ts";
import { NO_RULES, type RulesDocument, type RulesRecord } from "./contract.ts";
import { createPseudonymKey } from "./pseudonym-key.ts";

export interface PrivacyDeps {
  readonly ledger: Ledger;
  readonly settings: Pick<
    Settings,
    "pseudonyms" | "pseudonymKey" | "redactPersonal" | "home" | "websiteSiteName" | "cosmosAccountUri"
  >;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
}

/** How long a process goes by the rules that it has read: a change made elsewhere holds here after so long. */
export const RULES_KNOWN_MS = 5_000;
/** Agents whose policy is remembered. */
const MOST_REMEMBERED = 1_000;

const OWNER = "redaction";
/** One for every agent, and one for each that has its own; no agent is called `every`, as theirs have a prefix. */
const documentId = (agentId: string | undefined): string =>
  agentId === undefined ? "every" : `agent-${agentId}`;

/** Rules in the place of those that stand; what is absent stays as it is. */
export interface DraftRules {
  readonly rules?: RulesRecord["rules"] | undefined;
  readonly pseudonyms?: RulesRecord["pseudonyms"] | undefined;
}
export interface RulesChange extends DraftRules {
  /** The version that the change was made upon; another one stands: `redaction_rules_changed`. */
  readonly if_version?: number | undefined;
}

export type PrivacyService = ReturnType<typeof createPrivacyService>;

/** Which redaction holds for an agent: the rule pack, the owner's rules for every agent and for this one, and pseudonyms. */
export function createPrivacyService({ ledger, settings, clock, logger }: PrivacyDeps) {
  const secret = createPseudonymKey(settings);
  const remembered = new Map<string, { readonly until: number; readonly policy: Promise<RedactionPolicy> }>();
  let isToldOfKey = false;

  const find = (agentId: string | undefined) =>
    ledger.read<RulesDocument>("leases", [OWNER], documentId(agentId));
  async function read(agentId: string | undefined): Promise<RulesRecord> {
    const found = await find(agentId);
    if (found === undefined) return NO_RULES;
    const { version, rules, pseudonyms, changed_at, changed_by } = found;
    return { version, rules, pseudonyms, changed_at, changed_by };
  }

  /** Undefined while there is no secret: then values get their plain placeholders, as nothing may be stored as it is. */
  async function pseudonymsOf(agentId: string): Promise<Pseudonyms | undefined> {
    try {
      return createPseudonyms(await secret(), agentId);
    } catch (thrown) {
      if (!isToldOfKey) logger.error("no pseudonyms are made", { agent_id: agentId, error: String(thrown) });
      isToldOfKey = true;
      return undefined;
    }
  }

  async function compose(agentId: string, draft?: DraftRules): Promise<RedactionPolicy> {
    const [every, own] = await Promise.all([read(undefined), read(agentId)]);
    const tried = { ...own, ...defined(draft ?? {}) };
    const kinds = [...kindsOf(settings.pseudonyms), ...every.pseudonyms, ...tried.pseudonyms];
    const isNeeded =
      kinds.length > 0 || [...every.rules, ...tried.rules].some((rule) => rule.enabled && rule.pseudonym);
    const pseudonyms = isNeeded ? await pseudonymsOf(agentId) : undefined;
    const personal = personalOf(settings);
    const custom: CustomRule[] = [
      ...compileRules(every.rules, pseudonyms),
      ...compileRules(tried.rules, pseudonyms),
    ];
    return {
      version: [
        REDACTION_VERSION,
        ...personal.named,
        ...(every.version > 0 ? [`app-${every.version}`] : []),
        ...(draft === undefined ? (own.version > 0 ? [`custom-${own.version}`] : []) : ["draft"]),
        ...(settings.pseudonyms === undefined ? [] : ["pseudonyms"]),
      ].join("+"),
      ...personal.policy,
      ...(custom.length === 0 ? {} : { custom }),
      ...(kinds.length === 0 || pseudonyms === undefined ? {} : { token: tokensOf(kinds, pseudonyms) }),
    };
  }

  /** The policy that holds for an agent now, at most `RULES_KNOWN_MS` after a change. @throws unavailable */
  function policyOf(agentId: string): Promise<RedactionPolicy> {
    const known = remembered.get(agentId);
    if (known !== undefined && clock.now() < known.until) return known.policy;
    // The eldest goes: agents that a caller makes up do not put all others out of mind at once.
    remembered.delete(agentId);
    for (const eldest of remembered.keys()) {
      if (remembered.size < MOST_REMEMBERED) break;
      remembered.delete(eldest);
    }
    const policy = compose(agentId);
    const entry = { until: clock.now() + RULES_KNOWN_MS, policy };
    remembered.set(agentId, entry);
    // What could not be read is asked for again.
    policy.catch(() => {
      if (remembered.get(agentId) === entry) remembered.delete(agentId);
    });
    return policy;
  }

  return {
    policyOf,

    /** The policy that holds for an agent at this moment, whatever is remembered. @throws unavailable */
    policyNow(agentId: string): Promise<RedactionPolicy> {
      remembered.delete(agentId);
      return policyOf(agentId);
    },

    /** With rules that are not set yet in the place of the agent's own. @throws invalid `redaction_rule_invalid` */
    policyWith: (agentId: string, draft: DraftRules): Promise<RedactionPolicy> => compose(agentId, draft),

    /** The rules as they stand; undefined: those for every agent. */
    read,

    /**
     * Sets what is given and leaves the rest. The same again changes nothing, its version neither.
     * @param agentId undefined: for every agent
     * @throws invalid `redaction_rule_invalid`, `redaction_rule_slow`, `pseudonym_key_missing`, precondition `redaction_rules_changed`
     */
    async set(
      agentId: string | undefined,
      change: RulesChange,
      by: string | undefined,
    ): Promise<{ readonly record: RulesRecord; readonly changed: boolean }> {
      const { if_version: ifVersion, ...given } = change;
      if (given.rules !== undefined) refuseSlowRules(given.rules);
      const needsKey =
        (given.pseudonyms?.length ?? 0) > 0 || given.rules?.some((rule) => rule.enabled && rule.pseudonym);
      if (needsKey === true) await secret();
      const outcome = await retryRaces(async () => {
        const found = await find(agentId);
        const before = found ?? NO_RULES;
        const next = {
          rules: given.rules ?? before.rules,
          pseudonyms: given.pseudonyms ?? before.pseudonyms,
        };
        const isSame =
          canonicalJson(next) === canonicalJson({ rules: before.rules, pseudonyms: before.pseudonyms });
        if (isSame) return { record: await read(agentId), changed: false };
        if (ifVersion !== undefined && ifVersion !== before.version)
          throw preconditionFailed(
            "redaction_rules_changed",
            `The rules are of version ${before.version} by now, not ${ifVersion}.`,
            {
              field: "if_version",
              remedy: "Read them with `getRedactionRules`, make the change upon those, and send it again.",
              details: { version: before.version },
            },
          );
        const now = toIso(clock.now());
        const record: RulesRecord = {
          ...next,
          version: before.version + 1,
          changed_at: now,
          ...(by === undefined ? {} : { changed_by: by }),
        };
        await createOrReplace<RulesDocument>(ledger, "leases", found, {
          ...record,
          id: documentId(agentId),
          agent_id: OWNER,
          type: "redaction_rules",
          created_at: found?.created_at ?? now,
        });
        return { record, changed: true };
      });
      if (agentId === undefined) remembered.clear();
      else remembered.delete(agentId);
      return outcome;
    },

    /**
     * The token that stands for a value of this kind in what is stored of an agent; undefined where none is made. For
     * whoever has to find all that is stored of one person.
     */
    async tokenOf(agentId: string, kind: string, value: string): Promise<string | undefined> {
      const { token, custom = [] } = await policyOf(agentId);
      return token?.(kind, value) ?? custom.find((rule) => rule.kind === kind)?.token?.(value);
    },
  };
}
