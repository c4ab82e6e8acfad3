import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createLogger, type Logger } from "../../src/kernel/logger.ts";

/** A fresh folder of this test's own. */
export function scratch(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), "lightning-host-"));
}

export function appFolder(name: string): string {
  return fileURLToPath(new URL(`../fixtures/apps/${name}`, import.meta.url));
}

/** A logger whose lines a test can read. */
export function memoryLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger((line) => lines.push(line), "debug"), lines };
}

/** What `esm-app` notes of the calls of its background functions, and what tests tell it to do. */
export interface FixtureNotes {
  readonly fixtureSeen: Record<string, { value: unknown; retry: number }[] | undefined>;
  readonly fixturePlan: Record<string, ((value: unknown) => unknown) | undefined>;
  readonly fixtureOrder: string[];
  fixtureWait: () => Promise<void>;
}
export const notes = globalThis as unknown as FixtureNotes;
