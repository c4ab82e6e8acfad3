import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ApiError, createApi, errorText, queryText } from "../../dashboard/src/logic/api.ts";
import { Poller } from "../../dashboard/src/logic/poller.ts";
import { Questions } from "../../dashboard/src/logic/questions.ts";
import { address, parseRoute, viewOfId } from "../../dashboard/src/logic/route.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";

describe("the page's addresses", () => {
  it("say view, record and filters, and are read back as they were written", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("episodes" as const, "runs" as const, "lineage" as const),
        fc.string({ minLength: 1, maxLength: 40 }),
        fc.string({ minLength: 1, maxLength: 40 }),
        (view, id, value) => {
          fc.pre(id.isWellFormed() && value.isWellFormed() && id !== "." && id !== "..");
          const { pathname, search } = new URL(address(view, id, { tool_name: value }), "http://localhost");
          expect(parseRoute(pathname, search)).toEqual({ view, id, query: { tool_name: value } });
        },
      ),
    );
  });

  it("are said to be none of the page's when they are unknown, and never show another view in silence", () => {
    for (const unknown of ["nope", "nonsense/1", "runs/run-1/more", "review/ep-1", "overview/x", "Runs"])
      expect(parseRoute(`/api/dashboard/${unknown}`, "?agent=a")).toMatchObject({
        lost: `/api/dashboard/${unknown}`,
        query: { agent: "a" },
      });
    for (const known of ["", "/", "/overview", "/review", "/runs/run-1/", "/lineage/dep-1"])
      expect(parseRoute(`/api/dashboard${known}`, "")).not.toHaveProperty("lost");
    expect(parseRoute("/api/dashboard/episodes/%E0%A4%A", "").id).toBe("%E0%A4%A");
  });

  it("find the view of a record by its id", () => {
    expect(viewOfId("run-1")).toBe("runs");
    expect(viewOfId("eval-1")).toBe("evaluations");
    expect(viewOfId("anything")).toBeUndefined();
  });
});

describe("the page's questions", () => {
  const asked: { url: string; init: RequestInit }[] = [];
  const api = (status: number, body: unknown, key?: string) => {
    let locked = 0;
    asked.length = 0;
    return {
      locked: () => locked,
      ...createApi({
        base: "/api",
        agent: () => "desk",
        key: () => key,
        onLocked: () => locked++,
        fetch: (url, init) => {
          asked.push({ url: String(url), init: init ?? {} });
          return Promise.resolve(new Response(JSON.stringify(body), { status }));
        },
      }),
    };
  };

  it("name the agent, and carry the key as a header, never in the address", async () => {
    await api(200, {}, "secret-key").get("/stats", { limit: 3, min_reward: "" });
    expect(asked[0]?.url).toBe("/api/lightning/stats?agent_id=desk&limit=3");
    expect(new Headers(asked[0]?.init.headers).get("x-functions-key")).toBe("secret-key");
  });

  it("send what changes something as JSON, which a form of another site cannot", async () => {
    await api(200, {}).post("/rewards", { value: 1 }, { key: "k1", wait: 5 });
    const headers = new Headers(asked[0]?.init.headers);
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("idempotency-key")).toBe("k1");
    expect(headers.get("prefer")).toBe("wait=5");
    expect(JSON.parse(asked[0]?.init.body as string)).toEqual({ agent_id: "desk", value: 1 });
  });

  it("ask for a key when the host does", async () => {
    const one = api(401, {});
    await expect(one.get("/stats")).rejects.toMatchObject({ status: 401 });
    expect(one.locked()).toBe(1);
  });

  it("tell a refusal with its remedy", async () => {
    const error = { code: "nothing_to_undo", message: "There is nothing.", remedy: "Do something." };
    const thrown = await api(409, { error })
      .get("/x")
      .catch((caught: unknown) => caught);
    expect(thrown).toBeInstanceOf(ApiError);
    expect(errorText(thrown)).toBe("There is nothing. Do something.");
  });

  it("read no more of a file than its first lines", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('{"a":1}\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    const one = createApi({
      base: "",
      agent: () => undefined,
      key: () => undefined,
      onLocked: () => undefined,
      fetch: () => Promise.resolve(new Response(body)),
    });
    expect(await one.head("/file", 3)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
    await new Promise(setImmediate);
    expect(cancelled).toBe(true);
  });

  it("leave out what is not asked", () => {
    expect(queryText({ a: undefined, b: "", c: 0, d: false })).toBe("?c=0&d=false");
  });
});

describe("the one loop that keeps the page live", () => {
  function loop() {
    const clock = new VirtualClock();
    const state = { hidden: false, asked: 0, changed: false, fails: false };
    const poller = new Poller({
      after: (ms, callback) => clock.after(ms, callback),
      isHidden: () => state.hidden,
      shortest: 1000,
      longest: 10_000,
    });
    const task = async () => {
      state.asked++;
      if (state.fails) throw new Error("no answer");
      return state.changed;
    };
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(100);
        await new Promise(setImmediate);
      }
    };
    return { clock, state, poller, task, pass };
  }

  it("asks less and less while nothing changes, and often again when something does", async () => {
    const { state, poller, task, pass } = loop();
    poller.add(task);
    await pass(60_000);
    const quiet = state.asked;
    expect(quiet).toBeLessThan(14);
    expect(poller.pause).toBe(10_000);
    state.changed = true;
    await pass(20_000);
    expect(state.asked - quiet).toBeGreaterThan(8);
  });

  it("stops while the page is hidden, and asks at once when it is seen again", async () => {
    const { state, poller, task, pass } = loop();
    poller.add(task);
    await pass(1500);
    const before = state.asked;
    state.hidden = true;
    poller.visibilityChanged();
    await pass(120_000);
    expect(state.asked).toBe(before);
    expect(poller.isWaiting).toBe(false);
    state.hidden = false;
    poller.visibilityChanged();
    await pass(100);
    expect(state.asked).toBe(before + 1);
  });

  it("waits longer when the app does not answer", async () => {
    const { state, poller, task, pass } = loop();
    state.fails = true;
    poller.add(task);
    await pass(60_000);
    expect(state.asked).toBeLessThan(11);
  });

  it("runs one round at a time, and ends with its last task", async () => {
    const { state, poller, task, pass } = loop();
    const remove = poller.add(task);
    poller.wake();
    poller.wake();
    poller.wake();
    await pass(100);
    expect(state.asked).toBe(2);
    remove();
    await pass(60_000);
    expect(state.asked).toBe(2);
  });
});

describe("a question that is kept live", () => {
  function page() {
    const clock = new VirtualClock();
    const after = (ms: number, callback: () => void) => clock.after(ms, callback);
    const poller = new Poller({ after, isHidden: () => false, shortest: 1000, longest: 1000 });
    const state = { asked: 0, answer: 1 as number | Error, told: 0 };
    const load = () => {
      state.asked++;
      return state.answer instanceof Error ? Promise.reject(state.answer) : Promise.resolve(state.answer);
    };
    const watcher = (later = false) => ({ load, later, tell: () => state.told++ });
    const pass = async (ms: number) => {
      clock.advance(ms);
      for (let n = 0; n < 3; n++) await new Promise(setImmediate);
    };
    return { questions: new Questions(poller, after), poller, state, watcher, pass };
  }

  it("goes out once, however many watch its answer", async () => {
    const { questions, state, watcher, pass } = page();
    // What stands beside every view comes first on the page, and leaves the question to the view.
    questions.watch("stats", watcher(true));
    questions.watch("stats", watcher());
    questions.watch("stats", watcher());
    await pass(500);
    expect(state.asked).toBe(1);
    expect(questions.answer("stats")).toEqual({ data: 1 });
    expect(state.told).toBe(3);
    await pass(1000);
    expect(state.asked).toBe(2);
    // The same answer draws nothing anew.
    expect(state.told).toBe(3);
  });

  it("is asked by whoever has time when nobody else does", async () => {
    const { questions, state, watcher, pass } = page();
    questions.watch("stats", watcher(true));
    await pass(100);
    expect(state.asked).toBe(0);
    await pass(100);
    expect(state.asked).toBe(1);
  });

  it("keeps what was known beside a failure, and forgets the failure with the next answer", async () => {
    const { questions, state, watcher, pass } = page();
    questions.watch("stats", watcher());
    await pass(0);
    state.answer = new Error("no answer");
    await pass(1000);
    expect(questions.answer("stats")).toEqual({ data: 1, error: state.answer });
    state.answer = 1;
    await pass(2000);
    expect(questions.answer("stats")).toEqual({ data: 1 });
  });

  it("ends with its last watcher", async () => {
    const { questions, poller, state, watcher, pass } = page();
    const leave = [questions.watch("stats", watcher()), questions.watch("stats", watcher())];
    await pass(0);
    leave[0]?.();
    await pass(1000);
    expect(state.asked).toBe(2);
    leave[1]?.();
    await pass(5000);
    expect(state.asked).toBe(2);
    expect(poller.isWaiting).toBe(false);
    expect(questions.answer("stats")).toEqual({});
  });
});
