import type { BeforeMaking } from "../doors/keyed-request.ts";
import { defined } from "../kernel/defined.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare } from "../ledger/ledger.ts";
import { retryRaces } from "../ledger/races.ts";
import type { Dataset, OpenDataset } from "./contract.ts";
import { afresh } from "./moves.ts";
import type { Recipe } from "./recipe-contract.ts";
import type { DatasetStore } from "./store.ts";

/** `existed`: an equal request was made before; its dataset is answered. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly existed: boolean;
}

/**
 * The record of what is to be built. Its id is made of all that decides the content, so equal requests meet. One whose
 * files hold what redaction replaces by now is as not there: the request is for its successor.
 */
export async function newDataset(
  store: Pick<DatasetStore, "read">,
  what: {
    readonly agentId: string;
    readonly name: string;
    readonly description: string | undefined;
    readonly recipe: Recipe;
    readonly watermark: Dataset["watermark"];
    readonly created_at: string;
  },
): Promise<OpenDataset> {
  const { agentId, name, description, recipe, watermark, created_at } = what;
  let id = hashedId("dataset", [agentId, name, recipe, watermark]);
  for (;;) {
    const stale = (await store.read(agentId, id))?.unresolved;
    if (stale === undefined) break;
    id = hashedId("dataset", [id, stale.redaction_version]);
  }
  return defined({
    id,
    type: "dataset" as const,
    agent_id: agentId,
    name,
    description,
    status: "pending" as const,
    recipe,
    watermark,
    created_at,
  });
}

/** Creates the record if there is none; one that failed starts afresh. */
export async function prepareOnce(
  store: DatasetStore,
  dataset: OpenDataset,
  before?: BeforeMaking,
): Promise<Prepared> {
  await before?.(dataset.id);
  return retryRaces(async () => {
    const { record, existed } = await store.createOnce(dataset);
    if (record.status !== "failed") return { dataset: bare(record), existed };
    return { dataset: bare(await store.replace(record, afresh(bare(record)))), existed: true };
  });
}
