import type { Health, Stats } from "../../../src/overview/contract.ts";
import type { Pipeline } from "../../../src/pipelines/contract.ts";
import { duration, plural } from "./format.ts";
import { address } from "./route.ts";

export interface Attention {
  readonly what: string;
  readonly detail: string;
  readonly href: string;
  readonly action: string;
  readonly tone: "act" | "warn";
}

/** Feeds further behind than this mean that scores and averages are old (the health check's own limit). */
const LATE_SECONDS = 300;

/** What needs a person now, the most pressing first. */
export function needsPerson(
  stats: Stats,
  review: { readonly waiting: number; readonly corrections: number } | undefined,
  pipelines: readonly Pick<Pipeline, "id" | "name" | "status" | "verdict">[],
  records?: Health["records"],
): Attention[] {
  const found: Attention[] = [];
  for (const { id, name, status, verdict } of pipelines)
    if (status === "waiting_for_approval")
      found.push({
        what: `Pipeline “${name}” waits for your decision`,
        detail: `Its candidate ${verdict === "pass" ? "passed the gate" : "has been judged"}. Nothing is promoted until you say so.`,
        href: address("pipelines", id),
        action: "Decide",
        tone: "act",
      });
  for (const [feed, { lag_seconds: lag }] of Object.entries(stats.feeds))
    if (lag > LATE_SECONDS)
      found.push({
        what: `The ${feed} feed is ${duration(lag * 1000)} behind`,
        detail: "Scores and averages on this page are that old.",
        href: address("overview"),
        action: "Reload",
        tone: "warn",
      });
  const lost = Object.values(records?.lost ?? {}).reduce((sum, some) => sum + some, 0);
  if (lost > 0)
    found.push({
      what: `${plural(lost, "record")} lost the orchestration that worked on ${lost === 1 ? "it" : "them"}`,
      detail: `A worker process died, or somebody ended it. The hourly sweep takes ${lost === 1 ? "it" : "them"} up; an operator can now (POST /records/take-up).`,
      href: address("pipelines"),
      action: "Look",
      tone: "warn",
    });
  const failed = stats.statistics.training_run_status.failed ?? 0;
  if (failed > 0)
    found.push({
      what: `${plural(failed, "training run")} failed`,
      detail: "Each says why, and whether it can be taken up again.",
      href: address("runs", undefined, { status: "failed" }),
      action: "Look",
      tone: "warn",
    });
  const { rewards_not_given: notGiven } = stats.statistics;
  if (notGiven > 0)
    found.push({
      what: `${plural(notGiven, "reward")} never found ${notGiven === 1 ? "its" : "their"} episode`,
      detail:
        "Of the last thirty days: each waited until it expired, or did not fit. `lightning waiting-rewards --state expired` (or refused) lists them.",
      href: address("episodes"),
      action: "Look",
      tone: "warn",
    });
  if (review !== undefined && review.waiting > 0)
    found.push({
      what: `${plural(review.waiting, "episode")} not reviewed by a person`,
      detail: "A label takes a few seconds and one key.",
      href: address("review"),
      action: "Review",
      tone: "act",
    });
  return found;
}
