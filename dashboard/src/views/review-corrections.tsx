import { useState } from "preact/hooks";
import { correctionText } from "../logic/correctable.ts";
import { plural, words } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { CorrectionList, CorrectionsDataset } from "../logic/wire.ts";
import { Ago } from "../parts/basics.tsx";
import { useOnce, useShared } from "../parts/context.tsx";
import { FormDialog } from "../parts/dialog.tsx";
import { NearDuplicates } from "../parts/near-duplicates.tsx";
import { saveFile } from "../parts/save-file.tsx";
import { Told } from "../parts/text.tsx";
import { useWork } from "../parts/work.ts";

const FORMATS = {
  golden: {
    name: "Golden conversations",
    does: "the conversation up to the corrected turn as it should have been, to learn from or to be tested on",
  },
  dpo: {
    name: "Preference pairs (DPO)",
    does: "the corrected turn beside what the agent did there, for preference training",
  },
} as const;
type Format = keyof typeof FORMATS;
const isFormat = (text: string): text is Format => text in FORMATS;

/** Makes a dataset of what reviewers corrected, or takes it home as a file. */
export function Corrections({ corrected, onClose }: { corrected: number; onClose: () => void }) {
  const { api, can, go, tell } = useShared();
  const [format, setFormat] = useState<Format>("golden");
  const [name, setName] = useState("corrections");
  const [tests, setTests] = useState(false);
  const [near, setNear] = useState(true);
  const work = useWork();
  const newest = useOnce("corrections", () => api.get<CorrectionList>("/review/corrections", { limit: 3 }));

  const build = async () => {
    const { dataset_id } = await api.post<CorrectionsDataset>("/review/corrections/dataset", {
      name: name.trim(),
      format,
      ...(format === "golden" && tests ? { test_split: 1 } : {}),
      ...(near ? {} : { near_duplicates: 1 }),
    });
    tell("The dataset is being built from the corrections.");
    go(address("datasets", dataset_id));
  };
  const download = () =>
    work.run(async () => {
      saveFile(await api.file(`/review/corrections/${format}`), `corrections-${format}.jsonl`);
    });

  return (
    <FormDialog
      title={plural(corrected, "corrected answer")}
      work={work}
      submit={build}
      action={can("buildCorrectionsDataset") ? "Build the dataset" : undefined}
      more={
        <button type="button" disabled={work.busy} onClick={() => void download()}>
          Download
        </button>
      }
      onClose={onClose}
    >
      <ul class="judgements corrections">
        {(newest.data?.corrections ?? []).map((one) => (
          <li key={one.reward_id}>
            <span class="row-main">
              <span class="asked">
                <Told text={one.user_input} />
              </span>
              <span class="correction">
                <Told text={correctionText(one.correction).slice(0, 200)} />
              </span>
              {(format === "golden" ? one.not_golden : one.not_dpo) !== undefined && (
                <span class="muted">
                  left out: {words((format === "golden" ? one.not_golden : one.not_dpo) ?? "")}
                </span>
              )}
            </span>
            <span class="muted">
              {one.reviewer} · <Ago at={one.at} />
            </span>
          </li>
        ))}
      </ul>
      <p class="muted">
        What was corrected here, in review, and still stands. A correction that came with a reward through the
        API, on an episode nobody corrected here, is in datasets of episodes (DPO) alone.
      </p>
      <fieldset>
        <legend>They become</legend>
        {Object.entries(FORMATS).map(([value, { name: title, does }]) => (
          <label key={value} class="check">
            <input
              type="radio"
              name="format"
              value={value}
              checked={format === value}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                if (isFormat(chosen)) setFormat(chosen);
              }}
            />
            <span>
              <b>{title}</b>: {does}
            </span>
          </label>
        ))}
      </fieldset>
      <Comes counts={newest.data?.formats?.[format]} />
      {format === "golden" && (
        <label class="check">
          <input
            type="checkbox"
            checked={tests}
            onChange={(event) => setTests(event.currentTarget.checked)}
          />
          <span>All of it as a test set: models are judged by it and never trained on it</span>
        </label>
      )}
      {can("buildCorrectionsDataset") && <NearDuplicates leaveOut={near} onChange={setNear} />}
      {can("buildCorrectionsDataset") && (
        <label class="field">
          <span>Name of the dataset</span>
          <input
            value={name}
            required
            maxLength={100}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
      )}
    </FormDialog>
  );
}

/** How many lines come of the corrections, and why the others make none. */
function Comes({ counts }: { counts: NonNullable<CorrectionList["formats"]>["golden"] | undefined }) {
  if (counts === undefined) return null;
  const reasons = Object.entries(counts.left_out).map(([reason, times]) => `${words(reason)} ${times}`);
  return (
    <p class="muted">
      {plural(counts.lines, "line")} of {plural(counts.corrections, "correction")} that stand
      {reasons.length > 0 ? `; left out: ${reasons.join(", ")}` : ""}
      {counts.turns_dropped > 0 ? `; ${plural(counts.turns_dropped, "turn")} after them cut off` : ""}.
    </p>
  );
}
