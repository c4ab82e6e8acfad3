import type { OrchestrationContext } from "durable-functions";
import type { DatasetActivities, DatasetResult } from "../datasets/contract.ts";
import { isEndedDataset } from "../datasets/status.ts";
import type { RecordRef } from "../doors/claim.ts";
import { fanOut, faultText, lastWord, pause, type Steps, step, waitUntil } from "./steps.ts";

/** Shards read side by side by builds whose plan does not say. */
const SHARDS_AT_ONCE = 20;
/** How long the feeds may take to score what had been recorded when the build was asked for. */
const FEED_PATIENCE_MS = 10 * 60_000;

/** Pages of episodes fan out to shard activities; their merge becomes the files, the manifest comes last. */
export function* buildDataset(context: OrchestrationContext): Steps<DatasetResult> {
  const ref = context.df.getInput() as RecordRef;
  const { agent_id, id } = ref;
  const status = () => step(context, "readDatasetStatus", { agent_id, id });
  try {
    const claim = yield* step(context, "claimDataset", { agent_id, id, instance_id: context.df.instanceId });
    if (claim.kind === "missing") return { status: "failed", error: claim.message };
    if (claim.kind === "claimed") yield* build(context, { agent_id, id });
    const end = yield* waitUntil(context, status, isEndedDataset);
    return end.status === "ready" ? { status: "ready" } : { status: "failed", error: end.error };
  } catch (fault) {
    const error = faultText(fault);
    yield* lastWord(context, "failDataset", { agent_id, id, code: "build_failed", message: error });
    return { status: "failed", error };
  }
}

function* build(context: OrchestrationContext, { agent_id, id }: RecordRef): Steps<void> {
  const fail = (code: string, message: string) =>
    lastWord(context, "failDataset", { agent_id, id, code, message });

  const deadline = context.df.currentUtcDateTime.getTime() + FEED_PATIENCE_MS;
  for (let wait = 250; ; wait = Math.min(wait * 2, 10_000)) {
    const progress = yield* step(context, "readFeedProgress", { agent_id, id });
    if (progress.caught_up) break;
    if (context.df.currentUtcDateTime.getTime() >= deadline) {
      yield* fail(
        "feeds_behind",
        "The change feeds have not scored everything that was recorded before the build.",
      );
      return;
    }
    context.df.setCustomStatus({ step: "waiting for the feeds" });
    yield* pause(context, wait);
  }

  const { shards, at_once = SHARDS_AT_ONCE } = yield* step(context, "planDatasetShards", { agent_id, id });
  const results = yield* fanOut(
    context,
    "buildDatasetShard",
    shards.map((shard) => ({ agent_id, id, shard })),
    {
      width: at_once,
      onProgress: (done, settled) =>
        context.df.setCustomStatus({
          step: "shards",
          shards_done: done,
          shards: shards.length,
          ...counted(settled),
        }),
    },
  );
  context.df.setCustomStatus({ step: "assembling", ...counted(results) });
  const assembled = yield* step(context, "assembleDataset", { agent_id, id, shards: shards.length });
  if (assembled.kind === "rejected") yield* fail(assembled.code, assembled.message);
  else context.df.setCustomStatus({ step: "ready", training_count: assembled.training_count });
}

type ShardResult = Awaited<ReturnType<DatasetActivities["buildDatasetShard"]>>;

/** What the shards came to so far, with what they left out by reason. */
function counted(settled: readonly (ShardResult | undefined)[]) {
  const sum = { episodes_read: 0, examples_kept: 0, dropped: {} as Record<string, number> };
  for (const shard of settled) {
    if (shard === undefined) continue;
    sum.episodes_read += shard.read;
    sum.examples_kept += shard.kept;
    for (const [reason, times] of Object.entries(shard.dropped ?? {}))
      sum.dropped[reason] = (sum.dropped[reason] ?? 0) + times;
  }
  return sum;
}
