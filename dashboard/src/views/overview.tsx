import { needsPerson } from "../logic/attention.ts";
import { count, duration, plural, shortCount, shortModel, signed } from "../logic/format.ts";
import { type Box, layoutLoop, STATIONS, type Station } from "../logic/loop-map.ts";
import { address, type View } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import { type Compared, compare, trendColumns } from "../logic/trend.ts";
import type {
  ActiveDeployment,
  DeploymentEvent,
  PipelineList,
  ReviewQueue,
  Stats,
  Trend,
} from "../logic/wire.ts";
import { Ago, Badge, Card, Empty, Failure, Id, Loading, Model, Page } from "../parts/basics.tsx";
import { Chart } from "../parts/chart.tsx";
import { useLive, useShared, useWidth } from "../parts/context.tsx";
import { Steps } from "../parts/steps.tsx";

export function OverviewView() {
  const { api, route } = useShared();
  const agent = route.query.agent ?? "";
  const stats = useLive(`stats ${agent}`, () => api.get<Stats>("/stats"));
  const review = useLive(`queue ${agent}`, () => api.get<ReviewQueue>("/review"));
  const pipelines = useLive(`pipelines ${agent}`, () => api.get<PipelineList>("/pipelines", { limit: 5 }));
  const active = useLive(`active ${agent}`, () => api.get<ActiveDeployment>("/deployments/active"));
  const trend = useLive(`trend ${agent}`, () => api.get<Trend>("/stats/rewards"));
  const history = useLive(`lineage ${agent}`, () =>
    api.get<{ events: DeploymentEvent[] }>("/lineage", { limit: 1 }),
  );

  if (stats.data === undefined)
    return (
      <Page title="Overview">
        {stats.error === undefined ? (
          <Loading lines={8} />
        ) : (
          <Failure error={stats.error} retry={stats.reload} />
        )}
      </Page>
    );
  const { data } = stats;
  const asked = needsPerson(data, review.data, pipelines.data?.pipelines ?? []);
  return (
    <Page
      title="Overview"
      lead="An agent’s own work, judged, becomes training data; a model trained on it serves only after it has proved better."
    >
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

      <LoopMap
        stats={data}
        review={review.data}
        compared={trend.data && compare(trend.data, data.current_model)}
      />

      <div class="columns two-one">
        <Card
          title="Reward over time"
          note={trend.data === undefined ? "" : `the newest ${plural(trend.data.episodes, "judged episode")}`}
        >
          {trend.data === undefined ? (
            <Loading />
          ) : trend.data.episodes === 0 ? (
            <Empty title="No judged episode yet">
              <p>
                Rewards come from people, tests and evaluations.{" "}
                <a href={address("review")}>Review an episode</a> or send one:{" "}
                <code>npx lightning reward --help</code>
              </p>
            </Empty>
          ) : (
            <Chart
              columns={trendColumns(trend.data, data.current_model)}
              names={Object.fromEntries(trend.data.models.map(({ model }) => [model, shortModel(model)]))}
              label="Mean reward of each model’s episodes"
              time
              height={240}
              range={[-1.05, 1.05]}
              markers={(history.data?.events ?? []).map((event) => ({
                at: Date.parse(event.created_at) / 1000,
                text: event.what === "promoted" ? "promoted" : event.what.replace("_", " "),
              }))}
            />
          )}
        </Card>
        <Serving active={active.data} trend={trend.data} stats={data} />
      </div>

      <Card title="Pipelines" note={<a href={address("pipelines")}>all</a>}>
        {pipelines.data === undefined ? (
          <Loading lines={2} />
        ) : pipelines.data.pipelines.length === 0 ? (
          <Empty title="The loop has not been run yet">
            <p>
              <a href={address("pipelines")}>Start a pipeline</a>: dataset, training, evaluation and promotion
              in one go.
            </p>
          </Empty>
        ) : (
          <ul class="rows">
            {pipelines.data.pipelines.map((pipeline) => (
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
        )}
      </Card>
    </Page>
  );
}

function Serving(props: { active: ActiveDeployment | undefined; trend: Trend | undefined; stats: Stats }) {
  const { active, trend, stats } = props;
  const compared = trend === undefined ? undefined : compare(trend, stats.current_model);
  const difference = compared?.before === undefined ? undefined : compared.active.mean - compared.before.mean;
  return (
    <Card title="Serving now">
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
          "the base model; nothing has been promoted"
        )}
      </p>
      {compared !== undefined && (
        <dl class="compare">
          <div>
            <dt>Mean reward</dt>
            <dd>{signed(compared.active.mean)}</dd>
            <dd class="muted">{plural(compared.active.episodes, "episode")}</dd>
          </div>
          {compared.before !== undefined && (
            <div>
              <dt>Before</dt>
              <dd class="before">{signed(compared.before.mean)}</dd>
              <dd class="muted">{plural(compared.before.episodes, "episode")}</dd>
            </div>
          )}
          {difference !== undefined && (
            <div>
              <dt>Change</dt>
              <dd class={difference >= 0 ? "good" : "bad"}>{signed(difference)}</dd>
              <dd class="muted">observed, not a test</dd>
            </div>
          )}
        </dl>
      )}
      {active?.has_active_deployment && (
        <p class="links">
          {active.verdict !== undefined && (
            <span>
              Gate: <Badge of={active.verdict} />
            </span>
          )}
          {active.evaluation_id !== undefined && (
            <a href={address("evaluations", active.evaluation_id)}>Why</a>
          )}
          {active.deployment_id !== null && <a href={address("lineage", active.deployment_id)}>Where from</a>}
          <a href={address("deployments")}>Roll back</a>
        </p>
      )}
      {active?.deployment_id ? <Id id={active.deployment_id} /> : null}
    </Card>
  );
}

const PLACES: Readonly<Record<Station, View>> = {
  agent: "deployments",
  episodes: "episodes",
  rewards: "review",
  datasets: "datasets",
  training: "runs",
  evaluation: "evaluations",
  deployments: "deployments",
};

interface Face {
  readonly name: string;
  readonly big: string;
  readonly small: string;
  readonly busy: boolean;
}

const lag = (seconds: number) => (seconds > 5 ? `, ${duration(seconds * 1000)} behind` : "");

function faces(stats: Stats, review: ReviewQueue | undefined): Record<Station, Face> {
  const s = stats.statistics;
  const training = (s.training_run_status.running ?? 0) + (s.training_run_status.pending ?? 0);
  return {
    agent: {
      name: "Agent",
      big: stats.agent_id,
      small: stats.current_model_source === "base" ? "on the base model" : "on a tuned model",
      busy: false,
    },
    episodes: {
      name: "Episodes",
      big: shortCount(s.total_episodes),
      small: `${shortCount(s.rewarded_episodes)} judged${lag(stats.feeds.episodes.lag_seconds)}`,
      busy: stats.feeds.episodes.lag_seconds > 5,
    },
    rewards: {
      name: "Rewards",
      big: shortCount(s.total_rewards),
      small: `mean ${signed(s.average_reward)}${lag(stats.feeds.rewards.lag_seconds)}`,
      busy: stats.feeds.rewards.lag_seconds > 5 || (review?.reserved ?? 0) > 0,
    },
    datasets: {
      name: "Datasets",
      big: shortCount(s.total_datasets),
      small:
        review && review.corrections > 0
          ? plural(review.corrections, "correction")
          : "train · validate · test",
      busy: false,
    },
    training: {
      name: "Training",
      big: shortCount(s.total_training_runs),
      small:
        training > 0
          ? `${count(training)} under way`
          : `${count(s.training_run_status.succeeded ?? 0)} succeeded`,
      busy: training > 0,
    },
    evaluation: {
      name: "Evaluation",
      big: shortCount(s.total_evaluations),
      small: "on held-out data",
      busy: false,
    },
    deployments: {
      name: "Deployments",
      big: shortCount(s.total_deployments),
      small: stats.active_deployment.has_active ? "one is active" : "none is active",
      busy: s.pipelines_waiting_for_approval > 0,
    },
  };
}

function LoopMap(props: { stats: Stats; review: ReviewQueue | undefined; compared: Compared | undefined }) {
  const { stats, review, compared } = props;
  const { frame, width } = useWidth<HTMLDivElement>();
  const layout = layoutLoop(Math.max(300, width));
  const all = faces(stats, review);
  return (
    <div ref={frame} class="loop" style={{ minHeight: `${layout.height}px` }}>
      {width > 0 && (
        <svg
          width={width}
          height={layout.height}
          viewBox={`0 0 ${width} ${layout.height}`}
          role="group"
          aria-label="The loop, with how much is at each stage"
        >
          <defs>
            <marker
              id="tip"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8z" class="loop-tip" />
            </marker>
          </defs>
          {layout.ways.map(({ from, to, d }) => (
            <path
              key={from}
              d={d}
              class={`loop-way ${all[to].busy || all[from].busy ? "busy" : ""}`}
              marker-end="url(#tip)"
            />
          ))}
          {STATIONS.map((station) => (
            <StationView
              key={station}
              station={station}
              box={layout.boxes[station]}
              face={all[station]}
              compared={station === "agent" ? compared : undefined}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

function StationView(props: { station: Station; box: Box; face: Face; compared: Compared | undefined }) {
  const { station, box, face, compared } = props;
  const tall = box.height > 150;
  const middle = tall ? box.y + 10 : box.y;
  return (
    <a href={address(PLACES[station])} class={`station ${station} ${face.busy ? "busy" : ""}`}>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={12} />
      <text x={box.x + 16} y={middle + 27} class="station-name">
        {face.name}
      </text>{" "}
      <text
        x={box.x + 16}
        y={middle + 61}
        class={station === "agent" ? "station-agent" : "station-count"}
        {...fitted(face.big, box.width - 30, station === "agent" ? 8.6 : 15)}
      >
        {face.big}
      </text>{" "}
      <text x={box.x + 16} y={middle + 83} class="station-small" {...fitted(face.small, box.width - 30, 5.9)}>
        {face.small}
      </text>
      {tall && compared !== undefined && (
        <>
          <text x={box.x + 16} y={box.y + box.height - 66} class="station-fact">
            mean reward
          </text>
          <text x={box.x + 16} y={box.y + box.height - 38} class="station-mean">
            {signed(compared.active.mean)}
          </text>
          {compared.before !== undefined && (
            <text x={box.x + 16} y={box.y + box.height - 16} class="station-fact">
              the model before {signed(compared.before.mean)}
            </text>
          )}
        </>
      )}
      {face.busy && <circle cx={box.x + box.width - 18} cy={box.y + 22} r={4} class="station-busy" />}
    </a>
  );
}

/** SVG text does not wrap: what would be too wide is drawn narrower. */
function fitted(text: string, width: number, perCharacter: number) {
  return text.length * perCharacter > width
    ? { textLength: width, lengthAdjust: "spacingAndGlyphs" as const }
    : {};
}
