import type { Trend } from "../../../src/overview/trend.ts";

/** Columns of a chart: x in seconds, then one column a series with null where there is nothing. */
export interface Columns {
  readonly x: number[];
  readonly series: { readonly name: string; readonly values: (number | null)[] }[];
  /** Values are means of so many steps, or of one fewer; absent where each is one measurement. */
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
  readonly full_valid_loss?: number | undefined;
  readonly train_accuracy?: number | undefined;
  readonly valid_accuracy?: number | undefined;
  readonly full_valid_accuracy?: number | undefined;
}

/** More points than this are a scribble on a screen: of each step's few examples one would see nothing but luck. */
const MOST_POINTS = 60;
/** So many means are drawn then: what is left to see is the course. */
const MEANS = 24;

/**
 * Loss or accuracy by step. Many steps are drawn as means of groups that differ by one step at most, so that the last is
 * worth as much as the others. Validation is of the whole side where the service measured that, else of the mini-batches.
 */
export function curveColumns(curve: readonly CurvePoint[], what: "loss" | "accuracy"): Columns {
  const points = curve.toSorted((a, b) => a.step - b.step);
  const isMany = points.length > MOST_POINTS;
  const parts = isMany ? MEANS : points.length;
  const from = (n: number) => Math.floor((n * points.length) / parts);
  const groups = Array.from({ length: parts }, (_, n) => points.slice(from(n), from(n + 1)));
  const known = (group: readonly CurvePoint[], name: keyof CurvePoint) =>
    group.flatMap((point) => point[name] ?? []);
  const means = (name: keyof CurvePoint) => groups.map((group) => meanOf(known(group, name)));
  const whole = groups.map((group) => known(group, `full_valid_${what}`).at(-1) ?? null);
  return {
    x: groups.map((group) => group.at(-1)?.step ?? 0),
    series: [
      { name: "training", values: means(`train_${what}`) },
      whole.some((value) => value !== null)
        ? { name: WHOLE_SIDE, values: whole }
        : { name: "validation (mini-batches)", values: means(`valid_${what}`) },
    ].filter(({ values }) => values.some((value) => value !== null)),
    ...(isMany ? { averaged: Math.ceil(points.length / MEANS) } : {}),
  };
}
const WHOLE_SIDE = "validation (whole side)";

/** What the points of a curve are: one step each, or means; the whole validation side is measured and no mean. */
export function curveNote(points: number, { averaged, series }: Columns): string {
  if (points === 0 || series.length === 0) return "";
  if (averaged === undefined) return `${points} steps`;
  const but = series.some(({ name }) => name === WHOLE_SIDE) ? "; the whole side as measured" : "";
  return `${points} steps, each point the mean of up to ${averaged}${but}`;
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
