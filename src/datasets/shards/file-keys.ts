import type { Dataset, Split } from "../contract.ts";

/**
 * Keys of a dataset's files. All start with its id, so that no two builds share a file; of the name only a safe slug
 * is used, for people.
 */
const slug = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 60)
    .replace(/^-+|-+$/g, "") || "dataset";

type Named = Pick<Dataset, "id" | "name" | "recipe" | "created_at">;

export function splitFileKey(dataset: Named, split: Split): string {
  const golden = dataset.recipe.kind === "golden" ? "_golden" : "";
  const day = dataset.created_at.slice(0, 10).replaceAll("-", "");
  return `${dataset.id}/${slug(dataset.name)}${golden}_${split}_${day}.jsonl`;
}
export const groupFileKey = (id: string, split: Split): string => `${id}/groups_${split}.txt`;
export const lineGroupFileKey = (id: string, split: Split): string => `${id}/line_groups_${split}.txt`;
/** The checked and redacted lines of a golden file; a line that names its session has it in this field. */
export const SESSION_FIELD = "session_id";
export const sourceFileKey = (id: string): string => `${id}/source.jsonl`;
export const folderOf = (id: string): string => `${id}/`;

/** Files of the build itself; gone when it is done. */
export const planKey = (id: string): string => `${id}/build_plan.json`;
export const shardKeys = (id: string, shard: number | "golden" | "pairs") => ({
  lines: `${id}/build_${shard}.jsonl`,
  index: `${id}/build_${shard}.index`,
  origins: `${id}/build_${shard}.origins`,
  summary: `${id}/build_${shard}.json`,
});
export const isBuildFile = (id: string, key: string): boolean => key.startsWith(`${id}/build_`);
