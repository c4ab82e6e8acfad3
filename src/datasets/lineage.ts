import type { Episode } from "../episodes/contract.ts";
import { type Files, lines as linesOf } from "../files/files.ts";
import { invalid, notFound } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import { standingRewards } from "../rewards/standing.ts";
import type { Dataset, Split } from "./contract.ts";
import { type EdgeRow, edgePage, edgesOf, edgesOfEpisode, type ToldEdge, tellEdge } from "./merge/edges.ts";
import type { DatasetStore } from "./store.ts";

interface LineageDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly store: DatasetStore;
  readonly get: (agentId: string, id: string) => Promise<Dataset>;
}

/** Between episodes and the lines of datasets, in both directions. */
export function createDatasetLineage({ ledger, files, store, get }: LineageDeps) {
  return {
    /** Edges of a dataset, a page of some 500 at a time; `continuation` is the next page's number. */
    async edges(agentId: string, id: string, continuation?: string) {
      const dataset = await get(agentId, id);
      const page = continuation === undefined ? 0 : Number(continuation);
      const pages = dataset.lineage?.pages ?? 0;
      if (!Number.isSafeInteger(page) || page < 0 || (page >= pages && page > 0))
        throw invalid("bad_continuation", "The dataset has no such page.", { field: "continuation" });
      const rows = pages === 0 ? [] : await edgePage(ledger, dataset, page);
      return {
        edges: rows.map((row) => tellEdge(dataset, row)),
        ...(page + 1 < pages ? { continuation: String(page + 1) } : {}),
      };
    },

    /**
     * Why a line is in a dataset: its edge, and those of the duplicates it stands for.
     * @param line first digits of the SHA-256 of the line's text, or its number with its side
     * @throws not_found `example_not_found`
     */
    async why(agentId: string, id: string, line: string, split: Split) {
      const dataset = await get(agentId, id);
      const hash = /^\d{1,7}$/.test(line)
        ? await hashOfLine(dataset, Number(line), split)
        : line.toLowerCase();
      const own: ToldEdge[] = [];
      const others: ToldEdge[] = [];
      if (hash !== undefined)
        for await (const rows of edgesOf(ledger, dataset))
          for (const row of rows) {
            if (isSame(row[0], hash)) own.push(tellEdge(dataset, row));
            else if (row[8] !== undefined && isSame(row[8], hash)) others.push(tellEdge(dataset, row));
          }
      if (own.length === 0)
        throw notFound("example_not_found", `The dataset has no line "${line}".`, {
          field: "hash",
          remedy: "Give at least eight digits of the SHA-256 of the line, or its number and its split.",
        });
      return [...own, ...others];
    },

    /** An episode, its rewards, and every dataset that it or a duplicate of it came to. */
    async traceEpisode(agentId: string, episodeId: string) {
      const episode = await ledger.read<Episode>("episodes", [agentId, episodeId], episodeId);
      const rewards = (await store.rewardsOf(agentId, [episodeId])).get(episodeId) ?? [];
      const found: { dataset: Dataset; edges: ToldEdge[] }[] = [];
      let after: string | undefined;
      do {
        const page: Page<Dataset> = await store.list(agentId, 100, after);
        for (const dataset of page.items) {
          if (dataset.status !== "ready" || dataset.lineage === undefined) continue;
          const isPaired = dataset.recipe.format === "dpo";
          const at = episode === undefined || isPaired ? undefined : Date.parse(episode.created_at);
          const rows = await edgesOfEpisode(ledger, dataset, episodeId, at);
          if (rows.length > 0)
            found.push({ dataset: bare(dataset), edges: rows.map((row) => tellEdge(dataset, row)) });
        }
        after = page.continuation;
      } while (after !== undefined);
      return {
        episode: episode === undefined ? undefined : bare(episode),
        rewards: rewards.map(bare),
        /** Ids of those that count. */
        standing: new Set(standingRewards(rewards).map(({ id }) => id)),
        found,
      };
    },
  };

  async function hashOfLine(dataset: Dataset, number: number, split: Split): Promise<string | undefined> {
    const file = dataset.files?.[split];
    if (file === undefined) return undefined;
    let at = 0;
    for await (const text of linesOf(files.read(file.key))) if (++at === number) return sha256(text);
    return undefined;
  }
}

/** A page keeps 32 digits; whoever asks may know fewer or more. */
const isSame = (kept: EdgeRow[0], asked: string): boolean => kept.startsWith(asked.slice(0, kept.length));
