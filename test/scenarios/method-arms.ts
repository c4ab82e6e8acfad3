import {
  askedRequests,
  CONSTANT_GRADER,
  judgeLines,
  NAME_GRADER,
  pairLines,
  taskLines,
} from "../local-provider/method-task.ts";

/** A method and its control, from which nothing can be learned. */
export const ARMS = ["dpo", "dpo, shuffled preferences", "rft", "rft, constant grader"] as const;
export type Arm = (typeof ARMS)[number];

const HELD_OUT = 75;
const LEARNED_FROM = 200;

type Post = (address: string, body: object) => Promise<{ readonly dataset_id?: string }>;

/**
 * Brings an arm's datasets in, in a world of requests that the seed draws.
 * @returns what a pipeline takes
 */
export async function prepareArm(arm: Arm, seed: number, agent_id: string, post: Post): Promise<object> {
  const asked = askedRequests(seed);
  const [held, learned] = [asked.slice(0, HELD_OUT), asked.slice(HELD_OUT, HELD_OUT + LEARNED_FROM)];
  const golden = (name: string, lines: readonly string[], more: object) =>
    post("/datasets/golden", { agent_id, name, content: lines.join("\n"), ...more });
  const test = await golden("held out", judgeLines(held), { test_split: 1 });
  const format = arm.startsWith("dpo") ? "dpo" : "rft";
  const lines = format === "dpo" ? pairLines(learned, seed, arm !== "dpo") : taskLines(learned);
  const { dataset_id } = await golden(arm, lines, { format, train_split: 0.8 });
  return {
    agent_id,
    name: arm,
    dataset_id,
    training: {
      seed,
      ...(format === "dpo" ? {} : { grader: arm === "rft" ? NAME_GRADER : CONSTANT_GRADER }),
    },
    evaluation: { dataset_id: test.dataset_id, split: "test" },
    promote: true,
  };
}
