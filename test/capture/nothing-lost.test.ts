import { promises as fs } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { type CaptureDeps, type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { CAPTURE_LIMITS, type CaptureStats } from "../../src/capture/limits.ts";
import { CaptureQueue } from "../../src/capture/queue.ts";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { invalid, limited } from "../../src/kernel/errors.ts";
import { createLogger, silentLogger } from "../../src/kernel/logger.ts";
import { sendOver } from "../../src/sdk/send-captured.ts";
import { invokeOver, restTransport } from "../../src/sdk/transport.ts";
import type { EpisodeInput } from "../../src/wire/types.ts";
import { realWork } from "../support/real-work.ts";
import { MOODS, Receiver } from "./storm/receiver.ts";

const settings = readSettings({ ENABLE_LIGHTNING_CAPTURE: "true" });
let folder: string;
let spillFile: string;
let clock: VirtualClock;
let hooks: CaptureHook[];
let sent: string[];
let isAway: boolean;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "nothing-lost-"));
  spillFile = path.join(folder, "spill.jsonl");
  clock = new VirtualClock();
  hooks = [];
  sent = [];
  isAway = false;
});
afterEach(async () => {
  isAway = false;
  for (const hook of hooks) await hook.close();
  await fs.rm(folder, { recursive: true, force: true });
});

const deliver = async (episodes: EpisodeInput[]) => {
  if (isAway) throw new Error("connection refused");
  sent.push(...episodes.map(({ id }) => id ?? ""));
};
const hang = () => new Promise<void>(() => {});

function make(deps: Partial<CaptureDeps> = {}): CaptureHook {
  const hook = createCaptureHook({
    send: deliver,
    settings,
    clock,
    logger: silentLogger,
    spillFile,
    ...deps,
    limits: { attempts: 1, ...deps.limits },
  });
  hooks.push(hook);
  return hook;
}
function capture(hook: CaptureHook, userInput = "hello"): string {
  const handle = hook.startCapture({ userInput });
  handle.endCapture({ assistantOutput: "done" });
  return handle.id;
}
const many = (hook: CaptureHook, count: number) => Array.from({ length: count }, () => capture(hook));
/** Lets everything run that needs no time, files included, until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(setImmediate);
}
/** As `until`, while time passes from timer to timer. */
async function inTime(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    clock.fireNext();
    await realWork(1);
  }
}
async function idsIn(ending: string, of = folder): Promise<string[]> {
  const names = (await fs.readdir(of)).filter((name) => name.endsWith(ending));
  const texts = await Promise.all(
    names.map((name) => fs.readFile(path.join(of, name), "utf8").catch(() => "")),
  );
  return [
    ...new Set([...texts.join("").matchAll(/"id":"(ep-[^"]+)"/g)].map(([, id]) => id ?? "")),
  ].toSorted();
}
const isBalanced = (stats: CaptureStats) => {
  const { captured, adopted, sent: taken, queued, onDisk, takenOver, setAside, rejected, dropped } = stats;
  const reasons = (of: object) => Object.values(of).reduce((sum: number, n) => sum + Number(n), 0);
  expect(taken + queued + onDisk + takenOver + setAside + rejected + dropped).toBe(captured + adopted);
  expect(reasons(stats.dropped_by)).toBe(dropped);
  expect(reasons(stats.refused_by)).toBe(rejected);
};

describe("the receiver's answer", () => {
  let receiver: Receiver;
  let endpoint: string;
  beforeEach(async () => {
    receiver = new Receiver();
    endpoint = await receiver.listen();
  });
  afterEach(() => receiver.close());

  const overRest = (deps: Partial<CaptureDeps> = {}) => {
    const transport = restTransport({
      settings: { endpoint, functionKey: undefined, home: folder },
      findHost: () => Promise.resolve(undefined),
    });
    return make({ send: sendOver(invokeOver(transport, "agent", clock)), ...deps });
  };

  test.each(MOODS.filter((mood) => !["well", "slow", "hangs"].includes(mood)))(
    "%s is no refusal: the episodes wait and arrive later, those on disk as well",
    async (mood) => {
      const hook = overRest();
      receiver.mood = mood;
      const ids = [...many(hook, 3)];
      await hook.flush();
      ids.push(...many(hook, 2));
      await hook.flush();
      expect(hook.stats()).toMatchObject({ sent: 0, rejected: 0, dropped: 0, onDisk: 5 });
      expect(await idsIn(".spill")).toEqual(ids.toSorted());
      receiver.mood = "well";
      await hook.flush();
      expect([...receiver.stored].toSorted()).toEqual(ids.toSorted());
      expect(hook.stats()).toMatchObject({ sent: 5, onDisk: 0, replayed: 5 });
    },
  );

  test("of 429 costs one request, which is not repeated before its time, and nobody is tried alone for it", async () => {
    let puttingOff = true;
    const requests: number[] = [];
    const hook = make({
      send: async (episodes) => {
        requests.push(clock.now());
        if (puttingOff) throw limited("rate_limited", "Too many.", { retryAfterMs: 20_000 });
        await deliver(episodes);
      },
      limits: { attempts: 3, poisonTries: 2 },
    });
    const ids = many(hook, 6);
    await inTime(() => requests.length === 1);
    await inTime(() => hook.stats().onDisk === 6);
    expect(requests).toHaveLength(1);
    for (let n = 2; n <= 6; n++) await inTime(() => requests.length === n);
    const pauses = requests.slice(1).map((at, n) => at - (requests[n] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20_000);
    expect(hook.stats()).toMatchObject({ sent: 0, setAside: 0, rejected: 0, dropped: 0 });
    puttingOff = false;
    await inTime(() => hook.stats().sent === 6 && hook.stats().onDisk === 0);
    expect(sent.toSorted()).toEqual(ids.toSorted());
    isBalanced(hook.stats());
  });

  test("with a code of ours is one, counted by the code and logged once with the field", async () => {
    const told: string[] = [];
    const hook = overRest({ logger: createLogger((line) => told.push(line)) });
    for (const text of ["a", "refused", "b", "refused"]) capture(hook, text);
    await hook.flush();
    expect(hook.stats()).toMatchObject({ sent: 2, rejected: 2, refused_by: { invalid_input: 2 } });
    expect(told).toEqual([
      expect.stringMatching(/^warn episode refused code="invalid_input" field="user_input"/),
    ]);
  });

  test("that one episode alone never gets sets it aside alone, and says so once", async () => {
    const told: string[] = [];
    const ill = overRest({ logger: createLogger((line) => told.push(line)), limits: { poisonTries: 3 } });
    const good = many(ill, 4);
    const bad = [capture(ill, "poison"), capture(ill, "poison")];
    good.push(...many(ill, 4));
    await ill.flush();
    expect([...receiver.stored].toSorted()).toEqual(good.toSorted());
    expect(ill.stats()).toMatchObject({ sent: 8, onDisk: 2, setAside: 0 });
    // Others are taken between its tries.
    for (let i = 0; ill.stats().setAside < 2; i++) {
      good.push(capture(ill));
      await ill.flush();
      expect(i).toBeLessThan(10);
    }
    expect([...receiver.stored].toSorted()).toEqual(good.toSorted());
    expect(await idsIn(".bad")).toEqual(bad.toSorted());
    expect(ill.stats()).toMatchObject({ onDisk: 0, dropped: 0, setAside: 2 });
    expect(told.filter((line) => line.includes("episode set aside"))).toHaveLength(1);
    isBalanced(ill.stats());
  });
});

describe("while the receiver is away", () => {
  test("what waits and what is on its way is on disk within a flush interval", async () => {
    const hook = make({ send: hang, limits: { batchSize: 3 } });
    const ids = many(hook, 8);
    for (let ms = 0; ms < 200; ms += 10) {
      clock.advance(10);
      await realWork(1);
    }
    await until(async () => (await idsIn(".spill")).length === 8);
    expect(await idsIn(".spill")).toEqual(ids.toSorted());
    expect(hook.stats()).toMatchObject({ dropped: 0, sent: 0 });
    isBalanced(hook.stats());
    const closed = hook.close();
    await inTime(() => hook.stats().queued === 0);
    await closed;
  });

  test("a hanging one fills the disk and not the bin", async () => {
    const hook = make({ send: hang, limits: { maxQueued: 100 } });
    for (let i = 0; i < 20; i++) {
      many(hook, 40);
      clock.advance(200);
      await until(() => hook.stats().queued <= 50);
    }
    expect(hook.stats()).toMatchObject({ captured: 800, dropped: 0 });
    expect(await idsIn(".spill")).toHaveLength(800);
    const closed = hook.close();
    await inTime(() => hook.stats().queued === 0);
    expect(await closed).toEqual({ queued: 0, onDisk: 800, dropped: 0 });
  });

  test("it is looked for again while the agent is idle, with growing pauses", async () => {
    isAway = true;
    const hook = make({ limits: { backoffMs: 1000 } });
    const ids = many(hook, 3);
    await hook.flush();
    const began = clock.now();
    await inTime(() => clock.now() > began + 60_000);
    const { failures } = hook.stats();
    expect(failures).toBeLessThan(30);
    isAway = false;
    await inTime(() => sent.length === 3);
    expect(sent.toSorted()).toEqual(ids.toSorted());
  });

  test("what is being sent out of memory is not written at the same time and counted twice", async () => {
    const home = path.join(folder, "home");
    // Under a file there is no folder.
    await fs.writeFile(home, "");
    let answer: (() => void) | undefined;
    const hook = make({
      send: async (episodes) => {
        if (!isAway) await new Promise<void>((resolve) => (answer = resolve));
        await deliver(episodes);
      },
      spillFile: path.join(home, "spill.jsonl"),
      limits: { maxQueued: 8 },
    });
    isAway = true;
    const held = many(hook, 3);
    await hook.flush();
    expect(hook.stats()).toMatchObject({ queued: 3, onDisk: 0 });
    isAway = false;
    await fs.rm(home);
    const flushed = hook.flush();
    await until(() => answer !== undefined);
    // Half full: what waits is written.
    const late = many(hook, 2);
    await until(() => hook.stats().onDisk > 0);
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    let isDone = false;
    void flushed.then(() => (isDone = true));
    await until(() => {
      answer?.();
      return isDone;
    });
    expect(sent.toSorted()).toEqual([...held, ...late].toSorted());
    isBalanced(hook.stats());
  });

  test("close ends within ten seconds and says what is left", async () => {
    const told: string[] = [];
    const hook = make({ send: hang, logger: createLogger((line) => told.push(line)) });
    const ids = many(hook, 120);
    const began = clock.now();
    let isClosed = false;
    const closed = hook.close().finally(() => {
      isClosed = true;
    });
    await inTime(() => isClosed);
    expect(clock.now() - began).toBeLessThanOrEqual(10_000);
    expect(await closed).toEqual({ queued: 0, onDisk: 120, dropped: 0 });
    expect(told.at(-1)).toMatch(/^warn episodes wait on disk episodes=120/);
    expect(await idsIn(".spill")).toEqual(ids.toSorted());
    capture(hook);
    expect(hook.stats()).toMatchObject({ captured: 121, dropped: 1, dropped_by: { closed: 1 } });
    isBalanced(hook.stats());
  });

  test("flushWithin ends in time, with the rest on disk", async () => {
    const hook = make({ send: hang });
    many(hook, 3);
    const flushed = hook.flushWithin(500);
    let rest: unknown;
    void flushed.then((value) => {
      rest = value;
    });
    clock.advance(500);
    await until(() => rest !== undefined);
    expect(rest).toMatchObject({ dropped: 0 });
    expect(await idsIn(".spill")).toHaveLength(3);
    const closed = hook.close();
    await inTime(() => hook.stats().queued === 0);
    await closed;
  });
});

describe("episodes that always fail do not keep the rest back", () => {
  const places = ["on disk", "in memory"] as const;
  const ways = ["while the agent goes on", "while it is idle"] as const;
  const cases = places.flatMap((place) =>
    ways.flatMap((way) => [2, 3, 4, 8, 9].map((count) => [count, place, way] as const)),
  );

  test.each(cases)("%i of them at the head of what waits %s, %s", async (count, place, way) => {
    const arrived = new Set<string>();
    const hook = make({
      send: async (episodes) => {
        if (isAway || episodes.some(({ user_input }) => user_input === "sick")) throw new Error("502");
        for (const { id } of episodes) arrived.add(id ?? "");
      },
      spillFile: place === "on disk" ? spillFile : undefined,
      limits: { batchSize: 4, poisonTries: 2 },
    });
    isAway = true;
    for (let sick = 0; sick < count; sick++) capture(hook, "sick");
    const good = many(hook, 6);
    await hook.flush();
    isAway = false;
    const isDone = () => good.every((id) => arrived.has(id));
    for (let round = 0; round < 30 && !isDone(); round++) {
      if (way === "while the agent goes on") good.push(capture(hook));
      await hook.flush();
    }
    expect(good.filter((id) => !arrived.has(id))).toEqual([]);
    for (let round = 0; round < 30; round++) {
      capture(hook);
      await hook.flush();
    }
    expect(hook.stats()).toMatchObject({ queued: 0, onDisk: 0 });
    const given =
      place === "on disk" ? { setAside: count } : { dropped: count, dropped_by: { poison: count } };
    expect(hook.stats()).toMatchObject(given);
    isBalanced(hook.stats());
  });
});

describe("processes that share a folder", () => {
  test("leave a living one's files alone; a dead one's are taken over by one of them", async () => {
    isAway = true;
    const dead = make();
    const ids = many(dead, 5);
    await dead.flush();
    isAway = false;
    const others = [make(), make()];
    for (const other of others) await other.flush();
    expect(sent).toEqual([]);
    // On the clock of these it has given no sign of life for long.
    clock = new VirtualClock(clock.now() + 25_000);
    const later = [make(), make()];
    await Promise.all(later.map((hook) => hook.flush()));
    expect(sent.toSorted()).toEqual(ids.toSorted());
    expect(later.map((hook) => hook.stats().adopted).toSorted((a, b) => a - b)).toEqual([0, 5]);
    for (const hook of later) isBalanced(hook.stats());
  });

  test("lose nothing to one that was thought dead and writes on", async () => {
    const asleep = make({ send: () => Promise.reject(new Error("away")), limits: { leaseMs: 1 } });
    const awake = make({ limits: { leaseMs: -1 } });
    const ids: string[] = [];
    for (let i = 0; i < 40; i++) {
      ids.push(...many(asleep, 5));
      await Promise.all([asleep.flush(), awake.flush()]);
    }
    await asleep.close();
    await awake.flush();
    expect([...new Set(sent)].toSorted()).toEqual(ids.toSorted());
    isBalanced(asleep.stats());
    isBalanced(awake.stats());
  });
});

describe("the counters add up", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("capture" as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ do: fc.constant("mood" as const), mood: fc.constantFrom("well", "away", "partly", "hangs") }),
    fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ do: fc.constant("flush" as const) }),
    fc.record({ do: fc.constant("turns" as const), count: fc.integer({ min: 1, max: 20 }) }),
  );
  test("whatever happens, in whichever order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 30 }),
        fc.boolean(),
        async (steps, hasFolder) => {
          clock = new VirtualClock();
          const home = await fs.mkdtemp(path.join(folder, "run-"));
          let mood = "well";
          const taken = new Set<string>();
          const send = async (episodes: EpisodeInput[]) => {
            if (mood === "hangs") await hang();
            if (mood === "away") throw new Error("away");
            if (mood === "partly" && episodes.some(({ user_input }) => user_input === "sick"))
              throw new Error("500");
            if (episodes.some(({ user_input }) => user_input === "bad")) throw invalid("invalid_input", "no");
            for (const { id } of episodes) taken.add(id ?? "");
          };
          const hook = make({
            send,
            spillFile: hasFolder ? path.join(home, "spill.jsonl") : undefined,
            limits: {
              batchSize: 4,
              maxQueued: 30,
              maxSpillBytes: 20_000,
              poisonTries: 2,
              sendTimeoutMs: 1000,
            },
          });
          let captured = 0;
          for (const one of steps) {
            if (one.do === "capture")
              for (let i = 0; i < one.count; i++)
                capture(hook, ++captured % 7 === 0 ? "sick" : captured % 11 === 0 ? "bad" : "good");
            else if (one.do === "mood") mood = one.mood;
            else if (one.do === "time") clock.advance(one.ms);
            else if (one.do === "flush") void hook.flush();
            else for (let i = 0; i < one.count; i++) await new Promise(setImmediate);
          }
          mood = "well";
          let isClosed = false;
          const closed = hook.close().finally(() => {
            isClosed = true;
          });
          await inTime(() => isClosed);
          await closed;
          const stats = hook.stats();
          isBalanced(stats);
          expect(stats).toMatchObject({ captured, queued: 0, errors: 0 });
          await realWork();
          const somewhere = new Set([...taken, ...(await idsIn(".spill", home))]);
          expect(somewhere.size).toBeGreaterThanOrEqual(stats.sent + stats.onDisk);
          // What was on its way at the end may have arrived all the same.
          expect(taken.size).toBeGreaterThanOrEqual(stats.sent);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("a signal that the app survives loses nothing of a batch that is being filled", async () => {
  isAway = true;
  const limits = { ...CAPTURE_LIMITS, attempts: 1 };
  const queue = new CaptureQueue({ send: deliver, clock, logger: silentLogger, limits, spillFile });
  const ids = Array.from({ length: 53 }, (_, n) => `ep-${n}`);
  const push = (id: string) => queue.push({ bytes: 100, finish: () => ({ id }) as EpisodeInput });
  for (const id of ids.slice(0, 50)) push(id);
  // The batch is filled one episode a turn of the loop.
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  queue.spillNow();
  for (const id of ids.slice(50)) push(id);
  await queue.flush();
  await queue.close();
  expect(new Set(await idsIn(".spill"))).toEqual(new Set(ids));
});
