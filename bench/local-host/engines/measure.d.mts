export interface Plan {
  readonly count: number;
  readonly wides: readonly number[];
  readonly singles: number;
  readonly finished: number;
}
export type Figures = Record<string, number | undefined>;
export function measure(
  start: (name: string, input: number) => Promise<number>,
  plan: Plan,
): Promise<Figures>;
export const plan: Plan;
export function report(figures: Figures): never;
