import type { Histogram } from "../../../src/datasets/contract.ts";

export interface Bin {
  /** `−0.2 to 0`, as it is read out and shown on pointing. */
  readonly range: string;
  /** What stands under the bar: where it begins. */
  readonly from: string;
  readonly count: number;
}

/** A histogram without the empty bins at its ends but one, which shows that there it ends. */
export function binsOf({ edges, counts }: Histogram, show: (edge: number) => string): Bin[] {
  const first = Math.max(0, counts.findIndex((count) => count > 0) - 1);
  const last = counts.findLastIndex((count) => count > 0) + 1;
  return last === 0
    ? []
    : counts.slice(first, last + 1).map((count, n) => {
        const [from, to] = [edges[first + n] ?? 0, edges[first + n + 1] ?? 0];
        return { range: `${show(from)} to ${show(to)}`, from: show(from), count };
      });
}
