import { seededRandom } from "../../src/local-host/seeded-random.ts";

/** What the patterns apps' orchestrators come to. */
export interface Pattern {
  readonly name: string;
  input(n: number): unknown;
  output(n: number): unknown;
  /** The approval that somebody gives, if somebody does. */
  approval?(n: number): unknown;
  readonly version?: string;
}

const chained = (n: number) => `result ${n * 2 + 1}`;
const asGiven = (n: number) => n;

export const PATTERNS: readonly Pattern[] = [
  { name: "chaining", input: asGiven, output: chained },
  { name: "fanOutFanIn", input: asGiven, output: (n) => (n + 3) * (n + 2) },
  { name: "monitor", input: asGiven, output: (n) => ({ looks: n + 2 }) },
  {
    name: "humanInteraction",
    input: asGiven,
    approval: (n) => (n % 2 === 0 ? { by: `person ${n}` } : undefined),
    output: (n) => (n % 2 === 0 ? { approved: { by: `person ${n}` } } : `escalated ${n}`),
  },
  { name: "aggregator", input: asGiven, output: (n) => n * 6 + 1 },
  { name: "subOrchestration", input: asGiven, output: (n) => [chained(n), chained(n + 1)] },
  { name: "eternal", input: (n) => ({ n }), output: (n) => 2 * (n + (n + 1) + (n + 2)) },
  { name: "retries", input: asGiven, output: (n) => n + 100 },
  { name: "versioning", input: asGiven, output: (n) => ({ path: "new", n: 2 * n + 1 }) },
  { name: "versioning", version: "1.0", input: asGiven, output: (n) => ({ path: "old", n: 2 * n }) },
];

/** One of each pattern and some more, in an order and with numbers of the seed. */
export function mixOf(seed: number): { pattern: Pattern; id: string; n: number }[] {
  const random = seededRandom(seed ^ 0x5eed);
  const pick = [...PATTERNS];
  while (pick.length < PATTERNS.length + 4) {
    const more = PATTERNS[Math.floor(random() * PATTERNS.length)];
    if (more !== undefined) pick.splice(Math.floor(random() * pick.length), 0, more);
  }
  return pick.map((pattern, i) => ({
    pattern,
    id: `${pattern.name}-${i}`,
    n: Math.floor(random() * 5),
  }));
}
