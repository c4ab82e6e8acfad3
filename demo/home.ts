import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { findRunningHost } from "../src/local-host/home.ts";

/** What a run leaves for the next one with `--keep`. */
const stateSchema = z.object({
  rounds: z.number().int(),
  /** Datasets of corrections, which every later training includes. */
  golden: z.array(z.string()),
});
export type DemoState = z.output<typeof stateSchema>;

const fileOf = (home: string) => path.join(home, "demo.json");

/**
 * Makes the demo's folder ready: emptied, or as the last run left it.
 * @throws Error when a host is at work on it, or when an emptied folder would lose what is not the demo's
 */
export async function openHome(home: string, keep: boolean): Promise<DemoState> {
  const running = await findRunningHost(home);
  if (running !== undefined)
    throw new Error(`Process ${running.pid} serves ${home} at ${running.url}; stop it first.`);
  const state = readState(home);
  if (keep && state !== undefined) return state;
  if (state === undefined && existsSync(home) && readdirSync(home).length > 0)
    throw new Error(`${home} is not a folder of the demo and not empty; give another --home.`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const fresh = { rounds: 0, golden: [] };
  saveState(home, fresh);
  return fresh;
}

export function saveState(home: string, state: DemoState): void {
  writeFileSync(fileOf(home), `${JSON.stringify(state, undefined, 2)}\n`);
}

function readState(home: string): DemoState | undefined {
  return existsSync(fileOf(home))
    ? stateSchema.parse(JSON.parse(readFileSync(fileOf(home), "utf8")))
    : undefined;
}
