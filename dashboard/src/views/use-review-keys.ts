import { useEffect } from "preact/hooks";
import { reviewAction, TAGS } from "../logic/review-keys.ts";
import type { JudgementFields } from "./review-judgement.tsx";
import type { DeskState } from "./review-state.ts";

/** Keyboard shortcuts of the review desk; a dialog that is open has the keys to itself. */
export function useReviewKeys(
  desk: DeskState,
  fields: JudgementFields,
  shown: { readonly fold: () => void; readonly help: () => void },
) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (document.querySelector("dialog[open]") !== null) return;
      const target = event.target;
      const typing =
        target instanceof HTMLInputElement ||
        target instanceof HTMLTextAreaElement ||
        target instanceof HTMLSelectElement;
      if (event.key === "Escape" && typing) {
        target.blur();
        return;
      }
      const action = reviewAction(event, typing);
      if (action === undefined) return;
      event.preventDefault();
      switch (action.do) {
        case "label":
          return void desk.label(action.value);
        case "tag": {
          const tag = TAGS[action.index];
          return tag === undefined ? undefined : desk.toggle(tag);
        }
        case "focus":
          return fields[action.what].current?.focus();
        case "skip":
          return void desk.skip();
        case "undo":
          return void desk.undo();
        case "fold":
          return shown.fold();
        case "help":
          return shown.help();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
