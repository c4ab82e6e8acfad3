import { createHmac, hkdfSync } from "node:crypto";
import type { PersonalKind } from "../config/personal-kinds.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { RedactionPolicy } from "./policy.ts";
import { REDACTION_VERSION } from "./rules.ts";

/**
 * Kinds of which the same value may be given the same token. Persons only, never credentials: what a token is made of can
 * be tried by whoever has the key. Cards are left out, as their numbers are few enough to be tried all.
 */
export const PSEUDONYM_KINDS = ["email", "phone", "iban"] as const;
export type PseudonymKind = (typeof PSEUDONYM_KINDS)[number];

/** Of 60 bits: among a million values of one agent two share a token with a chance of about one in two million. */
const TOKEN_LETTERS = 12;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Ways to write one value: what is the same for people gets the same token. */
const SAME: Readonly<Record<string, (value: string) => string>> = {
  email: (value) => value.replace(/%40/g, "@").toLowerCase(),
  phone: (value) => value.replace(/^00/, "+").replace(/[^\d+]/g, ""),
  iban: (value) => value.replace(/[ -]/g, "").toUpperCase(),
};

/** Makes the token of a value: `[REDACTED:email#k3f9a2c1x7qd]`. Also for whoever looks for all that is stored of one person. */
export type Pseudonyms = (kind: string, value: string) => string;

/**
 * The pseudonyms of one agent: HMAC-SHA256 of kind and value under a key that is derived from the secret for this agent
 * (HKDF-SHA256), so that no two agents' tokens can be joined. The same secret gives the same tokens anywhere.
 */
export function createPseudonyms(secret: string, agentId: string): Pseudonyms {
  const key = Buffer.from(hkdfSync("sha256", secret, "", `agent-lightning pseudonyms ${agentId}`, 32));
  return (kind, value) => {
    const same = (SAME[kind]?.(value) ?? value).normalize("NFC").trim();
    const digest = createHmac("sha256", key).update(`${kind}\0${same}`).digest();
    let letters = "";
    for (let i = 0; i < TOKEN_LETTERS; i++) letters += ALPHABET[(digest[i] ?? 0) & 31];
    return `[REDACTED:${kind}#${letters}]`;
  };
}

/** A policy's `token` that gives values of these kinds a pseudonym and leaves all others their placeholder. */
export function tokensOf(
  kinds: readonly PseudonymKind[],
  pseudonyms: Pseudonyms,
): NonNullable<RedactionPolicy["token"]> {
  const wanted = new Set<string>(kinds);
  return (kind, value) => (wanted.has(kind) ? pseudonyms(kind, value) : undefined);
}

/** LIGHTNING_PSEUDONYMS: `email,phone`. */
export const kindsOf = (listed: string | undefined): PseudonymKind[] =>
  PSEUDONYM_KINDS.filter((kind) => listed?.split(",").includes(kind));

/** LIGHTNING_REDACT_PERSONAL as a part of a policy, and how its version tells it. */
export function personalOf({ redactPersonal }: Pick<PseudonymSettings, "redactPersonal">): {
  readonly policy: Pick<RedactionPolicy, "personal">;
  readonly named: readonly string[];
} {
  return redactPersonal === undefined || redactPersonal.size === 0
    ? { policy: {}, named: [] }
    : {
        policy: { personal: redactPersonal },
        named: [`personal-${sha256([...redactPersonal].toSorted().join(",")).slice(0, 8)}`],
      };
}

export interface PseudonymSettings {
  readonly redactPersonal?: ReadonlySet<PersonalKind> | undefined;
  readonly pseudonyms?: string | undefined;
  readonly pseudonymKey?: string | undefined;
}

/** What an agent's own process redacts by: the standard rules, with pseudonyms where its settings give a key and kinds. */
export function policyFromSettings(settings: PseudonymSettings, agentId: string): RedactionPolicy {
  const kinds = kindsOf(settings.pseudonyms);
  const { pseudonymKey } = settings;
  const personal = personalOf(settings);
  const token =
    pseudonymKey === undefined || kinds.length === 0
      ? undefined
      : tokensOf(kinds, createPseudonyms(pseudonymKey, agentId));
  return {
    version: [REDACTION_VERSION, ...personal.named, ...(token === undefined ? [] : ["pseudonyms"])].join("+"),
    ...personal.policy,
    ...(token === undefined ? {} : { token }),
  };
}
