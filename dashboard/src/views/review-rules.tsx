import { useState } from "preact/hooks";
import { count, plural } from "../logic/format.ts";
import type { ReviewQueue, ReviewRules } from "../logic/wire.ts";
import { useShared } from "../parts/context.tsx";
import { FormDialog } from "../parts/dialog.tsx";
import { useWork } from "../parts/work.ts";

const SAMPLING_NAMES: Readonly<Record<keyof ReviewRules["sampling"], string>> = {
  random: "At random",
  low_reward: "Low reward",
  disagreement: "Judges disagree",
  new_tool: "New tool",
};

const number = (event: { currentTarget: HTMLInputElement }) => Number(event.currentTarget.value);

/** How many judge, for how long one has an episode, and what is offered. */
export function Rules({
  queue,
  onClose,
  onSaved,
}: {
  queue: ReviewQueue;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { api } = useShared();
  const [rules, setRules] = useState(queue.rules);
  const work = useWork();
  const save = async () => {
    await api.post("/review/rules", rules);
    onSaved();
    onClose();
  };
  return (
    <FormDialog title="How episodes are reviewed" work={work} submit={save} action="Save" onClose={onClose}>
      <div class="field-pair">
        <label class="field">
          <span>People per episode</span>
          <input
            type="number"
            min={1}
            max={10}
            required
            value={rules.reviewers_per_episode}
            onInput={(event) => setRules({ ...rules, reviewers_per_episode: number(event) })}
          />
        </label>
        <label class="field">
          <span>Minutes it is kept for one</span>
          <input
            type="number"
            min={0.5}
            max={1440}
            step={0.5}
            required
            value={rules.lease_seconds / 60}
            onInput={(event) => setRules({ ...rules, lease_seconds: Math.round(number(event) * 60) })}
          />
        </label>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={rules.blind}
          onChange={(event) => setRules({ ...rules, blind: event.currentTarget.checked })}
        />
        <span>Blind: without rewards, other judgements and the model’s name</span>
      </label>
      <fieldset class="weights">
        <legend>What is offered, by weight</legend>
        {(Object.keys(SAMPLING_NAMES) as (keyof ReviewRules["sampling"])[]).map((name) => (
          <label key={name} class="field">
            <span>{SAMPLING_NAMES[name]}</span>
            <input
              type="number"
              min={0}
              max={100}
              required
              value={rules.sampling[name]}
              onInput={(event) =>
                setRules({ ...rules, sampling: { ...rules.sampling, [name]: number(event) } })
              }
            />
          </label>
        ))}
      </fieldset>
      {queue.reviewers.length > 0 && (
        <p class="muted">
          So far:{" "}
          {queue.reviewers.map(({ reviewer, labelled }) => `${reviewer} ${count(labelled)}`).join(", ")}.{" "}
          {plural(queue.reservations.length, "episode is", "episodes are")} in hand.
        </p>
      )}
    </FormDialog>
  );
}
