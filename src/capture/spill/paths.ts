import { randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

/**
 * The files beside `<base>`, which is `<home>/spill/<agent>.jsonl`: `<base>.<owner>-<n>.spill` with one episode a line,
 * `<base>.<owner>.lease`, and `<base>.bad`. Earlier versions left `<base>` itself and `<base>.<pid>-….replay`.
 */
const SPILL = /^([0-9a-f]{12})-\d+\.spill$/;
const EARLIER = /^\d+-\d+-\d+\.replay$/;

export const newOwner = (): string => randomBytes(6).toString("hex");
export const leasePath = (base: string, owner: string): string => `${base}.${owner}.lease`;
export const badPath = (base: string): string => `${base}.bad`;
export const spillPath = (base: string, owner: string, n: number): string => `${base}.${owner}-${n}.spill`;

export interface FoundFile {
  readonly path: string;
  /** Absent: an earlier version's. */
  readonly owner: string | undefined;
}

/** Every file with episodes in it, whoever owns it. */
export async function spillFiles(base: string): Promise<FoundFile[]> {
  const folder = path.dirname(base);
  const name = path.basename(base);
  const found: FoundFile[] = [];
  for (const entry of await readdir(folder).catch(() => [])) {
    const rest = entry.startsWith(`${name}.`) ? entry.slice(name.length + 1) : undefined;
    const owner = rest === undefined ? undefined : SPILL.exec(rest)?.[1];
    if (owner !== undefined || entry === name || (rest !== undefined && EARLIER.test(rest)))
      found.push({ path: path.join(folder, entry), owner });
  }
  return found;
}

/** Bytes of the files; one that is gone has none. */
export async function sizeOf(files: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const file of files)
    bytes += await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  return bytes;
}

export function ignoreMissing(thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
}
