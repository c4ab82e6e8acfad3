import { describe, expect, it } from "@jest/globals";
import { assert, integer, property, string } from "fast-check";
import { parseCurve, summarise, withCheckpoints } from "../../src/training/curve.ts";

describe("a results file", () => {
  it("is read by its header, whatever the columns are called and wherever they stand", () => {
    const text =
      "validation_mean_token_accuracy,step,train_loss,full_valid_loss,valid_loss,train_mean_token_accuracy\r\n" +
      "0.5,1,1.25,9,2.5,0.25\r\n,2,1.0,,,0.75\r\n";
    expect(parseCurve(text)).toEqual([
      {
        step: 1,
        train_loss: 1.25,
        train_accuracy: 0.25,
        valid_loss: 2.5,
        valid_accuracy: 0.5,
        full_valid_loss: 9,
      },
      { step: 2, train_loss: 1, train_accuracy: 0.75 },
    ]);
  });

  it("may come in base64 or with a byte-order mark", () => {
    const text = "step,train_loss\n1,0.5\n";
    const points = [{ step: 1, train_loss: 0.5 }];
    expect(parseCurve(`\uFEFF${text}`)).toEqual(points);
    expect(parseCurve(Buffer.from(text).toString("base64"))).toEqual(points);
  });

  it("that is none gives no points, and never throws", () => {
    expect(parseCurve("")).toEqual([]);
    expect(parseCurve("<html>nothing</html>")).toEqual([]);
    assert(
      property(string(), (text) => {
        for (const point of parseCurve(text)) expect(Number.isInteger(point.step)).toBe(true);
      }),
    );
  });

  it("of any length becomes at most 501 points, with the last one", () => {
    assert(
      property(integer({ min: 1, max: 20_000 }), (count) => {
        const rows = Array.from({ length: count }, (_, i) => `${i + 1},0.5`).join("\n");
        const points = parseCurve(`step,train_loss\n${rows}`);
        expect(points.length).toBeLessThanOrEqual(501);
        expect(points.at(-1)?.step).toBe(count);
      }),
      { numRuns: 30 },
    );
  });

  it("is summed up by what the whole validation side measured, where a checkpoint or a column has it", () => {
    const batches = [
      { step: 1, valid_loss: 0.1, valid_accuracy: 1 },
      { step: 2, valid_loss: 3, valid_accuracy: 0 },
    ];
    const full = (step: number, loss: number, accuracy: number) => ({
      step,
      metrics: { full_valid_loss: loss, full_valid_mean_token_accuracy: accuracy },
    });
    expect(summarise(withCheckpoints(batches, [full(1, 1.44, 0.28), full(2, 2.23, 0.3)]))).toMatchObject({
      valid_loss: 2.23,
      valid_accuracy: 0.3,
      best_valid_loss: 1.44,
      best_valid_step: 1,
    });
    expect(summarise(withCheckpoints(batches, []))).toMatchObject({ valid_loss: 3, best_valid_loss: 0.1 });
  });

  it("is summed up by its last values and the best validation loss; what is unknown is absent", () => {
    expect(
      summarise([
        { step: 1, train_loss: 2, valid_loss: 1.5 },
        { step: 2, train_loss: 1, valid_loss: 1.2, valid_accuracy: 0.8 },
        { step: 3, train_loss: 0.5, valid_loss: 1.9 },
        { step: 4, train_loss: 0.4 },
      ]),
    ).toEqual({ steps: 4, train_loss: 0.4, valid_loss: 1.9, best_valid_loss: 1.2, best_valid_step: 2 });
    expect(summarise([])).toEqual({});
  });
});
