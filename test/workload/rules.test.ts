import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import type { LineOf, Work, Workload } from "../../src/workload/contract.ts";
import { admit, enter, isAtWork, leave, placeOf, putBack } from "../../src/workload/rules.ts";

const EMPTY: Workload = {
  id: "workload",
  type: "workload",
  agent_id: "a",
  created_at: "2026-01-01T00:00:00.000Z",
  at_work: [],
  waiting: [],
};
const work = (id: string, type = "pipeline"): Work => ({ type, id, at: "2026-01-01T00:00:00.000Z" });
const lineOf: LineOf = (type) => (type === "dataset" ? "short" : "training");
const ids = (works: readonly Work[]) => works.map(({ id }) => id);

describe("a workload", () => {
  it("lets in as many as there is room for, in the order in which they came, and no second time", () => {
    let load = ["1", "2", "3", "2"].reduce((now, id) => enter(now, work(id)), EMPTY);
    expect(ids(load.waiting)).toEqual(["1", "2", "3"]);
    const admitted = admit(load, 2, lineOf);
    expect(ids(admitted.begun)).toEqual(["1", "2"]);
    load = admitted.load;
    expect(enter(load, work("1"))).toBe(load);
    expect(placeOf(load, work("3"), lineOf)).toBe(1);
    expect(admit(load, 2, lineOf)).toEqual({ load, begun: [] });
    expect(ids(admit(leave(load, work("1")), 2, lineOf).begun)).toEqual(["3"]);
  });

  it("without a limit lets all in", () => {
    const load = ["1", "2", "3"].reduce((now, id) => enter(now, work(id)), EMPTY);
    expect(ids(admit(load, 0, lineOf).begun)).toEqual(["1", "2", "3"]);
  });

  it("lets in of each line as many as there is room for, whatever stands before them in the other", () => {
    const asked = [work("1"), work("2"), work("3", "dataset"), work("4"), work("5", "dataset")];
    const { load, begun } = admit(asked.reduce(enter, EMPTY), 1, lineOf);
    expect([ids(begun), ids(load.waiting)]).toEqual([
      ["1", "3"],
      ["2", "4", "5"],
    ]);
    expect(load.waiting.map((one) => placeOf(load, one, lineOf))).toEqual([1, 2, 1]);
  });

  it("knows records by type and id, and changes nothing for one that it does not hold", () => {
    const load = admit(enter(EMPTY, work("1", "dataset")), 1, lineOf).load;
    expect(isAtWork(load, work("1", "run"))).toBe(false);
    expect(leave(load, work("1", "run"))).toBe(load);
  });

  it("after any moves holds each record once, at most so many at work, and whoever came first is begun first", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const atMost = 1 + Math.floor(random() * 3);
      const asked: string[] = [];
      const begun: string[] = [];
      let load = EMPTY;
      for (let move = 0; move < 60; move++) {
        const dice = random();
        if (dice < 0.5) {
          const id = String(asked.length);
          asked.push(id);
          load = enter(load, work(id));
        } else if (dice < 0.8 && load.at_work.length > 0) {
          const one = load.at_work[Math.floor(random() * load.at_work.length)];
          if (one !== undefined) load = leave(load, one);
        } else if (load.waiting.length > 0 && dice > 0.95) {
          // It could not be begun, and is tried again before all others.
          const admitted = admit(load, atMost, lineOf);
          const [first] = admitted.begun.toReversed();
          load = first === undefined ? admitted.load : putBack(admitted.load, first);
          begun.push(...ids(admitted.begun.filter((one) => one !== first)));
          continue;
        }
        const admitted = admit(load, atMost, lineOf);
        begun.push(...ids(admitted.begun));
        load = admitted.load;
        const held = ids([...load.at_work, ...load.waiting]);
        expect(new Set(held).size).toBe(held.length);
        expect(load.at_work.length).toBeLessThanOrEqual(atMost);
        // Nobody waits while there is room.
        expect(load.waiting.length === 0 || load.at_work.length === atMost).toBe(true);
      }
      expect(begun).toEqual(asked.slice(0, begun.length));
    }
  });
});
