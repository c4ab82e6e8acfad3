import { readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./run.ts";

/** Bytes of the files in a folder. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export interface Cost {
  readonly ms: number;
  readonly mb: number;
}

const ROUNDS = 9;

/**
 * What an import costs above a process that imports an empty module: medians of nine rounds in turn, so that a busy
 * machine slows both alike.
 */
export async function importCost(folder: string, node: string, name: string): Promise<Cost> {
  const script = (file: string, imported: string) => {
    const text = `const start = performance.now();
await import(${JSON.stringify(imported)});
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, mb: process.memoryUsage().rss / 2 ** 20 }));
`;
    writeFileSync(path.join(folder, file), text);
  };
  writeFileSync(path.join(folder, "empty.mjs"), "");
  script("measure-empty.mjs", "./empty.mjs");
  script("measure-import.mjs", name);
  const found: Record<string, Cost[]> = { "measure-empty.mjs": [], "measure-import.mjs": [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const [file, costs] of Object.entries(found)) {
      const { code, out, err } = await run(node, [file], { cwd: folder });
      if (code !== 0) throw new Error(`${name} cannot be imported: ${err}`);
      costs.push(JSON.parse(out) as Cost);
    }
  const [empty = [], imported = []] = Object.values(found);
  const above = (of: (cost: Cost) => number) => median(imported.map(of)) - median(empty.map(of));
  return { ms: above(({ ms }) => ms), mb: above(({ mb }) => mb) };
}
