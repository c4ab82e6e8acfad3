import { z } from "zod";
import { messageSchema } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import type { ChatReply, Provider } from "../provider/provider.ts";
import { type Question, readLines, toLines } from "./plan.ts";

/** Temperature 0, so that an answer says something of the model and little of chance; a part of the cache's key. */
export const PARAMETERS = { temperature: 0 } as const;

/** `model`: the model and version that the reply named. */
const keptSchema = z.object({ model: z.string(), message: messageSchema });
type Kept = z.output<typeof keptSchema>;

/**
 * The cache of what models answered, across an agent's evaluations: by deployment, example and parameters, each with
 * the model and version that was behind the deployment. An answer was paid for once; another evaluation of the same
 * examples reads it.
 */
export function createKeptAnswers({
  files,
  provider,
}: {
  readonly files: Files;
  readonly provider: Provider;
}) {
  const keyOf = (agentId: string, deployment: string, { prompt, tools }: Question) =>
    [
      "kept-answers",
      sha256(agentId).slice(0, 16),
      sha256(deployment).slice(0, 16),
      `${sha256(canonicalJson({ prompt, tools, parameters: PARAMETERS })).slice(0, 32)}.jsonl`,
    ].join("/");

  return {
    async read(agentId: string, deployment: string, question: Question): Promise<Kept | undefined> {
      const key = keyOf(agentId, deployment, question);
      return (await files.stat(key)) === undefined ? undefined : (await readLines(files, key, keptSchema))[0];
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
      await files.write(keyOf(agentId, deployment, question), toLines([{ model, message } satisfies Kept]));
    },
  };
}
