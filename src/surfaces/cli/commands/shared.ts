import type { ReplyOf } from "../../../operations.ts";
import { type Body, plain, RULER } from "../layout.ts";

const STATUS_SIGNS: Readonly<Record<string, string>> = {
  pending: "⏳",
  running: "🔄",
  succeeded: "✅",
  failed: "❌",
  cancelled: "⛔",
};
export const statusSign = (status: unknown) => STATUS_SIGNS[String(status)] ?? "•";

export const agentOf = (body: Body, input: Body) => plain(body.agent_id ?? input.agent_id);
export const more = (body: Body) =>
  body.continuation === undefined
    ? []
    : [
        "",
        "   There are more: --all shows every page. The next one alone:",
        `   --continuation ${plain(body.continuation)}`,
      ];
/** A heading, then blocks ruled off from one another, as the original prints its lists. */
export const ruled = (heading: string, blocks: readonly string[][], ruler = RULER) => [
  heading,
  ruler,
  ...blocks.flatMap((block) => [...block, ruler]),
];
export const none = (heading: string, what: string) => [heading, `   No ${what} yet.`];
/** What keeps a record from going on, as one line. */
export const waitingText = (
  waiting: { since: string; reason: string; again_at?: string | undefined } | undefined,
) =>
  waiting === undefined
    ? undefined
    : `${plain(waiting.reason)} (since ${plain(waiting.since)}${waiting.again_at === undefined ? "" : `; again at ${plain(waiting.again_at)}`})`;
/** Of a record whose orchestration had died: that it goes on, how often, and why the last time. */
export const takenUpText = (takenUp: { times: number; at: string; because: string } | undefined) =>
  takenUp === undefined
    ? undefined
    : `${takenUp.times === 1 ? "once" : `${takenUp.times} times`}, last ${plain(takenUp.at)}: ${plain(takenUp.because)}`;
export const underWay = (what: string, id: unknown) => [`⏳ ${what} is in progress (ID: ${plain(id)})`];

const inPercent = (share: number) => `${(share * 100).toFixed(0)} %`;
/** What the held-out examples can bring to light. */
export function powerText(power: ReplyOf<"getEvaluation">["power"]): string | undefined {
  if (power === undefined) return undefined;
  const { groups, differing, differing_is, smallest_gain: gain } = power;
  const at = `with ${groups} groups, where the models differ on ${inPercent(differing)} of the pairs (${differing_is})`;
  return gain === undefined ? `no gain ${at}` : `a gain of ${inPercent(gain)} or more ${at}`;
}
