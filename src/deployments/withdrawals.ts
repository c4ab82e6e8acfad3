import { bare } from "../ledger/ledger.ts";
import type { DeploymentEvent } from "./contract.ts";
import type { DeploymentStore } from "./store.ts";

/** How a run's model was taken out of service, by the event that did it. */
export type Withdrawal = Pick<DeploymentEvent, "what" | "by" | "reason" | "version" | "created_at"> & {
  readonly deployment_id: string;
};

/** What an event took out of service for good; events of earlier versions name the one that was active alone. */
function withdrawnBy({ what, from, withdrawn }: DeploymentEvent): readonly string[] {
  if (what === "promoted") return [];
  return withdrawn ?? (from === null ? [] : [from]);
}

/**
 * The newest withdrawal among the moves (oldest first) of one run's deployments, unless the run was put back since:
 * against the gate by an owner, or as the target of a rollback that an owner asked for.
 */
function withdrawalIn(
  events: Iterable<DeploymentEvent>,
  deployments: ReadonlySet<string>,
): Withdrawal | undefined {
  let found: Withdrawal | undefined;
  for (const event of events) {
    if (event.to !== null && deployments.has(event.to)) found = undefined;
    else {
      const deployment_id = withdrawnBy(event).find((id) => deployments.has(id));
      if (deployment_id !== undefined) found = { ...event, deployment_id };
    }
  }
  return found;
}

export function withdrawalText({ what, by, reason, created_at, deployment_id }: Withdrawal): string {
  const how = what === "rolled_back" ? "rolled back" : "deactivated";
  const who = by === undefined ? "" : ` by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `This run's model was taken out of service: deployment ${deployment_id} was ${how}${who} at ${created_at}${why}.`;
}

/**
 * Whether a run's model is withdrawn. It is read from the pointer's own history, which is written in one batch with
 * every move, so that it can neither be lost nor differ from what happened.
 */
export async function readWithdrawal(
  store: Pick<DeploymentStore, "deploymentsOfRun" | "events">,
  agentId: string,
  runId: string,
): Promise<Withdrawal | undefined> {
  const deployments = new Set<string>();
  for await (const one of store.deploymentsOfRun(agentId, runId)) deployments.add(bare(one).id);
  return deployments.size === 0 ? undefined : withdrawalIn(await store.events(agentId), deployments);
}
