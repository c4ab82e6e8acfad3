import { Buffer } from "node:buffer";
import { type Capability, capabilityOf } from "../../catalog/capabilities.ts";
import { type Files, lines } from "../../files/files.ts";
import { invalid } from "../../kernel/errors.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import type { DatasetLine, ReadyDataset, TrainingCheck } from "../contract.ts";
import { encodingOf, lineCounter, loadCounter } from "../tokens/tokens.ts";
import { checkFormatLine } from "./line.ts";
import { FILE_RULES, LINE_RULES, type LineFault } from "./line-rules.ts";

const FAULTS_SHOWN = 5;
const LINES_PER_PAUSE = 64;

/**
 * Checks every line of both files by the rules of the model that they are for, before anything is sent: the service
 * would find out after the upload, or within the job.
 * @throws invalid `dataset_not_taken` naming file, line, rule and remedy
 */
export async function checkForTraining(
  files: Files,
  dataset: ReadyDataset,
  { provider, model, references, epochs = 1 }: TrainingCheck,
  /** Tokens of the training side, counted only where the file is large. */
  countTokens: () => Promise<{ readonly tokens: number }>,
): Promise<void> {
  const format = dataset.recipe.format ?? "sft";
  if (format === "chat") return;
  const capability = capabilityOf(provider, model);
  const long = tooLong(model, capability);
  const shown: (LineFault & { readonly file: string; readonly line: number })[] = [];
  let bad = 0;
  for (const split of ["train", "validation"] as const) {
    const file = dataset.files[split];
    if (file === undefined) continue;
    if (file.bytes >= capability.most_bytes)
      throw invalid(
        "dataset_not_taken",
        `The ${split} file has ${file.bytes} bytes; it must stay under ${capability.most_bytes}.`,
        { field: "dataset_id", remedy: "Build with a smaller max_examples." },
      );
    let line = 0;
    for await (const text of lines(files.read(file.key))) {
      line++;
      if (line % LINES_PER_PAUSE === 0) await letOthersRun();
      if (text.trim() === "") continue;
      const checked = checkFormatLine(line === 1 ? text.replace(/^\uFEFF/, "") : text, format, capability);
      const faults = checked.ok
        ? [...lacking(checked.line, references), ...(await long(checked.line, text))]
        : checked.faults;
      if (faults.length === 0) continue;
      bad++;
      for (const fault of faults)
        if (shown.length < FAULTS_SHOWN) shown.push({ ...fault, file: split, line });
    }
  }
  const [first] = shown;
  if (first === undefined) return await holdToMostTokens(countTokens, dataset, model, capability, epochs);
  throw invalid(
    "dataset_not_taken",
    `${bad} lines of the dataset "${dataset.id}" cannot train ${model}. Line ${first.line} of the ${first.file} file: ${first.message}`,
    { field: "dataset_id", remedy: first.remedy, details: { lines: bad, faults: shown } },
  );
}

function lacking(line: object, references: readonly string[]): LineFault[] {
  return references
    .filter((field) => !Object.hasOwn(line, field))
    .map((field) => ({
      rule: "reference_missing",
      field,
      message: `The line has no \`${field}\`, which the grader reads.`,
      remedy: LINE_RULES.reference_missing,
    }));
}

/**
 * Examples that the service would cut. A token is at least one byte, so most lines are short enough without a count,
 * which is expensive. Pictures count with the least they take: what is longer by their size alone is not refused.
 */
function tooLong(model: string, { example_tokens: most }: Capability) {
  return async (line: DatasetLine, text: string): Promise<LineFault[]> => {
    if (Buffer.byteLength(text) <= most) return [];
    const used = lineCounter(await loadCounter(encodingOf(model).encoding))(line);
    const message = `The example has ${used} tokens; the most is ${most}.`;
    return used <= most ? [] : [{ rule: "over_token_limit", message, remedy: LINE_RULES.over_token_limit }];
  };
}

/** @throws invalid `dataset_not_taken`: more tokens, epochs counted, than one job of the service takes */
async function holdToMostTokens(
  countTokens: () => Promise<{ readonly tokens: number }>,
  dataset: ReadyDataset,
  model: string,
  { most_tokens: most = Number.POSITIVE_INFINITY }: Capability,
  epochs: number,
): Promise<void> {
  if ((dataset.files.train?.bytes ?? 0) * epochs <= most) return;
  const { tokens } = await countTokens();
  if (tokens * epochs <= most) return;
  throw invalid(
    "dataset_not_taken",
    `${tokens} tokens for ${epochs} epochs are ${tokens * epochs}; a job of ${model} takes ${most} at most.`,
    { field: "dataset_id", remedy: FILE_RULES.too_many_tokens },
  );
}
