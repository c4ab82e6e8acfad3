import type { Files } from "../../files/files.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { Stopwatch } from "../common/stopwatch.ts";
import type { Dataset } from "../contract.ts";
import { candidatesOf } from "../shards/shard-index.ts";
import { type Edges, writeEdges } from "./edges.ts";
import { keysAcross, nearOverlap } from "./leakage.ts";
import type { Merged } from "./merge.ts";

/** What was decided of a build, in a form that another thread can be handed. */
export interface LeaksAndEdgesInput {
  readonly dataset: Pick<Dataset, "id" | "agent_id" | "created_at">;
  readonly indexes: readonly string[];
  readonly origins: readonly string[];
  readonly length: number;
  readonly merged: Omit<Merged, "group">;
  readonly threshold: number;
}

export interface LeaksAndEdges {
  readonly nearPairs: number;
  readonly shared: { readonly groups: number; readonly contents: number };
  readonly lineage: { readonly pages: number; readonly rows: number };
  /** How many examples call each tool. */
  readonly tools: Readonly<Record<string, number>>;
  readonly near: Edges["near"];
  readonly seconds: Readonly<Record<string, number>>;
}

/** The leakage report over the sides and the edges of lineage, while the files are written. */
export async function writeLeaksAndEdges(
  deps: { readonly ledger: Ledger; readonly files: Files },
  { dataset, indexes, origins, length, merged, threshold }: LeaksAndEdgesInput,
): Promise<LeaksAndEdges> {
  const stages = new Stopwatch();
  const candidates = candidatesOf(deps.files, indexes, length);
  const nearPairs = await stages.wait("leakage", () => nearOverlap(candidates, merged, threshold));
  const shared = await stages.wait("leakage", () => keysAcross(candidates, merged));
  const { tools, near, ...lineage } = await stages.wait("lineage", () =>
    writeEdges(deps, dataset, candidates, merged, origins),
  );
  return { nearPairs, shared, lineage, tools, near, seconds: stages.seconds };
}
