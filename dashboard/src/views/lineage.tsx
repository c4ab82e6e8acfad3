import { shortId } from "../logic/format.ts";
import { type Graph, graphOf, graphOfEpisode, type Node } from "../logic/lineage.ts";
import { address, viewOfId } from "../logic/route.ts";
import type { Lineage, Trace } from "../logic/wire.ts";
import { Card, Empty, Page } from "../parts/basics.tsx";
import { useLive, useShared, useWidth } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";

const KIND: Readonly<Record<string, string>> = {
  runs: "runs",
  datasets: "datasets",
  evaluations: "evaluations",
  deployments: "deployments",
};

export function LineageView({ id }: { id: string | undefined }) {
  const { api, go, route } = useShared();
  const kind = id === undefined ? undefined : (KIND[viewOfId(id) ?? ""] ?? "episodes");
  const agent = route.query.agent ?? "";
  const live = useLive(`lineage ${id ?? ""} ${agent}`, async (): Promise<Graph> => {
    if (id === undefined) return graphOf(await api.get<Lineage>("/lineage", { limit: 10 }));
    const path = `/lineage/${kind}/${encodeURIComponent(id)}`;
    return kind === "episodes"
      ? graphOfEpisode(await api.get<Trace>(path))
      : graphOf(await api.get<Lineage>(path));
  });
  const search = (event: Event) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("id");
    if (field instanceof HTMLInputElement && field.value.trim() !== "")
      go(address("lineage", field.value.trim()));
  };
  return (
    <Page
      title="Lineage"
      lead="From the examples a model learned from to the model that serves; each box is a link."
    >
      <form class="filters" role="search" onSubmit={search}>
        <label class="filter grow">
          <span>Trace an episode, dataset, run, evaluation or deployment</span>
          <input name="id" key={id} defaultValue={id ?? ""} placeholder="its id" maxLength={100} />
        </label>
        <button type="submit">Trace</button>
      </form>
      <Loaded of={live}>
        {(graph) =>
          graph.nodes.length === 0 ? (
            <Empty title={id === undefined ? "Nothing has been promoted yet" : "Nothing came of it yet"}>
              <p>
                {kind === "episodes" ? (
                  <>
                    No dataset holds this episode. It enters the next one built if its reward is high enough.
                  </>
                ) : (
                  <a href={address("pipelines")}>Start a pipeline</a>
                )}
              </p>
            </Empty>
          ) : (
            <Card class="graph-card">
              <GraphView graph={graph} focus={id} />
            </Card>
          )
        }
      </Loaded>
    </Page>
  );
}

const CELL = { slim: 128, least: 150, most: 230, height: 84, right: 28, down: 18, under: 30 } as const;
/** Under this width, in pixels, the graph goes from top to bottom. */
const UPRIGHT = 620;
const NAMES: Readonly<Record<Node["kind"], string>> = {
  examples: "Examples",
  episode: "Episode",
  dataset: "Dataset",
  run: "Training run",
  evaluation: "Evaluation",
  deployment: "Deployment",
};

function GraphView({ graph, focus }: { graph: Graph; focus: string | undefined }) {
  const { frame, width: room } = useWidth<HTMLElement>();
  // On a narrow screen what came first stands on top, and not on the left.
  const upright = room > 0 && room < UPRIGHT;
  const side = upright ? graph.rows : graph.columns;
  const fair = Math.floor((room - 12 - (side - 1) * CELL.right) / Math.max(1, side));
  const cell = Math.max(upright ? CELL.slim : CELL.least, Math.min(CELL.most, fair));
  const letters = Math.floor((cell - 28) / 8.8);
  const across = (n: number) => n * (cell + CELL.right) + 2;
  const down = (n: number) => n * (CELL.height + (upright ? CELL.under : CELL.down)) + 2;
  const x = (node: Node) => across(upright ? node.row : node.column);
  const y = (node: Node) => down(upright ? node.column : node.row);
  const width = across(side) - CELL.right + 2;
  const height = down((upright ? graph.columns : graph.rows) - 1) + CELL.height + 2;
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const way = (a: Node, b: Node) => {
    if (upright) {
      const [x1, y1, x2, y2] = [x(a) + cell / 2, y(a) + CELL.height, x(b) + cell / 2, y(b)];
      const bend = Math.max(10, (y2 - y1) / 2);
      return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
    }
    const [x1, y1, x2, y2] = [x(a) + cell, y(a) + CELL.height / 2, x(b), y(b) + CELL.height / 2];
    const bend = Math.max(14, (x2 - x1) / 2);
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  };
  return (
    // A scrolling frame must be reachable by key.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section ref={frame} class="graph" tabIndex={0} aria-label="Lineage graph">
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="Records and what led to them"
      >
        {graph.edges.map(([from, to]) => {
          const [a, b] = [byId.get(from), byId.get(to)];
          return a === undefined || b === undefined ? null : (
            <path key={`${from} ${to}`} class="edge" d={way(a, b)} />
          );
        })}
        {graph.nodes.map((node) => {
          const target = node.kind === "examples" ? node.id.replace(/#examples$/, "") : node.id;
          const body = (
            <>
              <rect x={x(node)} y={y(node)} width={cell} height={CELL.height} rx={10} />
              <text x={x(node) + 14} y={y(node) + 23} class="node-kind">
                {NAMES[node.kind]}
              </text>{" "}
              <text x={x(node) + 14} y={y(node) + 45} class="node-title">
                {cut(node.title, letters)}
              </text>{" "}
              <text x={x(node) + 14} y={y(node) + 66} class="node-facts">
                {node.facts === "" ? shortId(target) : cut(node.facts, letters + 3)}
              </text>
            </>
          );
          const style = `node ${node.kind} ${node.active ? "active" : ""} ${node.missing ? "missing" : ""} ${node.id === focus ? "focus" : ""}`;
          return node.view === undefined ? (
            <g key={node.id} class={style}>
              {body}
            </g>
          ) : (
            <a key={node.id} class={style} href={address(node.view, target)}>
              {body}
            </a>
          );
        })}
      </svg>
    </section>
  );
}

/** The middle goes: beginning and end tell names apart. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 3);
  return `${text.slice(0, most - 1 - end)}…${text.slice(-end)}`;
}
