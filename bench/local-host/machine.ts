import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { median } from "../median.ts";

const PAGE_BYTES = 4096;
const WRITES = 200;
const STARTS = 5;

/** What no engine can be faster than on this machine, at this moment; in ms, medians. */
export interface Machine {
  /** Writing over a page of a file that is there, and waiting until it is on the disk. */
  readonly sync_ms: number;
  /** Node that does nothing, from its start to its end. */
  readonly node_start_ms: number;
}

export function measureMachine(): Machine {
  return { sync_ms: median(syncs()), node_start_ms: median(starts()) };
}

function syncs(): number[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lightning-disk-"));
  const file = fs.openSync(path.join(folder, "log"), "w+");
  try {
    fs.writeSync(file, Buffer.alloc(WRITES * PAGE_BYTES));
    fs.fsyncSync(file);
    return timesOf(WRITES, (n) => {
      fs.writeSync(file, Buffer.alloc(PAGE_BYTES, n), 0, PAGE_BYTES, n * PAGE_BYTES);
      fs.fdatasyncSync(file);
    });
  } finally {
    fs.closeSync(file);
    fs.rmSync(folder, { recursive: true });
  }
}

const starts = () => timesOf(STARTS, () => spawnSync(process.execPath, ["-e", "0"]));

function timesOf(count: number, work: (n: number) => void): number[] {
  return Array.from({ length: count }, (_, n) => {
    const begun = performance.now();
    work(n);
    return performance.now() - begun;
  });
}
