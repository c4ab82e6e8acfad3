import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../src/kernel/clock.ts";
import type { ChangeSource } from "../../src/local-host/change-feed/change-source.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { appFolder, memoryLogger, notes, scratch } from "./support.ts";

interface Item {
  readonly id: string;
}

interface Feed {
  source: ChangeSource;
  add(...ids: string[]): void;
  bell(): void;
}

/** An append-only feed; `bell` rings the subscribers. */
function memoryFeed(): Feed {
  const items: Item[] = [];
  const listeners = new Set<() => void>();
  const source: ChangeSource = {
    has: (container) => container === "things",
    page: async (_container, after, limit) => {
      const from = Number(after ?? 0);
      const end = Math.min(items.length, from + limit);
      return { items: items.slice(from, end), continuation: String(end), drained: end === items.length };
    },
    subscribe: (_container, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const add = (...ids: string[]) => items.push(...ids.map((id) => ({ id })));
  const bell = () => {
    for (const listener of listeners) listener();
  };
  return { source, add, bell };
}

const HOUR = 3_600_000;
let clock: VirtualClock;
let home: string;
let host: LocalHost | undefined;
let { logger, lines } = memoryLogger();
let feed: Feed = memoryFeed();

beforeEach(async () => {
  clock = new VirtualClock("2026-03-01T10:20:00Z");
  home = await scratch();
  ({ logger, lines } = memoryLogger());
  feed = memoryFeed();
  for (const key of Object.keys(notes.fixtureSeen ?? {})) delete notes.fixtureSeen[key];
  for (const key of Object.keys(notes.fixturePlan ?? {})) delete notes.fixturePlan[key];
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

async function start(env: Record<string, string> = {}): Promise<LocalHost> {
  await host?.stop();
  host = await LocalHost.start({
    folder: appFolder("esm-app"),
    home,
    clock,
    logger,
    changeSource: feed.source,
    env: { FIXTURE_THINGS: "things", ...env },
  });
  return host;
}

function running(): LocalHost {
  if (host === undefined) throw new Error("No host is running.");
  return host;
}

const values = (name: string) => (notes.fixtureSeen[name] ?? []).map((call) => call.value);
const idsOf = (name: string) => values(name).map((items) => (items as Item[]).map((item) => item.id));
const passed = (ms: number) => {
  const end = clock.now() + ms;
  return running().until(() => clock.now() >= end);
};

describe("timers", () => {
  test("run on their schedule, with what the schedule was", async () => {
    await start();
    await passed(2 * HOUR);
    expect(values("hourly")).toEqual([
      {
        isPastDue: false,
        schedule: { adjustForDST: true },
        scheduleStatus: {
          last: "0001-01-01T00:00:00",
          next: "2026-03-01T11:00:00.000Z",
          lastUpdated: "0001-01-01T00:00:00",
        },
      },
      {
        isPastDue: false,
        schedule: { adjustForDST: true },
        scheduleStatus: {
          last: "2026-03-01T11:00:00.000Z",
          next: "2026-03-01T12:00:00.000Z",
          lastUpdated: "2026-03-01T11:00:00.000Z",
        },
      },
    ]);
  });

  test("one that was missed while no host ran comes at once, marked as past due", async () => {
    await start();
    await running().stop();
    host = undefined;
    clock.advance(HOUR);
    await start();
    await running().settle();
    expect(values("hourly")).toMatchObject([{ isPastDue: true }]);
    await start();
    await running().settle();
    expect(values("hourly")).toHaveLength(1);
  });

  test("a clock that rings a millisecond early brings no occurrence twice", async () => {
    const early = new VirtualClock(clock.now());
    const after = early.after.bind(early);
    early.after = (ms, callback) => after(Math.max(0, ms - 1), callback);
    clock = early;
    await start();
    await passed(2 * HOUR);
    const due = values("hourly").map(
      (value) => (value as { scheduleStatus: { next: string } }).scheduleStatus.next,
    );
    expect(due.slice(0, 2)).toEqual(["2026-03-01T11:00:00.000Z", "2026-03-01T12:00:00.000Z"]);
  });

  test("what falls due while a run goes on comes right after it, once", async () => {
    await start();
    notes.fixturePlan.hourly = () => {
      // Three more fall due meanwhile.
      if (values("hourly").length === 1) clock.advance(3 * HOUR + 60_000);
    };
    await running().until(() => values("hourly").length === 2);
    expect(new Date(clock.now()).toISOString()).toBe("2026-03-01T14:01:00.000Z");
    await running().until(() => values("hourly").length === 3);
    expect(new Date(clock.now()).toISOString()).toBe("2026-03-01T15:00:00.000Z");
  });

  test("runOnStartup runs at each start; without a monitor there is no status", async () => {
    await start();
    await running().settle();
    expect(values("atStart")).toMatchObject([{ isPastDue: false, scheduleStatus: null }]);
  });

  test("a schedule from an app setting is off with one clear line when that is empty, and on when it is not", async () => {
    await start({ FIXTURE_CRON: "" });
    expect(lines.filter((line) => line.includes("'optional'"))).toEqual([
      "warn Function 'optional' is off: its schedule needs the setting FIXTURE_CRON, which is empty.",
    ]);
    await start({ FIXTURE_CRON: "0 */10 * * * *" });
    await passed(10 * 60_000);
    expect(values("optional")).toHaveLength(1);
  });

  test("a retry policy repeats a failed run after its delay, and no more often than it says", async () => {
    await start();
    notes.fixturePlan.retried = () => {
      throw new Error("not yet");
    };
    await running().until(() =>
      lines.some((line) => line.startsWith("error Timer 'retried' failed: not yet")),
    );
    expect(notes.fixtureSeen.retried?.map((call) => call.retry)).toEqual([0, 1, 2]);
    expect(new Date(clock.now()).toISOString()).toBe("2026-03-02T04:32:00.000Z");
  });

  test("a disabled function does not run", async () => {
    await start({ "AzureWebJobs.hourly.Disabled": "true" });
    await passed(2 * HOUR);
    expect(values("hourly")).toEqual([]);
  });
});

describe("warm-up", () => {
  test("runs once after the app is loaded", async () => {
    await start();
    expect(values("warm")).toEqual([{}]);
  });
});

describe("change feeds", () => {
  test("hand over pages in order, no more than maxItemsPerInvocation at a time", async () => {
    feed.add("a", "b", "c");
    await start();
    await running().settle();
    expect(idsOf("faithful")).toEqual([["a", "b"], ["c"]]);
    expect(idsOf("lossy")).toEqual([["a", "b", "c"]]);
  });

  test("a ring wakes them at once, without one they look after feedPollDelay", async () => {
    await start();
    await running().settle();
    const before = clock.now();
    feed.add("a");
    feed.bell();
    await running().until(() => idsOf("faithful").length === 1);
    expect(clock.now()).toBe(before);
    const ringing = feed.source;
    feed.source = {
      has: (container) => ringing.has(container),
      page: (container, after, limit) => ringing.page(container, after, limit),
    };
    await start();
    await running().settle();
    feed.add("b");
    await running().until(() => idsOf("faithful").length === 2);
    expect(clock.now() - before).toBe(1000);
  });

  test("the position is kept, so that a restart repeats nothing", async () => {
    feed.add("a");
    await start();
    await running().settle();
    await start();
    feed.add("b");
    await running().settle();
    expect(idsOf("faithful")).toEqual([["a"], ["b"]]);
  });

  test("without startFromBeginning only what comes after the first start is seen", async () => {
    feed.add("old");
    await start();
    feed.add("new");
    await running().settle();
    expect(idsOf("fromNow")).toEqual([["new"]]);
    await start();
    await running().settle();
    expect(idsOf("fromNow")).toEqual([["new"]]);
  });

  test("with a retry policy a page is tried again, later each time, until it is handled", async () => {
    feed.add("a");
    let failures = 5;
    await start({ FIXTURE_THINGS: "things" });
    notes.fixturePlan.faithful = () => {
      if (failures-- > 0) throw new Error("later");
    };
    feed.add("b", "c");
    const before = clock.now();
    await running().until(() => failures < 0);
    await running().settle();
    expect(notes.fixtureSeen.faithful?.at(-1)?.retry).toBeGreaterThanOrEqual(0);
    expect(idsOf("faithful").flat().at(-1)).toBe("c");
    // 1 + 2 + 4 + 8 + 8 seconds: doubled each time, up to the most.
    expect(clock.now() - before).toBeGreaterThanOrEqual(23_000);
  });

  test("a stop in mid-retry keeps the position, so that the page comes again", async () => {
    feed.add("a");
    notes.fixturePlan.faithful = () => {
      throw new Error("never");
    };
    await start();
    await running().until(() => (notes.fixtureSeen.faithful?.length ?? 0) >= 2);
    await running().stop();
    delete notes.fixturePlan.faithful;
    delete notes.fixtureSeen.faithful;
    await start();
    await running().settle();
    expect(idsOf("faithful")).toEqual([["a"]]);
  });

  test("in fault mode, pages fail after their work and come again to a function with a retry policy", async () => {
    feed.add("a", "b", "c");
    await start({ LIGHTNING_HOST_FAULTS: "seed=3,feed=0.7" });
    await running().settle();
    const given = idsOf("faithful").flat();
    expect([...new Set(given)]).toEqual(["a", "b", "c"]);
    expect(given.length).toBeGreaterThan(3);
    expect(lines.some((line) => line.includes("Fault mode, seed 3"))).toBe(true);
  });

  test("without a retry policy a failed page is lost, as in Azure, and the log says so loudly", async () => {
    feed.add("a");
    notes.fixturePlan.lossy = () => {
      throw new Error("poison");
    };
    await start();
    await running().settle();
    delete notes.fixturePlan.lossy;
    feed.add("b");
    await running().settle();
    expect(idsOf("lossy")).toEqual([["a"], ["b"]]);
    expect(
      lines.some((line) => line.startsWith("error Function 'lossy' failed: 1 changes of 'things' are LOST")),
    ).toBe(true);
  });

  test("a container the source does not know puts its function off with one line", async () => {
    await start();
    expect(lines).toContain(
      "warn Function 'elsewhere' is off: the container 'unknown' is not one of the change feeds.",
    );
  });
});

describe("app hooks", () => {
  test("appStart and appTerminate run at each start and stop of a host, and share their data", async () => {
    await start();
    notes.fixtureOrder.length = 0;
    await start();
    await running().stop();
    expect(notes.fixtureOrder).toEqual(["appTerminate true", "appStart", "appTerminate true"]);
  });
});
