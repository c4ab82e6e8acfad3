import { useState } from "preact/hooks";
import { plural } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { FEWEST_GROUPS, RIGHT } from "../logic/verdict.ts";
import type { Dataset, DatasetList, Pipeline } from "../logic/wire.ts";
import { useLive, useShared } from "../parts/context.tsx";
import { FormDialog } from "../parts/dialog.tsx";
import { NearDuplicates } from "../parts/near-duplicates.tsx";
import { useOwnName } from "../parts/own-name.tsx";
import { useSentKey } from "../parts/sent-key.ts";
import { useWork } from "../parts/work.ts";

/** As many as one build includes. */
const MOST_GOLDEN = 20;
/** Conversations to learn from: preference pairs are another method's. */
const isGolden = ({ kind, format }: Dataset["recipe"]) =>
  kind === "golden" && (format === undefined || format === "sft");

/** The evidence of a set: examples of one session, or nearly equal ones, count once. */
function heldOut({ test_count = 0, group_counts }: Dataset): string {
  const examples = plural(test_count, "held-out example");
  const groups = group_counts?.test;
  if (groups === undefined) return examples;
  const few = groups < FEWEST_GROUPS ? `: too few for a verdict, which needs ${FEWEST_GROUPS}` : "";
  return `${examples} in ${plural(groups, "group")}${few}`;
}

/** Asks what one turn of the loop should learn from and be judged by. */
export function StartPipeline({ onClose }: { onClose: () => void }) {
  const { api, go, poller } = useShared();
  const datasets = useLive("datasets of start", () => api.get<DatasetList>("/datasets", { limit: 50 }));
  const [name, setName] = useState(`turn-${new Date().toISOString().slice(0, 10)}`);
  const [reward, setReward] = useState("0.5");
  const [held, setHeld] = useState("");
  const [metric, setMetric] = useState("auto");
  const [left, setLeft] = useState<readonly string[]>([]);
  const [approval, setApproval] = useState(true);
  const [near, setNear] = useState(true);
  const own = useOwnName();
  const work = useWork();
  const keyOf = useSentKey();
  const ready = (datasets.data?.datasets ?? []).filter(({ status }) => status === "ready");
  const sets = ready.filter((one) => (one.test_count ?? 0) > 0);
  const golden = ready
    .filter(({ recipe, training_count }) => isGolden(recipe) && (training_count ?? 0) > 0)
    .slice(0, MOST_GOLDEN);
  const start = async () => {
    const learnt = golden.map(({ id }) => id).filter((id) => !left.includes(id));
    const body = {
      name,
      dataset: {
        min_reward: Number(reward),
        ...(learnt.length === 0 ? {} : { include_golden: learnt }),
        ...(held === "" ? { test_split: 0.2 } : {}),
        ...(near ? {} : { near_duplicates: 1 }),
      },
      evaluation: { metric, ...(held === "" ? {} : { dataset_id: held }) },
      approval: { required: approval },
      ...(own.given === undefined ? {} : { promoted_by: own.given }),
    };
    const started = await api.post<Pipeline>("/pipelines", body, { key: keyOf(body) });
    if (own.given !== undefined) own.remember();
    poller.wake();
    onClose();
    go(address("pipelines", started.id));
  };
  return (
    <FormDialog
      title="Start a pipeline"
      work={work}
      submit={start}
      action="Start"
      doing="Starting…"
      onClose={onClose}
    >
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
      {golden.length > 0 && (
        <fieldset>
          <legend>and from golden conversations</legend>
          {golden.map((one) => (
            <label key={one.id} class="check">
              <input
                type="checkbox"
                checked={!left.includes(one.id)}
                onChange={(event) => {
                  const { checked } = event.currentTarget;
                  setLeft((now) => (checked ? now.filter((id) => id !== one.id) : [...now, one.id]));
                }}
              />
              <span>
                {one.name} <span class="muted">{plural(one.training_count ?? 0, "example")}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      <NearDuplicates leaveOut={near} onChange={setNear} />
      <label class="field">
        <span>Judge by</span>
        <select value={held} onChange={(event) => setHeld(event.currentTarget.value)}>
          <option value="">a fifth of the new dataset, held out</option>
          {sets.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name} ({heldOut(one)})
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>An answer is right when it has</span>
        <select value={metric} onChange={(event) => setMetric(event.currentTarget.value)}>
          {Object.entries(RIGHT).map(([one, meaning]) => (
            <option key={one} value={one}>
              {meaning}
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
      {own.field}
    </FormDialog>
  );
}
