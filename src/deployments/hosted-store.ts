import { isLightningError } from "../kernel/errors.ts";
import { changeRecord } from "../ledger/change-record.ts";
import { bare, each, type Ledger } from "../ledger/ledger.ts";
import type { Deployment, Hosted, Pointer } from "./contract.ts";
import type { Holdings } from "./hosted-rules.ts";

export type HostedStore = ReturnType<typeof createHostedStore>;

/** What is hosted, as the ledger knows it. */
export function createHostedStore(ledger: Ledger) {
  async function all<T extends Deployment | Hosted | Pointer>(type: T["type"]): Promise<T[]> {
    const found: T[] = [];
    // Every agent's: they share the account. Housekeeping only.
    for await (const one of each<T>(ledger, "deployments", {
      where: [{ field: "type", op: "eq", value: type }],
    }))
      found.push(bare(one) as unknown as T);
    return found;
  }

  async function read(agentId: string, id: string): Promise<Hosted | undefined> {
    const found = await ledger.read<Hosted>("deployments", [agentId], id);
    return found?.type === "hosted" ? bare(found) : undefined;
  }

  return {
    read,

    /** Creates the record unless it exists; answers the one that is there. */
    async ensure(hosted: Hosted): Promise<Hosted> {
      try {
        return bare(await ledger.create("deployments", hosted));
      } catch (thrown) {
        if (!isLightningError(thrown) || (thrown.kind !== "conflict" && !thrown.ambiguous)) throw thrown;
        const found = await read(hosted.agent_id, hosted.id);
        if (found === undefined) throw thrown;
        return found;
      }
    },

    change: (
      agentId: string,
      id: string,
      change: (hosted: Hosted) => Hosted | undefined,
    ): Promise<Hosted | undefined> =>
      changeRecord<Hosted>(ledger, "deployments", { type: "hosted", agent_id: agentId, id }, change),

    all: () => all<Hosted>("hosted"),

    async holdings(settled: Holdings["settled"]): Promise<Holdings & { readonly pointers: Pointer[] }> {
      const [pointers, deployments] = await Promise.all([
        all<Pointer>("pointer"),
        all<Deployment>("deployment"),
      ]);
      return { pointers, deployments, settled };
    },

    /** Those of one agent, by deployment name. */
    async ofAgent(agentId: string): Promise<Map<string, Hosted>> {
      const found = new Map<string, Hosted>();
      for await (const one of each<Hosted>(ledger, "deployments", {
        pk: [agentId],
        where: [{ field: "type", op: "eq", value: "hosted" }],
      }))
        found.set(one.deployment_name, bare(one));
      return found;
    },
  };
}
