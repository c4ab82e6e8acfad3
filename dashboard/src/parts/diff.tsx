import { diffLines, diffWordsWithSpace } from "diff";
import { Told } from "./text.tsx";

/** What was said beside what should have been: words of a text, lines of JSON. */
export function Diff({ before, after, of }: { before: string; after: string; of: "text" | "calls" }) {
  const parts = of === "text" ? diffWordsWithSpace(before, after) : diffLines(before, after);
  return (
    <div class={`diff told ${of === "calls" ? "mono" : ""}`} dir="auto">
      {parts.map(({ value, added, removed }, n) =>
        removed ? (
          <del key={n}>
            <Told text={value} />
          </del>
        ) : added ? (
          <ins key={n}>
            <Told text={value} />
          </ins>
        ) : (
          <Told key={n} text={value} />
        ),
      )}
    </div>
  );
}
