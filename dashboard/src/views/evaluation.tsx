import { moment, percent, signed } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { arithmetic, canShow, judgedBy, rightMeans } from "../logic/verdict.ts";
import type { Evaluation } from "../logic/wire.ts";
import { Badge, Card, Empty, Facts, Id, Model, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { LoadedPage } from "../parts/loaded.tsx";
import { TakenUp } from "../parts/taken-up.tsx";
import { Pairs } from "./evaluation-pairs.tsx";

type Reckoned = NonNullable<Evaluation["result"]>;

export function EvaluationView({ id }: { id: string }) {
  const { api } = useShared();
  const live = useLive(`evaluation ${id}`, () =>
    api.get<Evaluation>(`/evaluations/${encodeURIComponent(id)}`),
  );
  return (
    <LoadedPage title="Evaluation" of={live}>
      {(one) => <EvaluationPage one={one} />}
    </LoadedPage>
  );
}

function EvaluationPage({ one }: { one: Evaluation }) {
  return (
    <Page
      title="Evaluation"
      lead={
        <>
          <Badge of={one.result?.verdict ?? one.status} /> <code class="break">{one.id}</code>
        </>
      }
      actions={
        <a class="button" href={address("lineage", one.id)}>
          Lineage
        </a>
      }
    >
      {one.error !== undefined && <p class="notice bad">{one.error}</p>}
      {one.waiting !== undefined && (
        <p class="notice warn">
          The models have kept it waiting since {moment(one.waiting.since)}. {one.waiting.reason}
          {one.waiting.again_at !== undefined && (
            <> They are asked again at {moment(one.waiting.again_at)}.</>
          )}
        </p>
      )}
      <TakenUp of={one.taken_up} />
      {one.result === undefined ? (
        <Card title="Verdict">
          <Empty title={one.status === "failed" ? "There is no verdict" : "The models are still answering"} />
        </Card>
      ) : (
        <Verdict facts={one.result} of={one} />
      )}
      <Pairs one={one} />
      <Card title="Facts">
        <Facts
          rows={[
            ["Candidate", one.candidate],
            ["Baseline", one.baseline],
            ["Run", one.run_id === undefined ? undefined : <Id id={one.run_id} />],
            ["Dataset", <Id key="d" id={one.dataset_id} />],
            ["Side", one.split],
            ["Right means", rightMeans(one.metric, one.grading)],
            ["Can show", canShow(one.power)],
            ["Skipped lines", one.plan?.skipped],
            ["Contamination", one.plan?.contamination === "none" ? "none found" : one.plan?.contamination],
          ]}
        />
      </Card>
    </Page>
  );
}

function Verdict({ facts, of }: { facts: Reckoned; of: Evaluation }) {
  const { candidate, baseline } = of;
  const cells = [
    { name: "Both right", value: facts.both, tone: "plain" },
    { name: "Only the candidate", value: facts.candidate_only, tone: "good" },
    { name: "Only the baseline", value: facts.baseline_only, tone: "bad" },
    { name: "Neither", value: facts.neither, tone: "plain" },
  ];
  return (
    <div class="columns two">
      <Card title="Verdict" note={<Badge of={facts.verdict} />}>
        <ul class="reasons">
          {facts.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <p class="muted">Right answers, {judgedBy(of)}:</p>
        <dl class="compare">
          <div>
            <dt>Candidate right</dt>
            <dd>{percent(facts.candidate_accuracy)}</dd>
            <dd class="muted">
              <Model name={candidate} />
            </dd>
          </div>
          <div>
            <dt>Baseline right</dt>
            <dd class="before">{percent(facts.baseline_accuracy)}</dd>
            <dd class="muted">
              <Model name={baseline} />
            </dd>
          </div>
          <div>
            <dt>Difference</dt>
            <dd class={facts.difference >= 0 ? "good" : "bad"}>{signed(facts.difference * 100, 1)}</dd>
            <dd class="muted">points</dd>
          </div>
        </dl>
        <Interval interval={facts.interval} difference={facts.difference} />
      </Card>
      <Card
        title="How it was reckoned"
        note={
          facts.groups === undefined
            ? `${facts.pairs} pairs`
            : `${facts.pairs} pairs in ${facts.groups} groups`
        }
      >
        <div class="quad">
          {cells.map(({ name, value, tone }) => (
            <div key={name} class={tone}>
              <b>{value}</b>
              <span>{name}</span>
            </div>
          ))}
        </div>
        <ol class="arithmetic">
          {arithmetic(facts).map((step) => (
            <li key={step.question} class={step.met === undefined ? "" : step.met ? "met" : "unmet"}>
              <b>{step.question}</b>
              <span>{step.numbers}</span>
              {step.answer !== undefined && <em>{step.answer}</em>}
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}

/** The 95 % interval on a line as wide as it needs, in tens of points, with no difference in the middle. */
function Interval({
  interval: [low, high],
  difference,
}: {
  interval: readonly [number, number];
  difference: number;
}) {
  const reach = Math.min(1, Math.ceil(Math.max(Math.abs(low), Math.abs(high), 0.05) * 10 + 0.2) / 10);
  const at = (value: number) => 100 + (value / reach) * 95;
  const points = Math.round(reach * 100);
  return (
    <svg
      class="interval"
      viewBox="0 0 200 30"
      role="img"
      aria-label={`95 percent interval from ${signed(low * 100, 1)} to ${signed(high * 100, 1)} points`}
    >
      <line x1="5" x2="195" y1="12" y2="12" class="interval-axis" />
      <line x1="100" x2="100" y1="4" y2="20" class="interval-zero" />
      <line
        x1={at(low)}
        x2={at(high)}
        y1="12"
        y2="12"
        class={`interval-bar ${low > 0 ? "good" : high < 0 ? "bad" : ""}`}
      />
      <circle cx={at(difference)} cy="12" r="3" class="interval-dot" />
      <text x="100" y="28" text-anchor="middle">
        no difference
      </text>
      <text x="5" y="28">
        −{points} points
      </text>
      <text x="195" y="28" text-anchor="end">
        +{points}
      </text>
    </svg>
  );
}
