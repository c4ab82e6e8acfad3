import type { Model } from "./model.ts";

/** Figures of a step or an epoch by the names that OpenAI gives them in its results file. */
export interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

/** `tick`: nothing to tell, a good moment to let others run. */
export type Progress =
  | { readonly kind: "tick" }
  | { readonly kind: "step"; readonly metrics: Metrics }
  | { readonly kind: "epoch"; readonly epoch: number; readonly metrics: Metrics; readonly model: Model };

export const TICK: Progress = { kind: "tick" };
