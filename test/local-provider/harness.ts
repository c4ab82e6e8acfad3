import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import OpenAI from "openai";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { type LocalProviderOptions, startLocalProvider } from "../../src/local-provider/start.ts";

/** Names that the untrained model has in these tests. */
export const BASES = ["base", "gpt-4o-mini-2024-07-18"];

/** A local provider in a folder of its own on a virtual clock, and the official client pointed at it. */
export async function startProvider(
  options: Partial<LocalProviderOptions> & { readonly fetch?: typeof globalThis.fetch } = {},
) {
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), "local-provider-")));
  const clock = (options.clock as VirtualClock | undefined) ?? new VirtualClock();
  const server = await startLocalProvider({ models: BASES, ...options, folder, clock, logger: silentLogger });
  const { origin } = new URL(server.baseURL);
  /** The official client at one of the provider's doors. */
  const clientAt = (door: string) =>
    new OpenAI({
      baseURL: `${origin}${door}`,
      apiKey: server.apiKey,
      maxRetries: 0,
      logLevel: "off",
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
  return {
    ...server,
    origin,
    folder,
    clock,
    client: clientAt("/v1"),
    clientAt,
    async remove() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Moves the clock on, 10 ms at a time, with real input and output between, until `done` holds. */
export async function until(clock: VirtualClock, done: () => Promise<boolean>, rounds = 2000): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    if (await done()) return;
    clock.advance(10);
    await breathe();
  }
  throw new Error("it did not happen");
}

export const jsonl = (lines: readonly string[], name = "train.jsonl") =>
  new File([`${lines.join("\n")}\n`], name);
