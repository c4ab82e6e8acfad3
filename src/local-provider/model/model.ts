import type { Label, Sparse, Weights } from "./classifier.ts";
import type { Leaf } from "./slots.ts";

/** A training example as the tuned model keeps it: its words, what was decided, and how its arguments were found. */
export interface Memory {
  readonly label: Label;
  readonly x: Sparse;
  readonly text?: string;
  readonly leaves?: readonly Leaf[];
  /** How far this answer was preferred to another in the same situation, beside 0 for those that nobody compared. */
  readonly liking?: number;
}

/** All that training leaves behind. */
export interface Model {
  readonly weights: Weights;
  readonly memory: readonly Memory[];
}

const base64 = (array: Float32Array | Int32Array) =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
// Copied into a buffer of its own: a small Buffer may start where a Float32Array must not.
const floats = (text: string) => new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);
const integers = (text: string) => new Int32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);

export function serializeModel(model: Model): string {
  const { weights, memory } = model;
  return JSON.stringify({
    version: 1,
    labels: weights.labels,
    vocabulary: [...weights.vocabulary.keys()],
    idf: base64(weights.idf),
    rows: weights.rows.map(base64),
    gain: weights.gain,
    memory: memory.map(({ x, ...rest }) => ({ ...rest, at: base64(x.at), value: base64(x.value) })),
  });
}

export function parseModel(text: string): Model {
  const raw = JSON.parse(text) as {
    labels: Label[];
    vocabulary: string[];
    idf: string;
    rows: string[];
    gain: number;
    memory: (Omit<Memory, "x"> & { at: string; value: string })[];
  };
  return {
    weights: {
      labels: raw.labels,
      vocabulary: new Map(raw.vocabulary.map((feature, i) => [feature, i])),
      idf: floats(raw.idf),
      rows: raw.rows.map(floats),
      gain: raw.gain,
    },
    memory: raw.memory.map(({ at, value, ...rest }) => ({
      ...rest,
      x: { at: integers(at), value: floats(value) },
    })),
  };
}
