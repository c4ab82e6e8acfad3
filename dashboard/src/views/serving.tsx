import { percent, plural, signed } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Compared } from "../logic/trend.ts";
import { judgedBy } from "../logic/verdict.ts";
import type { ActiveDeployment, Evaluation, Stats } from "../logic/wire.ts";
import { Ago, Badge, Card, Model } from "../parts/basics.tsx";
import { useShared } from "../parts/context.tsx";

/** The evaluation that the active model was let through for. */
export type Proof = Pick<Evaluation, "metric" | "grading" | "result">;

/** Which model answers, what it was let through for, and how it has done since. */
export function Serving(props: {
  active: ActiveDeployment | undefined;
  compared: Compared | undefined;
  stats: Stats;
  proof: Proof | undefined;
}) {
  const { active, compared, stats, proof } = props;
  const { can } = useShared();
  return (
    <Card title="Serving now" class="serving">
      <p class="model-name">
        <Model name={stats.current_model} />
      </p>
      <p class="muted">
        {active?.has_active_deployment ? (
          stats.current_model_source === "registry" ? (
            <>
              tuned, promoted <Ago at={active.promoted_at} />
              {active.promoted_by === undefined ? "" : ` by ${active.promoted_by}`}
            </>
          ) : (
            <>
              A tuned model is active, but agents are told the base model: <code>USE_TUNED_MODEL</code> is
              off.
            </>
          )
        ) : (
          "the base model; no tuned one is in service"
        )}
      </p>
      {active?.has_active_deployment && proof !== undefined && (
        <ProofView proof={proof} verdict={active.verdict} />
      )}
      {compared !== undefined && <Since compared={compared} />}
      {active?.has_active_deployment && (
        <p class="links">
          {active.evaluation_id !== undefined && (
            <a href={address("evaluations", active.evaluation_id)}>Why it was promoted</a>
          )}
          {active.deployment_id !== null && (
            <a href={address("lineage", active.deployment_id)}>What it learned from</a>
          )}
          <a href={address("deployments")}>{can("rollback") ? "Roll back" : "History"}</a>
        </p>
      )}
    </Card>
  );
}

/** Both models on the same requests, none of which was trained on. */
function ProofView({ proof, verdict }: { proof: Proof; verdict: string | undefined }) {
  const { result } = proof;
  if (result === undefined) return null;
  const rows = [
    { name: "before", share: result.baseline_accuracy, tone: "plain" },
    { name: "now", share: result.candidate_accuracy, tone: "accent" },
  ] as const;
  return (
    <div class="proof">
      <h3>
        {plural(result.pairs, "request")} it had not seen
        {result.groups === undefined ? "" : ` in ${plural(result.groups, "group")}`}{" "}
        {verdict !== undefined && <Badge of={verdict} />}
      </h3>
      <dl>
        {rows.map(({ name, share, tone }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="bar-track" aria-hidden="true">
              <span class={`bar ${tone}`} style={{ width: `${share * 100}%` }} />
            </dd>
            <dd class="bar-value">{percent(share)} right</dd>
          </div>
        ))}
      </dl>
      <p class="muted">Right answers, {judgedBy(proof)}.</p>
    </div>
  );
}

/** How the episodes of the model were judged, beside those of the one before. Observed, not a test. */
function Since({ compared: { active, before } }: { compared: Compared }) {
  if (active === undefined)
    return before === undefined ? null : (
      <p class="muted since">
        None of its episodes has been judged yet; those of the model before have a mean reward of{" "}
        {signed(before.mean)}.
      </p>
    );
  const change = before === undefined ? undefined : active.mean - before.mean;
  return (
    <dl class="compare">
      <div>
        <dt>Mean of this model's episodes</dt>
        <dd>{signed(active.mean)}</dd>
        <dd class="muted">{plural(active.episodes, "episode")}</dd>
      </div>
      {before !== undefined && (
        <div>
          <dt>Before</dt>
          <dd class="before">{signed(before.mean)}</dd>
          <dd class="muted">{plural(before.episodes, "episode")}</dd>
        </div>
      )}
      {change !== undefined && (
        <div>
          <dt>Change</dt>
          <dd class={change >= 0 ? "good" : "bad"}>{signed(change)}</dd>
          <dd class="muted">observed, not a test</dd>
        </div>
      )}
    </dl>
  );
}
