import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { z } from "zod";
import type { buildDatasetInputSchema, buildGoldenInputSchema } from "../datasets/contract.ts";
import type { DatasetReply } from "../datasets/replies.ts";
import type { Clock } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import { type Camel, type CamelInput, camelRecord, snakeRecord } from "./names.ts";
import { GOLDEN_PAGE, pagesOf, sendGolden } from "./pages.ts";
import { type Invoke, type WaitOptions, waitFor } from "./transport.ts";

export type DatasetResult = Camel<DatasetReply>;

const show = (body: object) => camelRecord(body) as unknown as DatasetResult;

/** Builds datasets and finds them again (the design's DatasetBuilder). */
export function createDatasetBuilder(invoke: Invoke, clock: Clock) {
  async function build(operation: string, input: Record<string, unknown>, options: WaitOptions) {
    const { body } = await invoke(operation, input, { signal: options.signal });
    const started = show(body);
    const dataset = await waitFor(
      clock,
      once(started, () => get(started.id, started.agentId)),
      ({ status }) => status === "ready" || status === "failed",
      options,
    );
    if (dataset.status === "failed")
      throw invalid("build_failed", dataset.error ?? "The dataset could not be built.", {
        details: { dataset_id: dataset.id },
      });
    return dataset;
  }

  async function get(datasetId: string, agentId?: string): Promise<DatasetResult> {
    return show((await invoke("getDataset", snakeRecord({ datasetId, agentId }))).body);
  }

  return {
    /** From rewarded episodes; resolves when the files lie there. @throws LightningError when it could not be built */
    buildDataset: (
      input: CamelInput<z.input<typeof buildDatasetInputSchema>>,
      options: WaitOptions = {},
    ): Promise<DatasetResult> => build("buildDataset", snakeRecord(input), options),

    /** From golden conversations: a JSONL file of any size, or its text as `content`. */
    async buildGoldenDataset(
      input: Omit<CamelInput<z.input<typeof buildGoldenInputSchema>>, "content" | "parts"> &
        ({ readonly goldenFile: string } | { readonly content: string }),
      options: WaitOptions = {},
    ): Promise<DatasetResult> {
      const { goldenFile, ...given } = { goldenFile: undefined, ...input };
      const rest = snakeRecord(given);
      if (goldenFile === undefined) return build("buildGoldenDataset", rest, options);
      const { size } = await stat(goldenFile);
      if (size <= GOLDEN_PAGE)
        return build("buildGoldenDataset", { ...rest, content: await readFile(goldenFile, "utf8") }, options);
      const pages = pagesOf(createReadStream(goldenFile) as AsyncIterable<Buffer>, GOLDEN_PAGE);
      const parts = await sendGolden(pages, rest, async (name, part) => (await invoke(name, part)).body);
      return build("buildGoldenDataset", { ...rest, parts }, options);
    },

    getDataset: get,

    async listDatasets(
      agentId?: string,
      page: { limit?: number; continuation?: string } = {},
    ): Promise<{ datasets: DatasetResult[]; continuation: string | undefined }> {
      const { body } = await invoke("listDatasets", snakeRecord({ agentId, ...page }));
      return {
        datasets: (body.datasets as object[]).map(show),
        continuation: body.continuation as string | undefined,
      };
    },
  };
}

/** The first look is what is known already. */
export function once<T>(first: T, then: () => Promise<T>): () => Promise<T> {
  let looked = false;
  return async () => {
    if (looked) return then();
    looked = true;
    return first;
  };
}
