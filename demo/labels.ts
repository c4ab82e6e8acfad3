import { setTimeout as sleep } from "node:timers/promises";
import { keyedFraction } from "../src/kernel/hashing.ts";
import { type Rest, RestError } from "./doors.ts";
import type { Outcome } from "./traffic.ts";

/** The share of good answers that are also approved, as a reviewer would. */
const APPROVED_SHARE = 0.15;
/** Episodes are handed over in the background; a reward may be faster than its episode. */
const EPISODE_LIMIT_MS = 10_000;

export interface LabelCounts {
  readonly passed: number;
  readonly failed: number;
  readonly approved: number;
}

/** Posts what the checks found as `test_result` rewards, and a few approvals beside them. */
export async function postRewards(
  rest: Rest,
  agentId: string,
  outcomes: readonly Outcome[],
  lanes: number,
): Promise<LabelCounts> {
  const counts = { passed: 0, failed: 0, approved: 0 };
  const queue = [...outcomes];
  const lane = async () => {
    for (let outcome = queue.pop(); outcome !== undefined; outcome = queue.pop()) {
      const { request, answer, fulfilled } = outcome;
      if (answer.episode_id === undefined) throw new Error(`${request.id} was not captured.`);
      const reward = { agent_id: agentId, episode_id: answer.episode_id };
      await postOnceThere(rest, {
        ...reward,
        source: "test_result",
        value: fulfilled ? 1 : -1,
        evaluator: "demo",
        rubric: request.id,
      });
      counts[fulfilled ? "passed" : "failed"]++;
      if (fulfilled && keyedFraction("approvals", request.id) < APPROVED_SHARE) {
        await rest.post("/rewards", {
          ...reward,
          source: "human_approval",
          value: 1,
          evaluator: "demo-reviewer",
        });
        counts.approved++;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return counts;
}

async function postOnceThere(rest: Rest, reward: unknown): Promise<void> {
  const until = performance.now() + EPISODE_LIMIT_MS;
  for (;;) {
    try {
      await rest.post("/rewards", reward);
      return;
    } catch (thrown) {
      const missing = thrown instanceof RestError && (thrown.status === 404 || thrown.status === 422);
      if (!missing || performance.now() > until) throw thrown;
      await sleep(100);
    }
  }
}
