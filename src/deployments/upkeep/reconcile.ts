import type { Catalog } from "../../catalog/catalog.ts";
import type { HostedModel, Hosting } from "../../hosting/hosting.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/logger.ts";
import { bare, type Ledger } from "../../ledger/ledger.ts";
import type { Provider } from "../../provider/provider.ts";
import type { Deployment } from "../contract.ts";
import type { Hosted } from "../hosted/contract.ts";
import { found as comesBack, gone } from "../hosted/moves.ts";
import { kept } from "../hosted/rules.ts";
import { probe } from "../probe.ts";
import type { DeploymentService } from "../service.ts";
import { isOpenDeployment } from "../status.ts";
import { createDeploymentStore } from "../store.ts";

export interface ReconcileDeps {
  readonly service: Pick<DeploymentService, "models" | "prepareReturn">;
  readonly ledger: Ledger;
  readonly hosting?: Hosting | undefined;
  readonly catalog?: Pick<Catalog, "refresh"> | undefined;
  readonly provider: Pick<Provider, "chat">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Reconciliation {
  /** False: the settings name no account, so there is nothing to compare with. */
  readonly compared: boolean;
  readonly seen: number;
  /** What Azure has removed since the last look. */
  readonly lost: readonly string[];
  /** Active ones that are gone: each is made callable again under this deployment. */
  readonly returning: readonly {
    readonly agent_id: string;
    readonly id: string;
    readonly deployment_name: string;
  }[];
  /** Back, or there although the ledger thought them gone. */
  readonly found: readonly string[];
  /** Asked today, so that fifteen idle days do not pass: what serves, and what a rollback would go back to. */
  readonly kept_awake: readonly string[];
  readonly not_answering: readonly string[];
  /** Developer deployments live for a day. */
  readonly expiring: readonly string[];
  /** Fine-tuned deployments of the account that this ledger knows nothing of; they are left alone. */
  readonly unknown: readonly string[];
}

const isTuned = (model: string) => /\.ft-[0-9a-f]{32}/.test(model);
const isDeveloper = (sku: string) => /^developer/i.test(sku);

/** Compares what the ledger says is hosted with what Azure has, and brings back what serves. */
export function createReconciler(deps: ReconcileDeps) {
  const { service, ledger, hosting, catalog, provider, clock, logger } = deps;
  const store = createDeploymentStore({ ledger, clock });

  async function listed(): Promise<Map<string, HostedModel>> {
    const found = new Map<string, HostedModel>();
    if (hosting !== undefined) for await (const one of hosting.list()) found.set(one.name, one);
    return found;
  }
  const change = (one: Hosted, move: (now: Hosted) => Hosted) =>
    store.hosted.change(one.agent_id, one.id, (now) =>
      // Somebody works on it at this moment: what was listed before may be old.
      now.state === one.state ? move(now) : undefined,
    );

  /** The record under which a lost active model comes back. */
  async function bringBack(agentId: string, activeId: string): Promise<Deployment | undefined> {
    const [active, pointer] = await Promise.all([
      store.readDeployment(agentId, activeId),
      store.readPointer(agentId),
    ]);
    if (active === undefined || pointer === undefined || pointer.deployment_id !== activeId) return undefined;
    return service.prepareReturn(bare(active), pointer, {
      reason: "The provider had removed the deployment.",
      by: "agent-lightning",
    });
  }

  return {
    /** Notes what has changed and prepares what is to come back; the caller starts `promoteModel` for each. */
    async reconcile(): Promise<Reconciliation> {
      if (hosting === undefined || service.models === undefined)
        return {
          compared: false,
          seen: 0,
          lost: [],
          returning: [],
          found: [],
          kept_awake: [],
          not_answering: [],
          expiring: [],
          unknown: [],
        };
      await catalog?.refresh();
      // The ledger first: what is made in between is then in the list, and nothing seems lost that is new.
      const hosted = await store.hosted.all();
      const holdings = await store.hosted.holdings([]);
      const there = await listed();
      const lost: string[] = [];
      const found: string[] = [];
      const now = toIso(clock.now());
      const isThere = (name: string) => {
        const state = there.get(name)?.state;
        return state !== undefined && state !== "Deleting";
      };
      const busy = new Set(
        holdings.deployments.filter((one) => isOpenDeployment(one)).map((one) => one.deployment_name),
      );
      for (const one of hosted) {
        const name = one.deployment_name;
        if (busy.has(name)) continue;
        if (!isThere(name) && (one.state === "ready" || one.state === "probing")) {
          await change(one, (seen) => gone(seen, "lost", now));
          logger.error("the provider has removed a deployment", {
            agent_id: one.agent_id,
            deployment_name: name,
          });
          lost.push(name);
        } else if (!there.has(name) && one.state === "draining")
          await change(one, (seen) => gone(seen, "deleted", one.gone_at));
        else if (
          there.get(name)?.state === "Succeeded" &&
          ["lost", "deleted", "failed"].includes(one.state)
        ) {
          await change(one, comesBack);
          found.push(name);
        }
      }

      const returning: { agent_id: string; id: string; deployment_name: string }[] = [];
      const kept_awake: string[] = [];
      const not_answering: string[] = [];
      const ours = new Set(hosted.map((one) => one.deployment_name));
      for (const pointer of holdings.pointers) {
        for (const name of kept({ pointers: [pointer], deployments: [], settled: [] })) {
          if (!ours.has(name) || busy.has(name)) continue;
          if (isThere(name)) {
            const answer = await probe(provider, name);
            (answer.kind === "ready" ? kept_awake : not_answering).push(name);
          } else if (name === pointer.deployment_name && pointer.deployment_id !== null) {
            const back = await bringBack(pointer.agent_id, pointer.deployment_id);
            if (back !== undefined)
              returning.push({ agent_id: pointer.agent_id, id: back.id, deployment_name: name });
          }
        }
      }
      const tuned = [...there.values()].filter((one) => isTuned(one.model));
      return {
        compared: true,
        seen: there.size,
        lost,
        returning,
        found,
        kept_awake,
        not_answering,
        expiring: tuned.filter((one) => isDeveloper(one.sku) && ours.has(one.name)).map((one) => one.name),
        unknown: tuned.filter((one) => !ours.has(one.name)).map((one) => one.name),
      };
    },
  };
}
