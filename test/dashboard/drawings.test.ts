import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { signed } from "../../dashboard/src/logic/format.ts";
import { binsOf } from "../../dashboard/src/logic/histogram.ts";
import { graphOf } from "../../dashboard/src/logic/lineage.ts";
import { layoutLoop, STATIONS } from "../../dashboard/src/logic/loop-map.ts";
import { compare, curveColumns, curveNote, trendColumns } from "../../dashboard/src/logic/trend.ts";

describe("the drawings", () => {
  it("keep every station of the loop inside, apart and joined to the next", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 2000 }), (width) => {
        const { boxes, ways, height } = layoutLoop(width);
        const all = STATIONS.map((station) => boxes[station]);
        for (const box of all) {
          expect(box.x).toBeGreaterThanOrEqual(0);
          expect(box.x + box.width).toBeLessThanOrEqual(width + 1);
          expect(box.y + box.height).toBeLessThanOrEqual(height + 1);
          for (const other of all) {
            if (other === box) continue;
            const apart =
              box.x + box.width <= other.x ||
              other.x + other.width <= box.x ||
              box.y + box.height <= other.y ||
              other.y + other.height <= box.y;
            expect(apart).toBe(true);
          }
        }
        expect(ways.map(({ from, to }) => [from, to])).toEqual(
          STATIONS.map((station, n) => [station, STATIONS[(n + 1) % STATIONS.length]]),
        );
      }),
    );
  });

  it("show a model's ancestry with each record once, and what is gone as gone", () => {
    const run = { id: "run-1", base_model: "base", status: "succeeded", dataset_id: "dataset-1" };
    const deployment = (id: string) => ({
      id,
      tuned_model: `model of ${id}`,
      is_active: id === "dep-2",
      training_run_id: "run-1",
      training_run: run,
      dataset: { id: "dataset-1", missing: true },
      evaluation: null,
    });
    const graph = graphOf({ lineage: [deployment("dep-1"), deployment("dep-2")] });
    expect(
      graph.nodes.map(({ id, column, row, missing, active }) => [id, column, row, missing, active]),
    ).toEqual([
      ["dataset-1", 0, 0, true, false],
      ["run-1", 1, 0, false, false],
      ["dep-1", 2, 0, false, false],
      ["dep-2", 2, 1, false, true],
    ]);
    expect(graph.edges).toEqual([
      ["dataset-1", "run-1"],
      ["run-1", "dep-1"],
      ["run-1", "dep-2"],
    ]);
  });

  it("compare the active model with the one that answered before it", () => {
    const trend = {
      agent_id: "desk",
      episodes: 3,
      from: "2026-01-01T00:00:00.000Z",
      until: "2026-01-03T00:00:00.000Z",
      models: [
        { model: "new", episodes: 1, mean: 0.9, last_at: "2026-01-02T00:00:00.000Z" },
        { model: "base", episodes: 1, mean: 0.1, last_at: "2026-01-03T00:00:00.000Z" },
        { model: "old", episodes: 1, mean: 0.5, last_at: "2026-01-01T00:00:00.000Z" },
      ],
      buckets: [{ at: "2026-01-01T00:00:00.000Z", models: { old: { episodes: 1, mean: 0.5 } } }],
      left_out: 0,
    };
    expect(compare(trend, "new")).toMatchObject({ active: { mean: 0.9 }, before: { model: "base" } });
    expect(compare(trend, "unused")).toMatchObject({ active: undefined, before: { model: "base" } });
    expect(trendColumns(trend, "new").series.map(({ name }) => name)).toEqual(["old", "base", "new"]);
  });
});

describe("distributions and curves", () => {
  it("leave out the empty bins at their ends but one, and name each bin's range", () => {
    const bins = binsOf({ edges: [-1, 0, 0.5, 1, 2], counts: [0, 3, 0, 4] }, (edge) => signed(edge, 1));
    expect(bins).toEqual([
      { range: "−1.0 to 0.0", from: "−1.0", count: 0 },
      { range: "0.0 to +0.5", from: "0.0", count: 3 },
      { range: "+0.5 to +1.0", from: "+0.5", count: 0 },
      { range: "+1.0 to +2.0", from: "+1.0", count: 4 },
    ]);
    expect(binsOf({ edges: [0, 1], counts: [0] }, String)).toEqual([]);
  });

  it("draw few points as they are, and many as means that lose no step and no value", () => {
    const curve = (steps: number) =>
      Array.from({ length: steps }, (_, n) => ({ step: n + 1, train_loss: n, valid_loss: 1 }));
    expect(curveColumns(curve(5), "loss")).toMatchObject({ x: [1, 2, 3, 4, 5] });
    expect(curveColumns(curve(5), "loss").averaged).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 61, max: 900 }), (steps) => {
        const { x, series, averaged = 1 } = curveColumns(curve(steps), "loss");
        expect(x.length).toBeLessThanOrEqual(60);
        expect(x.at(-1)).toBe(steps);
        // The last point, which the legend calls the latest, is worth as many steps as the others, but for one.
        const sizes = x.map((step, n) => step - (x[n - 1] ?? 0));
        expect(sizes.every((size) => size === averaged || size === averaged - 1)).toBe(true);
        const sum = (series[0]?.values ?? []).reduce<number>(
          (all, mean, n) => all + (mean ?? 0) * (sizes[n] ?? 0),
          0,
        );
        expect(sum).toBeCloseTo((steps * (steps - 1)) / 2, 5);
      }),
    );
    expect(curveColumns([], "accuracy")).toEqual({ x: [], series: [] });
  });
});

describe("the course of a training", () => {
  const noisy = Array.from({ length: 279 }, (_, n) => ({
    step: n + 1,
    train_accuracy: 0.75,
    valid_accuracy: n >= 276 ? 0 : 0.75,
  }));

  it("does not end with what three mini-batches said", () => {
    const { series } = curveColumns(noisy, "accuracy");
    expect(series.map(({ name }) => name)).toEqual(["training", "validation (mini-batches)"]);
    expect(series[1]?.values.at(-1)).toBeGreaterThan(0.5);
  });

  it("shows validation on the whole side where it was measured, as it was measured", () => {
    const measured = noisy.map((point) =>
      point.step % 93 === 0 ? { ...point, full_valid_accuracy: point.step / 372 } : point,
    );
    const columns = curveColumns(measured, "accuracy");
    expect(columns.series[1]).toMatchObject({ name: "validation (whole side)" });
    expect(columns.series[1]?.values.filter((value) => value !== null)).toEqual([0.25, 0.5, 0.75]);
    expect(curveNote(279, columns)).toBe(
      "279 steps, each point the mean of up to 12; the whole side as measured",
    );
    expect(curveNote(5, curveColumns(noisy.slice(0, 5), "accuracy"))).toBe("5 steps");
  });
});

describe("the lineage of a deployment", () => {
  it("counts the examples made of episodes, not the episodes that were looked at", () => {
    const dataset = { id: "dataset-1", name: "v1", episode_count: 848, recipe: { kind: "episodes" } };
    const factsOf = (more: object) =>
      graphOf({ lineage: [], dataset: { ...dataset, ...more } }).nodes.find(({ kind }) => kind === "examples")
        ?.facts;
    expect(factsOf({ examples_from_episodes: 94 })).toBe("94 from episodes");
    expect(factsOf({})).toBe("from episodes");
    expect(factsOf({ recipe: { kind: "golden" } })).toBe("golden conversations");
  });

  it("shows the golden sets that went in and the test set it was judged by", () => {
    const graph = graphOf({
      lineage: [
        {
          id: "dep-1",
          tuned_model: "tuned",
          is_active: true,
          training_run_id: "run-1",
          training_run: { id: "run-1", dataset_id: "dataset-1", status: "succeeded" },
          dataset: { id: "dataset-1", name: "v1", recipe: { include_golden: ["dataset-golden"] } },
          evaluation: { id: "eval-1", run_id: "run-1", dataset_id: "dataset-tests", split: "test" },
        },
      ],
    });
    expect(graph.nodes.map(({ id, title, view }) => [id, title, view])).toEqual(
      expect.arrayContaining([
        ["dataset-golden", "golden set", "datasets"],
        ["dataset-tests", "test set", "datasets"],
      ]),
    );
    expect(graph.edges).toEqual(
      expect.arrayContaining([
        ["dataset-golden", "dataset-1"],
        ["dataset-tests", "eval-1"],
      ]),
    );
  });

  it("does not show a dataset's own held-out side as another dataset", () => {
    const graph = graphOf({
      lineage: [
        {
          id: "dep-1",
          tuned_model: "tuned",
          is_active: true,
          training_run_id: "run-1",
          training_run: { id: "run-1", dataset_id: "dataset-1", status: "succeeded" },
          dataset: { id: "dataset-1", name: "v1" },
          evaluation: { id: "eval-1", run_id: "run-1", dataset_id: "dataset-1", split: "validation" },
        },
      ],
    });
    expect(graph.edges).not.toContainEqual(["dataset-1", "eval-1"]);
  });
});
