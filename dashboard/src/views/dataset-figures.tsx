import { bytes, count, plural, signed } from "../logic/format.ts";
import { binsOf } from "../logic/histogram.ts";
import type { Dataset } from "../logic/wire.ts";
import { Bars, Card } from "../parts/basics.tsx";
import { HistogramView } from "../parts/histogram.tsx";

/** Of a hundred tools the first tell the story; the others are one line. */
const MOST_TOOLS = 24;

type Sides = NonNullable<Dataset["token_counts"]>["sides"];

/** How rewards, tokens, lengths and tools are spread over what was kept. */
export function DatasetFigures({
  figures,
  sides,
}: {
  figures: NonNullable<Dataset["figures"]>;
  sides: Sides;
}) {
  const rewards = binsOf(figures.rewards, (edge) => signed(edge, 1));
  // Golden examples have no reward.
  const judged = figures.rewards.counts.reduce((sum, n) => sum + n, 0);
  const tokens = binsOf(figures.tokens, (edge) => count(edge));
  const lengths = figures.lengths === undefined ? [] : binsOf(figures.lengths, shortBytes);
  const tools = Object.entries(figures.tools).toSorted((a, b) => b[1] - a[1]);
  const rest = tools.slice(MOST_TOOLS);
  const all = Object.values(sides).reduce((sum, side) => sum + side.tokens, 0);
  return (
    <Card title="What is in it" note={all === 0 ? "" : `${count(all)} tokens`}>
      <div class="figures">
        {rewards.length > 0 && (
          <HistogramView
            bins={rewards}
            unit={`mean reward of ${plural(judged, "example")} from episodes`}
            label="Rewards"
          />
        )}
        {tokens.length > 0 && <HistogramView bins={tokens} unit="tokens in an example" label="Tokens" />}
        {lengths.length > 0 && <HistogramView bins={lengths} unit="bytes of a line" label="Lengths" />}
      </div>
      {tools.length > 0 && (
        <>
          <h3>Tools, by how many examples call them</h3>
          <div class="figures-tools">
            <Bars
              label="Tools, by how many examples call them"
              rows={[
                ...tools.slice(0, MOST_TOOLS),
                ...(rest.length === 0
                  ? []
                  : [
                      [
                        `${count(rest.length)} others, together`,
                        rest.reduce((sum, [, n]) => sum + n, 0),
                      ] as const,
                    ]),
              ]}
            />
          </div>
        </>
      )}
    </Card>
  );
}

/** `64 B`, `2 K`: edges double, so whole numbers say it all. */
const shortBytes = (value: number) => bytes(value).replace(/\.0(?= )/, "");
