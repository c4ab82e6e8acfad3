import type { Files } from "../../files/files.ts";
import { invalid, isLightningError } from "../../kernel/errors.ts";
import { canonicalJson, sha256 } from "../../kernel/hashing.ts";
import { add, readJson, writeJson } from "../shards/shard-file.ts";
import { type GoldenFile, type GoldenOptions, noExample, readGolden } from "./golden.ts";
import { LINES_NAMED } from "./notes.ts";

/**
 * A golden file larger than one request comes in parts of whole lines, each checked and redacted like a whole file and
 * kept under the hash of its lines until the dataset is asked for. So no part is ever held beside another, sending one
 * again is harmless, and the same parts are the same dataset.
 */
export interface GoldenPart {
  /** SHA-256 of the part's clean lines. */
  readonly part: string;
  /** Lines of the part, blank ones included: the next part's first line follows from it. */
  readonly read: number;
  readonly kept: number;
  readonly warnings: Readonly<Record<string, number>>;
  /** For each warning the first lines that it is about; parts of earlier versions have none. */
  readonly warning_lines?: Record<string, number[]>;
  /** Rows left out, by how their answers ended; parts of earlier versions have none. */
  readonly dropped?: Readonly<Record<string, number>>;
}
type Named = { readonly agent_id: string; readonly name: string };

/** Of one agent's one name there is one upload: a new one begins by forgetting what is left of an earlier one. */
const folderOf = ({ agent_id, name }: Named): string =>
  `golden-parts-${sha256(canonicalJson([agent_id, name])).slice(0, 24)}/`;
const linesKey = (of: Named, part: string): string => `${folderOf(of)}${part}.jsonl`;
const factsKey = (of: Named, part: string): string => `${folderOf(of)}${part}.json`;

/** @throws invalid `golden_invalid`: one bad line refuses the whole file, and earlier parts are forgotten with it */
export async function addGoldenPart(
  files: Files,
  input: Named & { readonly content: string; readonly first_line: number },
  options: GoldenOptions,
): Promise<GoldenPart> {
  const { first_line: firstLine } = input;
  if (firstLine === 1) await removeGoldenParts(files, input);
  try {
    const { lines, kept, read, warnings, warningLines, dropped } = await readGolden(input.content, {
      ...options,
      firstLine,
      mayBeEmpty: true,
    });
    const text = lines.map((line) => `${line}\n`).join("");
    const facts = { part: sha256(text), read, kept, warnings, warning_lines: warningLines, dropped };
    await files.write(linesKey(input, facts.part), once(text));
    await writeJson(files, factsKey(input, facts.part), facts);
    return facts;
  } catch (thrown) {
    if (isLightningError(thrown) && thrown.code === "golden_invalid") await removeGoldenParts(files, input);
    throw thrown;
  }
}

/** What all parts warn of, and in which lines first, and what was left out of them. @throws invalid `golden_part_missing`, `golden_invalid` without any example */
export async function goldenPartNotes(
  files: Files,
  of: Named,
  parts: readonly string[],
): Promise<Pick<GoldenFile, "warnings" | "warningLines" | "dropped">> {
  const warnings: Record<string, number> = {};
  const warningLines: Record<string, number[]> = {};
  const dropped: Record<string, number> = {};
  let kept = 0;
  for (const [index, part] of parts.entries()) {
    const facts = await readJson<GoldenPart>(files, factsKey(of, part));
    if (facts === undefined)
      throw invalid("golden_part_missing", `Part ${index + 1} of the golden file is not there.`, {
        field: `parts.${index}`,
        remedy: "Send the file's parts again, from its first line on.",
      });
    kept += facts.kept;
    for (const [reason, times] of Object.entries(facts.warnings)) add(warnings, reason, times);
    for (const [reason, times] of Object.entries(facts.dropped ?? {})) add(dropped, reason, times);
    for (const [reason, lines] of Object.entries(facts.warning_lines ?? {}))
      warningLines[reason] = [...(warningLines[reason] ?? []), ...lines].slice(0, LINES_NAMED);
  }
  if (kept === 0) throw noExample(dropped);
  return { warnings, warningLines, dropped };
}

/** The clean lines of all parts, as they stand in the file. */
export async function* goldenPartLines(
  files: Files,
  of: Named,
  parts: readonly string[],
): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* files.read(linesKey(of, part));
}

export async function removeGoldenParts(files: Files, of: Named): Promise<void> {
  for (const key of await files.list(folderOf(of))) await files.delete(key);
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
