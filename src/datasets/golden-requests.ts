import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { BeforeMaking } from "../doors/keyed-request.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { bare } from "../ledger/ledger.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { goldenPolicy } from "./common/golden-policy.ts";
import { readGolden } from "./golden/golden.ts";
import { goldenPartLines, goldenPartNotes, removeGoldenParts } from "./golden/parts.ts";
import { splitKeyMark } from "./merge/split.ts";
import { newDataset, type Prepared, prepareOnce } from "./prepare-once.ts";
import { type buildGoldenInputSchema, type Recipe, sortedNames } from "./recipe-contract.ts";
import { sourceFileKey } from "./shards/file-keys.ts";
import type { DatasetStore } from "./store.ts";

export type BuildGoldenInput = z.output<typeof buildGoldenInputSchema>;

/** Golden files are taken whole. */
const NO_LIMIT = 10_000_000;

/** Asking for golden datasets: checks and keeps the file, makes the record once for equal requests, starts nothing. */
export function createGoldenRequests({
  store,
  files,
  settings,
  clock,
  policyOf,
}: {
  readonly store: DatasetStore;
  readonly files: Files;
  readonly settings: Pick<Settings, "trainSplit" | "splitKey" | "redactSecrets">;
  readonly clock: Clock;
  readonly policyOf?: PolicyOf | undefined;
}) {
  return {
    /**
     * Checks and stores a golden file, and creates its dataset's record. Starts nothing.
     * @throws invalid `golden_invalid` naming line, rule and remedy, and nothing is stored then; `golden_content`,
     * `golden_part_missing`
     */
    async prepareGolden(
      input: BuildGoldenInput,
      counted: Readonly<Record<string, number>> = {},
      before?: BeforeMaking,
    ): Promise<Prepared> {
      const { agent_id: agentId, name, description } = input;
      const { content, parts } = input;
      if ((content === undefined) === (parts === undefined))
        throw invalid(
          "golden_content",
          "A golden dataset is made of `content` or of `parts`, and of one of them.",
          {
            field: "content",
            remedy:
              "Give the file's text as content; of a large file the parts that `addGoldenPart` answered.",
          },
        );
      const golden =
        content === undefined
          ? undefined
          : await readGolden(content, {
              policy: await goldenPolicy(settings, agentId, policyOf),
              format: input.format,
              includeEndings: input.include_endings,
            });
      const recipe: Recipe = defined({
        kind: "golden" as const,
        max_examples: NO_LIMIT,
        include_tools: true,
        train_split: input.train_split ?? settings.trainSplit,
        test_split: input.test_split ?? 0,
        split_key: splitKeyMark(settings.splitKey),
        source_sha256: sha256(content ?? (parts ?? []).join("\n")),
        format: input.format === "sft" ? undefined : input.format,
        include_endings: sortedNames(input.include_endings),
        near_duplicates: input.near_duplicates,
        bom: input.bom === true ? true : undefined,
      });
      const watermark = { episodes: "", rewards: "" };
      const created_at = toIso(clock.now());
      const plain = await newDataset(store, { agentId, name, description, recipe, watermark, created_at });
      // Also where the parts have gone since: the request may come again after its answer was lost.
      const known = await store.read(agentId, plain.id);
      if (known !== undefined && known.status !== "failed") {
        if (parts !== undefined) await removeGoldenParts(files, input);
        return { dataset: bare(known), existed: true };
      }
      // Before the file is written: there may be no room for what it begins.
      await before?.(plain.id);
      const found = golden ?? (await goldenPartNotes(files, input, parts ?? []));
      const { warningLines } = found;
      const warnings = { ...found.warnings, ...counted };
      const lines = golden === undefined ? goldenPartLines(files, input, parts ?? []) : asLines(golden.lines);
      // Before the record, so that a record always has its file; the same content goes under the same key.
      await files.write(sourceFileKey(plain.id), lines);
      const told = {
        ...(Object.keys(warnings).length === 0
          ? {}
          : { warnings: { ...warnings }, warning_lines: warningLines }),
        ...(Object.keys(found.dropped).length === 0 ? {} : { dropped: { ...found.dropped } }),
      };
      const prepared = await prepareOnce(store, { ...plain, ...told });
      if (parts !== undefined) await removeGoldenParts(files, input);
      return prepared;
    },
  };
}

async function* asLines(lines: readonly string[]): AsyncGenerator<string> {
  for (let at = 0; at < lines.length; at += 256) yield `${lines.slice(at, at + 256).join("\n")}\n`;
}
