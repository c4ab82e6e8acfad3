import { count, duration, plural, shortCount, signed } from "../logic/format.ts";
import { type Box, layoutLoop, STATIONS, type Station } from "../logic/loop-map.ts";
import { address, type View } from "../logic/route.ts";
import type { Compared } from "../logic/trend.ts";
import type { ReviewQueue, Stats } from "../logic/wire.ts";
import { useWidth } from "../parts/context.tsx";

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
  /** What it is, for whoever sees it for the first time. */
  readonly is: string;
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
      is: "works with its tools",
      big: stats.agent_id,
      small: stats.current_model_source === "base" ? "on the base model" : "on a tuned model",
      busy: false,
    },
    episodes: {
      name: "Episodes",
      is: "what it did",
      big: shortCount(s.total_episodes),
      small: `${shortCount(s.rewarded_episodes)} judged${lag(stats.feeds.episodes.lag_seconds)}`,
      busy: stats.feeds.episodes.lag_seconds > 5,
    },
    rewards: {
      name: "Rewards",
      is: "how good it was",
      big: shortCount(s.total_rewards),
      small:
        s.rewards_waiting > 0
          ? `${shortCount(s.rewards_waiting)} wait for their episode`
          : `${signed(s.average_reward)} an episode${lag(stats.feeds.rewards.lag_seconds)}`,
      busy: stats.feeds.rewards.lag_seconds > 5 || (review?.reserved ?? 0) > 0,
    },
    datasets: {
      name: "Datasets",
      is: "the good ones",
      big: shortCount(s.total_datasets),
      small:
        review && review.corrections > 0 ? plural(review.corrections, "correction") : "train, validate, test",
      busy: false,
    },
    training: {
      name: "Training",
      is: "a model learns them",
      big: shortCount(s.total_training_runs),
      small:
        training > 0
          ? `${count(training)} under way`
          : `${count(s.training_run_status.succeeded ?? 0)} succeeded`,
      busy: training > 0,
    },
    evaluation: {
      name: "Evaluation",
      is: "is it better?",
      big: shortCount(s.total_evaluations),
      small: "asked for so far",
      busy: false,
    },
    deployments: {
      name: "Deployments",
      is: "the better serves",
      big: shortCount(s.total_deployments),
      small: stats.active_deployment.has_active ? "one is active" : "none is active",
      busy: s.pipelines_waiting_for_approval > 0,
    },
  };
}

/** The loop as it is, each station with what is there now. */
export function LoopMap(props: {
  stats: Stats;
  review: ReviewQueue | undefined;
  compared: Compared | undefined;
}) {
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
  const x = box.x + 16;
  const foot = box.y + box.height;
  const room = box.width - 30;
  const isAgent = station === "agent";
  const tall = box.height > 160;
  return (
    <a href={address(PLACES[station])} class={`station ${station} ${face.busy ? "busy" : ""}`}>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={12} />
      <text x={x} y={box.y + 25} class="station-name">
        {face.name}
      </text>{" "}
      <text x={x} y={box.y + 42} class="station-is" {...fitted(face.is, room, 5.7)}>
        {face.is}
      </text>{" "}
      <text
        x={x}
        y={box.y + 76}
        class={isAgent ? "station-agent" : "station-count"}
        {...fitted(face.big, room, isAgent ? 8.6 : 15)}
      >
        {face.big}
      </text>{" "}
      <text x={x} y={box.y + 98} class="station-small" {...fitted(face.small, room, 5.9)}>
        {face.small}
      </text>
      {tall && compared !== undefined && (
        <>
          <text x={x} y={foot - 66} class="station-fact">
            mean reward
          </text>
          <text x={x} y={foot - 38} class={compared.active === undefined ? "station-agent" : "station-mean"}>
            {compared.active === undefined ? "not judged yet" : signed(compared.active.mean)}
          </text>
          {compared.before !== undefined && (
            <text x={x} y={foot - 16} class="station-fact">
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
