import type { Trend } from "../../../src/overview/trend.ts";

/** Columns of a chart: x in seconds, then one column a series with null where there is nothing. */
export interface Columns {
  readonly x: number[];
  readonly series: { readonly name: string; readonly values: (number | null)[] }[];
  /** Each value is the mean of so many; absent where each is one measurement. */
  readonly averaged?: number;
}

/** The active model comes last: the last series is drawn on top and in the colour that matters. */
export function trendColumns(trend: Trend, active: string): Columns {
  const names = trend.models
    .toSorted((a, b) => (a.last_at < b.last_at ? -1 : 1))
    .toSorted((a, b) => Number(a.model === active) - Number(b.model === active))
    .map(({ model }) => model);
  return {
    x: trend.buckets.map(({ at }) => Date.parse(at) / 1000),
    series: names.map((name) => ({
      name,
      values: trend.buckets.map(({ models }) => models[name]?.mean ?? null),
    })),
  };
}

interface Mean {
  readonly model: string;
  readonly mean: number;
  readonly episodes: number;
}
export interface Compared {
  /** undefined: none of its episodes has been judged yet. */
  readonly active: Mean | undefined;
  readonly before: Mean | undefined;
}

/** The active model beside the one that answered before it: the other model with the latest episode. */
export function compare(trend: Trend, active: string): Compared {
  const before = trend.models
    .filter(({ model }) => model !== active)
    .toSorted((a, b) => (a.last_at < b.last_at ? 1 : -1))[0];
  return { active: trend.models.find(({ model }) => model === active), before };
}

interface CurvePoint {
  readonly step: number;
  readonly train_loss?: number | undefined;
  readonly valid_loss?: number | undefined;
  readonly train_accuracy?: number | undefined;
  readonly valid_accuracy?: number | undefined;
}

/** More points than this are a scribble on a screen: of each step's few examples one would see nothing but luck. */
const MOST_POINTS = 60;
/** So many means are drawn then: what is left to see is the course. */
const MEANS = 24;

export function curveColumns(curve: readonly CurvePoint[], what: "loss" | "accuracy"): Columns {
  const points = curve.toSorted((a, b) => a.step - b.step);
  const averaged = points.length <= MOST_POINTS ? 1 : Math.ceil(points.length / MEANS);
  const groups = Array.from({ length: Math.ceil(points.length / averaged) }, (_, n) =>
    points.slice(n * averaged, (n + 1) * averaged),
  );
  const column = (name: keyof CurvePoint) =>
    groups.map((group) => meanOf(group.flatMap((point) => point[name] ?? [])));
  return {
    x: groups.map((group) => group.at(-1)?.step ?? 0),
    series: [
      { name: "training", values: column(`train_${what}`) },
      { name: "validation", values: column(`valid_${what}`) },
    ].filter(({ values }) => values.some((value) => value !== null)),
    ...(averaged > 1 ? { averaged } : {}),
  };
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** One sentence that says what a line chart shows, for those who do not see it. */
export function spoken(columns: Columns, digits = 2): string {
  return columns.series
    .map(({ name, values }) => {
      const known = values.filter((value) => value !== null);
      const [first, last] = [known[0], known.at(-1)];
      return first === undefined || last === undefined
        ? `${name}: nothing yet`
        : `${name} from ${first.toFixed(digits)} to ${last.toFixed(digits)}`;
    })
    .join("; ");
}
