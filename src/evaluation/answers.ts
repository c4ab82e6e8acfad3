import { z } from "zod";
import { messageSchema } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { isLightningError, messageOf, unavailable } from "../kernel/errors.ts";
import type { ChatReply, Provider } from "../provider/provider.ts";
import { answersKey, type Question, questionSchema, questionsKey, readLines, toLines } from "./plan.ts";

/** Questions asked at once within a batch; the orchestration runs a few batches side by side. */
const AT_ONCE = 4;
/** A question that met a passing fault is asked this often, with the orchestration's pauses between: some two minutes. */
const TRIES = 8;

const SIDES = ["baseline", "candidate"] as const;
export type Side = (typeof SIDES)[number];

/** What one model said to one question: an answer, or the fault that kept it from answering. */
const answerSchema = z.object({
  example: z.string(),
  side: z.enum(SIDES),
  message: messageSchema.optional(),
  error: z.string().optional(),
  tries: z.number().int(),
});
export type Answer = z.output<typeof answerSchema>;

export interface Models {
  readonly baseline: string;
  readonly candidate: string;
}

/** What is known of a batch; questions without an entry were never asked. */
export async function readAnswers(files: Files, id: string, batch: number): Promise<Answer[]> {
  const key = answersKey(id, batch);
  return (await files.stat(key)) === undefined ? [] : readLines(files, key, answerSchema);
}

export const readQuestions = (files: Files, id: string, batch: number): Promise<Question[]> =>
  readLines(files, questionsKey(id, batch), questionSchema);

/**
 * Asks both models the batch's questions that have no answer yet and keeps what they said. Answers that are kept are
 * never asked for again. A question the provider refuses is missing; one that met a passing fault is asked again.
 * @throws unavailable `answers_pending` while a passing fault leaves questions open; what was answered is kept
 */
export async function answerBatch(
  { files, provider }: { readonly files: Files; readonly provider: Provider },
  id: string,
  batch: number,
  models: Models,
): Promise<{ answered: number; missing: number }> {
  const questions = await readQuestions(files, id, batch);
  const known = new Map(
    (await readAnswers(files, id, batch)).map((one) => [`${one.side} ${one.example}`, one]),
  );
  const open = questions.flatMap((question) =>
    SIDES.map((side) => ({ question, side, before: known.get(`${side} ${question.example}`) })).filter(
      ({ before }) => before === undefined || isOpen(before),
    ),
  );
  let fault = "";
  const worker = async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      const { question, side, before } = next;
      const answer = await ask(provider, models[side], question, side, (before?.tries ?? 0) + 1);
      if (answer.error !== undefined) fault = answer.error;
      known.set(`${side} ${question.example}`, answer);
    }
  };
  if (open.length > 0) {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await files.write(answersKey(id, batch), toLines(known.values()));
  }
  const answers = [...known.values()];
  const pending = answers.filter(isOpen).length;
  if (pending > 0)
    throw unavailable("answers_pending", `${pending} answers of batch ${batch} are outstanding: ${fault}`);
  return {
    answered: answers.filter((one) => one.message !== undefined).length,
    missing: answers.filter((one) => one.message === undefined).length,
  };
}

const isOpen = (answer: Answer) => answer.message === undefined && answer.tries < TRIES;

async function ask(
  provider: Provider,
  model: string,
  question: Question,
  side: Side,
  tries: number,
): Promise<Answer> {
  const { example } = question;
  try {
    const { message } = await chat(provider, model, question);
    return { example, side, message, tries };
  } catch (thrown) {
    const passes = isLightningError(thrown) && thrown.kind === "unavailable";
    if (!passes && !isLightningError(thrown)) throw thrown;
    // A refusal stays one: it is not asked again.
    return { example, side, error: messageOf(thrown).slice(0, 500), tries: passes ? tries : TRIES };
  }
}

/** Temperature 0, so that an answer says something of the model and little of chance; some models refuse it. */
async function chat(provider: Provider, model: string, { prompt, tools }: Question): Promise<ChatReply> {
  const request = { model, messages: prompt, ...(tools === undefined ? {} : { tools }) };
  try {
    return await provider.chat({ ...request, temperature: 0 });
  } catch (thrown) {
    const refused = isLightningError(thrown) && thrown.kind === "invalid";
    if (refused && /temperature/i.test(thrown.message + JSON.stringify(thrown.details ?? "")))
      return provider.chat(request);
    throw thrown;
  }
}
