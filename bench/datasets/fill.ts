import { createWriteStream } from "node:fs";
import path from "node:path";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { raiseWatermark } from "../../src/ledger/feed-watermarks.ts";
import { ledgerOn } from "../../src/ledger/sqlite/ledger.ts";
import { openStoreFile } from "../../src/ledger/sqlite/store-file.ts";
import { benchArguments } from "../arguments.ts";
import { generateEpisodes, rewardOf } from "./episodes.ts";

const { folder, count } = benchArguments({
  script: "bench/datasets/fill.ts",
  measures:
    "Writes the same episodes and rewards twice: into a ledger on disk, and as JSONL for the others. Measures nothing.",
  takes: {
    folder: { about: "where to", standard: "", isPlace: true, isNeeded: true },
    count: { about: "episodes", standard: 10_000, isPlace: true },
  },
  examples: ["FOLDER 100000"],
});
const store = openStoreFile(path.join(folder, "ledger.sqlite"));
// Nobody is told that these are stored: syncing each batch would double the time.
store.db.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -256000");
const ledger = ledgerOn(store, { clock: systemClock, logger: silentLogger });
const episodesFile = createWriteStream(path.join(folder, "episodes.ndjson"));
const rewardsFile = createWriteStream(path.join(folder, "rewards.ndjson"));
const text = (documents: readonly unknown[]) => documents.map((one) => `${JSON.stringify(one)}\n`).join("");
const written = (file: typeof episodesFile, lines: string) =>
  new Promise<void>((resolve, reject) => file.write(lines, (error) => (error ? reject(error) : resolve())));

for (const batch of generateEpisodes(count, 2000)) {
  const rewards = batch.flatMap(rewardOf);
  for (const [container, documents] of [
    ["episodes", batch],
    ["rewards", rewards],
  ] as const)
    for (const result of await ledger.bulk(container, "create", documents))
      if (!result.ok) throw result.error;
  await written(episodesFile, text(batch));
  await written(rewardsFile, text(rewards));
}
// Nothing is left for the feeds to score: the aggregates stand on the episodes already.
const newest = await ledger.query<{ id: string; created_at?: string }>("episodes", {
  pk: ["bench"],
  orderBy: { field: "created_at", direction: "desc" },
  limit: 1,
});
const until = newest.items[0]?.created_at ?? "";
await raiseWatermark(ledger, "episodes", until);
await raiseWatermark(ledger, "rewards", until);
await ledger.close();
episodesFile.end();
rewardsFile.end();
