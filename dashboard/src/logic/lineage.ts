import { metricWords } from "../../../src/evaluation/metric-words.ts";
import type { View } from "./route.ts";
import { viewOfId } from "./route.ts";

/** A model's ancestry as a graph in columns, read from left (what came first) to right (what serves). */

export interface Node {
  readonly id: string;
  readonly kind: "examples" | "dataset" | "run" | "evaluation" | "deployment" | "episode";
  readonly title: string;
  readonly facts: string;
  readonly view: View | undefined;
  readonly active: boolean;
  readonly missing: boolean;
  readonly column: number;
  readonly row: number;
}
export interface Graph {
  readonly nodes: readonly Node[];
  readonly edges: readonly (readonly [string, string])[];
  readonly columns: number;
  readonly rows: number;
}

interface RecordFacts {
  readonly id: string;
  readonly missing?: boolean | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly training_count?: number | undefined;
  readonly examples_from_episodes?: number | undefined;
  readonly base_model?: string | undefined;
  readonly dataset_id?: string | undefined;
  readonly run_id?: string | undefined;
  readonly verdict?: string | undefined;
  readonly split?: string | undefined;
  readonly metric?: string | undefined;
  readonly grading?: number | undefined;
  readonly recipe?:
    | { readonly kind?: string | undefined; readonly include_golden?: readonly string[] | undefined }
    | undefined;
}
interface DeploymentFacts {
  readonly id: string;
  readonly tuned_model: string;
  readonly is_active: boolean;
  readonly state?: string | undefined;
  readonly training_run_id: string;
  readonly training_run?: RecordFacts | null | undefined;
  readonly dataset?: RecordFacts | null | undefined;
  readonly evaluation?: RecordFacts | null | undefined;
}
export interface LineageReply {
  readonly lineage: readonly DeploymentFacts[];
  readonly training_run?: RecordFacts | null | undefined;
  readonly training_runs?: readonly RecordFacts[] | undefined;
  readonly dataset?: RecordFacts | null | undefined;
  readonly evaluation?: RecordFacts | null | undefined;
  readonly evaluations?: readonly RecordFacts[] | undefined;
}

const COLUMN = { episode: 0, examples: 0, dataset: 1, run: 2, evaluation: 3, deployment: 4 } as const;

const judgedIn = ({ metric, grading }: RecordFacts) =>
  metric === undefined ? "held-out pairs" : `by ${metricWords(metric, grading)}`;

export function graphOf(reply: LineageReply): Graph {
  const nodes = new Map<string, Omit<Node, "row">>();
  const edges = new Map<string, readonly [string, string]>();
  /** Datasets that a record names and the answer says no more about: known by what they are there for. */
  const mentioned = new Set<string>();
  const link = (from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined) edges.set(`${from} ${to}`, [from, to]);
  };
  const add = (
    record: RecordFacts | null | undefined,
    kind: "dataset" | "run" | "evaluation",
    title: string,
    facts: string,
  ) => {
    if (!record || (nodes.has(record.id) && !mentioned.has(record.id))) return;
    mentioned.delete(record.id);
    const missing = record.missing === true;
    nodes.set(record.id, {
      id: record.id,
      kind,
      title: missing ? "no longer there" : title,
      facts: missing ? "" : facts,
      view: missing ? undefined : viewOfId(record.id),
      active: false,
      missing,
      column: nodes.get(record.id)?.column ?? COLUMN[kind],
    });
  };
  const mention = (id: string, column: number, title: string, facts: string) => {
    if (nodes.has(id)) return;
    mentioned.add(id);
    const node = {
      id,
      kind: "dataset",
      title,
      facts,
      view: "datasets",
      active: false,
      missing: false,
    } as const;
    nodes.set(id, { ...node, column });
  };
  const addDataset = (dataset: RecordFacts | null | undefined) => {
    if (!dataset) return;
    add(dataset, "dataset", dataset.name ?? "dataset", `${dataset.training_count ?? 0} training examples`);
    const source = `${dataset.id}#examples`;
    if (dataset.missing !== true && !nodes.has(source)) {
      nodes.set(source, {
        id: source,
        kind: "examples",
        title: "examples",
        facts:
          dataset.recipe?.kind === "golden"
            ? "golden conversations"
            : dataset.examples_from_episodes === undefined
              ? "from episodes"
              : `${dataset.examples_from_episodes} from episodes`,
        view: "datasets",
        active: false,
        missing: false,
        column: COLUMN.examples,
      });
      link(source, dataset.id);
    }
    for (const golden of dataset.recipe?.include_golden ?? []) {
      mention(golden, COLUMN.examples, "golden set", "included whole");
      link(golden, dataset.id);
    }
  };
  const addRun = (run: RecordFacts | null | undefined) => {
    if (!run) return;
    add(run, "run", run.base_model ?? "training run", run.status ?? "");
    link(run.dataset_id, run.id);
  };
  const addEvaluation = (evaluation: RecordFacts | null | undefined) => {
    if (!evaluation) return;
    add(
      evaluation,
      "evaluation",
      evaluation.verdict ?? evaluation.status ?? "evaluation",
      judgedIn(evaluation),
    );
    link(evaluation.run_id ?? evaluation.dataset_id, evaluation.id);
    const { dataset_id: tests, split = "test" } = evaluation;
    // A side of the dataset that was trained on is part of that; another dataset stands beside it.
    if (tests === undefined || (nodes.has(tests) && !mentioned.has(tests))) return;
    mention(tests, COLUMN.run, "test set", `judged by its ${split} side`);
    link(tests, evaluation.id);
  };

  addDataset(reply.dataset);
  for (const run of reply.training_runs ?? []) addRun(run);
  addRun(reply.training_run);
  for (const evaluation of reply.evaluations ?? []) addEvaluation(evaluation);
  addEvaluation(reply.evaluation);
  for (const one of reply.lineage) {
    addDataset(one.dataset);
    addRun(one.training_run);
    addEvaluation(one.evaluation);
    nodes.set(one.id, {
      id: one.id,
      kind: "deployment",
      title: one.tuned_model,
      facts: one.is_active ? "serving now" : (one.state ?? ""),
      view: "deployments",
      active: one.is_active,
      missing: false,
      column: COLUMN.deployment,
    });
    link(one.evaluation?.id ?? one.training_run_id, one.id);
  }
  return placed([...nodes.values()], [...edges.values()]);
}

/** Rows from the top in the order of coming; empty columns are closed up. */
function placed(nodes: Omit<Node, "row">[], edges: (readonly [string, string])[]): Graph {
  const known = new Set(nodes.map(({ id }) => id));
  const used = [...new Set(nodes.map(({ column }) => column))].toSorted((a, b) => a - b);
  const filled = new Map<number, number>();
  const at = nodes.map((node): Node => {
    const column = used.indexOf(node.column);
    const row = filled.get(column) ?? 0;
    filled.set(column, row + 1);
    return { ...node, column, row };
  });
  return {
    nodes: at,
    edges: edges.filter(([from, to]) => known.has(from) && known.has(to)),
    columns: used.length,
    rows: Math.max(0, ...filled.values()),
  };
}

/** What became of an episode, as `traceEpisode` answers it. */
export interface TraceReply {
  readonly episode_id: string;
  readonly datasets: readonly {
    readonly id: string;
    readonly name?: string | undefined;
    readonly edges: readonly { readonly split?: string | null | undefined; readonly reason: string }[];
    readonly runs: readonly {
      readonly id: string;
      readonly status?: string | undefined;
      readonly tuned_model_name?: string | undefined;
      readonly deployments: readonly {
        readonly id: string;
        readonly tuned_model?: string | undefined;
        readonly is_active?: boolean | undefined;
      }[];
    }[];
  }[];
}

/** From an episode up to the models that learned from it. */
export function graphOfEpisode(trace: TraceReply): Graph {
  const nodes = new Map<string, Omit<Node, "row">>();
  const edges: (readonly [string, string])[] = [];
  const add = (node: Omit<Node, "row" | "column" | "missing">) => {
    if (!nodes.has(node.id)) nodes.set(node.id, { ...node, missing: false, column: COLUMN[node.kind] });
  };
  if (trace.datasets.length > 0)
    add({
      id: trace.episode_id,
      kind: "episode",
      title: trace.episode_id,
      facts: `in ${trace.datasets.length === 1 ? "one dataset" : `${trace.datasets.length} datasets`}`,
      view: "episodes",
      active: false,
    });
  for (const dataset of trace.datasets) {
    const reasons = [...new Set(dataset.edges.map((edge) => edge.split ?? edge.reason.replaceAll("_", " ")))];
    add({
      id: dataset.id,
      kind: "dataset",
      title: dataset.name ?? "dataset",
      facts: reasons.join(", "),
      view: "datasets",
      active: false,
    });
    edges.push([trace.episode_id, dataset.id]);
    for (const run of dataset.runs) {
      add({
        id: run.id,
        kind: "run",
        title: run.tuned_model_name ?? "training run",
        facts: run.status ?? "",
        view: "runs",
        active: false,
      });
      edges.push([dataset.id, run.id]);
      for (const one of run.deployments) {
        const active = one.is_active === true;
        add({
          id: one.id,
          kind: "deployment",
          title: one.tuned_model ?? one.id,
          facts: active ? "serving now" : "served before",
          view: "deployments",
          active,
        });
        edges.push([run.id, one.id]);
      }
    }
  }
  return placed([...nodes.values()], edges);
}
