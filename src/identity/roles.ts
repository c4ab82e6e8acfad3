import { ROLES, type Role } from "../doors/operation.ts";

/** A role for one agent, or for every agent. */
export interface Grant {
  readonly role: Role;
  readonly agentId?: string | undefined;
}

/** What the app roles in Microsoft Entra ID begin with: `lightning.trainer`, `lightning.trainer:support`. */
const PREFIX = "lightning.";

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** `trainer` or `trainer:support`; undefined when it is no such thing. */
function readGrant(text: string): Grant | undefined {
  const [role = "", ...agent] = text.trim().split(":");
  const agentId = agent.join(":");
  if (!isRole(role) || (agent.length > 0 && agentId === "")) return undefined;
  return agent.length === 0 ? { role } : { role, agentId };
}

/** An app role of the token; those of other products are not ours to judge. */
export const readAppRole = (text: string): Grant | undefined =>
  text.startsWith(PREFIX) ? readGrant(text.slice(PREFIX.length)) : undefined;

/**
 * `LIGHTNING_ROLE_GROUPS`: `<group id>=trainer,<group id>=releaser:support`; one group may stand several times.
 * Undefined when the text is not of that form.
 */
export function readGroupGrants(text: string): ReadonlyMap<string, readonly Grant[]> | undefined {
  const grants = new Map<string, Grant[]>();
  for (const entry of text.split(",")) {
    const at = entry.indexOf("=");
    const group = entry.slice(0, at).trim().toLowerCase();
    const grant = readGrant(entry.slice(at + 1));
    if (at < 1 || group === "" || grant === undefined) return undefined;
    grants.set(group, [...(grants.get(group) ?? []), grant]);
  }
  return grants;
}

export const showGrant = ({ role, agentId }: Grant): string =>
  agentId === undefined ? role : `${role}:${agentId}`;

const rank = (role: Role) => ROLES.indexOf(role);

/** Whether the grants reach `role`; a role holds for an agent when it is granted for it or for every agent. */
export function grantsReach(grants: readonly Grant[], role: Role, agentId?: string): boolean {
  return grants.some(
    (grant) => rank(grant.role) >= rank(role) && (grant.agentId === undefined || grant.agentId === agentId),
  );
}

export const reachAnywhere = (grants: readonly Grant[], role: Role): boolean =>
  grants.some((grant) => rank(grant.role) >= rank(role));
