import type { Settings } from "../config/settings.ts";
import { type FailInput, missing, type RecordRef } from "../doors/claim.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { toIso } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import type { Stored } from "../ledger/ledger.ts";
import type { Dataset, DatasetActivities } from "./contract.ts";
import { haveFeedsCaughtUp } from "./feed-progress.ts";
import { type AssembleDeps, assemble, removeShards } from "./merge/assemble.ts";
import { removeEdges } from "./merge/edges.ts";
import { building, failed } from "./moves.ts";
import { buildShard, planShards, tokenCaches } from "./shards/build-shard.ts";
import { folderOf } from "./shards/file-keys.ts";
import { isEndedDataset } from "./status.ts";
import { createDatasetStore } from "./store.ts";

export interface DatasetActivityDeps extends Omit<AssembleDeps, "store"> {
  readonly settings: AssembleDeps["settings"] & Pick<Settings, "shardsAtOnce">;
  readonly logger: Logger;
  /** Where the feeds' consumers are; without it their watermarks are believed. */
  readonly progress?: FeedProgress | undefined;
}

const isCancelled = (dataset: Dataset): boolean => dataset.cancel_requested === true;

/** The durable steps of `buildDataset`. */
export function createDatasetActivities(given: DatasetActivityDeps): DatasetActivities {
  const { ledger, files, clock, logger } = given;
  const store = createDatasetStore(ledger);
  const deps = { ...given, store, knownTokens: tokenCaches(files) };

  async function read({ agent_id, id }: RecordRef): Promise<Stored<Dataset>> {
    const dataset = await store.read(agent_id, id);
    if (dataset === undefined) throw noSuchRecord("dataset", agent_id, id);
    return dataset;
  }

  return {
    async claimDataset(input) {
      const { kind } = await store.claim(input, isEndedDataset, async (dataset) => {
        // What an earlier build of the same id left behind must not be taken for this one's.
        await removeShards(files, input.id);
        return building(dataset, input.instance_id);
      });
      return kind === "missing" ? missing("dataset", input) : { kind };
    },

    async readDatasetStatus(input) {
      const { status, error } = await read(input);
      return { status, ...(error === undefined ? {} : { error }) };
    },

    async readFeedProgress(input) {
      const dataset = await read(input);
      if (dataset.recipe.kind === "golden" || isEndedDataset(dataset) || isCancelled(dataset))
        return { caught_up: true };
      return { caught_up: await haveFeedsCaughtUp(deps, dataset) };
    },

    async planDatasetShards(input) {
      const dataset = await read(input);
      const shards = isCancelled(dataset) ? [{ index: 0 }] : await planShards(deps, dataset);
      return { shards, at_once: deps.settings.shardsAtOnce };
    },

    async buildDatasetShard(input) {
      const dataset = await read(input);
      // A late duplicate of a build that is over would only leave files behind.
      if (isEndedDataset(dataset) || isCancelled(dataset)) return { read: 0, kept: 0 };
      const { read: episodes, kept, dropped } = await buildShard(deps, dataset, input.shard);
      return { read: episodes, kept, dropped };
    },

    async assembleDataset(input) {
      const dataset = await read(input);
      if (dataset.status === "ready") {
        await removeShards(files, input.id);
        const { training_count, validation_count = 0, test_count = 0 } = dataset;
        return { kind: "ready", training_count, validation_count, test_count };
      }
      if (dataset.status === "failed")
        return {
          kind: "rejected",
          code: dataset.error_code ?? "build_failed",
          message: dataset.error,
        };
      if (isCancelled(dataset))
        return { kind: "rejected", code: "build_cancelled", message: "The build was cancelled." };
      const assembled = await assemble(deps, dataset, input.shards);
      logger.info("dataset assembled", { dataset_id: input.id, kind: assembled.kind });
      return assembled;
    },

    async failDataset(input: FailInput) {
      const { agent_id, id, code, message } = input;
      const end = { error: message, error_code: code, at: toIso(clock.now()) };
      // Of a dataset that is not there nothing can be written down, however often it is tried.
      const dataset = await store.change(agent_id, id, async (one) => {
        if (one.status === "ready") return undefined;
        for (const key of await files.list(folderOf(id))) await files.delete(key);
        await removeEdges(ledger, agent_id, id);
        return failed(one, end);
      });
      if (dataset?.status === "failed") logger.warn("dataset failed", { dataset_id: id, code });
      return null;
    },
  };
}
