import { useState } from "preact/hooks";
import { turnsOf } from "../logic/conversation.ts";
import { count, signed } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import type { Dataset, Episode, Examples } from "../logic/wire.ts";
import { Card, Empty, Id } from "../parts/basics.tsx";
import { useOnce, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { SaveButton } from "../parts/save-file.tsx";
import { Conversation } from "../parts/text.tsx";

export const SIDES = ["train", "validation", "test"] as const;
export const SIDE_NAMES = { train: "Train", validation: "Validate", test: "Test" } as const;
/** Examples that each further look brings. */
const MORE = 50;
type Side = (typeof SIDES)[number];

/** The first lines of one side's file, each with the episodes and rewards it came from. */
export function DatasetExamples({ dataset }: { dataset: Dataset }) {
  const { api, route } = useShared();
  const { id } = dataset;
  const counts = {
    train: dataset.training_count,
    validation: dataset.validation_count,
    test: dataset.test_count,
  };
  const filled = SIDES.filter((side) => (counts[side] ?? 0) > 0);
  const side = SIDES.find((one) => one === route.query.side) ?? filled[0] ?? "train";
  const ready = dataset.files?.[side] !== undefined;
  const [most, setMost] = useState(10);
  const path = `/datasets/${encodeURIComponent(id)}/files/${side}`;
  const examples = useOnce(ready ? `examples ${id} ${side} ${most}` : undefined, () => api.head(path, most));
  const all = counts[side] ?? 0;
  const shown = Math.min(most, all);
  return (
    <Card
      title="Examples"
      note={
        <span class="tabs" role="group" aria-label="Side">
          {filled.map((name) => (
            <a
              key={name}
              href={address("datasets", id, { side: name })}
              {...(name === side ? { "aria-current": "true" as const } : {})}
            >
              {SIDE_NAMES[name]}
            </a>
          ))}
        </span>
      }
    >
      {!ready ? (
        <Empty
          title={dataset.status === "ready" ? "This side is empty" : "They appear when the build is done"}
        />
      ) : (
        <Loaded of={examples} lines={4}>
          {(lines) => (
            <ol class="examples">
              {lines.map((line, n) => (
                <Example key={`${side} ${n}`} id={id} side={side} number={n + 1} line={line} />
              ))}
            </ol>
          )}
        </Loaded>
      )}
      {ready && (
        <div class="pages">
          <p class="muted">
            {shown < all ? `The first ${count(shown)} of ${count(all)}.` : `All ${count(all)}.`} Open one to
            see where it is from.
          </p>
          {shown < all && (
            <button type="button" class="quiet" onClick={() => setMost(most + MORE)}>
              Show {count(Math.min(MORE, all - shown))} more
            </button>
          )}
          <SaveButton
            label="Download all"
            title={`The whole ${SIDE_NAMES[side]} side, one example a line (JSONL)`}
            path={path}
            name={`${id}-${side}.jsonl`}
          />
        </div>
      )}
    </Card>
  );
}

function Example(props: { id: string; side: Side; number: number; line: string }) {
  const { id, side, number, line } = props;
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{headline(line)}</summary>
        {open && <Source id={id} side={side} number={number} />}
        <Conversation turns={turnsOf(parsed(line))} />
      </details>
    </li>
  );
}

/** Asked when a line is opened: its episodes, its score and the duplicates it stands for. */
function Source({ id, side, number }: { id: string; side: Side; number: number }) {
  const { api } = useShared();
  const why = useOnce(`why ${id} ${side} ${number}`, () =>
    api.get<Examples>(`/datasets/${encodeURIComponent(id)}/examples/${number}/why`, { split: side }),
  );
  if (why.error !== undefined) return <p class="source muted">Where it is from is not recorded.</p>;
  const [own, ...others] = why.data?.edges ?? [];
  if (own === undefined) return <p class="source muted">…</p>;
  return (
    <p class="source">
      {own.episode_ids.length === 0 ? (
        <b>A golden conversation</b>
      ) : (
        <>
          From{" "}
          {own.episode_ids.map((episode) => (
            <Id key={episode} id={episode} view="episodes" />
          ))}
        </>
      )}
      {own.score !== null && <span>rewarded {signed(own.score)}</span>}
      <span class="muted">{count(own.tokens)} tokens</span>
      {others.length > 0 && <span class="muted">stands for {count(others.length)} like it</span>}
    </p>
  );
}

type Line = Pick<Episode, "messages">;
function parsed(line: string): Line {
  try {
    const value = JSON.parse(line) as Line;
    return { messages: Array.isArray(value.messages) ? value.messages : [] };
  } catch {
    return { messages: [{ role: "user", content: line }] };
  }
}
function headline(line: string): string {
  const turn = turnsOf(parsed(line)).find(({ role }) => role === "user");
  return turn === undefined ? "(no question)" : turn.text.slice(0, 160);
}
