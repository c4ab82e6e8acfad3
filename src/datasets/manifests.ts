import type { Ledger, Page } from "../ledger/ledger.ts";
import { recordsOf } from "../ledger/records.ts";
import { DATASETS, type Dataset } from "./contract.ts";

/** The manifests of datasets in the ledger. */
export function createManifests(ledger: Ledger) {
  const manifests = recordsOf(ledger, DATASETS);
  const { read, createOnce, change, claim, replace } = manifests;

  return {
    read,
    createOnce,
    change,
    claim,
    replace,

    /** Newest first. */
    list: (agentId: string, limit: number, after: string | undefined) =>
      manifests.page({
        pk: [agentId],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      }),

    /** Test sides of the agent's datasets that were finished before a time: where their sessions and inputs are kept. */
    async testSides(agentId: string, before: string) {
      const found: { id: string; same_as?: string | undefined; key: string }[] = [];
      let after: string | undefined;
      do {
        const page: Page<Dataset> = await ledger.query<Dataset>("datasets", {
          pk: [agentId],
          where: [{ field: "status", op: "eq", value: "ready" }],
          orderBy: { field: "created_at", direction: "asc" },
          limit: 1000,
          after,
          select: ["id", "same_as", "groups", "completed_at"],
        });
        for (const { id, same_as, groups, completed_at = "" } of page.items)
          if (groups?.test !== undefined && completed_at < before)
            found.push({ id, same_as, key: groups.test });
        after = page.continuation;
      } while (after !== undefined);
      return found;
    },

    /** The agent's first finished dataset of that content. */
    async firstWithContent(agentId: string, contentHash: string): Promise<Dataset | undefined> {
      const page = await manifests.page({
        pk: [agentId],
        where: [
          { field: "content_hash", op: "eq", value: contentHash },
          { field: "status", op: "eq", value: "ready" },
        ],
        orderBy: { field: "created_at", direction: "asc" },
        limit: 1,
      });
      return page.items[0];
    },
  };
}
