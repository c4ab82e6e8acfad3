export interface Spread {
  readonly p50: number;
  readonly p90: number;
  readonly max: number;
}

export const round = (value: number): number => Math.round(value * 10) / 10;

/** Of values in ms. */
export function quantiles(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { p50: at(0.5), p90: at(0.9), max: at(1) };
}
