import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sleep, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { scratch } from "../local-host/support.ts";
import { comparable, differences } from "./compare.ts";
import type { Call, Case, Door, Recording } from "./format.ts";
import { ON_PURPOSE } from "./on-purpose.ts";
import { ON_PURPOSE_DOORS } from "./on-purpose-doors.ts";
import { Replay } from "./replay.ts";

const folder = import.meta.dirname;
const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
const recorded = read("recorded") as Recording;
const cases = read("cases") as readonly Case[];
const calls = read("calls") as readonly Call[];
const onPurpose: Readonly<Record<string, string>> = { ...ON_PURPOSE, ...ON_PURPOSE_DOORS };

/** Real time that all of it may take, on a machine that has others to serve as well. */
const WITHIN_MS = 300_000;

/** What the local host gave, and where that differs from the recording. */
let seen: Recording;
let differing: ReadonlyMap<string, string>;
let host: LocalHost;

beforeAll(async () => {
  const clock = new VirtualClock();
  const pause = (ms: number) => sleep(clock, ms);
  Object.assign(globalThis, { probePause: pause });
  const home = await scratch();
  host = await LocalHost.start({ folder: `${folder}/app`, home, clock, logger: silentLogger });
  const send: Door["send"] = (path, init) => host.fetch(path, init);
  const replay = new Replay({ base: host.baseUrl, send, now: () => clock.now(), sleep: pause });
  const lanes = Promise.all([replay.cases(cases, cases.length), replay.calls(calls)]);
  const [seenCases, seenCalls] = await host.until(lanes, { withinMs: WITHIN_MS });
  seen = { cases: seenCases, calls: seenCalls };
  differing = differences(comparable(recorded, cases, calls), recorded, seen);
}, WITHIN_MS);
afterAll(() => host.stop());

describe("what Microsoft's engine answered to the probe app", () => {
  test("the local host answers, but for what is listed with its reason", () => {
    const untold = [...differing].filter(([name]) => onPurpose[name] === undefined);
    expect(Object.fromEntries(untold)).toEqual({});
  });

  test("differs in everything that is listed", () => {
    expect(Object.keys(onPurpose).filter((name) => !differing.has(name))).toEqual([]);
  });

  test("is said to differ where it was not recorded, or not sent", () => {
    const [one] = cases.map(({ name }) => name);
    const recording = (name: string): Recording => ({ cases: { [name]: { theme: "any" } }, calls: {} });
    const names = comparable(recording("kept"), cases.slice(0, 1), []);
    expect(Object.fromEntries(differences(names, recording("kept"), recording(one ?? "")))).toEqual({
      [one ?? ""]: "was not recorded",
      kept: "was not sent",
    });
  });

  test("was recorded of names that are different from each other", () => {
    const names = [...cases, ...calls].flatMap((one) => ("name" in one ? [one.name] : []));
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(seen.cases)).toHaveLength(cases.length);
  });
});
