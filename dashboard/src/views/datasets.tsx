import { count } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Dataset, DatasetList } from "../logic/wire.ts";
import { Ago, Badge, Empty, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { type Column, Pages, Table } from "../parts/table.tsx";

const dropped = (dataset: Dataset) =>
  Object.values(dataset.dropped ?? {}).reduce((sum, value) => sum + value, 0);

const COLUMNS: readonly Column<Dataset>[] = [
  { name: "Name", wide: true, cell: (one) => <a href={address("datasets", one.id)}>{one.name}</a> },
  {
    name: "From",
    extra: true,
    cell: (one) => (one.recipe.kind === "golden" ? "golden conversations" : "episodes"),
  },
  { name: "Train", number: true, cell: (one) => count(one.training_count) },
  { name: "Validate", number: true, extra: true, cell: (one) => count(one.validation_count) },
  { name: "Test", number: true, extra: true, cell: (one) => count(one.test_count) },
  { name: "Dropped", number: true, extra: true, cell: (one) => count(dropped(one)) },
  { name: "Status", cell: (one) => <Badge of={one.status} /> },
  { name: "Built", number: true, cell: (one) => <Ago at={one.completed_at ?? one.created_at} /> },
];

export function DatasetsView() {
  const { api, route } = useShared();
  const list = useLive(`datasets ${JSON.stringify(route.query)}`, () =>
    api.get<DatasetList>("/datasets", { limit: 25, continuation: route.query.after }),
  );
  return (
    <Page
      title="Datasets"
      lead="Examples to learn from, split so that nothing is judged by what it was trained on."
    >
      <Loaded of={list}>
        {(page) =>
          page.datasets.length === 0 ? (
            <Empty title="No dataset yet">
              <p>
                A pipeline builds its own. To build one alone:{" "}
                <code>npx lightning build-dataset --name v1 --min-reward 0.5</code>
              </p>
            </Empty>
          ) : (
            <>
              <Table label="Datasets" columns={COLUMNS} rows={page.datasets} keyOf={({ id }) => id} />
              <Pages view="datasets" shown={page.datasets.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
