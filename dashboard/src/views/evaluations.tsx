import { metricWords } from "../../../src/evaluation/metric-words.ts";
import { percent, signed } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { EvaluationList } from "../logic/wire.ts";
import { Ago, Badge, Empty, Model, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Filters, Pages, Table } from "../parts/table.tsx";

type Row = EvaluationList["evaluations"][number];

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "Candidate",
    wide: true,
    cell: (one) => (
      <a href={address("evaluations", one.id)}>
        <Model name={one.candidate} />
      </a>
    ),
  },
  { name: "Against", extra: true, cell: (one) => <Model name={one.baseline} /> },
  {
    name: "Groups",
    number: true,
    extra: true,
    // Evaluations of earlier versions counted pairs.
    cell: (one) => one.result?.groups ?? one.result?.pairs ?? "–",
  },
  {
    name: "Right",
    number: true,
    extra: true,
    cell: (one) =>
      one.result === undefined
        ? "–"
        : `${percent(one.result.baseline_accuracy, 0)} → ${percent(one.result.candidate_accuracy, 0)}`,
  },
  {
    name: "Difference",
    number: true,
    cell: (one) => (one.result === undefined ? "–" : signed(one.result.difference * 100, 1)),
  },
  { name: "Judged by", extra: true, cell: (one) => metricWords(one.metric, one.grading) },
  { name: "Verdict", cell: (one) => <Badge of={one.result?.verdict ?? one.status} /> },
  { name: "When", number: true, extra: true, cell: (one) => <Ago at={one.completed_at ?? one.created_at} /> },
];

export function EvaluationsView() {
  const { api, route } = useShared();
  const { after, agent: _agent, ...filters } = route.query;
  const list = useLive(`evaluations ${JSON.stringify(route.query)}`, () =>
    api.get<EvaluationList>("/evaluations", { ...filters, limit: 25, continuation: after }),
  );
  return (
    <Page
      title="Evaluations"
      lead="Both models answer the same held-out examples; what counts is where one is right and the other wrong, by groups of like examples."
    >
      <Filters view="evaluations" filters={[{ name: "run_id", label: "Run" }]} />
      <Loaded of={list}>
        {(page) =>
          page.evaluations.length === 0 ? (
            <Empty title="Nothing has been evaluated yet">
              <p>
                A pipeline evaluates what it trained. Alone:{" "}
                <code>npx lightning evaluate --run-id … --dataset-id …</code>
              </p>
            </Empty>
          ) : (
            <>
              <Table label="Evaluations" columns={COLUMNS} rows={page.evaluations} keyOf={({ id }) => id} />
              <Pages view="evaluations" shown={page.evaluations.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
