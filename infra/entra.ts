import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { ROLES } from "../src/doors/operation.ts";
import { isMain } from "../src/kernel/is-main.ts";

/**
 * What an app registration has to be for App Service Authentication, as bodies for Microsoft Graph (docs/deploy.md, 4):
 *
 *   node infra/entra.ts registration --app <client id> --endpoint https://<app> [agent_id …] > registration.json
 *   node infra/entra.ts clients [--client <client id>] > clients.json
 *   az rest --method PATCH --uri "https://graph.microsoft.com/v1.0/applications(appId='<client id>')" --body @…
 *
 * In two steps: a client is let in to a scope that is there already (docs/facts.md#scope-before-client). With agents, each role also for each
 * of them alone. Printed again, everything keeps its id, so that an update keeps the assignments.
 */
function registration(app: string, endpoint: string, agents: readonly string[]) {
  return {
    identifierUris: [`api://${app}`],
    appRoles: appRoles(agents),
    api: api(),
    web: {
      redirectUris: [new URL("/.auth/login/aad/callback", endpoint).href],
      // A browser's sign-in gets its person from an ID token (the hybrid flow).
      implicitGrantSettings: { enableIdTokenIssuance: true, enableAccessTokenIssuance: false },
    },
    // For LIGHTNING_ROLE_GROUPS. Of somebody in more than 200 groups the token names none.
    groupMembershipClaims: "SecurityGroup",
  };
}

/** Which programs may ask for a person's token without an administrator's consent. */
function clients(others: readonly string[]) {
  const preAuthorizedApplications = [AZURE_CLI, ...others].map((appId) => ({
    appId,
    delegatedPermissionIds: [SCOPE.id],
  }));
  // All of `api` again, so that it does not matter whether what is left out is kept.
  return { api: { ...api(), preAuthorizedApplications } };
}

/** `az account get-access-token` asks as this client, in every tenant. */
const AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const SCOPE = {
  id: stableGuid("user_impersonation"),
  // The name that `WEBSITE_AUTH_PRM_DEFAULT_WITH_SCOPES` in main.bicep tells to MCP clients.
  value: "user_impersonation",
  type: "User",
  isEnabled: true,
  adminConsentDisplayName: "Use Agent Lightning",
  adminConsentDescription: "Calls Agent Lightning as the person who has signed in, with that person's roles.",
  userConsentDisplayName: "Use Agent Lightning as you",
  userConsentDescription: "Calls Agent Lightning as you, with your roles.",
};
/** Tokens of version 2: their issuer is the one that the template tells App Service Authentication to believe. */
const api = () => ({ requestedAccessTokenVersion: 2, oauth2PermissionScopes: [SCOPE] });

/** The app roles: each alone, and for each of the agents. */
export function appRoles(agents: readonly string[]) {
  const values = ROLES.flatMap((role) => [role, ...agents.map((agent) => `${role}:${agent}`)]);
  return values.map((value) => ({
    id: stableGuid(value),
    value: `lightning.${value}`,
    displayName: `Agent Lightning ${value}`,
    description: `${MAY[value.split(":")[0] as (typeof ROLES)[number]]}${value.includes(":") ? `, for agent ${value.split(":")[1]}` : ""}.`,
    allowedMemberTypes: ["User", "Application"],
    isEnabled: true,
  }));
}

const MAY: Record<(typeof ROLES)[number], string> = {
  reader: "Reads everything",
  labeller: "Reads, records episodes and rewards, reviews",
  builder: "As labeller, and builds datasets",
  trainer: "As builder, and trains and evaluates",
  releaser: "As trainer, and promotes, rolls back and runs pipelines",
  owner: "Everything",
};

/** The same id for the same role in every print, so that an update keeps the assignments. */
function stableGuid(value: string): string {
  const hex = createHash("sha256").update(`agent-lightning ${value}`).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** @throws Error that says what is missing */
export function printed(args: readonly string[]): object {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      app: { type: "string" },
      endpoint: { type: "string" },
      client: { type: "string", multiple: true, default: [] },
    },
  });
  const [what, ...agents] = positionals;
  if (what === "clients") return clients(values.client);
  if (what !== "registration") throw new Error("Say what to print: registration or clients.");
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(values.app ?? ""))
    throw new Error("--app is the registration's application (client) id.");
  if (!/^https:\/\/[^/]+\/?$/.test(values.endpoint ?? ""))
    throw new Error("--endpoint is the function app's address, https://<app>.azurewebsites.net");
  return registration(values.app as string, values.endpoint as string, agents);
}

if (isMain(import.meta.url)) {
  try {
    process.stdout.write(`${JSON.stringify(printed(process.argv.slice(2)), undefined, 2)}\n`);
  } catch (thrown) {
    process.stderr.write(`${(thrown as Error).message}\n`);
    process.exitCode = 2;
  }
}
