import { RUN_STATUSES } from "../../../src/training/status.ts";
import { duration } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Run, RunList } from "../logic/wire.ts";
import { Ago, Badge, Empty, Id, Model, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Filters, Pages, Table } from "../parts/table.tsx";

/** From the request, as the run's own page counts: the provider's times are whole seconds. */
const took = (run: Run) =>
  run.completed_at ? duration(Date.parse(run.completed_at) - Date.parse(run.created_at)) : "–";

const COLUMNS: readonly Column<Run>[] = [
  { name: "Run", cell: (run) => <Id id={run.id} view="runs" /> },
  {
    name: "Model",
    wide: true,
    extra: true,
    cell: (run) => <Model name={run.tuned_model ?? run.base_model} />,
  },
  { name: "Dataset", extra: true, cell: (run) => <Id id={run.dataset_id} /> },
  {
    name: "Status",
    cell: (run) => (
      <>
        <Badge of={run.status} />
        {run.state !== run.status && <span class="muted"> {run.state}</span>}
        {run.overdue === true && <Badge of="overdue" tone="warn" />}
      </>
    ),
  },
  { name: "Took", number: true, extra: true, cell: took },
  { name: "Asked for", number: true, cell: (run) => <Ago at={run.created_at} /> },
];

export function RunsView() {
  const { api, route } = useShared();
  const { after, agent: _agent, ...filters } = route.query;
  const list = useLive(`runs ${JSON.stringify(route.query)}`, () =>
    api.get<RunList>("/training", { ...filters, limit: 25, continuation: after }),
  );
  return (
    <Page
      title="Training runs"
      lead="Each trains one model on one dataset; equal requests share a run, so nothing is paid for twice."
    >
      <Filters
        view="runs"
        filters={[
          {
            name: "status",
            label: "Status",
            options: RUN_STATUSES.map((one) => [one, one] as const),
          },
        ]}
      />
      <Loaded of={list}>
        {(page) =>
          page.training_runs.length === 0 ? (
            <Empty
              title={
                filters.status === undefined ? "Nothing has been trained yet" : `No run is ${filters.status}`
              }
            >
              <p>
                <a href={address("pipelines")}>Start a pipeline</a>, or train on a dataset alone:{" "}
                <code>npx lightning train --dataset-id …</code>
              </p>
            </Empty>
          ) : (
            <>
              <Table
                label="Training runs"
                columns={COLUMNS}
                rows={page.training_runs}
                keyOf={({ id }) => id}
              />
              <Pages view="runs" shown={page.training_runs.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
