import type { CallContext, Operation } from "../doors/operation.ts";
import { forbidden } from "../kernel/errors.ts";
import { isSamePerson } from "../kernel/persons.ts";
import type { ReviewRules } from "./contract.ts";
import { blinded } from "./offers.ts";

type Body = Record<string, unknown>;
type Mask = (body: Body, input: Body, person: string) => Body;

const refuse = (what: string): never => {
  throw forbidden("blind_review", `Reviews of this agent are blind: ${what} would tell what others judged.`, {
    remedy: "A builder may read it, or turn blind reviews off with `setReviewRules`.",
  });
};

/** What each door that tells judgements of single episodes leaves of its answer. */
const MASKS: Readonly<Record<string, Mask>> = {
  listRewards: (body, _input, person) => {
    const all = body.rewards as { readonly writer?: string }[];
    const own = all.filter(({ writer }) => writer !== undefined && isSamePerson(writer, person));
    return { ...body, rewards: own, rewards_found: own.length, hidden: all.length - own.length };
  },
  getEpisode: (body) => ({ ...blinded(body), metadata: {} }),
  listEpisodes: (body, input) => {
    if (input.min_reward !== undefined) refuse("a choice by reward");
    if (input.model_deployment !== undefined) refuse("a choice by model");
    const masked = {
      model_deployment: null,
      reward_count: 0,
      reward_avg: null,
      reward_penalty: null,
      reward_vetoed: false,
    };
    return { ...body, episodes: (body.episodes as Body[]).map((episode) => ({ ...episode, ...masked })) };
  },
  traceEpisode: (body) => ({
    ...body,
    episode: { ...blinded(body.episode as Body) },
    rewards: [],
  }),
  listCorrections: () => refuse("the list of corrections"),
  getCorrectionsFile: () => refuse("the file of corrections"),
};

/** Whether the caller is one whose judgement blind reviews protect: builders set the rules and read everything. */
function isLabeller({ caller }: Pick<CallContext, "caller">, agentId: string): boolean {
  return caller?.kind === "person" && caller.may("labeller", agentId) && !caller.may("builder", agentId);
}

/**
 * While reviews of an agent are blind, a signed-in labeller reads at no door what others judged of an episode or which
 * model answered it, his own judgements apart. Figures over many episodes (statistics, trends, datasets) stay as they
 * are, and without sign-in nobody is known to be a labeller: then the desk alone is blind.
 */
export function blindfolded(
  operation: Operation,
  { rules }: { readonly rules: (agentId: string) => Promise<ReviewRules> },
): Operation {
  const mask = Object.hasOwn(MASKS, operation.name) ? MASKS[operation.name] : undefined;
  if (mask === undefined) return operation;
  return {
    ...operation,
    async run(input, context) {
      const { agent_id: agentId } = input as { agent_id: string };
      const isBlind = isLabeller(context, agentId) && (await rules(agentId)).blind;
      const reply = await operation.run(input, context);
      if (!isBlind) return reply;
      const body = mask(reply.body as Body, input, context.principal ?? context.caller?.person ?? "");
      return { ...reply, body };
    },
  };
}
