import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";

/** How the real result of a request is verified. Nothing here looks at the name of the tool that was called. */
export const checkSchema = z.strictObject({
  /** Texts that one tool result holds; with `file`, texts that the file holds. */
  has: z.array(z.string()).optional(),
  /** Texts that this result does not hold. */
  lacks: z.array(z.string()).optional(),
  /** A file of the sandbox that must be there, or hold `has`. */
  file: z.string().optional(),
  /** A folder of the sandbox that must be there. */
  folder: z.string().optional(),
  /** Entities that the graph in a tool result holds, does not hold, and how many it holds at all. */
  nodes: z.array(z.string()).optional(),
  lacks_nodes: z.array(z.string()).optional(),
  only_nodes: z.number().int().optional(),
  /** An entity that the stored graph holds, with (or without) an observation. */
  entity: z.string().optional(),
  observes: z.string().optional(),
  unlearnt: z.string().optional(),
  /** Two entities between which the stored graph holds a relation. */
  relation: z.tuple([z.string(), z.string()]).optional(),
});
export type Check = z.output<typeof checkSchema>;

const argumentsSchema = z.record(z.string(), z.unknown());

/** A line of `requests/<tool>.jsonl`: requests about one thing; what they share is said once. */
const groupSchema = z.strictObject({
  group: z.string().regex(/^[a-z0-9-]+$/),
  /** Files that only this group works on. */
  files: z.record(z.string(), z.string()).default({}),
  arguments: argumentsSchema.optional(),
  check: checkSchema.optional(),
  requests: z
    .array(
      z.union([
        z.string(),
        z.strictObject({
          text: z.string(),
          arguments: argumentsSchema.optional(),
          check: checkSchema.optional(),
        }),
      ]),
    )
    .min(1),
});

export interface DemoRequest {
  readonly id: string;
  readonly group: string;
  readonly text: string;
  /** The right call. Only the verdict and the golden conversations use it; a model sees it nowhere else. */
  readonly expect: {
    readonly tool: string;
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly check: Check;
  };
  /** Files of its group alone. */
  readonly files: Readonly<Record<string, string>>;
}

const FOLDER = path.join(import.meta.dirname, "requests");

/** Reads all requests in a fixed order. @throws Error that names file and line of a fault. */
export function readCorpus(folder = FOLDER): DemoRequest[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .toSorted()
    .flatMap((file) => readTool(path.join(folder, file), path.basename(file, ".jsonl")));
}

function readTool(file: string, tool: string): DemoRequest[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, number) => {
    if (line.trim() === "") return [];
    const where = `${path.basename(file)}:${number + 1}`;
    const parsed = groupSchema.safeParse(JSON.parse(line));
    if (!parsed.success) throw new Error(`${where}: ${z.prettifyError(parsed.error)}`);
    const { group, files, requests, ...shared } = parsed.data;
    return requests.map((entry, i) => {
      const own = typeof entry === "string" ? { text: entry } : entry;
      const check = own.check ?? shared.check;
      const args = own.arguments ?? shared.arguments;
      if (check === undefined || args === undefined)
        throw new Error(`${where}: request ${i + 1} has no check or no arguments`);
      return {
        id: `${group}-${i + 1}`,
        group,
        text: own.text,
        expect: { tool, arguments: args, check },
        files,
      };
    });
  });
}

/** The tools that the requests are about, sorted. */
export function toolNames(corpus: readonly DemoRequest[]): string[] {
  return [...new Set(corpus.map(({ expect }) => expect.tool))].toSorted();
}
