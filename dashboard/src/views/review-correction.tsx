import type { RefObject } from "preact";
import {
  type Correctable,
  correctableTurns,
  draftOf,
  type Kind,
  readCorrection,
  saidIn,
  turnName,
} from "../logic/correctable.ts";
import type { Offer } from "../logic/wire.ts";
import { Keys } from "../parts/basics.tsx";
import { Diff } from "../parts/diff.tsx";
import type { DeskState } from "./review-state.ts";

const KINDS: Readonly<Record<Kind, string>> = { text: "Text", calls: "Tool calls" };

/** What the agent should have done: in which turn, and what, with the difference to what it did. */
export function CorrectionField(props: {
  desk: DeskState;
  offer: Offer;
  field: RefObject<HTMLTextAreaElement | null>;
}) {
  const { desk, offer, field } = props;
  const { correction: draft } = desk.draft;
  const turns = correctableTurns(offer.episode);
  const said = saidIn(turns, draft);
  const read = readCorrection(turns, draft);
  const setText = (text: string) =>
    desk.setDraft((now) => ({ ...now, correction: { ...now.correction, text } }));
  return (
    <fieldset class="correction-field">
      {(turns.length > 1 || turns.some(({ calls }) => calls.length > 0)) && (
        <Where desk={desk} turns={turns} />
      )}
      <label class="field">
        <span>
          {draft.kind === "calls" ? "It should have called" : "It should have answered"} <kbd>E</kbd>
        </span>
        <textarea
          ref={field}
          class={draft.kind === "calls" ? "mono" : ""}
          rows={draft.kind === "calls" ? 8 : 4}
          maxLength={100_000}
          spellcheck={draft.kind === "text"}
          value={draft.text}
          onFocus={(event) => {
            // A correction mostly begins with what was said. The field is filled here and now, not with the
            // next drawing: the first letter may already be on its way.
            if (desk.draftNow().correction.text !== "") return;
            event.currentTarget.value = said;
            event.currentTarget.select();
            setText(said);
          }}
          onBlur={(event) => {
            if (draft.kind === "text" && event.currentTarget.value === said) setText("");
          }}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {read.kind === "fault" && (
        <p class="notice bad" role="alert">
          {read.fault}
        </p>
      )}
      {read.kind === "some" && <Diff before={said} after={draft.text} of={draft.kind} />}
      <Becomes
        desk={desk}
        isSome={read.kind === "some"}
        calls={turns.some(({ calls }) => calls.length > 0)}
      />
    </fieldset>
  );
}

/** The turn, and whether its text or its calls are corrected. */
function Where({ desk, turns }: { desk: DeskState; turns: readonly Correctable[] }) {
  const { correction: draft } = desk.draft;
  return (
    <div class="field-pair">
      <label class="field">
        <span>The fault is in</span>
        <select
          value={draft.turn ?? ""}
          onChange={(event) => {
            const { value } = event.currentTarget;
            const turn = value === "" ? undefined : Number(value);
            desk.setDraft((now) => ({ ...now, correction: draftOf(turns, turn) }));
          }}
        >
          <option value="">the answer</option>
          {turns.map((one) => (
            <option key={one.turn} value={one.turn}>
              {turnName(one)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Instead</span>
        <select
          value={draft.kind}
          onChange={(event) => {
            const kind: Kind = event.currentTarget.value === "calls" ? "calls" : "text";
            const text = kind === "calls" ? saidIn(turns, { turn: draft.turn, kind }) : "";
            desk.setDraft((now) => ({ ...now, correction: { ...now.correction, kind, text } }));
          }}
        >
          {Object.entries(KINDS).map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** What becomes of it; a text alone teaches no better call. */
function Becomes({ desk, isSome, calls }: { desk: DeskState; isSome: boolean; calls: boolean }) {
  const { correction, tags } = desk.draft;
  if (!isSome) return null;
  const isBlamed =
    calls && correction.turn === undefined && tags.some((tag) => /^wrong (tool|arguments)$/.test(tag));
  return isBlamed && correction.kind === "text" ? (
    <p class="hint">
      A text after a wrong call makes no example. Choose the turn of that call, and correct it.
    </p>
  ) : (
    <p class="hint">
      <Keys keys={["Ctrl", "Enter"]} /> sends it as bad with this correction. The conversation up to it
      becomes a golden one, and with what was said there a preference pair.
    </p>
  );
}
