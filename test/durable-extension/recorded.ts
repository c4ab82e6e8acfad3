import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { comparable, differences } from "../parity/compare.ts";
import type { Call, Case, Recording } from "../parity/format.ts";
import { Replay } from "../parity/replay.ts";
import { ROOT } from "./processes.ts";
import { Rig } from "./rig.ts";

const FOLDER = path.join(ROOT, "test/parity");
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FOLDER, `${name}.json`), "utf8"));
/** More of them at once, and what waits a fixed time is not there yet on a machine of two cores. */
const LANES = 8;

export interface Replayed {
  readonly compared: number;
  /** Sent once more, since some wait a fixed time, which on a busy machine may be too short. */
  readonly sentAgain: readonly string[];
  /** Name of a case or call and its first difference. */
  readonly differences: Readonly<Record<string, string>>;
}

/** The recorded cases, then the calls, on an empty task hub of Microsoft's engine. */
export async function replayRecorded(): Promise<Replayed> {
  const recorded = read("recorded") as Recording;
  const cases = read("cases") as readonly Case[];
  const calls = read("calls") as readonly Call[];
  const names = comparable(recorded, cases, calls);
  const compared = names.length;
  const sentAgain = [...differences(names, recorded, await seenOf(cases, calls, LANES)).keys()];
  if (sentAgain.length === 0) return { compared, sentAgain, differences: {} };
  const again = cases.filter(({ name }) => sentAgain.includes(name));
  const someCall = calls.some((one) => "name" in one && sentAgain.includes(one.name));
  const seen = await seenOf(again, someCall ? calls : [], 1);
  return {
    compared,
    sentAgain,
    differences: Object.fromEntries(differences(sentAgain, recorded, seen)),
  };
}

/** What they give on a hub of its own. */
async function seenOf(cases: readonly Case[], calls: readonly Call[], lanes: number): Promise<Recording> {
  const rig = await Rig.open({ app: path.join(FOLDER, "app") });
  try {
    const base = rig.members[0]?.url ?? "";
    const send = (address: string, init: RequestInit) => fetch(`${base}${address}`, init);
    const replay = new Replay({ base, send, now: () => performance.now(), sleep });
    return { cases: await replay.cases(cases, lanes), calls: await replay.calls(calls) };
  } finally {
    await rig.close();
  }
}
