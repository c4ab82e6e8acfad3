import { metricWords } from "../../../evaluation/metric-words.ts";
import type { ReplyOf } from "../../../operations.ts";
import type { Commands } from "../command.ts";
import { promote } from "../flows.ts";
import { type Body, DOUBLE_RULER, facts, list, plain } from "../layout.ts";
import { agentOf, more, none, ruled, underWay } from "./shared.ts";

type Deployment = ReplyOf<"listDeployments">["deployments"][number];

const deploymentFacts = (one: Deployment | ReplyOf<"getActiveDeployment">) =>
  facts([
    ["Deployment ID", one.deployment_id],
    ["Tuned model", one.tuned_model],
    ["Deployment", one.deployment_name === one.tuned_model ? undefined : one.deployment_name],
    ["Promoted", one.promoted_at],
    ["Promoted by", one.promoted_by],
    ["Approved by", one.approved_by],
    ["Two persons", twoPersons(one.four_eyes)],
    ["Rolled back from", one.rollback_from],
    ["Reason", one.rollback_reason],
    ["State", one.withdrawn === undefined ? one.state : `withdrawn (${plain(one.state)})`],
    ["Withdrawn because", one.withdrawn?.reason],
    ...judged(one),
  ]);

/** The verdict that it was let through by, and what that judged. */
const judged = (one: Partial<Pick<Deployment, "verdict" | "verdict_metric" | "verdict_grading">>) =>
  [
    ["Verdict", one.verdict],
    [
      "Judged by",
      one.verdict === undefined || one.verdict_metric === undefined
        ? undefined
        : metricWords(plain(one.verdict_metric), one.verdict_grading),
    ],
  ] as const;

function twoPersons(two: Deployment["four_eyes"]): string | undefined {
  return two && `${plain(two.requested_by)} had it trained, ${plain(two.decided_by)} let it through`;
}

const warnings = (body: { readonly warnings?: readonly string[] | undefined }) =>
  list(body.warnings).map((one) => `   ⚠️  ${plain(one)}`);

const policyText = (body: ReplyOf<"getGatePolicy">, input: Body) => [
  `🛂 Gate policy of agent '${agentOf(body, input)}':`,
  ...facts([
    [
      "Gate",
      `${plain(body.gate)}${body.gate_from === "setting" ? " (LIGHTNING_GATE_POLICY; the agent has none of its own)" : ""}`,
    ],
    ["Four eyes", body.four_eyes ? "yes: who trains does not promote" : "no"],
  ]),
  ...list(body.changes).map(
    (one) =>
      `   ${plain(one.at)}  gate ${plain(one.gate ?? "as set globally")}, four eyes ${one.four_eyes ? "yes" : "no"}` +
      (one.by === undefined ? "" : `  by ${plain(one.by)}`) +
      (one.reason === undefined ? "" : `  (${plain(one.reason)})`),
  ),
];

/** What serves, what served, and why. */
export const DEPLOYMENT_COMMANDS = {
  promote: {
    flow: promote,
    gate: "promotion",
    waits: true,
    text: (body, input) =>
      body.is_active
        ? [
            "✅ Model promoted successfully!",
            ...facts([
              ["Deployment ID", body.deployment_id],
              ["Tuned model", body.tuned_model],
              ["Agent ID", body.agent_id ?? input.agent_id],
              ...judged(body),
            ]),
            ...warnings(body),
          ]
        : [
            ...underWay("The promotion", body.deployment_id),
            ...facts([["State", body.state]]),
            ...warnings(body),
          ],
  },
  rollback: {
    text: (body) => [
      ...(body.restoring !== undefined && body.rolled_back_at === undefined
        ? underWay("The rollback", body.restoring)
        : ["✅ Rolled back successfully!"]),
      ...facts([
        ["Deployment ID", body.deployment_id ?? "none: the base model answers"],
        ["Tuned model", body.tuned_model],
        ["Base model", body.tuned_model === null ? body.base_model : undefined],
        ["Rolled back from", body.rollback_from],
        ["Reason", body.rollback_reason],
      ]),
      ...warnings(body),
    ],
  },
  deactivate: {
    text: (body, input) => [
      `✅ Deployment deactivated for agent '${agentOf(body, input)}'`,
      ...facts([
        ["Was", body.deactivated],
        ["Base model", body.base_model],
        ["Reason", body.reason],
      ]),
    ],
  },
  listDeployments: {
    text(body, input) {
      const heading = `🚀 Deployments for agent '${agentOf(body, input)}':`;
      const deployments = list(body.deployments);
      if (deployments.length === 0) return none(heading, "deployments");
      return [
        ...ruled(
          heading,
          deployments.map((one) => [
            `${one.is_active ? "🟢 ACTIVE" : "⚪"} ${plain(one.deployment_id)}`,
            ...deploymentFacts(one).slice(1),
            ...warnings(one),
          ]),
        ),
        ...more(body),
      ];
    },
  },
  getGatePolicy: { alias: "show-gate-policy", text: policyText },
  setGatePolicy: { text: policyText },
  getActiveDeployment: {
    alias: "active-deployment",
    text: (body, input) =>
      body.has_active_deployment
        ? [
            `🟢 Active deployment of agent '${agentOf(body, input)}':`,
            ...deploymentFacts(body),
            ...warnings(body),
          ]
        : [`⚪ ${plain(body.message)}`, ...facts([["Base model", body.base_model]])],
  },
  getLineage: {
    text(body, input) {
      const heading = `📜 Deployment lineage for agent '${agentOf(body, input)}':`;
      const lineage = list(body.lineage);
      const made = ancestry(body);
      if (lineage.length === 0 && made.length > 0)
        return [
          `📜 Lineage of ${plain(body.id)}:`,
          ...made,
          ...facts([["Deployments", "none came of it yet"]]),
        ];
      if (lineage.length === 0) return none(heading, "deployments");
      return [
        ...ruled(
          heading,
          lineage.map((one) => [
            `${one.is_active ? "🟢 ACTIVE" : "⚪"} ${plain(one.deployment_id)}`,
            ...deploymentFacts(one).slice(1),
            ...warnings(one),
            ...ancestor("Evaluation", one.evaluation, ["verdict", "status"]),
            ...ancestor("Training run", one.training_run, [
              "status",
              "base_model",
              "started_at",
              "completed_at",
            ]),
            ...ancestor("Dataset", one.dataset, [
              "name",
              "training_count",
              "validation_count",
              "reward_threshold",
            ]),
          ]),
          DOUBLE_RULER,
        ),
        ...list(body.events).map(
          (event) =>
            `   ${plain(event.created_at)}  ${plain(event.what)}  ${plain(event.from)} → ${plain(event.to)}` +
            (event.by === undefined ? "" : `  by ${plain(event.by)}`) +
            (event.reason === undefined ? "" : `  (${plain(event.reason)})`),
        ),
        ...more(body),
      ];
    },
  },
  selectModel: {
    alias: "select-model",
    text: (body) => [
      `🎯 ${plain(body.model)}`,
      ...facts([
        ["Source", body.source],
        ["Deployment ID", body.deployment_id],
        ["Stale", body.stale ? "yes: the registry could not be asked" : undefined],
        ["USE_TUNED_MODEL", body.use_tuned_model],
        ["Base model", body.base_model],
      ]),
    ],
  },
} satisfies Commands;

function ancestor(label: string, value: unknown, names: readonly string[]): string[] {
  if (typeof value !== "object" || value === null) return [];
  const one = value as Body;
  if (one.missing === true) return [`   ${label}: ${plain(one.id)} (missing)`];
  return [
    `   ${label}: ${plain(one.id)}`,
    ...facts(
      names.map((name) => [name.replaceAll("_", " "), one[name]] as const),
      "      ",
    ),
  ];
}

/** What a run, a dataset or an evaluation is of, and what came of it short of a deployment. */
const ancestry = (body: Body): string[] => [
  ...ancestor("Dataset", body.dataset, ["name", "training_count", "validation_count", "content_hash"]),
  ...[body.training_run, ...list(body.training_runs)].flatMap((one) =>
    ancestor("Training run", one, ["status", "base_model", "tuned_model_name", "completed_at"]),
  ),
  ...[body.evaluation, ...list(body.evaluations)].flatMap((one) =>
    ancestor("Evaluation", one, ["verdict", "status"]),
  ),
];
