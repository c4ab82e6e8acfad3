import type { ComponentChildren } from "preact";
import { shown } from "../logic/content.ts";
import { count } from "../logic/format.ts";
import { address } from "../logic/route.ts";
import { judgedBy } from "../logic/verdict.ts";
import type { Evaluation, PairList } from "../logic/wire.ts";
import { Card, Empty } from "../parts/basics.tsx";
import { useOnce, useShared } from "../parts/context.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { LongText } from "../parts/text.tsx";

const PAGE = 20;

/** How the models did on a pair, and where its count stands in the verdict. */
const OUTCOMES = [
  { outcome: undefined, name: "All", counted: "pairs" },
  { outcome: "candidate_only", name: "Only the candidate right", counted: "candidate_only" },
  { outcome: "baseline_only", name: "Only the baseline", counted: "baseline_only" },
  { outcome: "neither", name: "Neither", counted: "neither" },
  { outcome: "both", name: "Both", counted: "both" },
] as const;

/** All pairs of an evaluation, page by page; which of them stands in the address. */
export function Pairs({ one }: { one: Evaluation }) {
  const { api, route } = useShared();
  const { outcome, after } = route.query;
  const { result } = one;
  const asked = { outcome, limit: PAGE, continuation: after };
  // What was judged does not change: it is asked for once.
  const list = useOnce(result && `pairs ${one.id} ${outcome ?? ""} ${after ?? ""}`, () =>
    api.get<PairList>(`/evaluations/${encodeURIComponent(one.id)}/pairs`, asked),
  );
  const to = (query: Record<string, string>) => address("evaluations", one.id, query);
  return (
    <Card
      title="Pairs, side by side"
      note={
        result !== undefined && (
          <span class="tabs" role="group" aria-label="Which pairs">
            {OUTCOMES.map(({ outcome: which, name, counted }) => (
              <a
                key={name}
                href={to(which === undefined ? {} : { outcome: which })}
                {...(which === outcome ? { "aria-current": "true" as const } : {})}
              >
                {name} {count(result[counted])}
              </a>
            ))}
          </span>
        )
      }
    >
      {result === undefined ? (
        <Empty title="No pair yet" />
      ) : (
        <Loaded of={list} lines={4}>
          {(page) =>
            page.pairs.length === 0 ? (
              <Empty title="No pair of this kind" />
            ) : (
              <>
                <p class="muted">
                  {count(page.first)} to {count(page.first + page.pairs.length - 1)} of {count(page.total)}.
                  Right and wrong are {judgedBy(page)}.
                </p>
                <ol class="pairs" start={page.first}>
                  {page.pairs.map((pair) => (
                    <PairView key={pair.example} pair={pair} />
                  ))}
                </ol>
                <Turning page={page} after={after} to={(more) => to({ ...chosen(outcome), ...more })} />
              </>
            )
          }
        </Loaded>
      )}
    </Card>
  );
}

const chosen = (outcome: string | undefined): Record<string, string> =>
  outcome === undefined ? {} : { outcome };

/** To the first pairs and to the next. */
function Turning(props: {
  page: PairList;
  after: string | undefined;
  to: (more: Record<string, string>) => string;
}) {
  const { page, after, to } = props;
  if (after === undefined && page.continuation === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {after !== undefined && <a href={to({})}>First</a>}
      {page.continuation !== undefined && (
        <a href={to({ after: page.continuation })} rel="next">
          Next
        </a>
      )}
    </nav>
  );
}

function PairView({ pair }: { pair: PairList["pairs"][number] }) {
  return (
    <li>
      <div class="pair-head">
        {pair.question === undefined || pair.question === "" ? (
          <code class="break">{pair.example}</code>
        ) : (
          <LongText text={pair.question} />
        )}
      </div>
      <div class="pair">
        <Side name="Expected" class="expected" text={pair.expected} />
        <Side name="Baseline" right={pair.baseline_correct} text={pair.baseline_answer} />
        <Side name="Candidate" right={pair.candidate_correct} text={pair.candidate_answer} />
      </div>
    </li>
  );
}

function Side(props: { name: string; text: string; right?: boolean; class?: string }): ComponentChildren {
  const { name, text, right } = props;
  return (
    <div class={`pair-side ${right === undefined ? (props.class ?? "") : right ? "right" : "wrong"}`}>
      <h3>
        {name} {right !== undefined && <span>{right ? "✓ right" : "✗ wrong"}</span>}
      </h3>
      <LongText text={shown(text)} mono />
    </div>
  );
}
