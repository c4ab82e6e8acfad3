import type { Settings } from "../config/settings.ts";
import { oneKey, takesKey } from "../doors/idempotency-key.ts";
import type { CallContext, Operation, Reply } from "../doors/operation.ts";
import { LOCAL_CALLER } from "../identity/access.ts";
import { agentsOf, demandRole, EVERY_AGENT } from "../identity/guard.ts";
import { isLightningError } from "../kernel/errors.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import { type Asked, claim, demandSameInput } from "./claims.ts";
import type { RequestDeps } from "./held.ts";

/** What this process is carrying out, by agent and record. */
interface UnderWay {
  readonly input_sha256: string;
  readonly reply: Promise<Reply<unknown>>;
}
type Input = Readonly<Record<string, unknown>>;

/**
 * Wraps rows so that a request under an idempotency key is carried out once: the key belongs to the operation, the
 * agent and, where persons sign in, the person. It stands outside of the guard, so that the audit log has one record
 * for one effect, and asks for the role first. Requests without a key pass through.
 */
export function onceUnderKey(deps: RequestDeps & { readonly settings: Pick<Settings, "agentId"> }) {
  const underWay = new Map<string, UnderWay>();

  async function carryOut(
    operation: Operation,
    input: Input,
    context: CallContext,
    asked: Asked,
  ): Promise<Reply<unknown>> {
    const claimed = await claim(deps, asked);
    if ("reply" in claimed) return claimed.reply;
    const { held } = claimed;
    let reply: Reply<unknown>;
    try {
      reply = await operation.run(input, { ...context, request: held.request });
    } catch (thrown) {
      const isRefused = isLightningError(thrown) && thrown.status < 500;
      await held.failed(isRefused ? "refused" : "unclear");
      throw thrown;
    }
    await held.answered(reply);
    return reply;
  }

  /** Who asks for the same at the same moment in this process gets the same answer. */
  function together(operation: Operation, input: Input, context: CallContext, asked: Asked) {
    const place = `${asked.agentId} ${asked.id}`;
    const other = underWay.get(place);
    if (other !== undefined) {
      demandSameInput(asked, other.input_sha256);
      return other.reply;
    }
    const reply = carryOut(operation, input, context, asked).finally(() => underWay.delete(place));
    underWay.set(place, { input_sha256: asked.input_sha256, reply });
    return reply;
  }

  return (operation: Operation): Operation => {
    if (!takesKey(operation)) return operation;
    return {
      ...operation,
      async run(given, context) {
        const { idempotency_key, ...input } = given as { idempotency_key?: string };
        const key = oneKey(idempotency_key, context.idempotencyKey);
        if (key === undefined) return operation.run(input, context);
        const caller = context.caller ?? LOCAL_CALLER;
        const { person } = caller;
        const keyed: CallContext = {
          ...context,
          // Ids that services make of a key: those of two persons are two.
          idempotencyKey: person === undefined ? key : canonicalJson([person, key]),
        };
        // Who may not is refused by the guard, which records it; no answer of somebody else's is shown.
        if (!mayCall(operation, input, caller, deps.settings.agentId)) return operation.run(input, keyed);
        return together(
          operation,
          input,
          keyed,
          askedOf(operation, input, person, key, context.inputFingerprint),
        );
      },
    };
  };
}

function mayCall(operation: Operation, input: Input, ...[caller, agentId]: [CallerOf, string]): boolean {
  try {
    demandRole(operation, caller, agentsOf(operation, input, agentId));
    return true;
  } catch {
    return false;
  }
}
type CallerOf = NonNullable<CallContext["caller"]>;

function askedOf(
  operation: Operation,
  input: Input,
  person: string | undefined,
  key: string,
  fingerprint: string | undefined,
): Asked {
  const { name, idempotency = {} } = operation;
  return {
    agentId: typeof input.agent_id === "string" ? input.agent_id : EVERY_AGENT,
    id: `request-${sha256(canonicalJson([name, person ?? null, key])).slice(0, 32)}`,
    operation: name,
    by: person,
    input_sha256: fingerprint ?? sha256(canonicalJson(input)),
    ...(fingerprint === undefined ? {} : { plainSha256: () => sha256(canonicalJson(input)) }),
    isKeptForEver: "kept" in idempotency,
  };
}
