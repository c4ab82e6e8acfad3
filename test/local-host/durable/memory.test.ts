import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import {
  EventType,
  historyJson,
  restore,
  type StoredEvent,
  store,
} from "../../../src/local-host/durable/history/history.ts";
import { HistoryCache } from "../../../src/local-host/durable/store/history-cache.ts";
import type { Instance, Message } from "../../../src/local-host/durable/store/store.ts";
import { TimerQueue } from "../../../src/local-host/durable/work/timer-queue.ts";

const started = store({
  EventType: EventType.OrchestratorStarted,
  EventId: -1,
  Timestamp: "2026-01-01T00:00:00.000Z",
});
const message = (id: number, instanceId: string): Message => ({
  id,
  instanceId,
  executionId: "x",
  due: null,
  event: started,
});

describe("timers", () => {
  test("fire in the order they are due, none early, none that was dropped, with one clock timer at a time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ after: fc.nat(50), instance: fc.constantFrom("a", "b", "c") }), {
          maxLength: 30,
        }),
        fc.constantFrom("a", "b", "none"),
        (timers, dropped) => {
          const clock = new VirtualClock(0);
          const fired: { id: number; at: number }[] = [];
          const queue = new TimerQueue(clock, ({ id }) => fired.push({ id, at: clock.now() }));
          for (const [id, { after, instance }] of timers.entries()) queue.add(message(id, instance), after);
          queue.drop(dropped);
          const expected = timers
            .map(({ after, instance }, id) => ({ id, at: after, instance }))
            .filter(({ instance }) => instance !== dropped)
            .toSorted((a, b) => a.at - b.at || a.id - b.id)
            .map(({ id, at }) => ({ id, at }));
          let steps = 0;
          while (clock.fireNext()) steps++;
          expect(fired).toEqual(expected);
          expect(steps).toBe(new Set(expected.map(({ at }) => at)).size);
        },
      ),
    );
  });

  test("are dropped for one execution and kept for the next", () => {
    const clock = new VirtualClock(0);
    const fired: number[] = [];
    const queue = new TimerQueue(clock, ({ id }) => fired.push(id));
    queue.add({ ...message(1, "a"), executionId: "old" }, 10);
    queue.add({ ...message(2, "a"), executionId: "new" }, 20);
    queue.drop("a", "old");
    expect(clock.nextAt()).toBe(20);
    clock.advance(30);
    expect(fired).toEqual([2]);
  });

  test("longer than setTimeout can wait stay on the clock", () => {
    const clock = new VirtualClock(0);
    const queue = new TimerQueue(clock, () => {});
    queue.add(message(1, "a"), 2 ** 40);
    expect(clock.nextAt()).toBe(2 ** 40);
  });
});

describe("the cache of histories", () => {
  test("stays within its bound and forgets what was not used for longest", () => {
    const size = started.text.length;
    const cache = new HistoryCache(3 * size);
    const keep = (id: string, events: StoredEvent[] = [started]) => cache.set({ id } as Instance, events);
    for (const id of ["a", "b", "c"]) keep(id);
    keep("a");
    keep("d");
    expect(["a", "b", "c", "d"].filter((id) => cache.get(id) !== undefined)).toEqual(["a", "c", "d"]);
    keep(
      "huge",
      Array.from({ length: 10 }, () => started),
    );
    expect(cache.get("huge")).toBeUndefined();
    keep("e");
    expect(cache.get("e")?.events).toEqual([started]);
  });
});

describe("stored history", () => {
  test("comes back as it was and says which events were played before", () => {
    expect(restore(started.text)).toEqual(started);
    expect(JSON.parse(historyJson([started], [started]))).toEqual([
      { ...started.event, IsPlayed: true },
      { ...started.event, IsPlayed: false },
    ]);
  });
});
