import { PERSONAL_KINDS } from "../config/personal-kinds.ts";
import { foldedName } from "../kernel/names.ts";
import { NUMBER_KINDS } from "./numbers.ts";
import type { CustomRule, RedactionPolicy } from "./policy.ts";
import { createPseudonyms } from "./pseudonyms.ts";
import { redact } from "./redact.ts";

/** What names a person, and is no key to anything. */
const PERSONAL: ReadonlySet<string> = new Set(["email", ...NUMBER_KINDS, ...PERSONAL_KINDS]);

/**
 * The name of somebody as it may be stored: an address, a number or what a rule of the owner's finds in it is
 * replaced one to one (`[REDACTED:email#k3f5a2c4x7qd]`), so that two people stay two, and one stays one whatever the case of the letters. Secrets
 * are replaced as everywhere.
 * @param key asked for where something is found; who has it can tell whether a name that he guesses is the one
 */
export async function redactedName(
  agentId: string,
  name: string,
  policy: RedactionPolicy,
  key: () => Promise<string>,
): Promise<string> {
  if (Object.keys(redact(name, policy).counts).length === 0) return name;
  const nameless = createPseudonyms(await key(), `names of ${agentId}`);
  const token = (kind: string, value: string): string | undefined =>
    policy.token?.(kind, value) ?? (PERSONAL.has(kind) ? nameless(kind, foldedName(value)) : undefined);
  const custom = policy.custom?.map(
    (rule): CustomRule => ({
      ...rule,
      token: rule.token ?? ((value) => token(rule.kind, value) ?? nameless(rule.kind, foldedName(value))),
    }),
  );
  return redact(name, { ...policy, token, ...(custom === undefined ? {} : { custom }) }).value;
}
