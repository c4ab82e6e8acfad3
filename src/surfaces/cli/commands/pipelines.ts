import type { ReplyOf } from "../../../operations.ts";
import type { Commands } from "../command.ts";
import { decideExtras, healthExtras } from "../extras.ts";
import { health, shownPipeline } from "../flows.ts";
import { facts, list, member, outline, plain, table } from "../layout.ts";
import { runPipeline } from "../run-pipeline.ts";
import { agentOf, more, powerText, takenUpText } from "./shared.ts";

/** Pipelines, and the whole at a glance. */
export const PIPELINE_COMMANDS = {
  listPipelines: {
    text: (body, input, columns) => [
      `🔁 Pipelines of agent '${agentOf(body, input)}':`,
      ...table(
        ["ID", "Name", "Status", "Stage", "Outcome", "Verdict", "Created"],
        list(body.pipelines).map((one) => [
          one.pipeline_id,
          one.name,
          one.status,
          one.stage,
          one.outcome,
          one.verdict,
          one.created_at,
        ]),
        columns,
      ),
      ...more(body),
    ],
  },
  getPipeline: { flow: shownPipeline, gate: "shownPipeline", alias: "show-pipeline", text: pipelineText },
  runPipeline: {
    flow: runPipeline,
    gate: "pipeline",
    waits: true,
    alias: "run-pipeline",
    text: pipelineText,
  },
  decidePipeline: {
    extras: decideExtras,
    alias: "approve-pipeline",
    text: (body, input) => [
      input.approved === true ? "✅ Pipeline approved" : "⛔ Pipeline rejected",
      ...pipelineText(body).slice(1),
    ],
  },
  getStats: {
    text: (body, input) => [
      `📈 Statistics of agent '${agentOf(body, input)}':`,
      ...outline({ ...body, agent_id: undefined, statistics: statisticsOf(body) }),
    ],
  },
  getHealth: { flow: health, extras: healthExtras, text: healthText },
} satisfies Commands;

/** The average says what it is the mean of. */
function statisticsOf({ statistics }: ReplyOf<"getStats">) {
  const { average_reward: mean, average_reward_of: of, ...counts } = statistics;
  return {
    ...counts,
    average_reward:
      mean === null ? "none yet" : `${mean}, the mean of the ${of} newest judged episodes' averages`,
  };
}

const SIGNS: Readonly<Record<string, string>> = { promoted: "✅", evaluated: "✅", nothing_new: "•" };

function pipelineText(body: ReplyOf<"getPipeline">): string[] {
  const outcome = body.outcome;
  // Decided, but the pipeline itself has not yet gone on.
  const isOpen = body.status === "waiting_for_approval" && body.decision === undefined;
  const heading =
    body.status === "waiting_for_approval"
      ? "✋ Pipeline waits for approval"
      : body.place_in_queue !== undefined
        ? `⏳ Pipeline waits for its turn: number ${body.place_in_queue} of its agent's`
        : outcome === undefined
          ? `⏳ Pipeline is in progress: ${plain(body.stage)}`
          : `${SIGNS[outcome] ?? "❌"} Pipeline ended: ${plain(outcome)}`;
  return [
    heading,
    ...facts([
      ["Pipeline ID", body.pipeline_id],
      ["Status", body.status === "waiting_for_approval" && !isOpen ? "goes on as decided" : body.status],
      ["Dataset ID", body.dataset_id],
      ["Run ID", body.run_id],
      ["Evaluation ID", body.evaluation_id],
      ["Can show", powerText(body.power)],
      ["Verdict", body.verdict],
      // Pipelines of earlier versions chose no metric.
      ["Right means", member(member(body.input, "evaluation"), "metric")],
      ["Deployment ID", body.deployment_id],
      ["Decided by", body.decision?.decided_by],
      ["Approval until", isOpen ? body.approval_until : undefined],
      ["Taken up again", takenUpText(body.taken_up)],
      ["Error", body.error],
    ]),
    ...(isOpen ? [`   Decide: lightning approve --pipeline-id ${plain(body.pipeline_id)} --approve`] : []),
  ];
}

/** Work that waits for its turn, by agent. */
const queuedText = (queued: Readonly<Record<string, number>> = {}): string[] =>
  Object.keys(queued).length === 0 ? [] : outline({ waiting_for_their_turn: queued });

function healthText(body: ReplyOf<"getHealth">): string[] {
  const sign = { healthy: "✅", degraded: "⚠️ ", unhealthy: "❌" }[body.status];
  return [
    "🏥 RL Ledger Health Check:",
    `   ${sign} ${plain(body.status)}`,
    ...Object.entries(body.checks).map(
      ([name, check]) =>
        `   ${check.ok ? "✅" : "❌"} ${name.replaceAll("_", " ")}` +
        (check.kind === undefined ? "" : ` (${plain(check.kind)})`) +
        (check.message === undefined ? "" : `: ${plain(check.message)}`),
    ),
    ...facts(Object.entries(body.containers ?? {}), "      "),
    ...outline({ feeds: body.feeds }),
    ...queuedText(body.records?.queued),
  ];
}
