import type { z } from "zod";
import { bare, defOf } from "../doors/kept.ts";
import type { Caller, Operation } from "../doors/operation.ts";
import { forbidden } from "../kernel/errors.ts";
import { LOCAL_CALLER } from "./access.ts";

/** As a baseline: what serves this agent, and the base model. */
const OWN_WORDS = ["active", "base"];

/** Whose a model of this name is; empty: nobody's. */
export type OwnersOf = (name: string) => Promise<ReadonlySet<string>>;

/**
 * A change that names another agent's model needs its role for that agent, too: its answers are written into files of
 * this one, it is trained further, or it serves here. Reading is left alone: it uses no model.
 */
export function withModelRights(
  row: Operation,
  deps: { readonly ownersOf: OwnersOf; readonly agentId: string },
): Operation {
  if (row.effect === "read") return row;
  return {
    ...row,
    async run(input, context) {
      const caller = context.caller ?? LOCAL_CALLER;
      if (!caller.may(row.role)) await demandRights(row, input, caller, deps);
      return row.run(input, context);
    },
  };
}

/** @throws forbidden `role_missing` */
async function demandRights(
  { name, role, input: schema }: Pick<Operation, "name" | "role" | "input">,
  input: Readonly<Record<string, unknown>>,
  caller: Caller,
  { ownersOf, agentId }: { readonly ownersOf: OwnersOf; readonly agentId: string },
): Promise<void> {
  const own = typeof input.agent_id === "string" ? input.agent_id : agentId;
  for (const [field, model] of modelsIn(schema, input)) {
    const owners = await ownersOf(model);
    if (owners.size === 0 || owners.has(own)) continue;
    for (const owner of owners) {
      if (caller.may(role, owner)) continue;
      throw forbidden(
        "role_missing",
        `${name} needs the role ${role} for agent ${owner}, whose ${model} is.`,
        {
          field,
          remedy: `Name a model of agent ${own}, or let an owner grant the app role lightning.${role}:${owner}.`,
          details: { role, agent_id: owner, roles: caller.roles },
        },
      );
    }
  }
}

/** Every model that the input says to use, by the marks of its schema, with the path of its field. */
function modelsIn(
  given: z.core.$ZodType,
  value: unknown,
  path = "",
  found = new Map<string, string>(),
): ReadonlyMap<string, string> {
  const { schema, entry } = bare(given);
  if (entry?.isModel === true && typeof value === "string" && !OWN_WORDS.includes(value))
    found.set(path, value);
  if (entry !== undefined) return found;
  const def = defOf(schema);
  // Those that it did not come out of find nothing in it, or the same.
  if (def.type === "union") for (const option of def.options) modelsIn(option, value, path, found);
  if (typeof value !== "object" || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    const member =
      def.type === "object"
        ? (def.shape[name] ?? def.catchall)
        : def.type === "record"
          ? def.valueType
          : def.type === "array"
            ? def.element
            : undefined;
    if (member !== undefined) modelsIn(member, inner, path === "" ? name : `${path}.${name}`, found);
  }
  return found;
}
