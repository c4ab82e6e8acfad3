import { createHash } from "node:crypto";
import { ROLES } from "../src/doors/operation.ts";
import { isMain } from "../src/kernel/is-main.ts";

/**
 * Prints the app roles for an app registration: `node infra/entra.ts [agent_id …] > app-roles.json`, then
 * `az ad app update --id <client id> --app-roles @app-roles.json`. With agents, each role also for each of them alone.
 */
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

if (isMain(import.meta.url))
  process.stdout.write(`${JSON.stringify(appRoles(process.argv.slice(2)), undefined, 2)}\n`);
