import type { Commands } from "../command.ts";
import { type Body, facts, list, member, plain, table } from "../layout.ts";
import { agentOf, more } from "./shared.ts";

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(plain) : []);
const named = (label: string, value: unknown) => facts([[label, texts(value).join(", ")]]);
const days = (value: unknown) => (typeof value === "number" ? `${value} days` : plain(value));
const dollars = (value: unknown) => (typeof value === "number" ? `$${value.toFixed(2)}` : "unknown");

/** A dry run says what would go, and how to let it. */
function removal(body: Body, command: string, count: number): string[] {
  const age = `${plain(body.older_than_days)} days or older`;
  if (body.dry_run === true)
    return [
      count === 0 ? `🧹 Nothing to remove (${age}).` : `🧹 Would be removed (${age}); nothing was:`,
      ...(count === 0 ? [] : [`   To remove it: lightning ${command} --no-dry-run`]),
    ];
  return [count === 0 ? `🧹 Nothing was removed (${age}).` : `✅ Removed (${age}):`];
}
const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const leftAlone = (body: Body, name: string) =>
  list(body.not_removed).map((one) => `   ⚠️  ${plain(one[name])} is still there: ${plain(one.reason)}`);

/** Keeping the provider's side in order, and who did what. */
export const UPKEEP_COMMANDS = {
  reconcileDeployments: {
    text: (body) =>
      body.compared
        ? [
            `🔎 Compared with the provider: ${plain(body.seen)} deployments there`,
            ...named("Kept awake", body.kept_awake),
            ...named("Removed by the provider", body.lost),
            ...facts([
              [
                "Coming back",
                list(body.returning)
                  .map((one) => plain(one.deployment_name))
                  .join(", "),
              ],
            ]),
            ...named("Found again", body.found),
            ...named("Not answering", body.not_answering),
            ...named("Gone within a day (developer tier)", body.expiring),
            ...named("Not this app's, left alone", body.unknown),
          ]
        : ["🔎 Nothing to compare with: no Azure OpenAI account is set (AZURE_OPENAI_ACCOUNT)."],
  },
  cleanUpDeployments: {
    text(body, _input, columns) {
      const removed = list(body.removed);
      return [
        ...removal(body, "clean-up-deployments", removed.length),
        ...(removed.length === 0
          ? []
          : table(
              ["Deployment", "Agent", "Run", "Asked for", "An hour"],
              removed.map((one) => [
                one.deployment_name,
                one.agent_id,
                one.training_run_id,
                one.requested_at,
                dollars(one.usd_an_hour),
              ]),
              columns,
            )),
        ...leftAlone(body, "deployment_name"),
      ];
    },
  },
  cleanUpTraining: {
    text(body, _input, columns) {
      const [files, jobs] = [list(body.files), list(body.jobs)];
      return [
        ...removal(body, "clean-up-training", files.length + jobs.length),
        ...(files.length + jobs.length === 0
          ? []
          : table(
              ["What", "ID", "Run", "Name or state"],
              [
                ...files.map((one) => ["file", one.id, one.run_id, one.filename]),
                ...jobs.map((one) => ["job", one.id, one.run_id, one.state]),
              ],
              columns,
            )),
        ...leftAlone(body, "id"),
      ];
    },
  },
  takeUpRecords: {
    text({ looked_at, left, taken_up, failed, settled, not_looked_after }) {
      const recordText = (one: { type: string; agent_id?: string | undefined; id?: string | undefined }) =>
        one.id === undefined
          ? `records of type ${plain(one.type)}`
          : `${plain(one.type)} ${plain(one.id)} of agent ${plain(one.agent_id)}`;
      return [
        `🔎 Looked at ${counted(looked_at, "record")} that had not ended:`,
        ...facts([
          ["At work", left.alive],
          ["Not begun yet", left.not_begun === 0 ? undefined : left.not_begun],
          // A server of an earlier version does not say.
          ["Waiting for their turn", left.queued > 0 ? left.queued : undefined],
          ["Ended meanwhile", left.changed === 0 ? undefined : left.changed],
          ["Taken up again", taken_up.length],
          ["Failed", failed.length],
        ]),
        ...taken_up.map((one) => `   🔄 ${recordText(one)} goes on: ${plain(one.because)}`),
        ...failed.map((one) => `   ❌ ${recordText(one)}: ${plain(one.code)}: ${plain(one.message)}`),
        ...settled.map(
          (one) =>
            `   ✅ ${recordText(one)} had been given up; its job has ended since: ${plain(one.status)}`,
        ),
        ...not_looked_after.map((one) => `   ⚠️  ${recordText(one)} not looked after: ${plain(one.reason)}`),
      ];
    },
  },
  listRetirements: {
    text(body, input, columns) {
      const agent = agentOf(body, input);
      const [runs, deployments, plan] = [list(body.runs), list(body.deployments), list(body.plan)];
      return [
        `📅 Retirements for agent '${agent}':`,
        ...list(body.bases).flatMap((one) => [
          `   ${plain(one.model)} (${plain(one.lifecycle)}${one.configured ? ", the base set now" : ""})`,
          ...facts(
            [
              [
                "Training ends",
                `${plain(one.training_retires)} (${days(one.days_until_training_ends ?? "unknown")})`,
              ],
              [
                "Base answers until",
                `${plain(one.base_retires)} (${days(one.days_until_answers_end ?? "unknown")})`,
              ],
              ["Its tuned models answer until", one.deployment_retires],
              ...list(one.sources).map(
                (from) => ["As told by", `${plain(from.source)}, ${plain(from.as_of)}`] as const,
              ),
            ],
            "      ",
          ),
        ]),
        ...(runs.length === 0 ? [] : ["", "   Models that were trained:"]),
        ...(runs.length === 0
          ? []
          : table(
              ["Run", "Base", "Answers until", "Days left"],
              runs.map((one) => [one.run_id, one.base_model, one.retires, one.days_left ?? "unknown"]),
              columns,
            )),
        ...(deployments.length === 0 ? [] : ["", "   Deployments:"]),
        ...(deployments.length === 0
          ? []
          : table(
              ["Deployment", "", "Base", "Answers until", "Days left"],
              deployments.map((one) => [
                one.deployment_id,

                one.is_active ? "active" : "",
                one.base_model,
                one.retires,
                one.days_left ?? "unknown",
              ]),
              columns,
            )),
        ...(plan.length === 0 ? [] : ["", `   To replace ${plain(plan[0]?.replaces)}, one call each:`]),
        ...plan.flatMap((one) => {
          const request = (one.request ?? {}) as Body;
          if (member(request.training, "grader") !== undefined)
            return [
              `   ${plain(one.base_model)}: the request with its grader is in --json, for POST /pipelines`,
            ];
          return [
            `   ${plain(one.base_model)}: trained until ${plain(one.training_retires)}, cost ${dollars(one.estimated_usd)} (${plain(one.estimated_from)})`,
            `      lightning run --agent-id ${plain(request.agent_id)} --dataset-id ${plain(request.dataset_id)} --training-base-model ${plain(one.base_model)} --evaluation-baseline active`,
          ];
        }),
        ...(plan.length === 0 ? [] : [`   Gate: ${plain(plan[0]?.gate)}`]),
      ];
    },
  },
  listAudit: {
    text: (body, input) => [
      `🧾 Audit of agent '${agentOf(body, input)}', newest first:`,
      ...list(body.audit).flatMap((one) => [
        `   ${plain(one.created_at)}  ${outcomeSign(one.outcome)} ${plain(one.operation)}  by ${plain(one.who ?? `nobody known (${plain(one.identity)})`)}` +
          ` through ${plain(one.door)}${one.code === undefined ? "" : `: ${plain(one.code)}`}`,
        ...facts(
          [
            ["Ids", wordsOf(one.ids, true)],
            ["Claimed", wordsOf(one.claimed)],
            ["Reason", one.reason],
          ],
          "      ",
        ),
      ]),
      ...(list(body.audit).length === 0 ? ["   Nothing yet."] : []),
      ...more(body),
    ],
  },
  whoAmI: {
    text: (body, input) => [
      `👤 ${plain(body.name ?? body.principal ?? "Nobody by name")} (${plain(body.identity)})`,
      ...facts([
        ["Object id", body.object_id],
        ["Roles granted", texts(body.roles).join(", ") || "none"],
        [`May, for agent '${agentOf(body, input)}'`, texts(body.may).join(", ") || "nothing"],
      ]),
    ],
  },
} satisfies Commands;

const outcomeSign = (outcome: unknown) =>
  ({ done: "✅", failed: "❌", refused: "⛔" })[String(outcome)] ?? "•";

/** `run_id=run-1`; the same value under its second name once. */
function wordsOf(value: unknown, once = false): string {
  if (typeof value !== "object" || value === null) return "";
  const seen = new Set<unknown>();
  return Object.entries(value)
    .filter(([name]) => !once || name !== "id")
    .filter(([, text]) => {
      const isNew = !once || !seen.has(text);
      seen.add(text);
      return isNew;
    })
    .map(([name, text]) => `${name}=${plain(text)}`)
    .join(", ");
}
