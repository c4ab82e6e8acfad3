import type { Settings } from "../config/settings.ts";
import type { Caller } from "../doors/operation.ts";
import { forbidden, unauthenticated } from "../kernel/errors.ts";
import { personText } from "../kernel/persons.ts";
import { readPrincipal } from "./principal.ts";
import { type Grant, grantsReach, reachAnywhere, readAppRole, readGroupGrants, showGrant } from "./roles.ts";

/** The part of a request that authenticates its caller. */
interface Knock {
  readonly method?: string;
  readonly headers: { get(name: string): string | null };
}

export interface Access {
  /**
   * Who calls. @throws unauthenticated `sign_in_needed` when persons alone are let in and none is there; forbidden
   * `cross_site_request` when a browser sends somebody's session from another site's page.
   */
  callerOf(request: Knock): Caller;
  /** Whether the host asks for a function key: not where persons are let in, who have none. */
  readonly hostKey: "function" | "anonymous";
  /** What an operator should be told of who is let in, at every start. */
  readonly warning?: string;
}

type AccessSettings = Pick<
  Settings,
  "auth" | "roleGroups" | "defaultRole" | "websiteSiteName" | "websiteAuthEnabled"
>;

const allowed = (kind: "local" | "key"): Caller => ({
  kind,
  roles: ["owner"],
  may: () => true,
  mayAnywhere: () => true,
});
/** Whoever can reach this machine's loopback may do everything. */
export const LOCAL_CALLER = allowed("local");
/** The simple mode: a function key opens everything and names nobody. */
const KEY_CALLER = allowed("key");

const KEYS_ARE_OWNERS =
  "LIGHTNING_AUTH is key: whoever holds a function key is an owner of every agent, without a name, and no four eyes can be told apart. With LIGHTNING_AUTH=entra persons have roles (docs/deploy.md, 4).";

/**
 * The header that names a person is believed only in Azure with App Service Authentication on; anywhere else anybody
 * could write it.
 */
export function createAccess(settings: AccessSettings): Access {
  const hostKey = settings.auth === "entra" ? "anonymous" : "function";
  if (settings.websiteSiteName === undefined) return { hostKey, callerOf: () => LOCAL_CALLER };
  const told = settings.auth === "key" ? { warning: KEYS_ARE_OWNERS } : {};
  if (!settings.websiteAuthEnabled) return { hostKey, ...told, callerOf: () => KEY_CALLER };
  const groupGrants = settings.roleGroups === undefined ? undefined : readGroupGrants(settings.roleGroups);
  const everybody: readonly Grant[] =
    settings.defaultRole === undefined ? [] : [{ role: settings.defaultRole }];

  return {
    hostKey,
    ...told,
    callerOf({ method, headers }) {
      const principal = readPrincipal(headers);
      if (principal === undefined) {
        if (settings.auth === "key") return KEY_CALLER;
        throw unauthenticated("sign_in_needed", "Nobody is signed in.", {
          remedy: "Send a Microsoft Entra token for this app as Authorization: Bearer.",
        });
      }
      // A page of another site could send the session cookie along; a token it cannot have.
      if (method === "POST" && headers.get("sec-fetch-site") === "cross-site")
        throw forbidden("cross_site_request", "A page of another site sent this.", {
          remedy: "Call from a program or from this app's own page.",
        });
      const grants = [
        ...everybody,
        ...principal.roles.flatMap((role) => readAppRole(role) ?? []),
        ...principal.groups.flatMap((group) => groupGrants?.get(group) ?? []),
      ];
      return {
        kind: "person",
        person: personText({ name: principal.name ?? "unnamed", id: principal.id }),
        roles: [
          ...new Set(grants.map(showGrant)),
          ...(principal.groupsLeftOut && groupGrants !== undefined ? ["(groups left out of the token)"] : []),
        ],
        may: (role, agentId) => grantsReach(grants, role, agentId),
        mayAnywhere: (role) => reachAnywhere(grants, role),
      };
    },
  };
}
