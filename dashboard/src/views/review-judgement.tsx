import type { RefObject } from "preact";
import { signed } from "../logic/format.ts";
import { SCORES, TAGS } from "../logic/review-keys.ts";
import type { Offer } from "../logic/wire.ts";
import { Card } from "../parts/basics.tsx";
import { CorrectionField } from "./review-correction.tsx";
import type { DeskState } from "./review-state.ts";

export interface JudgementFields {
  readonly tags: RefObject<HTMLInputElement | null>;
  readonly correction: RefObject<HTMLTextAreaElement | null>;
  readonly note: RefObject<HTMLTextAreaElement | null>;
}

/** Everything that can be said about the episode in hand, each with its key. */
export function Judgement(props: { desk: DeskState; offer: Offer; fields: JudgementFields }) {
  const { desk, offer, fields } = props;
  const { busy, draft, label, setDraft } = desk;
  return (
    <Card>
      <div class="verdict-buttons">
        <button type="button" class="good" onClick={() => void label(1)} disabled={busy}>
          Good <kbd>Y</kbd>
        </button>
        <button type="button" class="bad" onClick={() => void label(-1)} disabled={busy}>
          Bad <kbd>N</kbd>
        </button>
      </div>
      <fieldset class="scores">
        <legend>or a score</legend>
        {SCORES.map((value, n) => (
          <button key={value} type="button" onClick={() => void label(value)} disabled={busy}>
            {signed(value, value % 1 === 0 ? 0 : 1)}
            <kbd>{n + 1}</kbd>
          </button>
        ))}
      </fieldset>
      <Tags desk={desk} field={fields.tags} />
      <CorrectionField desk={desk} offer={offer} field={fields.correction} />
      <label class="field">
        <span>
          Comment <kbd>C</kbd>
        </span>
        <textarea
          ref={fields.note}
          rows={2}
          maxLength={20_000}
          value={draft.note}
          onInput={(event) => {
            const { value } = event.currentTarget;
            setDraft((now) => ({ ...now, note: value }));
          }}
        />
      </label>
      <div class="desk-foot">
        <button type="button" class="quiet" onClick={() => void desk.skip()} disabled={busy}>
          Skip <kbd>S</kbd>
        </button>
        <button type="button" class="quiet" onClick={() => void desk.undo()} disabled={busy}>
          Undo <kbd>Z</kbd>
        </button>
      </div>
    </Card>
  );
}

function Tags({ desk, field }: { desk: DeskState; field: RefObject<HTMLInputElement | null> }) {
  const { draft, toggle } = desk;
  return (
    <fieldset class="tag-choice">
      <legend>Tags</legend>
      {[...TAGS, ...draft.tags.filter((tag) => !TAGS.some((one) => one === tag))].map((tag, n) => (
        <button key={tag} type="button" aria-pressed={draft.tags.includes(tag)} onClick={() => toggle(tag)}>
          {tag}
          {n < TAGS.length && <kbd>⇧{n + 1}</kbd>}
        </button>
      ))}
      <input
        ref={field}
        aria-label="Another tag"
        placeholder="another… (T)"
        maxLength={60}
        onKeyDown={(event) => {
          const value = event.currentTarget.value.trim();
          if (event.key !== "Enter" || event.ctrlKey || event.metaKey || value === "") return;
          event.preventDefault();
          if (!draft.tags.includes(value)) toggle(value);
          event.currentTarget.value = "";
          event.currentTarget.blur();
        }}
      />
    </fieldset>
  );
}
