import { keyedFraction } from "../src/kernel/hashing.ts";
import type { DemoRequest } from "./corpus.ts";

/** Chosen once, before the first run, and never again. */
const KEY = "agent-lightning demo";
const SHARE = 0.3;

export interface Sides {
  /** The agent's daily work: all that training can learn from. */
  readonly work: readonly DemoRequest[];
  /** They alone judge. No model is trained on them, nothing is filtered by them. */
  readonly judges: readonly DemoRequest[];
}

/** Parts the requests by the keyed hash of their group's name, so that paraphrases stay on one side. */
export function setAside(corpus: readonly DemoRequest[]): Sides {
  const judges = corpus.filter(({ group }) => keyedFraction(KEY, group) < SHARE);
  const chosen = new Set(judges);
  return { judges, work: corpus.filter((request) => !chosen.has(request)) };
}

export function countGroups(requests: readonly DemoRequest[]): number {
  return new Set(requests.map(({ group }) => group)).size;
}
