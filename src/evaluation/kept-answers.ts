import { z } from "zod";
import { messageSchema } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import type { ChatReply, Provider } from "../provider/provider.ts";
import { type Question, readLines, toLines } from "./plan.ts";

/** Temperature 0, so that an answer says something of the model and little of chance; a part of the cache's key. */
export const PARAMETERS = { temperature: 0 } as const;

/** `model`: the model and version that the reply named; `at`: when it was given. */
const keptSchema = z.object({ of: z.string(), at: z.string(), model: z.string(), message: messageSchema });
type Kept = z.output<typeof keptSchema>;

const FOLDER = "kept-answers/";
/** An agent's answers of a deployment lie in so many files at most, by the first digits of the question's hash. */
const BUCKET_DIGITS = 2;
/** In one of them; the oldest go first. Some 100,000 questions of a deployment in all. */
const MOST_IN_BUCKET = 400;
const DAY_MS = 86_400_000;

interface KeptAnswerDeps {
  readonly files: Files;
  readonly provider: Pick<Provider, "chat">;
  readonly clock: Clock;
  readonly settings: { readonly keepAnswersDays: number };
}

/** One writer at a time for each file of this process; another process's write may drop an answer from the cache. */
const writing = new Map<string, Promise<unknown>>();

async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = writing.get(key) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  writing.set(key, mine);
  try {
    return await mine;
  } finally {
    if (writing.get(key) === mine) writing.delete(key);
  }
}

/** What cannot be read as answers is none. @throws what the storage throws, for that says nothing of the answers */
async function readBucket(files: Files, key: string): Promise<Kept[]> {
  if ((await files.stat(key)) === undefined) return [];
  try {
    return await readLines(files, key, keptSchema);
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) return [];
    throw thrown;
  }
}

/**
 * The cache of what models answered, across an agent's evaluations: by deployment, example and parameters, each with
 * the model and version that was behind the deployment. An answer was paid for once; another evaluation of the same
 * examples reads it, until it is as old as the setting says.
 */
export function createKeptAnswers({ files, provider, clock, settings }: KeptAnswerDeps) {
  const hashOf = ({ prompt, tools }: Question) =>
    sha256(canonicalJson({ prompt, tools, parameters: PARAMETERS })).slice(0, 32);
  const bucketOf = (agentId: string, deployment: string, of: string) =>
    `${FOLDER}${sha256(agentId).slice(0, 16)}/${sha256(deployment).slice(0, 16)}/${of.slice(0, BUCKET_DIGITS)}.jsonl`;
  const isFresh = ({ at }: Kept) => clock.now() - Date.parse(at) < settings.keepAnswersDays * DAY_MS;

  return {
    /** What is kept of some questions. */
    async read(
      agentId: string,
      deployment: string,
      questions: readonly Question[],
    ): Promise<Map<Question, Kept>> {
      const buckets = new Map<string, Promise<Map<string, Kept>>>();
      const found = new Map<Question, Kept>();
      for (const question of questions) {
        const of = hashOf(question);
        const key = bucketOf(agentId, deployment, of);
        const bucket =
          buckets.get(key) ??
          // Without its cache an evaluation asks; it does not fail.
          readBucket(files, key)
            .catch(() => [])
            .then((kept) => new Map(kept.filter(isFresh).map((one) => [one.of, one])));
        buckets.set(key, bucket);
        const kept = (await bucket).get(of);
        if (kept !== undefined) found.set(question, kept);
      }
      return found;
    },

    /**
     * The model and version behind a deployment, which may have moved since it was asked: the service names it in each
     * reply, so a reply of a few tokens tells.
     */
    async behind(deployment: string): Promise<string> {
      const reply = await provider.chat({
        model: deployment,
        messages: [{ role: "user", content: "ping" }],
        max_tokens: 16, // some models refuse a smaller limit than this
      });
      return reply.model;
    },

    /** Keeps an answer under the model that its reply names; one that names none is of no known model. */
    async keep(agentId: string, deployment: string, question: Question, reply: ChatReply): Promise<void> {
      const { model, message } = reply;
      if (model === "") return;
      const of = hashOf(question);
      const key = bucketOf(agentId, deployment, of);
      await inTurn(key, async () => {
        const others = (await readBucket(files, key)).filter((one) => one.of !== of && isFresh(one));
        const kept = [...others, { of, at: toIso(clock.now()), model, message } satisfies Kept];
        await files.write(key, toLines(kept.slice(-MOST_IN_BUCKET)));
      });
    },
  };
}

/** Removes answers that are too old, and what cannot be read as one. @returns how many files are gone */
export async function forgetOldAnswers({
  files,
  clock,
  settings,
}: Omit<KeptAnswerDeps, "provider">): Promise<number> {
  const oldest = toIso(clock.now() - settings.keepAnswersDays * DAY_MS);
  let gone = 0;
  for (const key of await files.list(FOLDER))
    await inTurn(key, async () => {
      const kept = await readBucket(files, key);
      const fresh = kept.filter(({ at }) => at > oldest);
      if (fresh.length > 0 && fresh.length === kept.length) return;
      if (fresh.length > 0) await files.write(key, toLines(fresh));
      else {
        await files.delete(key);
        gone++;
      }
    });
  return gone;
}
