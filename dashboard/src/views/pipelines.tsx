import { useState } from "preact/hooks";
import { errorText } from "../logic/api.ts";
import { address } from "../logic/route.ts";
import { pipelineSteps } from "../logic/timeline.ts";
import type { DatasetList, Pipeline, PipelineList } from "../logic/wire.ts";
import { Ago, Badge, Empty, Failure, Loading, Page } from "../parts/basics.tsx";
import { useLive, useShared } from "../parts/context.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Steps } from "../parts/steps.tsx";
import { type Column, Pages, Table } from "../parts/table.tsx";

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
      {list.error !== undefined && <Failure error={list.error} retry={list.reload} />}
      {list.data === undefined ? (
        list.error === undefined && <Loading lines={6} />
      ) : list.data.pipelines.length === 0 ? (
        <Empty title="The loop has not been run yet">
          <p>A pipeline needs judged episodes, ten at least; a verdict needs fifty held-out examples.</p>
        </Empty>
      ) : (
        <>
          <Table label="Pipelines" columns={COLUMNS} rows={list.data.pipelines} keyOf={({ id }) => id} />
          <Pages view="pipelines" shown={list.data.pipelines.length} continuation={list.data.continuation} />
        </>
      )}
      {starting && <Start onClose={() => setStarting(false)} />}
    </Page>
  );
}

function Start({ onClose }: { onClose: () => void }) {
  const { api, go, poller } = useShared();
  const datasets = useLive("datasets of start", () => api.get<DatasetList>("/datasets", { limit: 50 }));
  const [name, setName] = useState(`turn-${new Date().toISOString().slice(0, 10)}`);
  const [reward, setReward] = useState("0.5");
  const [held, setHeld] = useState("");
  const [approval, setApproval] = useState(true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // One form is one pipeline, however often it is sent.
  const [key] = useState(() => crypto.randomUUID());
  const start = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const body = {
        name,
        dataset: { min_reward: Number(reward), ...(held === "" ? { test_split: 0.2 } : {}) },
        evaluation: held === "" ? {} : { dataset_id: held },
        approval: { required: approval },
      };
      const started = await api.post<Pipeline>("/pipelines", body, { key });
      poller.wake();
      onClose();
      go(address("pipelines", started.id));
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  const sets = (datasets.data?.datasets ?? []).filter((one) => (one.test_count ?? 0) > 0);
  return (
    <Dialog title="Start a pipeline" onClose={onClose}>
      <form onSubmit={(event) => void start(event)}>
        <label class="field">
          <span>Name</span>
          <input
            value={name}
            required
            maxLength={200}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Learn from episodes judged at least</span>
          <input
            type="number"
            min={-1}
            max={1}
            step={0.1}
            value={reward}
            required
            onInput={(event) => setReward(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Judge by</span>
          <select value={held} onChange={(event) => setHeld(event.currentTarget.value)}>
            <option value="">a fifth of the new dataset, held out</option>
            {sets.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name} ({one.test_count} held-out examples)
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={approval}
            onChange={(event) => setApproval(event.currentTarget.checked)}
          />
          <span>Ask a person before the model is promoted</span>
        </label>
        {error !== undefined && (
          <p class="notice bad" role="alert">
            {errorText(error)}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={busy}>
            {busy ? "Starting…" : "Start"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
