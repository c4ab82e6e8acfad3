import type { z } from "zod";
import type { metricPointSchema } from "./contract.ts";

export type MetricPoint = z.output<typeof metricPointSchema>;

/** A record stays far below the ledger's 2 MB with this many points; a chart shows no more anyway. */
const MOST_POINTS = 500;

/**
 * Column names differ between services and years (`valid_mean_token_accuracy`, `validation_mean_token_accuracy`, …;
 * docs/facts.md#result-columns), so columns are found by pattern, and absent ones are left out.
 */
const COLUMNS: readonly [keyof MetricPoint, RegExp][] = [
  ["step", /^step$/],
  ["train_loss", /^train(ing)?_loss/],
  ["train_accuracy", /^train(ing)?_.*accuracy/],
  ["valid_loss", /^valid(ation)?_loss/],
  ["valid_accuracy", /^valid(ation)?_.*accuracy/],
  ["full_valid_loss", /^full_valid(ation)?_loss/],
  ["full_valid_accuracy", /^full_valid(ation)?_.*accuracy/],
  ["train_reward", /^train(ing)?_(mean_reward|reward_mean)$/],
  ["valid_reward", /^(full_)?valid(ation)?_(mean_reward|reward_mean)$/],
];

/** The learning curve in a results file; empty when the text is no such file. */
export function parseCurve(text: string): MetricPoint[] {
  const [header = "", ...lines] = plainText(text).split(/\r?\n/);
  const names = header.split(",").map((name) => name.trim().toLowerCase());
  const places = COLUMNS.map(
    ([key, pattern]) => [key, names.findIndex((name) => pattern.test(name))] as const,
  );
  const points: MetricPoint[] = [];
  for (const line of lines) {
    const cells = line.split(",");
    const point: Partial<MetricPoint> = {};
    for (const [key, place] of places) {
      const cell = place === -1 ? "" : (cells[place]?.trim() ?? "");
      const value = Number(cell);
      if (cell !== "" && Number.isFinite(value)) point[key] = value;
    }
    if (point.step !== undefined && Number.isInteger(point.step)) points.push({ ...point, step: point.step });
  }
  return thin(points);
}

/** OpenAI has delivered results files in base64. */
function plainText(text: string): string {
  const bare = text.replace(/^\uFEFF/, "");
  if (bare.includes(",") || !/^[A-Za-z0-9+/=\s]+$/.test(bare)) return bare;
  return Buffer.from(bare, "base64")
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

/** The curve with what checkpoints were measured on, the whole validation side, at their steps. */
export function withCheckpoints(
  curve: readonly MetricPoint[],
  checkpoints: readonly { readonly step: number; readonly metrics: Readonly<Record<string, number>> }[] = [],
): MetricPoint[] {
  if (curve.length === 0) return [];
  const points = new Map(curve.map((point) => [point.step, point]));
  for (const { step, metrics } of checkpoints) {
    const {
      full_valid_loss: loss,
      full_valid_mean_token_accuracy: tokens,
      full_valid_accuracy: pairs,
    } = metrics;
    if (loss === undefined) continue;
    const accuracy = tokens ?? pairs;
    points.set(step, {
      ...(points.get(step) ?? { step }),
      full_valid_loss: loss,
      ...(accuracy === undefined ? {} : { full_valid_accuracy: accuracy }),
    });
  }
  return [...points.values()].toSorted((a, b) => a.step - b.step);
}

/** Every n-th point and always the last. */
function thin(points: readonly MetricPoint[]): MetricPoint[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/**
 * The figures that a list or a chart's caption shows; what was not measured is absent. Validation loss and accuracy are
 * those of the whole validation side where the service measured it: those of one mini-batch are mostly chance.
 */
export function summarise(points: readonly MetricPoint[]): Record<string, number> {
  const last = points.at(-1);
  if (last === undefined) return {};
  const whole = points.flatMap(({ step, full_valid_loss: loss, full_valid_accuracy: accuracy }) =>
    loss === undefined ? [] : [{ step, loss, accuracy }],
  );
  const batches = points.flatMap(({ step, valid_loss: loss, valid_accuracy: accuracy }) =>
    loss === undefined ? [] : [{ step, loss, accuracy }],
  );
  const measured = whole.length > 0 ? whole : batches;
  const best = measured.toSorted((a, b) => a.loss - b.loss)[0];
  const lastMeasured = measured.at(-1);
  const marked = points.filter((point) => point.valid_reward !== undefined).at(-1);
  return Object.fromEntries(
    Object.entries({
      steps: last.step,
      train_loss: last.train_loss,
      train_accuracy: last.train_accuracy,
      valid_loss: lastMeasured?.loss,
      valid_accuracy: lastMeasured?.accuracy,
      train_reward: last.train_reward,
      valid_reward: marked?.valid_reward,
      best_valid_loss: best?.loss,
      best_valid_step: best?.step,
    }).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
