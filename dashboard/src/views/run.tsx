import { useState } from "preact/hooks";
import { isEndedRun } from "../../../src/training/status.ts";
import { count, duration, moment } from "../logic/format.ts";
import { newestVerdict, promotionNews } from "../logic/promotion.ts";
import { address } from "../logic/route.ts";
import { runSteps } from "../logic/timeline.ts";
import { curveColumns, curveNote } from "../logic/trend.ts";
import type { Estimate, EvaluationList, GatePolicy, Run } from "../logic/wire.ts";
import { Badge, Card, Empty, Facts, Id, Model, Page } from "../parts/basics.tsx";
import { Chart } from "../parts/chart.tsx";
import { useLive, useOnce, useShared } from "../parts/context.tsx";
import { Confirm } from "../parts/dialog.tsx";
import { LoadedPage } from "../parts/loaded.tsx";
import { Steps } from "../parts/steps.tsx";
import { TakenUp } from "../parts/taken-up.tsx";

const pathOf = (id: string) => `/training/${encodeURIComponent(id)}`;

export function RunView({ id }: { id: string }) {
  const { api } = useShared();
  const live = useLive(`run ${id}`, () => api.get<Run>(pathOf(id)));
  return (
    <LoadedPage title="Training run" of={live}>
      {(run) => <RunPage run={run} />}
    </LoadedPage>
  );
}

function RunPage({ run }: { run: Run }) {
  const { can } = useShared();
  const [asking, setAsking] = useState<"cancel" | "promote">();
  const began = run.created_at;
  return (
    <Page
      title={run.tuned_model === null ? `Training of ${run.base_model}` : <Model name={run.tuned_model} />}
      lead={
        <>
          <Badge of={run.status} /> <code class="break">{run.id}</code>
        </>
      }
      actions={
        <>
          <a class="button" href={address("lineage", run.id)}>
            Lineage
          </a>
          {!isEndedRun(run) && can("cancelTraining") && (
            <button type="button" class="danger" onClick={() => setAsking("cancel")}>
              Cancel
            </button>
          )}
          {run.status === "succeeded" && can("promote") && (
            <button type="button" onClick={() => setAsking("promote")}>
              Promote
            </button>
          )}
        </>
      }
    >
      {run.error_message !== null && (
        <p class="notice bad" role="alert">
          {run.error_message}
          {run.error?.remedy !== undefined && <> {run.error.remedy}</>}
        </p>
      )}
      {run.waiting !== undefined && (
        <p class="notice warn">
          It has waited since {moment(run.waiting.since)}. {run.waiting.reason}
          {run.waiting.again_at !== undefined && <> It is tried again at {moment(run.waiting.again_at)}.</>}
        </p>
      )}
      {run.look_failed !== undefined && (
        <p class="notice warn">
          {run.aoai_job_id !== undefined && (
            <>Its job could not be looked at ({moment(run.look_failed.at)}) and goes on. </>
          )}
          {run.look_failed.message}
        </p>
      )}
      <TakenUp of={run.taken_up} />
      {run.overdue === true && (
        <p class="notice warn">It takes longer than expected and is still being watched.</p>
      )}
      <Card
        title="Course"
        note={
          run.completed_at
            ? `${duration(Date.parse(run.completed_at) - Date.parse(began))} from request to end`
            : ""
        }
      >
        <Steps steps={runSteps(run)} />
      </Card>
      <Curves run={run} />
      <div class="columns two">
        <Events events={run.events ?? []} />
        <div class="stack">
          <Card title="Facts">
            <Facts
              rows={[
                ["Base model", run.base_model],
                ["Tuned model", run.tuned_model],
                ["Dataset", <Id key="d" id={run.dataset_id} />],
                ["Epochs", run.hyperparameters.n_epochs],
                ["Batch size", run.hyperparameters.batch_size],
                ["Learning rate ×", run.hyperparameters.learning_rate_multiplier],
                ["Seed", run.seed],
                ["Tier", run.training_type],
                ["Attempt", run.attempt],
                ["Job", run.aoai_job_id],
                ["Asked for", moment(run.created_at)],
                ["Ended", run.completed_at ? moment(run.completed_at) : undefined],
              ]}
            />
          </Card>
          <Cost run={run} />
          {(run.checkpoints ?? []).length > 0 && (
            <Card title="Checkpoints">
              <ul class="judgements">
                {(run.checkpoints ?? []).map((point) => (
                  <li key={point.id}>
                    <span class="row-main">
                      <code class="break">{point.model}</code>
                      <span class="muted">step {point.step}</span>
                    </span>
                  </li>
                ))}
              </ul>
            </Card>
          )}
        </div>
      </div>
      {asking === "cancel" && <CancelDialog run={run} onClose={() => setAsking(undefined)} />}
      {asking === "promote" && <PromoteDialog run={run} onClose={() => setAsking(undefined)} />}
    </Page>
  );
}

/** Loss and accuracy by step, as far as the provider reports them. */
function Curves({ run }: { run: Run }) {
  const curve = run.curve ?? [];
  const loss = curveColumns(curve, "loss");
  const accuracy = curveColumns(curve, "accuracy");
  const over = isEndedRun(run);
  return (
    <div class="columns two">
      <Card title="Loss" note={curveNote(curve.length, loss)}>
        {loss.series.length === 0 ? (
          <Empty title={over ? "No curve was reported" : "The curve appears while it trains"} />
        ) : (
          <Chart columns={loss} label="Loss by step" xName="step" />
        )}
      </Card>
      <Card title="Accuracy" note={curveNote(curve.length, accuracy)}>
        {accuracy.series.length === 0 ? (
          <Empty title={over ? "No accuracy was reported" : "It appears while it trains"} />
        ) : (
          <Chart columns={accuracy} label="Accuracy by step" xName="step" range={[0, 1.02]} />
        )}
      </Card>
    </div>
  );
}

function Events({ events }: { events: NonNullable<Run["events"]> }) {
  return (
    <Card title="Events">
      {events.length === 0 ? (
        <Empty title="No event yet" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so it must be reachable by key
        <ol class="events" tabIndex={0} aria-label="Events, the newest first">
          {events.toReversed().map((event) => (
            <li key={event.id} class={event.level}>
              <time dateTime={event.created_at}>{moment(event.created_at).slice(11)}</time>
              <span>{event.message}</span>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

/** What was used, and what it was expected to cost: asked once, an estimate is expensive. */
function Cost({ run }: { run: Run }) {
  const { api } = useShared();
  const estimate = useOnce(`estimate ${run.id}`, () =>
    api.post<Estimate>("/training/estimate", {
      dataset_id: run.dataset_id,
      base_model: run.base_model,
      training_type: run.training_type,
      n_epochs: run.hyperparameters.n_epochs ?? "auto",
    }),
  );
  return (
    <Card title="Cost">
      <Facts
        rows={[
          [
            "Trained tokens",
            run.trained_tokens === undefined
              ? "not reported yet"
              : `${count(run.trained_tokens)}, as ${isLocal(estimate.data) ? "this machine's provider reckons from the length of the texts" : "the provider counted"}`,
          ],
          ["Expected tokens", tokensText(estimate.data)],
          ["Estimated", estimate.error === undefined ? costText(estimate.data) : "cannot be told now"],
          ["Price", priceText(estimate.data)],
        ]}
      />
    </Card>
  );
}

function CancelDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const { api, tell, poller } = useShared();
  return (
    <Confirm
      title="Cancel this run?"
      agent={run.agent_id}
      action="Cancel the run"
      danger
      run={async (_given, key) => {
        await api.post(`${pathOf(run.id)}/cancel`, {}, { key });
        tell("The run is being cancelled.");
        poller.wake();
      }}
      onClose={onClose}
    >
      <p>
        The training of <code class="break">{run.id}</code> on <b>{run.base_model}</b> ends.
      </p>
      <p>
        The job at the provider is cancelled with it. What was trained so far is lost and may still be billed.
      </p>
    </Confirm>
  );
}

function PromoteDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const { api, tell, poller } = useShared();
  const evaluations = useOnce(`evaluations of ${run.id}`, () =>
    api.get<EvaluationList>("/evaluations", { run_id: run.id, limit: 20 }),
  );
  const policy = useOnce("gate policy", () => api.get<GatePolicy>("/deployments/policy"));
  return (
    <Confirm
      title={`Put ${run.tuned_model} into service?`}
      agent={run.agent_id}
      action="Promote"
      named
      reason="Why against the gate (an owner's word; empty where nothing speaks against it)"
      run={async ({ by, reason }, key) => {
        const who = by === undefined ? {} : { promoted_by: by };
        const why = reason === undefined ? {} : { override_reason: reason };
        await api.post("/deployments", { run_id: run.id, ...who, ...why }, { wait: 30, key });
        tell("The model is being put into service.");
        poller.wake();
      }}
      onClose={onClose}
    >
      <p>
        <Known evaluations={evaluations} policy={policy} />
      </p>
      <p>Agents get the model within a minute; the one before stays one rollback away.</p>
    </Confirm>
  );
}

/** The verdict on the model and the agent's policy, before anybody agrees. */
function Known(props: {
  evaluations: { data?: EvaluationList | undefined; error?: unknown };
  policy: { data?: GatePolicy | undefined; error?: unknown };
}) {
  const { evaluations, policy } = props;
  if (evaluations.error !== undefined || policy.error !== undefined)
    return <>Its verdict and the gate's policy cannot be told now.</>;
  if (evaluations.data === undefined || policy.data === undefined) return <>…</>;
  const { tone, known, gate } = promotionNews(newestVerdict(evaluations.data.evaluations), policy.data);
  return (
    <span class={`notice ${tone}`}>
      {known} {gate}
    </span>
  );
}

/** Unknown is said, never shown as nothing. */
function costText(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "…";
  if (estimate.cost_usd === undefined) return "unknown: no dated price for this model";
  const { low, high } = estimate.cost_usd;
  const dollars = (value: number) => `$${value.toFixed(value > 0 && value < 1 ? 4 : 2)}`;
  return low === high ? dollars(low) : `${dollars(low)} to ${dollars(high)}`;
}
const isLocal = (estimate: Estimate | undefined) => estimate?.price?.usd === 0;
function tokensText(estimate: Estimate | undefined): string | undefined {
  if (estimate === undefined) return undefined;
  const { low, high } = estimate.training_tokens;
  return `${low === high ? count(low) : `${count(low)} to ${count(high)}`}, by the dataset's own count`;
}
function priceText(estimate: Estimate | undefined): string | undefined {
  if (estimate?.price === undefined) return undefined;
  const { usd, per, as_of } = estimate.price;
  return usd === 0 ? "trained on this machine, which charges nothing" : `$${usd} per ${per}, as of ${as_of}`;
}
