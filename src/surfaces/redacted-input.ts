import { createHmac } from "node:crypto";
import type { z } from "zod";
import { takesKey } from "../doors/idempotency-key.ts";
import { bare, defOf, type Entry } from "../doors/kept.ts";
import type { CallContext, Operation } from "../doors/operation.ts";
import { invalid } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { isId } from "../kernel/ids.ts";
import { isExpressionFreeOfSecrets, refuseSecret } from "../redaction/kept-text.ts";
import { redactedName } from "../redaction/names.ts";
import type { PolicyOf, RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";

export interface RedactionDeps {
  readonly policyOf: PolicyOf;
  /** The key by which names of persons are told apart after redaction. */
  readonly key: () => Promise<string>;
  /** LIGHTNING_AGENT_ID: whose rules hold for a call that is about no single agent. */
  readonly agentId: string;
}

/**
 * The row behind redaction: every string of its input goes through the walker before anything sees it, the record of
 * requests and the audit log among them, unless its schema says why not (`doors/kept.ts`). Outside of all other wrappers.
 * Reading goes the same way, so that what is looked for by a text that was redacted is found.
 * @throws invalid `secret_in_name` for a write with a secret in a field that is kept exactly, `redaction_failed` for a
 *   value that cannot be walked; nothing is stored then
 */
export function redactedInput(operation: Operation, deps: RedactionDeps): Operation {
  const isWrite = operation.effect !== "read";
  return {
    ...operation,
    async run(input, context) {
      const { agent_id: named } = input as { agent_id?: unknown };
      const agentId = typeof named === "string" ? named : deps.agentId;
      const asked = await withFingerprint(operation, input, context, deps.key);
      const first: Entering = { policy: undefined, isWrite, names: [], texts: 0 };
      if (operation.redactsItself !== undefined) {
        refuseSecrets(operation, input, first);
        return operation.run(input, asked);
      }
      const same = enter(operation.input, input, "", first) as Record<string, unknown>;
      // What needs no policy asks for none: health is told while the ledger, where the rules lie, does not answer.
      if (first.texts + first.names.length === 0) return operation.run(same, asked);
      const policy = await deps.policyOf(agentId);
      const entering: Entering = { policy, isWrite, names: [], texts: 0 };
      const clean = enter(operation.input, input, "", entering) as Record<string, unknown>;
      for (const { object, field, name } of entering.names)
        object[field] = await redactedName(agentId, name, policy, deps.key);
      return operation.run(clean, asked);
    },
  };
}

/**
 * Of a request under a key: what tells it from another one, made before redaction, as a retry after a change of the rules
 * is still the same request. Keyed, as whoever reads the ledger could try what the input was otherwise.
 */
async function withFingerprint(
  operation: Operation,
  input: Input,
  context: CallContext,
  key: () => Promise<string>,
): Promise<CallContext> {
  const { idempotency_key: inBody, ...rest } = input;
  if (!takesKey(operation) || (inBody ?? context.idempotencyKey) === undefined) return context;
  const hmac = createHmac("sha256", await key()).update(`request\0${canonicalJson(rest)}`);
  return { ...context, inputFingerprint: hmac.digest("hex") };
}

type Input = Readonly<Record<string, unknown>>;

/** One input on its way in. */
interface Entering {
  /** Undefined: texts are counted only. */
  readonly policy: RedactionPolicy | undefined;
  readonly isWrite: boolean;
  /** Texts and values that were met and are to be redacted. */
  texts: number;
  /** Names of persons that were met, to be replaced where they stand. */
  readonly names: {
    readonly object: Record<string, unknown>;
    readonly field: string;
    readonly name: string;
  }[];
}

/** Of a row that redacts itself: what is kept exactly stands in the audit log whatever becomes of the call. */
function refuseSecrets({ input: { shape }, rest }: Operation, input: Input, entering: Entering): void {
  for (const [field, value] of Object.entries(input)) {
    const entry = shape[field] && bare(shape[field]).entry;
    if (entry !== undefined) kept(entry, value, field, entering);
  }
  if (rest.manyAs !== undefined) refuseSecretAgents(input[rest.manyAs], rest.manyAs);
}

/** Whose item each of many is, stands there before the items are looked at one by one. */
function refuseSecretAgents(items: unknown, manyAs: string): void {
  if (!Array.isArray(items)) return;
  const seen = new Set<string>();
  for (const [index, item] of (items as unknown[]).entries()) {
    const { agent_id: agentId } = (item ?? {}) as { agent_id?: unknown };
    // One that is no id is nobody's, and refused with its item.
    if (typeof agentId !== "string" || !isId(agentId) || seen.has(agentId)) continue;
    seen.add(agentId);
    refuseSecret(`${manyAs}.${index}.agent_id`, agentId);
  }
}

type Schema = z.core.$ZodType;

/** A parsed value with what its schema does not keep redacted; a copy, but for what stays as it is. */
function enter(given: Schema, value: unknown, path: string, entering: Entering): unknown {
  const { schema, entry } = bare(given);
  if (entry !== undefined) return kept(entry, value, path, entering);
  const def = defOf(schema);
  if (def.type === "enum" || def.type === "literal") return value;
  if (def.type === "object" && isRecord(value)) return enterObject(def, value, path, entering);
  if (def.type === "array" && Array.isArray(value))
    return value.map((item, n) => enter(def.element, item, below(path, String(n)), entering));
  if (def.type === "record" && isRecord(value) && bare(def.keyType).entry !== undefined)
    return enterRecord(def, value, path, entering);
  const option = def.type === "union" ? def.options.find((one) => fits(one, value)) : undefined;
  return option === undefined ? free(value, path, entering) : enter(option, value, path, entering);
}

function enterObject(
  { shape }: z.core.$ZodObjectDef,
  value: Readonly<Record<string, unknown>>,
  path: string,
  entering: Entering,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const others: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const member = value[name];
    const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (schema === undefined) others[name] = member;
    else if (typeof member === "string" && bare(schema).entry?.how === "name") {
      entering.names.push({ object: out, field: name, name: member });
      out[name] = member;
    } else out[name] = enter(schema, member, below(path, name), entering);
  }
  return Object.keys(others).length === 0 ? out : Object.assign(out, free(others, path, entering));
}

/** A record whose keys are kept, as others name its members by them. */
function enterRecord(
  def: z.core.$ZodRecordDef,
  value: Readonly<Record<string, unknown>>,
  path: string,
  entering: Entering,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      enter(def.keyType, name, below(path, name), entering);
      return [name, enter(def.valueType, member, below(path, name), entering)];
    }),
  );
}

function kept({ how }: Entry, value: unknown, path: string, entering: Entering): unknown {
  // Not a member of an object: replaced as any text.
  if (how === "name") return free(value, path, entering);
  // An agent's own rules are about what people write: one that is too wide must not lock its records.
  if (!entering.isWrite || typeof value !== "string") return value;
  if (how === "exact") refuseSecret(path, value);
  if (how === "expression") refuseSecret(path, value, isExpressionFreeOfSecrets);
  return value;
}

/** A text or a value of any form. Its field's name counts, as it does in the walk of a record that holds the field. */
function free(value: unknown, path: string, entering: Entering): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === undefined) return value;
  const { policy } = entering;
  entering.texts++;
  if (policy === undefined) return value;
  const field = path.slice(path.lastIndexOf(".") + 1);
  try {
    return Object.values(redact({ [field]: value }, policy).value)[0];
  } catch {
    // The error's own words may quote what could not be walked.
    throw invalid("redaction_failed", `${path} cannot be looked through for secrets; nothing was stored.`, {
      field: path,
      remedy: "Nest values less deeply.",
    });
  }
}

/** Whether a value that was parsed can have come out of this option of a union. */
function fits(option: Schema, value: unknown): boolean {
  const { schema } = bare(option);
  const def = defOf(schema);
  if (def.type === "string") return typeof value === "string";
  if (def.type === "object") return isRecord(value) && (schema as z.ZodType).safeParse(value).success;
  return def.type === "union" ? def.options.some((one) => fits(one, value)) : false;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const below = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);
