import { useState } from "preact/hooks";
import { address } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import type { PipelineList } from "../logic/wire.ts";
import { Ago, Badge, Empty, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Steps } from "../parts/steps.tsx";
import { type Column, Pages, Table } from "../parts/table.tsx";
import { StartPipeline } from "./start-pipeline.tsx";

type Row = PipelineList["pipelines"][number];

const COLUMNS: readonly Column<Row>[] = [
  { name: "Name", cell: (one) => <a href={address("pipelines", one.id)}>{one.name}</a> },
  { name: "Progress", wide: true, extra: true, cell: (one) => <Steps steps={pipelineSteps(one)} small /> },
  { name: "State", cell: (one) => <Badge of={one.outcome ?? one.status} /> },
  { name: "Started", number: true, cell: (one) => <Ago at={one.created_at} /> },
];

export function PipelinesView() {
  const { api, route, can } = useShared();
  const [starting, setStarting] = useState(false);
  const list = useLive(`pipelines ${JSON.stringify(route.query)}`, () =>
    api.get<PipelineList>("/pipelines", { limit: 25, continuation: route.query.after }),
  );
  const start = can("runPipeline") && (
    <button type="button" class="primary" onClick={() => setStarting(true)}>
      Start a pipeline
    </button>
  );
  return (
    <Page
      title="Pipelines"
      lead="One turn of the loop: dataset, training, evaluation, your word if asked for, promotion."
      actions={start}
    >
      <Loaded of={list}>
        {(page) =>
          page.pipelines.length === 0 ? (
            <Empty title="The loop has not been run yet">
              <p>A pipeline needs judged episodes, ten at least; a verdict needs fifty held-out examples.</p>
            </Empty>
          ) : (
            <>
              <Table label="Pipelines" columns={COLUMNS} rows={page.pipelines} keyOf={({ id }) => id} />
              <Pages view="pipelines" shown={page.pipelines.length} continuation={page.continuation} />
            </>
          )
        }
      </Loaded>
      {starting && <StartPipeline onClose={() => setStarting(false)} />}
    </Page>
  );
}
