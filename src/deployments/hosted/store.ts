import { EVALUATIONS, type Evaluation } from "../../evaluation/contract.ts";
import { bare, type Ledger } from "../../ledger/ledger.ts";
import { recordsOf } from "../../ledger/records.ts";
import { DEPLOYMENTS, type Deployment, POINTERS, type Pointer } from "../contract.ts";
import { HOSTED, type Hosted } from "./contract.ts";
import type { Holdings } from "./rules.ts";

export type HostedStore = ReturnType<typeof createHostedStore>;

/** What is hosted, as the ledger knows it. */
export function createHostedStore(ledger: Ledger) {
  const hosted = recordsOf(ledger, HOSTED);
  const deployments = recordsOf(ledger, DEPLOYMENTS);
  const pointers = recordsOf(ledger, POINTERS);
  const evaluations = recordsOf(ledger, EVALUATIONS);

  return {
    change: hosted.change,

    async read(agentId: string, id: string): Promise<Hosted | undefined> {
      const found = await hosted.read(agentId, id);
      return found === undefined ? undefined : bare(found);
    },

    /** Creates the record unless it exists; answers the one that is there, also after a lost answer. */
    ensure: async (one: Hosted): Promise<Hosted> =>
      bare((await hosted.createOnce(one, { settleUnclear: true })).record),

    /** Every agent's: they share the account. Housekeeping only, the query asks every partition. */
    all: (): Promise<Hosted[]> => allOf(hosted.each({})),

    async holdings(settled: Holdings["settled"]): Promise<Holdings & { readonly pointers: Pointer[] }> {
      const [seen, made] = await Promise.all([
        allOf<Pointer>(pointers.each({})),
        allOf<Deployment>(deployments.each({})),
      ]);
      return { pointers: seen, deployments: made, settled };
    },

    /** The evaluations of a run: those that may want its model hosted. */
    async evaluationsOf(agentId: string, runId: string): Promise<Evaluation[]> {
      const where = [{ field: "run_id", op: "eq", value: runId } as const];
      return allOf<Evaluation>(evaluations.each({ pk: [agentId], where }));
    },

    /** Those of one agent, by deployment name. */
    async ofAgent(agentId: string): Promise<Map<string, Hosted>> {
      const found = new Map<string, Hosted>();
      for await (const one of hosted.each({ pk: [agentId] })) found.set(one.deployment_name, bare(one));
      return found;
    },
  };
}

async function allOf<T extends object>(each: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of each) found.push(bare(one) as unknown as T);
  return found;
}
