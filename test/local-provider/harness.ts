import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { afterAll } from "@jest/globals";
import OpenAI from "openai";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { type LocalProviderOptions, startLocalProvider } from "../../src/local-provider/start.ts";
import { type Answered, faultsAgainstTypes } from "./held-to-types.ts";

const answered: Answered[] = [];
/** The platform's fetch, which keeps what came back; whatever a test asks is held to the package's types at its end. */
export const recordingFetch: typeof globalThis.fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { pathname } = new URL(input instanceof Request ? input.url : String(input));
  const line = `${(init?.method ?? "GET").toUpperCase()} ${pathname}`;
  const type = response.headers.get("content-type") ?? "";
  const { status } = response;
  if (type.startsWith("application/json"))
    answered.push({ line, status, value: await response.clone().json() });
  else if (type.startsWith("text/event-stream"))
    for (const [, data = ""] of (await response.clone().text()).matchAll(/^data: (\{.*)$/gm))
      answered.push({ line: `${line} #`, status, value: JSON.parse(data) as unknown });
  return response;
};
afterAll(async () => {
  const faults = await faultsAgainstTypes(answered);
  if (faults.length > 0) throw new Error(faults.join("\n"));
});

/** Names that the untrained model has in these tests. */
export const BASES = ["base", "gpt-4o-mini-2024-07-18"];

/** A local provider in a folder of its own on a virtual clock, and the official client pointed at it. */
export async function startProvider(options: Partial<LocalProviderOptions> = {}) {
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
      fetch: recordingFetch,
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
