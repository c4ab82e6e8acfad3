import { familyOf } from "../catalog/capabilities.ts";
import { pictureRuleOf, pictureTokens, type TokenRange } from "../catalog/picture-tokens.ts";
import type { Message } from "../doors/chat.ts";
import { type Files, lines } from "../files/files.ts";
import { letOthersRun } from "./common/let-others-run.ts";
import type { Dataset, DatasetLine, DatasetPictures, Example, Preference, SidePictures } from "./contract.ts";
import { readJson, writeJson } from "./shards/shard-file.ts";
import { sizeOf } from "./tokens/picture-size.ts";
import { encodingOf, lineCounter, loadCounter, PER_IMAGE } from "./tokens/tokens.ts";

const SIDES = ["train", "validation"] as const;
const LINES_PER_PAUSE = 64;

/**
 * What the pictures of both files are counted as by a model: measured where the line holds them, else between the least
 * and the documented most. Looked through once for each family of models and date of its rule, then cached beside the dataset's files.
 */
export async function countPictures(files: Files, dataset: Dataset, model: string): Promise<DatasetPictures> {
  const rule = pictureRuleOf(model);
  const family = familyOf(model).replaceAll(/[^a-z0-9.-]/g, "_");
  const key = `${dataset.id}/pictures_${family}_${rule?.as_of ?? "unknown"}.json`;
  const kept = await readJson<DatasetPictures>(files, key);
  if (kept !== undefined) return kept;
  const found: { train?: SidePictures; validation?: SidePictures } = {};
  for (const side of SIDES) {
    const file = dataset.files?.[side];
    if (file !== undefined) found[side] = await countFile(files, file.key, model);
  }
  // What no rule counts yet may have one in the next table.
  if (rule !== undefined) await writeJson(files, key, found);
  return found;
}

async function countFile(files: Files, key: string, model: string): Promise<SidePictures> {
  const sum = { pictures: 0, unmeasured: 0, least: 0, most: 0, longest: 0 };
  const isKnown = pictureRuleOf(model) !== undefined;
  let count: ReturnType<typeof lineCounter> | undefined;
  let number = 0;
  for await (const text of lines(files.read(key))) {
    if (++number % LINES_PER_PAUSE === 0) await letOthersRun();
    if (!text.includes("image_url")) continue;
    const line = JSON.parse(text.replace(/^\uFEFF/, "")) as DatasetLine;
    const found = picturesOf(line, model);
    if (found.pictures === 0) continue;
    sum.pictures += found.pictures;
    sum.unmeasured += found.unmeasured;
    sum.least += found.least;
    sum.most += found.most;
    count ??= lineCounter(await loadCounter(encodingOf(model).encoding));
    const counted = count(line);
    sum.longest = Math.max(sum.longest, counted - found.pictures * PER_IMAGE + found.most);
  }
  return { ...sum, stoodFor: sum.pictures * PER_IMAGE, known: isKnown };
}

/** The pictures of one line; those before both answers of a pair are read twice, and count twice. */
function picturesOf(line: DatasetLine, model: string) {
  const sum = { pictures: 0, unmeasured: 0, least: 0, most: 0 };
  const add = (messages: readonly Message[], times: number) => {
    for (const { content } of messages)
      for (const part of Array.isArray(content) ? content : []) {
        if (part.type !== "image_url") continue;
        const { least, most, isMeasured } = tokensOf(part, model);
        sum.pictures += times;
        if (!isMeasured) sum.unmeasured += times;
        sum.least += times * least;
        sum.most += times * most;
      }
  };
  if ("input" in line && "preferred_output" in line) {
    const { input, preferred_output, non_preferred_output } = line as Preference;
    add(input.messages, 2);
    add([...preferred_output, ...non_preferred_output], 1);
  } else add((line as Example).messages, 1);
  return sum;
}

function tokensOf(part: Record<string, unknown>, model: string): TokenRange & { isMeasured: boolean } {
  const rule = pictureRuleOf(model);
  const { url, detail } = asFields(part.image_url);
  const size = typeof url === "string" ? sizeOf(url) : undefined;
  if (rule === undefined) return { least: 0, most: 0, isMeasured: false };
  return { ...pictureTokens(rule, size, detail), isMeasured: size !== undefined || detail === "low" };
}

/** Some files have the address itself in the place of an object. */
const asFields = (value: unknown): { url?: unknown; detail?: unknown } =>
  typeof value === "string" ? { url: value } : typeof value === "object" && value !== null ? value : {};
