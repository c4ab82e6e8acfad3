import { useState } from "preact/hooks";
import { moment, percent, plural, signed, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import { curveColumns, curveNote } from "../logic/trend.ts";
import { canShow, judgedBy } from "../logic/verdict.ts";
import type { Evaluation, Pipeline, Run } from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Facts, Id, Page } from "../parts/basics.tsx";
import { Chart } from "../parts/chart.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { LoadedPage } from "../parts/loaded.tsx";
import { Steps } from "../parts/steps.tsx";
import { TakenUp } from "../parts/taken-up.tsx";

type Result = NonNullable<Evaluation["result"]>;

const ENDS: Readonly<Record<string, string>> = {
  promoted: "The candidate proved better and serves now.",
  gate_failed: "The candidate did not prove better, so the model before still serves.",
  gate_inconclusive: "The held-out examples could not tell the two apart, so the model before still serves.",
  rejected: "A person decided against it; the model before still serves.",
  approval_timeout: "Nobody decided in time; the model before still serves.",
  evaluated: "It was evaluated and, as asked, not promoted.",
  nothing_new:
    "What there was to learn was learnt and judged before: the run is an earlier one, and it does not come back by itself.",
  failed: "It failed; the model before still serves.",
};

const pathOf = (id: string) => `/pipelines/${encodeURIComponent(id)}`;

export function PipelineView({ id }: { id: string }) {
  const { api } = useShared();
  const live = useLive(`pipeline ${id}`, () => api.get<Pipeline>(pathOf(id)));
  const { data: pipeline } = live;
  const runId = pipeline?.run_id;
  const evaluationId = pipeline?.evaluation_id;
  const run = useLive(runId && `run ${runId}`, () =>
    api.get<Run>(`/training/${encodeURIComponent(runId ?? "")}`),
  );
  const evaluation = useLive(evaluationId && `evaluation ${evaluationId}`, () =>
    api.get<Evaluation>(`/evaluations/${encodeURIComponent(evaluationId ?? "")}`),
  );
  return (
    <LoadedPage title="Pipeline" of={live}>
      {(known) => <PipelinePage pipeline={known} run={run.data} evaluation={evaluation.data} />}
    </LoadedPage>
  );
}

function PipelinePage(props: {
  pipeline: Pipeline;
  run: Run | undefined;
  evaluation: Evaluation | undefined;
}) {
  const { pipeline, run, evaluation } = props;
  const [deciding, setDeciding] = useState<boolean>();
  const waiting = pipeline.status === "waiting_for_approval" && pipeline.decision === undefined;
  return (
    <Page
      title={pipeline.name}
      lead={
        <>
          <Badge of={pipeline.outcome ?? pipeline.status} /> <code class="break">{pipeline.id}</code>
        </>
      }
      actions={
        pipeline.deployment_id === undefined ? undefined : (
          <a class="button" href={address("lineage", pipeline.deployment_id)}>
            Lineage
          </a>
        )
      }
    >
      <Card title="Progress" note={<Ago at={pipeline.created_at} />}>
        <Steps steps={pipelineSteps(pipeline)} />
        {pipeline.place_in_queue !== undefined && (
          <p class="notice">
            It waits for its turn, as number {pipeline.place_in_queue} of this agent’s work: so many at a time
            are worked on, and no other agent has to wait for them.
          </p>
        )}
        {pipeline.outcome !== undefined && (
          <p class="end">{ENDS[pipeline.outcome] ?? words(pipeline.outcome)}</p>
        )}
        {pipeline.error !== undefined && (
          <p class="notice bad" role="alert">
            {pipeline.error}
          </p>
        )}
      </Card>
      <TakenUp of={pipeline.taken_up} />
      {waiting && <Decision pipeline={pipeline} evaluation={evaluation} onDecide={setDeciding} />}
      <div class="columns two">
        <Training id={pipeline.run_id} run={run} />
        <Verdict id={pipeline.evaluation_id} evaluation={evaluation} />
      </div>
      <Records pipeline={pipeline} />
      {deciding !== undefined && (
        <DecisionDialog
          id={pipeline.id}
          agent={pipeline.agent_id}
          approved={deciding}
          onClose={() => setDeciding(undefined)}
        />
      )}
    </Page>
  );
}

/** How right both models were, and on what evidence. */
function proofText(of: Evaluation, facts: Result): string {
  const evidence = `${facts.pairs} held-out examples${facts.groups === undefined ? "" : ` in ${plural(facts.groups, "group")}`}`;
  return `It was right on ${percent(facts.candidate_accuracy)} of ${evidence}, the baseline on ${percent(facts.baseline_accuracy)} (${signed(facts.difference * 100, 1)} points), ${judgedBy(of)}.`;
}

/** What a person decides: what is known about the candidate, and the two ways to go. */
function Decision(props: {
  pipeline: Pipeline;
  evaluation: Evaluation | undefined;
  onDecide: (approved: boolean) => void;
}) {
  const { pipeline, evaluation, onDecide } = props;
  const { can } = useShared();
  return (
    <section class="decision" aria-label="Your decision">
      <div>
        <h2>Promote this model?</h2>
        <p>
          {evaluation?.result === undefined
            ? "It waits for a person."
            : proofText(evaluation, evaluation.result)}{" "}
          {pipeline.approval_until !== undefined && (
            <>Without a decision by {moment(pipeline.approval_until)} nothing is promoted.</>
          )}
        </p>
      </div>
      {can("decidePipeline") && (
        <div class="actions">
          <button type="button" class="primary" onClick={() => onDecide(true)}>
            Approve
          </button>
          <button type="button" class="danger" onClick={() => onDecide(false)}>
            Reject
          </button>
        </div>
      )}
    </section>
  );
}

function DecisionDialog(props: { id: string; agent: string; approved: boolean; onClose: () => void }) {
  const { id, agent, approved, onClose } = props;
  const { api, tell, poller } = useShared();
  const decide = async ({ by, ...reason }: { reason?: string; by?: string }, key: string) => {
    const body = { approved, ...reason, ...(by === undefined ? {} : { decided_by: by }) };
    await api.post(`${pathOf(id)}/approval`, body, { key });
    tell(approved ? "Approved: the model is being promoted." : "Rejected: nothing is promoted.");
    poller.wake();
  };
  return (
    <Confirm
      title={approved ? "Approve the promotion?" : "Reject the promotion?"}
      agent={agent}
      action={approved ? "Approve" : "Reject"}
      danger={!approved}
      reason="Why (kept with the pipeline)"
      required={!approved}
      named
      run={decide}
      onClose={onClose}
    >
      <p>
        {approved
          ? "The candidate is called once to see that it answers, then it serves. The model before stays one rollback away."
          : "The pipeline ends here and the model before goes on serving. The trained model is kept and can be promoted later."}
      </p>
    </Confirm>
  );
}

function Training({ id, run }: { id: string | undefined; run: Run | undefined }) {
  const loss = curveColumns(run?.curve ?? [], "loss");
  return (
    <Card title="Training" note={id === undefined ? "" : <Id id={id} />}>
      {loss.series.length > 0 ? (
        <>
          <Chart columns={loss} label="Loss by step" xName="step" height={200} />
          <p class="muted">{curveNote(run?.curve?.length ?? 0, loss)}</p>
        </>
      ) : (
        <Empty title={run === undefined ? "It has not begun" : `The run is ${run.state}`} />
      )}
    </Card>
  );
}

function Verdict({ id, evaluation }: { id: string | undefined; evaluation: Evaluation | undefined }) {
  const facts = evaluation?.result;
  return (
    <Card title="Evaluation" note={id === undefined ? "" : <Id id={id} />}>
      {evaluation === undefined || facts === undefined ? (
        <Empty title={id === undefined ? "It has not begun" : "The models are answering"} />
      ) : (
        <>
          <p class="muted">Right answers, {judgedBy(evaluation)}:</p>
          <dl class="compare">
            <div>
              <dt>Candidate</dt>
              <dd>{percent(facts.candidate_accuracy)}</dd>
            </div>
            <div>
              <dt>Baseline</dt>
              <dd class="before">{percent(facts.baseline_accuracy)}</dd>
            </div>
            <div>
              <dt>Verdict</dt>
              <dd>
                <Badge of={facts.verdict} />
              </dd>
            </div>
          </dl>
          <ul class="reasons">
            {facts.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

/** Links to the records that the pipeline made. */
function Records({ pipeline }: { pipeline: Pipeline }) {
  return (
    <Card title="Records">
      <Facts
        rows={[
          ["Dataset", pipeline.dataset_id === undefined ? "–" : <Id id={pipeline.dataset_id} />],
          ["Training run", pipeline.run_id === undefined ? "–" : <Id id={pipeline.run_id} />],
          ["Evaluation", pipeline.evaluation_id === undefined ? "–" : <Id id={pipeline.evaluation_id} />],
          ["Deployment", pipeline.deployment_id === undefined ? "–" : <Id id={pipeline.deployment_id} />],
          [
            "Decision",
            pipeline.decision === undefined
              ? undefined
              : `${pipeline.decision.approved ? "approved" : "rejected"}${pipeline.decision.decided_by === undefined ? "" : ` by ${pipeline.decision.decided_by}`}${pipeline.decision.reason === undefined ? "" : `: “${pipeline.decision.reason}”`}`,
          ],
          ["Can show", canShow(pipeline.power)],
          ["Ended", pipeline.completed_at === undefined ? undefined : moment(pipeline.completed_at)],
        ]}
      />
    </Card>
  );
}
