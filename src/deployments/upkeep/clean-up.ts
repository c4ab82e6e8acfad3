import type { Catalog, Unknown } from "../../catalog/catalog.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { Hosted } from "../hosted/contract.ts";
import type { DeploymentService } from "../service.ts";

export interface CleanUp {
  readonly dry_run: boolean;
  readonly older_than_days: number;
  readonly removed: readonly {
    readonly agent_id: string;
    readonly deployment_name: string;
    readonly training_run_id: string;
    readonly requested_at: string;
    /** What its hosting costs while it is there. */
    readonly usd_an_hour: number | Unknown;
  }[];
  readonly not_removed: readonly { readonly deployment_name: string; readonly reason: string }[];
}

const DAY_MS = 86_400_000;

/**
 * Takes away what is hosted and no longer needed: not what serves, not what served right before it, not what is being
 * promoted or named by a setting, and only what this app made. The models themselves stay.
 */
export function createDeploymentCleanUp(deps: {
  readonly service: DeploymentService;
  readonly catalog?: Pick<Catalog, "hostingPrice"> | undefined;
  readonly logger: Logger;
}) {
  const { catalog, logger } = deps;
  const { models } = deps.service;

  async function removeAll(
    candidates: () => Promise<readonly Hosted[]>,
    why: string,
    dryRun: boolean,
  ): Promise<Pick<CleanUp, "removed" | "not_removed">> {
    const removed: CleanUp["removed"][number][] = [];
    const not_removed: CleanUp["not_removed"][number][] = [];
    for (const one of await candidates()) {
      const { agent_id, deployment_name, training_run_id, requested_at } = one;
      try {
        if (!dryRun) {
          // Looked at again: somebody may have promoted it, or rolled back to it, since.
          const still = (await candidates()).some((each) => each.id === one.id);
          if (!still) continue;
          await models?.remove(one, why);
        }
        const usd_an_hour = catalog?.hostingPrice(one.sku) ?? "unknown";
        removed.push({ agent_id, deployment_name, training_run_id, requested_at, usd_an_hour });
      } catch (error) {
        logger.warn("a deployment could not be removed", { deployment_name, error: messageOf(error) });
        not_removed.push({ deployment_name, reason: messageOf(error).slice(0, 300) });
      }
    }
    return { removed, not_removed };
  }

  return {
    async cleanUp(olderThanDays: number, dryRun: boolean): Promise<CleanUp> {
      const idle = () => models?.idle(olderThanDays * DAY_MS) ?? Promise.resolve([]);
      return {
        dry_run: dryRun,
        older_than_days: olderThanDays,
        ...(await removeAll(idle, "clean-up", dryRun)),
      };
    },

    /** What an evaluation made of a candidate that did not pass: billed by the hour, and wanted by nobody. */
    removeRejected: () =>
      removeAll(() => models?.rejected() ?? Promise.resolve([]), "it did not pass its evaluation", false),
  };
}
