import { randomUUID } from "node:crypto";
import { expect } from "@jest/globals";
import type { ErrorKind } from "../../../src/kernel/errors.ts";
import type { LedgerDocument } from "../../../src/ledger/ledger.ts";

/** An agent of one test alone: its documents are its own partition. */
export const someAgent = () => `agent-${randomUUID()}`;

export interface Sample extends LedgerDocument {
  readonly [field: string]: unknown;
}

const AT = "2026-01-01T00:00:00.000Z";
/** The n-th second of a day. */
export const second = (n: number) => new Date(Date.parse(AT) + n * 1000).toISOString();

export const episode = (agent: string, id: string, more: Record<string, unknown> = {}): Sample => ({
  id,
  agent_id: agent,
  created_at: AT,
  recorded_at: AT,
  ...more,
});
export const reward = (
  agent: string,
  episodeId: string,
  id: string,
  more: Record<string, unknown> = {},
): Sample => ({
  id,
  agent_id: agent,
  episode_id: episodeId,
  created_at: AT,
  source: "human",
  value: 0.5,
  ...more,
});
export const run = (agent: string, id: string, more: Record<string, unknown> = {}): Sample => ({
  id,
  agent_id: agent,
  created_at: AT,
  type: "training_run",
  ...more,
});

/** The promise is refused with that kind and code. */
export async function expectRefusal(
  promise: Promise<unknown>,
  kind: ErrorKind,
  code?: string,
): Promise<void> {
  await expect(promise).rejects.toMatchObject({
    name: "LightningError",
    kind,
    ...(code === undefined ? {} : { code }),
  });
}

/** Every item of a paged listing, and how many pages it took. */
export async function allPages<T>(
  next: (after: string | undefined) => Promise<{ items: T[]; continuation?: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const page = await next(after);
    all.push(...page.items);
    after = page.continuation;
  } while (after !== undefined);
  return all;
}
