import { z } from "zod";
import { exampleSchema } from "../datasets/contract.ts";
import { messageSchema, toolDefinitionSchema } from "../episodes/contract.ts";
import { type Files, lines } from "../files/files.ts";
import { sha256 } from "../kernel/hashing.ts";
import { type GroupedLine, groupsOf } from "./groups.ts";

/** Small, so that a killed process asks few questions again: answers are kept batch by batch. */
const BATCH = 10;
/** More examples add little: with a thousand pairs the interval is about three points wide on each side. */
export const MOST_EXAMPLES = 1000;

/** One held-out decision: all that was said before the turn to judge, and that turn. */
export const questionSchema = z.object({
  example: z.string(),
  group: z.string().optional().meta({ description: "Absent in questions that an earlier version wrote." }),
  prompt: z.array(messageSchema).min(1),
  tools: z.array(toolDefinitionSchema).optional(),
  expected: messageSchema,
});
export type Question = z.output<typeof questionSchema>;

const number = (batch: number) => String(batch).padStart(4, "0");
export const questionsKey = (id: string, batch: number) => `${id}/questions-${number(batch)}.jsonl`;
export const answersKey = (id: string, batch: number) => `${id}/answers-${number(batch)}.jsonl`;
export const pairsKey = (id: string) => `${id}/pairs.jsonl`;

/**
 * The decision of a dataset line: the first assistant turn that is to be learnt, after what came before it. Later turns
 * follow from tool results that a model under test would not get to see, so they are not asked.
 */
export function toQuestion(line: string): Question | undefined {
  const parsed = exampleSchema.safeParse(JSON.parse(line));
  if (!parsed.success) return undefined;
  const { messages, tools } = parsed.data;
  const at = messages.findIndex((one) => one.role === "assistant" && one.weight !== 0);
  const expected = messages[at];
  if (at < 1 || expected === undefined) return undefined;
  return {
    example: sha256(line).slice(0, 16),
    prompt: messages.slice(0, at),
    expected,
    ...(tools === undefined ? {} : { tools }),
  };
}

/** A question with what its group is told by. */
interface Chosen extends GroupedLine {
  readonly question: Question;
}

/** What of a dataset's side is not asked, and where its build wrote which group each line is of. */
export interface SideToAsk {
  /** Examples that are not to be asked. */
  readonly leftOut?: ReadonlySet<string> | undefined;
  /** The number of each line's group, one a line; datasets of earlier versions have none. */
  readonly groupFile?: string | undefined;
}

/**
 * The questions of a dataset's side, each with its group. Of more than a thousand examples those with the least hashes
 * are asked: a choice that is random as to content and the same on every run.
 */
export async function chooseQuestions(
  files: Files,
  datasetFile: string,
  { leftOut = new Set(), groupFile }: SideToAsk,
): Promise<{ questions: Question[]; groups: number; skipped: number }> {
  const chosen = new Map<string, Chosen>();
  let skipped = 0;
  let bar = "g"; // above every hex digit
  const built = groupFile === undefined ? undefined : lines(files.read(groupFile));
  try {
    for await (const line of lines(files.read(datasetFile))) {
      if (line.trim() === "") continue;
      const group: string | undefined = (await built?.next())?.value ?? undefined;
      const question = toQuestion(line);
      if (question === undefined || chosen.has(question.example) || leftOut.has(question.example)) skipped++;
      else if (question.example < bar)
        chosen.set(question.example, { example: question.example, question, line, built: group });
      if (chosen.size >= 2 * MOST_EXAMPLES) bar = keepLeast(chosen);
    }
  } finally {
    await built?.return(undefined);
  }
  keepLeast(chosen);
  const inOrder = [...chosen.values()].toSorted((a, b) => (a.example < b.example ? -1 : 1));
  const groups = groupsOf(inOrder);
  const questions = inOrder.map(({ question }) => ({ ...question, group: groups.get(question.example) }));
  return { questions, groups: new Set(groups.values()).size, skipped };
}

/** Reads a side of a dataset and writes its questions, ten to a file. */
export async function writeQuestions(
  files: Files,
  id: string,
  datasetFile: string,
  side: SideToAsk = {},
): Promise<{ examples: number; groups: number; batches: number; skipped: number }> {
  const { questions, groups, skipped } = await chooseQuestions(files, datasetFile, side);
  const batches = Math.ceil(questions.length / BATCH);
  for (let batch = 0; batch < batches; batch++)
    await files.write(questionsKey(id, batch), toLines(questions.slice(batch * BATCH, (batch + 1) * BATCH)));
  return { examples: questions.length, groups, batches, skipped };
}

/** How many distinct decisions of a dataset's side can be judged, and how many of them are among the `near` ones. */
export async function countQuestions(
  files: Files,
  datasetFile: string,
  near: ReadonlySet<string>,
): Promise<{ examples: number; near: number }> {
  const counted = new Set<string>();
  for await (const line of lines(files.read(datasetFile))) {
    if (line.trim() === "") continue;
    const question = toQuestion(line);
    if (question !== undefined) counted.add(question.example);
  }
  return { examples: counted.size, near: [...near].filter((example) => counted.has(example)).length };
}

/** Drops all but the thousand least hashes; answers the greatest one that is left. */
function keepLeast(chosen: Map<string, Chosen>): string {
  const hashes = [...chosen.keys()].toSorted();
  for (const hash of hashes.slice(MOST_EXAMPLES)) chosen.delete(hash);
  return hashes.length > MOST_EXAMPLES ? (hashes[MOST_EXAMPLES - 1] ?? "g") : "g";
}

export async function* toLines(values: Iterable<unknown>): AsyncGenerator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`;
}

export async function readLines<T>(files: Files, key: string, schema: z.ZodType<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const line of lines(files.read(key))) found.push(schema.parse(JSON.parse(line)));
  return found;
}
