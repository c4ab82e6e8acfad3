import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { pauseMs } from "../doors/waiting.ts";
import { messageSchema } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { isLightningError, type LightningError } from "../kernel/errors.ts";
import { isProvidersFault, patienceMs } from "../provider/passing.ts";
import type { ChatReply, Provider } from "../provider/provider.ts";
import { createKeptAnswers, PARAMETERS } from "./kept-answers.ts";
import { answersKey, type Question, questionSchema, questionsKey, readLines, toLines } from "./plan.ts";

/** Questions asked at once within a batch; the orchestration runs a few batches side by side. */
const AT_ONCE = 4;
/** An outage or a rate limit is waited out this long, counted from a question's first fault; then its answer is missing. */
const OUTAGE_MS = 2 * 60 * 60_000;
/** Marks an answer that is not asked for again. Versions before this one counted tries up to it. */
const NO_MORE = 8;

const SIDES = ["baseline", "candidate"] as const;
export type Side = (typeof SIDES)[number];

/** What one model said to one question: an answer, or the fault that kept it from answering. */
const answerSchema = z.object({
  example: z.string(),
  side: z.enum(SIDES),
  message: messageSchema.optional(),
  error: z.string().optional(),
  tries: z.number().int(),
  since: z.string().optional().meta({
    description:
      "The first fault that may pass; absent once there is an answer, or none will be asked for any more.",
  }),
});
export type Answer = z.output<typeof answerSchema>;

export interface Models {
  readonly baseline: string;
  readonly candidate: string;
}

/** What a batch has come to; `waiting`: the provider is busy or away, ask again after that pause. */
export interface BatchOutcome {
  answered: number;
  missing: number;
  waiting?: { reason: string; retry_after_ms: number } | undefined;
}

/** What is known of a batch; questions without an entry were never asked. */
export async function readAnswers(files: Files, id: string, batch: number): Promise<Answer[]> {
  const key = answersKey(id, batch);
  return (await files.stat(key)) === undefined ? [] : readLines(files, key, answerSchema);
}

export const readQuestions = (files: Files, id: string, batch: number): Promise<Question[]> =>
  readLines(files, questionsKey(id, batch), questionSchema);

interface AnswerDeps {
  readonly files: Files;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly settings: Pick<Settings, "keepAnswersDays">;
}

/**
 * Gets both models' answers to the batch's questions that have none yet: from the cache, else by asking. What was
 * answered is kept and never asked for again. A question that the provider refuses is missing; a provider that is busy
 * or away is left alone until the pause is over.
 */
export async function answerBatch(
  deps: AnswerDeps,
  { agent_id, id, batch }: { readonly agent_id: string; readonly id: string; readonly batch: number },
  models: Models,
): Promise<BatchOutcome> {
  const { files, clock } = deps;
  const questions = await readQuestions(files, id, batch);
  const known = new Map((await readAnswers(files, id, batch)).map((one) => [keyOf(one.side, one), one]));
  let trouble: LightningError | undefined;
  let isChanged = false;
  const sides = SIDES.map(async (side) => {
    const open = questions.filter((question) => {
      const before = known.get(keyOf(side, question));
      return before === undefined || isOpen(before);
    });
    const fault = await answerSide(deps, agent_id, models[side], open, (question, outcome) => {
      const before = known.get(keyOf(side, question));
      known.set(keyOf(side, question), toAnswer(side, question.example, outcome, before, clock));
    });
    isChanged ||= open.length > 0;
    trouble = longer(trouble, fault);
  });
  await Promise.all(sides);
  const answers = [...known.values()];
  if (isChanged) await files.write(answersKey(id, batch), toLines(answers));
  const pending = answers.filter(isOpen);
  return {
    answered: answers.filter((one) => one.message !== undefined).length,
    missing: answers.filter((one) => one.message === undefined).length,
    ...(pending.length === 0
      ? {}
      : {
          waiting: {
            reason: trouble?.message ?? pending[0]?.error ?? "",
            retry_after_ms: pauseMs(
              Math.max(...pending.map(({ since }) => clock.now() - Date.parse(since ?? toIso(clock.now())))),
              trouble?.retryAfterMs,
            ),
          },
        }),
  };
}

type Outcome = { readonly message: Answer["message"] } | { readonly fault: LightningError };

/**
 * One model and its open questions. A fault that is the whole provider's ends the round: the questions that are left
 * share it unasked. @returns the fault that asks for the longest pause
 */
async function answerSide(
  deps: AnswerDeps,
  agentId: string,
  deployment: string,
  open: readonly Question[],
  put: (question: Question, outcome: Outcome) => void,
): Promise<LightningError | undefined> {
  if (open.length === 0) return undefined;
  const { provider } = deps;
  const kept = createKeptAnswers(deps);
  let worst: LightningError | undefined;
  let stopped: LightningError | undefined;
  const struck = (fault: LightningError) => {
    if (patienceMs(fault, OUTAGE_MS, true) === 0) return;
    worst = longer(worst, fault);
    if (isEverybodys(fault)) stopped ??= fault;
  };
  const before = await kept.read(agentId, deployment, open);
  const model = before.size === 0 ? undefined : await behind();
  const left = [...open];
  const worker = async () => {
    for (let question = left.shift(); question !== undefined; question = left.shift()) {
      const found = before.get(question);
      if (found !== undefined && found.model === model) put(question, { message: found.message });
      else if (stopped !== undefined) put(question, { fault: stopped });
      else
        try {
          const reply = await chat(provider, deployment, question);
          put(question, { message: reply.message });
          // The answer stands without the cache.
          await kept.keep(agentId, deployment, question, reply).catch(() => undefined);
        } catch (thrown) {
          if (!isProvidersFault(thrown)) throw thrown;
          put(question, { fault: thrown });
          struck(thrown);
        }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return worst;

  /** A model that refuses the small question may answer the real ones: then nothing is taken from the cache. */
  async function behind(): Promise<string | undefined> {
    try {
      return await kept.behind(deployment);
    } catch (thrown) {
      if (!isProvidersFault(thrown)) throw thrown;
      struck(thrown);
      return undefined;
    }
  }
}

const keyOf = (side: Side, { example }: { readonly example: string }) => `${side} ${example}`;

const isOpen = ({ message, since, tries }: Answer) =>
  message === undefined && (since !== undefined || tries < NO_MORE);

/** Rate limit, no connection, no access: the next question would meet the same. A 5xx may be one question's own. */
const isEverybodys = ({ code }: LightningError) =>
  code !== "provider_unavailable" && code !== "provider_unreadable" && code !== "provider_timeout";

const longer = (one: LightningError | undefined, other: LightningError | undefined) =>
  one === undefined || (other !== undefined && (other.retryAfterMs ?? 0) > (one.retryAfterMs ?? 0))
    ? other
    : one;

function toAnswer(
  side: Side,
  example: string,
  outcome: Outcome,
  before: Answer | undefined,
  clock: Clock,
): Answer {
  const tries = (before?.tries ?? 0) + 1;
  if ("message" in outcome) return { example, side, message: outcome.message, tries };
  const { fault } = outcome;
  const since = before?.since ?? toIso(clock.now());
  const error = fault.message.slice(0, 500);
  return clock.now() - Date.parse(since) < patienceMs(fault, OUTAGE_MS, true)
    ? { example, side, error, tries, since }
    : { example, side, error, tries: Math.max(NO_MORE, tries) };
}

/** Some models refuse a temperature. */
async function chat(provider: Provider, model: string, { prompt, tools }: Question): Promise<ChatReply> {
  const request = { model, messages: prompt, ...(tools === undefined ? {} : { tools }) };
  try {
    return await provider.chat({ ...request, ...PARAMETERS });
  } catch (thrown) {
    const refused = isLightningError(thrown) && thrown.kind === "invalid";
    if (refused && /temperature/i.test(thrown.message + JSON.stringify(thrown.details ?? "")))
      return provider.chat(request);
    throw thrown;
  }
}
