import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { isEndedDataset } from "../datasets/status.ts";
import type { Clock } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import { camelRecord, type InputOf, type ReplyOf } from "./names.ts";
import { GOLDEN_PAGE, pagesOf, sendGolden } from "./pages.ts";
import type { Invoke } from "./transport.ts";
import { once, type WaitOptions, waitFor } from "./wait.ts";

export type DatasetResult = ReplyOf<"getDataset">;

/** Builds datasets and finds them again (the design's DatasetBuilder). */
export function createDatasetBuilder(invoke: Invoke, clock: Clock) {
  async function finished(started: DatasetResult, options: WaitOptions): Promise<DatasetResult> {
    const dataset = await waitFor(
      clock,
      once(started, () => get(started.id, started.agentId)),
      isEndedDataset,
      options,
    );
    if (dataset.status === "failed")
      throw invalid("build_failed", dataset.error ?? "The dataset could not be built.", {
        details: { dataset_id: dataset.id },
      });
    return dataset;
  }

  async function get(datasetId: string, agentId?: string): Promise<DatasetResult> {
    return (await invoke("getDataset", { datasetId, agentId })).body;
  }

  return {
    /** From rewarded episodes; resolves when the files lie there. @throws LightningError when it could not be built */
    async buildDataset(
      input: InputOf<"buildDataset">,
      { signal, ...options }: WaitOptions = {},
    ): Promise<DatasetResult> {
      return finished((await invoke("buildDataset", input, { signal })).body, { signal, ...options });
    },

    /** From golden conversations: a JSONL file of any size, or its text as `content`. */
    async buildGoldenDataset(
      input: Omit<InputOf<"buildGoldenDataset">, "content" | "parts"> &
        ({ readonly goldenFile: string } | { readonly content: string }),
      { signal, ...options }: WaitOptions = {},
    ): Promise<DatasetResult> {
      const { goldenFile, ...given } = { goldenFile: undefined, ...input };
      const build = async (whole: InputOf<"buildGoldenDataset">) =>
        finished((await invoke("buildGoldenDataset", whole, { signal })).body, { signal, ...options });
      if (goldenFile === undefined) return build(given);
      const { size } = await stat(goldenFile);
      if (size <= GOLDEN_PAGE) return build({ ...given, content: await readFile(goldenFile, "utf8") });
      const pages = pagesOf(createReadStream(goldenFile), GOLDEN_PAGE);
      const { agentId, name, format, includeEndings } = given;
      const parts = await sendGolden(
        pages,
        async (content, firstLine) =>
          (await invoke("addGoldenPart", { agentId, name, format, includeEndings, content, firstLine })).body,
      );
      return build({ ...given, parts });
    },

    getDataset: get,

    async listDatasets(
      agentId?: string,
      page: Omit<InputOf<"listDatasets">, "agentId"> = {},
    ): Promise<{ datasets: DatasetResult[]; continuation: string | undefined }> {
      const { body } = await invoke("listDatasets", { agentId, ...page });
      return { datasets: body.datasets.map(camelRecord), continuation: body.continuation };
    },
  };
}
