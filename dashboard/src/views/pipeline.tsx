import { useState } from "preact/hooks";
import { moment, percent, signed, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import { curveColumns } from "../logic/trend.ts";
import type { Evaluation, Pipeline, Run } from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Facts, Failure, Id, Loading, Page } from "../parts/basics.tsx";
import { Chart } from "../parts/chart.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { Steps } from "../parts/steps.tsx";

const ENDS: Readonly<Record<string, string>> = {
  promoted: "The candidate proved better and serves now.",
  gate_failed: "The candidate did not prove better, so the model before still serves.",
  gate_inconclusive: "The held-out examples could not tell the two apart, so the model before still serves.",
  rejected: "A person decided against it; the model before still serves.",
  approval_timeout: "Nobody decided in time; the model before still serves.",
  evaluated: "It was evaluated and, as asked, not promoted.",
  failed: "It failed; the model before still serves.",
};

export function PipelineView({ id }: { id: string }) {
  const { api, can, tell, poller } = useShared();
  const path = `/pipelines/${encodeURIComponent(id)}`;
  const live = useLive(`pipeline ${id}`, () => api.get<Pipeline>(path));
  const { data: pipeline } = live;
  const runId = pipeline?.run_id;
  const evaluationId = pipeline?.evaluation_id;
  const run = useLive(runId && `run ${runId}`, () =>
    api.get<Run>(`/training/${encodeURIComponent(runId ?? "")}`),
  );
  const evaluation = useLive(evaluationId && `evaluation ${evaluationId}`, () =>
    api.get<Evaluation>(`/evaluations/${encodeURIComponent(evaluationId ?? "")}`),
  );
  const [asking, setAsking] = useState<"approve" | "reject">();
  if (pipeline === undefined)
    return (
      <Page title="Pipeline">
        {live.error === undefined ? (
          <Loading lines={8} />
        ) : (
          <Failure error={live.error} retry={live.reload} />
        )}
      </Page>
    );
  const waiting = pipeline.status === "waiting_for_approval" && pipeline.decision === undefined;
  const loss = curveColumns(run.data?.curve ?? [], "loss");
  const facts = evaluation.data?.result;
  const decide = (approved: boolean) => async (given: { reason?: string; by?: string }) => {
    const { by, ...reason } = given;
    await api.post(`${path}/approval`, {
      approved,
      ...reason,
      ...(by === undefined ? {} : { decided_by: by }),
    });
    tell(approved ? "Approved: the model is being promoted." : "Rejected: nothing is promoted.");
    poller.wake();
  };
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
        {pipeline.outcome !== undefined && (
          <p class="end">{ENDS[pipeline.outcome] ?? words(pipeline.outcome)}</p>
        )}
        {pipeline.error !== undefined && (
          <p class="notice bad" role="alert">
            {pipeline.error}
          </p>
        )}
      </Card>
      {waiting && (
        <section class="decision" aria-label="Your decision">
          <div>
            <h2>Promote this model?</h2>
            <p>
              {facts === undefined
                ? "It waits for a person."
                : `It was right on ${percent(facts.candidate_accuracy)} of ${facts.pairs} held-out examples, the baseline on ${percent(facts.baseline_accuracy)} (${signed(facts.difference * 100, 1)} points).`}{" "}
              {pipeline.approval_until !== undefined && (
                <>Without a decision by {moment(pipeline.approval_until)} nothing is promoted.</>
              )}
            </p>
          </div>
          {can("decidePipeline") && (
            <div class="actions">
              <button type="button" class="primary" onClick={() => setAsking("approve")}>
                Approve
              </button>
              <button type="button" class="danger" onClick={() => setAsking("reject")}>
                Reject
              </button>
            </div>
          )}
        </section>
      )}
      <div class="columns two">
        <Card title="Training" note={runId === undefined ? "" : <Id id={runId} />}>
          {loss.series.length > 0 ? (
            <Chart columns={loss} label="Loss by step" xName="step" height={200} />
          ) : (
            <Empty title={run.data === undefined ? "It has not begun" : `The run is ${run.data.state}`} />
          )}
        </Card>
        <Card title="Evaluation" note={evaluationId === undefined ? "" : <Id id={evaluationId} />}>
          {facts === undefined ? (
            <Empty title={evaluationId === undefined ? "It has not begun" : "The models are answering"} />
          ) : (
            <>
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
      </div>
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
            ["Ended", pipeline.completed_at === undefined ? undefined : moment(pipeline.completed_at)],
          ]}
        />
      </Card>
      {asking !== undefined && (
        <Confirm
          title={asking === "approve" ? "Approve the promotion?" : "Reject the promotion?"}
          action={asking === "approve" ? "Approve" : "Reject"}
          danger={asking === "reject"}
          reason="Why (kept with the pipeline)"
          required={asking === "reject"}
          named
          run={decide(asking === "approve")}
          onClose={() => setAsking(undefined)}
        >
          <p>
            {asking === "approve"
              ? "The candidate is called once to see that it answers, then it serves. The model before stays one rollback away."
              : "The pipeline ends here and the model before goes on serving. The trained model is kept and can be promoted later."}
          </p>
        </Confirm>
      )}
    </Page>
  );
}
