import type { CallContext, Caller, Operation, Reply } from "../doors/operation.ts";
import { ownIds } from "../doors/own-ids.ts";
import { forbidden, isLightningError } from "../kernel/errors.ts";
import { isId } from "../kernel/ids.ts";
import { readPerson } from "../kernel/persons.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { LOCAL_CALLER } from "./access.ts";
import type { AuditEntry, AuditLog } from "./audit.ts";
import type { AuditRecord } from "./contract.ts";
import type { WatchedCall, WatchedLedger } from "./writes.ts";

export interface GuardDeps {
  readonly audit: AuditLog;
  readonly watched: Pick<WatchedLedger<Ledger>, "during">;
  /** LIGHTNING_AGENT_ID: whose an item without `agent_id` is. */
  readonly agentId: string;
}

/** The name under which changes that concern no single agent are recorded. */
export const EVERY_AGENT = "every-agent";

/**
 * The operation behind its role, and with a record of every change. It stands between the doors and the service, so
 * REST, MCP, the command line and the SDK are held to the same.
 */
export function guarded(operation: Operation, deps: GuardDeps): Operation {
  return {
    ...operation,
    async run(input, context) {
      const caller = context.caller ?? LOCAL_CALLER;
      const agents = agentsOf(operation, input, deps.agentId);
      const base = operation.effect === "read" ? undefined : entryBase(operation, input, context, caller);
      const concerned = agents.length === 0 ? [EVERY_AGENT] : agents;
      try {
        demandRole(operation, caller, agents);
      } catch (thrown) {
        if (base !== undefined) await deps.audit.write(...refusedRecord(base, concerned));
        throw thrown;
      }
      const call = () => operation.run(input, withoutKeys(context, caller));
      if (base === undefined) return call();

      const done = (reply: Reply<unknown>): AuditEntry => ({
        ...base,
        outcome: "done",
        status: reply.status ?? 200,
        ids: { ...base.ids, ...ownIds(reply.body) },
      });
      const [agent = EVERY_AGENT] = concerned;
      const foreseen = concerned.length === 1 ? operation.foreseen?.(input) : undefined;
      /** The record that went along with the write, if it got that far. */
      let told: AuditRecord | undefined;
      const watchedCall: WatchedCall = {
        writes: [],
        trail:
          foreseen &&
          ((document, write) => {
            told = deps.audit.record(agent, done(foreseen(document)), [write]);
            return told;
          }),
      };
      const { writes } = watchedCall;
      try {
        const reply = await deps.watched.during(watchedCall, call);
        if (watchedCall.isTrailed !== true) await deps.audit.write(concerned, done(reply), writes);
        // When the one write was all, the audit record stored with it already says the same.
        else if (told !== undefined && writes.length !== 1)
          await deps.audit.correct(told, done(reply), writes);
        return reply;
      } catch (thrown) {
        const known = isLightningError(thrown)
          ? { status: thrown.status, code: thrown.code }
          : { status: 500, code: "internal_error" };
        // Some roles show only in what the call is about: another agent's model, an override, what somebody else wrote.
        const outcome = known.code === "role_missing" ? "refused" : "failed";
        const entry: AuditEntry = { ...base, outcome, ...known };
        // The write's record may be stored though its acknowledgment is not there.
        if (told === undefined) await deps.audit.write(concerned, entry, writes);
        else await deps.audit.correct(told, entry, writes);
        throw thrown;
      }
    },
  };
}

/**
 * One record of a refusal, however many agents the call named: who may do nothing must not fill the audits of others. Of
 * several agents it stands under `EVERY_AGENT`, with their number.
 */
function refusedRecord(
  base: Omit<AuditEntry, "outcome">,
  agents: readonly string[],
): Parameters<AuditLog["write"]> {
  const [agent = EVERY_AGENT, ...others] = agents;
  const entry: AuditEntry = { ...base, outcome: "refused", status: 403, code: "role_missing" };
  return others.length === 0
    ? [[agent], entry, []]
    : [[EVERY_AGENT], { ...entry, agents_named: agents.length }, []];
}

/** @throws forbidden `role_missing` that names the role, the agent and what the caller has. */
export function demandRole(
  { name, role, effect, open }: Pick<Operation, "name" | "role" | "effect" | "open">,
  caller: Caller,
  agents: readonly string[],
): void {
  if (open === true) return;
  const refuse = (agentId: string | undefined) =>
    forbidden(
      "role_missing",
      `${name} needs the role ${role}${agentId === undefined ? " for every agent" : ` for agent ${agentId}`}; ${
        caller.person === undefined ? "the caller" : readPerson(caller.person).name
      } has ${caller.roles.join(", ") || "none"}.`,
      {
        remedy: `An owner can grant the app role lightning.${role}${agentId === undefined ? "" : ` or lightning.${role}:${agentId}`}.`,
        details: { role, agent_id: agentId ?? null, roles: caller.roles },
      },
    );
  if (agents.length === 0) {
    const enough = effect === "read" ? caller.mayAnywhere(role) : caller.may(role);
    if (!enough) throw refuse(undefined);
  }
  for (const agentId of agents) if (!caller.may(role, agentId)) throw refuse(agentId);
}

/**
 * The agents a call is about: its own `agent_id`, or those of its items; none for what concerns the whole app. An item
 * with an `agent_id` that is no id is nobody's, and refused where items are checked.
 */
export function agentsOf(
  operation: Pick<Operation, "input" | "rest">,
  input: Readonly<Record<string, unknown>>,
  standard: string,
): string[] {
  if (!("agent_id" in operation.input.shape)) return [];
  const own = typeof input.agent_id === "string" ? input.agent_id : standard;
  const items = operation.rest.manyAs === undefined ? undefined : input[operation.rest.manyAs];
  if (!Array.isArray(items)) return [own];
  const named = (items as unknown[]).map((item) => {
    const { agent_id: agentId } = (typeof item === "object" && item !== null ? item : {}) as Record<
      string,
      unknown
    >;
    return typeof agentId === "string" && isId(agentId) ? agentId : own;
  });
  return [...new Set(named)];
}

/**
 * The durable engine's addresses carry its system key, which opens every instance. Somebody with a role gets them only
 * as an owner of every agent; the records tell the others how things stand.
 */
function withoutKeys(context: CallContext, caller: Caller): CallContext {
  if (caller.kind !== "person" || caller.may("owner")) return context;
  return { ...context, orchestrations: { ...context.orchestrations, urls: () => ({}) } };
}

function entryBase(
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
  context: CallContext,
  caller: Caller,
): Omit<AuditEntry, "outcome"> {
  const claimed = texts(input, (name) => name.endsWith("_by") || name === "evaluator" || name === "reviewer");
  return {
    ...whoOf(caller),
    identity: caller.kind,
    roles: [...caller.roles],
    door: context.door,
    operation: operation.name,
    effect: operation.effect === "destroy" ? "destroy" : "write",
    ids: ownIds(input),
    ...(Object.keys(claimed).length === 0 ? {} : { claimed }),
    ...reasonOf(input),
  };
}

function whoOf({ person }: Caller): { who?: string; who_id?: string } {
  if (person === undefined) return {};
  const { name, id } = readPerson(person);
  return { who: name, ...(id === undefined ? {} : { who_id: id }) };
}

/** Why, in the caller's words; an override of the gate gives its own. */
function reasonOf({ reason, override_reason }: Readonly<Record<string, unknown>>): { reason?: string } {
  const why = reason ?? override_reason;
  return typeof why === "string" ? { reason: why } : {};
}

function texts(value: unknown, wanted: (name: string) => boolean): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const found: Record<string, string> = {};
  for (const name of Object.keys(value)) {
    if (!wanted(name)) continue;
    const text = (value as Record<string, unknown>)[name];
    if (typeof text === "string") found[name] = text.slice(0, 200);
  }
  return found;
}
