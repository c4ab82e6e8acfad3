import { useEffect } from "preact/hooks";
import { needsPerson } from "../logic/attention.ts";
import { plural, shortModel } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import { compare, trendColumns } from "../logic/trend.ts";
import type {
  ActiveDeployment,
  DeploymentEvent,
  Health,
  PipelineList,
  ReviewQueue,
  Stats,
  Trend,
} from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Page } from "../parts/basics.tsx";
import { Chart, fetchPlotter } from "../parts/chart.tsx";
import { type Live, useLive, useOnce, useShared } from "../parts/context.tsx";
import { Loaded, LoadedPage } from "../parts/loaded.tsx";
import { Steps } from "../parts/steps.tsx";
import { LoopMap } from "./loop-map.tsx";
import { type Proof, Serving } from "./serving.tsx";

/** The newest deployment with what it was judged by, and the moves of the pointer. */
interface Newest {
  readonly lineage: readonly {
    readonly id: string;
    readonly evaluation?: Proof | null;
  }[];
  readonly events: readonly DeploymentEvent[];
}

export function OverviewView() {
  const { api, route } = useShared();
  const agent = route.query.agent ?? "";
  const stats = useLive(`stats ${agent}`, () => api.get<Stats>("/stats"));
  const health = useOnce("health", () => api.get<Health>("/health"));
  const review = useLive(`queue ${agent}`, () => api.get<ReviewQueue>("/review"));
  const pipelines = useLive(`pipelines ${agent}`, () => api.get<PipelineList>("/pipelines", { limit: 5 }));
  const active = useLive(`active ${agent}`, () => api.get<ActiveDeployment>("/deployments/active"));
  const trend = useLive(`trend ${agent}`, () => api.get<Trend>("/stats/rewards"));
  useEffect(() => void fetchPlotter(), []);
  const history = useLive(`lineage ${agent}`, () => api.get<Newest>("/lineage", { limit: 1 }));

  return (
    <LoadedPage title="Overview" of={stats}>
      {(data) => {
        const newest = history.data?.lineage.find(({ id }) => id === active.data?.deployment_id);
        const compared = trend.data && compare(trend.data, data.current_model);
        return (
          <Page
            title="Overview"
            lead="What the agent did is judged, the good becomes training data, and a model trained on it serves only once it has proved better."
          >
            <Attention
              asked={needsPerson(data, review.data, pipelines.data?.pipelines ?? [], health.data?.records)}
            />
            <LoopMap stats={data} review={review.data} compared={compared} />
            <div class="columns two-one level">
              <RewardsOverTime
                trend={trend}
                current={data.current_model}
                moves={history.data?.events ?? []}
              />
              <Serving
                active={active.data}
                compared={compared}
                stats={data}
                proof={newest?.evaluation ?? undefined}
              />
            </div>
            <NewestPipelines pipelines={pipelines} work={data.work} />
          </Page>
        );
      }}
    </LoadedPage>
  );
}

/** What needs a person now, each with the way there. */
function Attention({ asked }: { asked: ReturnType<typeof needsPerson> }) {
  return (
    <section class="attention" aria-label="What needs a person now">
      {asked.length === 0 ? (
        <p class="calm">Nothing waits for a person.</p>
      ) : (
        asked.map((one) => (
          <a key={one.what} class={`ask ${one.tone}`} href={one.href}>
            <span>
              <b>{one.what}</b>
              <span class="muted">{one.detail}</span>
            </span>
            <span class="ask-action">{one.action}</span>
          </a>
        ))
      )}
    </section>
  );
}

/** Each model's mean reward over time, with the moves of the pointer. */
function RewardsOverTime(props: {
  trend: Live<Trend>;
  current: Stats["current_model"];
  moves: readonly DeploymentEvent[];
}) {
  const { trend, current, moves } = props;
  return (
    <Card
      title="Mean reward over time"
      note={
        trend.data === undefined
          ? ""
          : `the newest ${plural(trend.data.episodes, "judged episode")}${trend.data.left_out === 0 ? "" : `, ${trend.data.left_out} of a far other time left out`}`
      }
    >
      <Loaded of={trend} lines={4}>
        {(known) =>
          known.episodes === 0 ? (
            <Empty title="No judged episode yet">
              <p>
                Rewards come from people, tests and evaluations.{" "}
                <a href={address("review")}>Review an episode</a> or send one:{" "}
                <code>npx lightning reward --help</code>
              </p>
            </Empty>
          ) : (
            <Chart
              columns={trendColumns(known, current)}
              names={Object.fromEntries(known.models.map(({ model }) => [model, shortModel(model)]))}
              label="Mean reward of each model’s episodes"
              time
              height={240}
              range={[-1.05, 1.05]}
              markers={moves.map((event) => ({
                at: Date.parse(event.created_at) / 1000,
                text: event.what === "promoted" ? "promoted" : event.what.replace("_", " "),
              }))}
            />
          )
        }
      </Loaded>
    </Card>
  );
}

function NewestPipelines({ pipelines, work }: { pipelines: Live<PipelineList>; work: Stats["work"] }) {
  return (
    <Card title="Pipelines" note={<a href={address("pipelines")}>all</a>}>
      {work.waiting > 0 && (
        <p class="muted">
          {plural(work.waiting, "piece")} of this agent’s work {work.waiting === 1 ? "waits" : "wait"} for a
          turn; {work.at_work} of at most {work.at_work_at_most} {work.at_work === 1 ? "is" : "are"} at work.
        </p>
      )}
      <Loaded of={pipelines} lines={2}>
        {({ pipelines: newest }) =>
          newest.length === 0 ? (
            <Empty title="The loop has not been run yet">
              <p>
                <a href={address("pipelines")}>Start a pipeline</a>: dataset, training, evaluation and
                promotion in one go.
              </p>
            </Empty>
          ) : (
            <ul class="rows">
              {newest.map((pipeline) => (
                <li key={pipeline.id}>
                  <div class="row-main">
                    <a href={address("pipelines", pipeline.id)}>{pipeline.name}</a>
                    <Ago at={pipeline.created_at} />
                  </div>
                  <Steps steps={pipelineSteps(pipeline)} small />
                  <Badge of={pipeline.outcome ?? pipeline.status} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}
