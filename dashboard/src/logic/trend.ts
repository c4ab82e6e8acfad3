import type { Trend } from "../../../src/overview/trend.ts";

/** Columns of a chart: x in seconds, then one column a series with null where there is nothing. */
export interface Columns {
  readonly x: number[];
  readonly series: { readonly name: string; readonly values: (number | null)[] }[];
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

export interface Compared {
  readonly active: { readonly model: string; readonly mean: number; readonly episodes: number };
  readonly before: { readonly model: string; readonly mean: number; readonly episodes: number } | undefined;
}

/** The active model beside the one that answered before it: the other model with the latest episode. */
export function compare(trend: Trend, active: string): Compared | undefined {
  const own = trend.models.find(({ model }) => model === active);
  if (own === undefined) return undefined;
  const before = trend.models
    .filter(({ model }) => model !== active)
    .toSorted((a, b) => (a.last_at < b.last_at ? 1 : -1))[0];
  return { active: own, before };
}

interface CurvePoint {
  readonly step: number;
  readonly train_loss?: number | undefined;
  readonly valid_loss?: number | undefined;
  readonly train_accuracy?: number | undefined;
  readonly valid_accuracy?: number | undefined;
}

export function curveColumns(curve: readonly CurvePoint[], what: "loss" | "accuracy"): Columns {
  const points = curve.toSorted((a, b) => a.step - b.step);
  const column = (name: keyof CurvePoint) => points.map((point) => point[name] ?? null);
  return {
    x: points.map(({ step }) => step),
    series: [
      { name: "training", values: column(`train_${what}`) },
      { name: "validation", values: column(`valid_${what}`) },
    ].filter(({ values }) => values.some((value) => value !== null)),
  };
}

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
