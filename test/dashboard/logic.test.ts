import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ApiError, createApi, errorText, queryText } from "../../dashboard/src/logic/api.ts";
import { needsPerson } from "../../dashboard/src/logic/attention.ts";
import { beginning, pieces, pretty } from "../../dashboard/src/logic/content.ts";
import { turnsOf } from "../../dashboard/src/logic/conversation.ts";
import { ago, duration, moment, pValue, shortCount, signed } from "../../dashboard/src/logic/format.ts";
import { binsOf } from "../../dashboard/src/logic/histogram.ts";
import { graphOf } from "../../dashboard/src/logic/lineage.ts";
import { layoutLoop, STATIONS } from "../../dashboard/src/logic/loop-map.ts";
import { Poller } from "../../dashboard/src/logic/poller.ts";
import { reviewAction } from "../../dashboard/src/logic/review-keys.ts";
import { NEEDS } from "../../dashboard/src/logic/roles.ts";
import { address, parseRoute, viewOfId } from "../../dashboard/src/logic/route.ts";
import { pipelineSteps, runSteps } from "../../dashboard/src/logic/timeline.ts";
import { compare, curveColumns, trendColumns } from "../../dashboard/src/logic/trend.ts";
import { arithmetic } from "../../dashboard/src/logic/verdict.ts";
import { operationRows } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
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

  it("lead to the overview when they are unknown", () => {
    expect(parseRoute("/api/dashboard/nonsense/1", "")).toEqual({
      view: "overview",
      id: undefined,
      query: {},
    });
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

describe("numbers and times", () => {
  it("are short, signed and honest about what is not known", () => {
    expect([signed(0.5), signed(-1), signed(0), signed(-0.001), signed(null), signed(Number.NaN)]).toEqual([
      "+0.50",
      "−1.00",
      "0.00",
      "0.00",
      "–",
      "–",
    ]);
    expect([shortCount(9999), shortCount(123_456), shortCount(undefined)]).toEqual(["9,999", "123.5K", "–"]);
    expect([duration(950), duration(61_000), duration(7_260_000), duration(-1), duration(null)]).toEqual([
      "950 ms",
      "1 min 1 s",
      "2 h 1 min",
      "–",
      "–",
    ]);
    expect(pValue(1e-30)).toBe("p < 0.0001");
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect([
      ago("2026-01-01T23:59:58Z", now),
      ago("2026-01-01T20:00:00Z", now),
      ago("nonsense", now),
    ]).toEqual(["just now", "4 h ago", "–"]);
    expect(moment("nonsense")).toBe("–");
  });
});

describe("what strangers said", () => {
  it("is whole, with redactions and hiding characters set apart", () => {
    expect(pieces("Mail [REDACTED:email] \u202eevil\u202c")).toEqual([
      { kind: "text", text: "Mail " },
      { kind: "redacted", text: "REDACTED:email" },
      { kind: "text", text: " " },
      { kind: "control", text: "RLO" },
      { kind: "text", text: "evil" },
      { kind: "control", text: "PDF" },
    ]);
  });

  it("loses no character, and no direction mark reaches the page", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const found = pieces(text);
        for (const piece of found)
          if (piece.kind === "text")
            expect(piece.text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]|(?![\n\t\r])\p{Cc}/u);
        const visible = found.filter(({ kind }) => kind === "text").map((piece) => piece.text);
        expect(text).toContain(visible[0] ?? "");
        expect(found.map((piece) => piece.text.length).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(
          visible.join("").length,
        );
      }),
    );
  });

  it("is folded when it is long, whether in one line or in many", () => {
    expect(beginning("short")).toBeUndefined();
    expect(beginning("x".repeat(5000))?.length).toBeLessThan(1300);
    expect(beginning("line\n".repeat(500))?.split("\n").length).toBeLessThan(20);
  });

  it("is indented when it is JSON, and left alone when it only looks like it", () => {
    expect(pretty('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(pretty("{not json")).toBe("{not json");
    expect(pretty("42")).toBe("42");
  });
});

describe("an episode's turns", () => {
  it("put each result beside its call", () => {
    const turns = turnsOf({
      user_input: "q",
      assistant_output: "done",
      messages: [
        { role: "user", content: "q" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"n":1}' } }],
        },
        { role: "tool", tool_call_id: "c1", content: '{"ok":true}' },
      ],
      tool_calls: [{ id: "c1", tool_name: "look", duration_ms: 12, error: "slow" }],
    });
    expect(turns).toEqual([
      { role: "user", text: "q", calls: [] },
      {
        role: "assistant",
        text: "",
        calls: [
          {
            name: "look",
            args: '{\n  "n": 1\n}',
            result: '{\n  "ok": true\n}',
            error: "slow",
            milliseconds: 12,
          },
        ],
      },
      { role: "assistant", text: "done", calls: [] },
    ]);
  });

  it("are made from what was recorded when there are no messages", () => {
    const turns = turnsOf({
      user_input: "q",
      assistant_output: "a",
      system_prompt: "be kind",
      tool_calls: [{ tool_name: "look", arguments: { n: 1 }, result: "fine" }],
    });
    expect(turns.map(({ role, text, calls }) => [role, text, calls.length])).toEqual([
      ["system", "be kind", 0],
      ["user", "q", 0],
      ["assistant", "", 1],
      ["assistant", "a", 0],
    ]);
  });

  it("keep a result that belongs to no call", () => {
    const turns = turnsOf({ messages: [{ role: "tool", tool_call_id: "lost", content: "x" }] });
    expect(turns).toEqual([{ role: "tool", text: "x", calls: [] }]);
  });
});

describe("the review keys", () => {
  const press = (key: string, more: object = {}) => ({
    key,
    code: /^\d$/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    repeat: false,
    ...more,
  });

  it("label, skip and undo with one key", () => {
    expect(reviewAction(press("y"), false)).toEqual({ do: "label", value: 1 });
    expect(reviewAction(press("N"), false)).toEqual({ do: "label", value: -1 });
    expect(reviewAction(press("2"), false)).toEqual({ do: "label", value: -0.5 });
    expect(reviewAction(press("s"), false)).toEqual({ do: "skip" });
    expect(reviewAction(press("z"), false)).toEqual({ do: "undo" });
  });

  it("tag by the key's place, whatever Shift makes of it on this keyboard", () => {
    expect(reviewAction(press("!", { code: "Digit1", shiftKey: true }), false)).toEqual({
      do: "tag",
      index: 0,
    });
    expect(reviewAction(press("*", { code: "Digit8", shiftKey: true }), false)).toBeUndefined();
  });

  it("do nothing while a text is written, held down, or with a command key", () => {
    expect(reviewAction(press("y"), true)).toBeUndefined();
    expect(reviewAction(press("y", { repeat: true }), false)).toBeUndefined();
    expect(reviewAction(press("n", { ctrlKey: true }), false)).toBeUndefined();
    expect(reviewAction(press("Enter", { code: "Enter", ctrlKey: true }), true)).toEqual({
      do: "label",
      value: -1,
    });
  });
});

describe("the drawings", () => {
  it("keep every station of the loop inside, apart and joined to the next", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 2000 }), (width) => {
        const { boxes, ways, height } = layoutLoop(width);
        const all = STATIONS.map((station) => boxes[station]);
        for (const box of all) {
          expect(box.x).toBeGreaterThanOrEqual(0);
          expect(box.x + box.width).toBeLessThanOrEqual(width + 1);
          expect(box.y + box.height).toBeLessThanOrEqual(height + 1);
          for (const other of all) {
            if (other === box) continue;
            const apart =
              box.x + box.width <= other.x ||
              other.x + other.width <= box.x ||
              box.y + box.height <= other.y ||
              other.y + other.height <= box.y;
            expect(apart).toBe(true);
          }
        }
        expect(ways.map(({ from, to }) => [from, to])).toEqual(
          STATIONS.map((station, n) => [station, STATIONS[(n + 1) % STATIONS.length]]),
        );
      }),
    );
  });

  it("show a model's ancestry with each record once, and what is gone as gone", () => {
    const run = { id: "run-1", base_model: "base", status: "succeeded", dataset_id: "dataset-1" };
    const deployment = (id: string) => ({
      id,
      tuned_model: `model of ${id}`,
      is_active: id === "dep-2",
      training_run_id: "run-1",
      training_run: run,
      dataset: { id: "dataset-1", missing: true },
      evaluation: null,
    });
    const graph = graphOf({ lineage: [deployment("dep-1"), deployment("dep-2")] });
    expect(
      graph.nodes.map(({ id, column, row, missing, active }) => [id, column, row, missing, active]),
    ).toEqual([
      ["dataset-1", 0, 0, true, false],
      ["run-1", 1, 0, false, false],
      ["dep-1", 2, 0, false, false],
      ["dep-2", 2, 1, false, true],
    ]);
    expect(graph.edges).toEqual([
      ["dataset-1", "run-1"],
      ["run-1", "dep-1"],
      ["run-1", "dep-2"],
    ]);
  });

  it("compare the active model with the one that answered before it", () => {
    const trend = {
      agent_id: "desk",
      episodes: 3,
      from: "2026-01-01T00:00:00.000Z",
      until: "2026-01-03T00:00:00.000Z",
      models: [
        { model: "new", episodes: 1, mean: 0.9, last_at: "2026-01-02T00:00:00.000Z" },
        { model: "base", episodes: 1, mean: 0.1, last_at: "2026-01-03T00:00:00.000Z" },
        { model: "old", episodes: 1, mean: 0.5, last_at: "2026-01-01T00:00:00.000Z" },
      ],
      buckets: [{ at: "2026-01-01T00:00:00.000Z", models: { old: { episodes: 1, mean: 0.5 } } }],
    };
    expect(compare(trend, "new")).toMatchObject({ active: { mean: 0.9 }, before: { model: "base" } });
    expect(compare(trend, "unused")).toMatchObject({ active: undefined, before: { model: "base" } });
    expect(trendColumns(trend, "new").series.map(({ name }) => name)).toEqual(["old", "base", "new"]);
  });
});

describe("the steps", () => {
  const pipeline = (more: object) => ({ status: "running", stage: "dataset", ...more });
  const states = (more: object) => pipelineSteps(pipeline(more)).map(({ state }) => state);

  it("of a pipeline tell where it stands", () => {
    expect(states({ stage: "training" })).toEqual(["done", "now", "ahead", "ahead", "ahead"]);
    expect(states({ status: "waiting_for_approval", stage: "approval" })[3]).toBe("waiting");
  });

  it("of one that ended tell where, and what was never asked for", () => {
    const records = { dataset_id: "d", run_id: "r", evaluation_id: "e", deployment_id: "p" };
    expect(states({ status: "finished", stage: "done", outcome: "promoted", ...records })).toEqual([
      "done",
      "done",
      "done",
      "skipped",
      "done",
    ]);
    expect(
      states({
        status: "finished",
        stage: "done",
        outcome: "gate_failed",
        ...records,
        deployment_id: undefined,
      }),
    ).toEqual(["done", "done", "failed", "ahead", "ahead"]);
    expect(
      states({
        status: "finished",
        stage: "done",
        outcome: "rejected",
        ...records,
        deployment_id: undefined,
        decision: {},
      })[3],
    ).toBe("failed");
  });

  it("of a run end with what became of it", () => {
    const run = { status: "running", state: "running", created_at: "2026-01-01T00:00:00Z" };
    expect(runSteps({ ...run, training_file_id: "f" }).map(({ state }) => state)).toEqual([
      "done",
      "done",
      "now",
      "ahead",
      "ahead",
    ]);
    expect(runSteps({ ...run, status: "failed", completed_at: "2026-01-02T00:00:00Z" }).at(-1)).toEqual({
      name: "failed",
      state: "failed",
      at: "2026-01-02T00:00:00Z",
    });
  });
});

describe("the verdict's arithmetic", () => {
  it("says of each rule whether it was met", () => {
    const steps = arithmetic({
      verdict: "inconclusive",
      reasons: [],
      pairs: 40,
      missing: 10,
      baseline_accuracy: 0.5,
      candidate_accuracy: 0.6,
      difference: 0.1,
      interval: [-0.05, 0.25],
      candidate_only: 8,
      baseline_only: 4,
      both: 16,
      neither: 12,
      p_value: 0.388,
    });
    expect(steps.map(({ met }) => met)).toEqual([false, false, undefined, false, false]);
    expect(steps[4]?.numbers).toBe("difference +10.0 points, 95 % between −5.0 and +25.0");
  });
});

describe("what needs a person", () => {
  const stats = (more: object = {}, lag = 0) => ({
    statistics: { training_run_status: {}, ...more },
    feeds: {
      episodes: { watermark: null, lag_seconds: lag },
      rewards: { watermark: null, lag_seconds: 0 },
    },
  });

  it("puts a decision first and says nothing when there is nothing", () => {
    const found = needsPerson(
      stats({ training_run_status: { failed: 2 } }, 1000) as never,
      { waiting: 5, corrections: 0 },
      [{ id: "pipeline-1", name: "weekly", status: "waiting_for_approval", verdict: "pass" }],
    );
    expect(found.map(({ what }) => what)).toEqual([
      "Pipeline “weekly” waits for your decision",
      "The episodes feed is 16 min 40 s behind",
      "2 training runs failed",
      "5 episodes not reviewed by a person",
    ]);
    expect(needsPerson(stats() as never, { waiting: 0, corrections: 0 }, [])).toEqual([]);
  });
});

describe("the buttons", () => {
  it("ask for the roles of the operations they call", () => {
    const rows = new Map(operationRows(readSettings({})).map((row) => [row.name, row.role]));
    for (const [name, role] of Object.entries(NEEDS)) expect([name, rows.get(name)]).toEqual([name, role]);
  });
});

describe("distributions and curves", () => {
  it("leave out the empty bins at their ends but one, and name each bin's range", () => {
    const bins = binsOf({ edges: [-1, 0, 0.5, 1, 2], counts: [0, 3, 0, 4] }, (edge) => signed(edge, 1));
    expect(bins).toEqual([
      { range: "−1.0 to 0.0", from: "−1.0", count: 0 },
      { range: "0.0 to +0.5", from: "0.0", count: 3 },
      { range: "+0.5 to +1.0", from: "+0.5", count: 0 },
      { range: "+1.0 to +2.0", from: "+1.0", count: 4 },
    ]);
    expect(binsOf({ edges: [0, 1], counts: [0] }, String)).toEqual([]);
  });

  it("draw few points as they are, and many as means that lose no step and no value", () => {
    const curve = (steps: number) =>
      Array.from({ length: steps }, (_, n) => ({ step: n + 1, train_loss: n, valid_loss: 1 }));
    expect(curveColumns(curve(5), "loss")).toMatchObject({ x: [1, 2, 3, 4, 5] });
    expect(curveColumns(curve(5), "loss").averaged).toBeUndefined();
    fc.assert(
      fc.property(fc.integer({ min: 61, max: 900 }), (steps) => {
        const { x, series, averaged = 1 } = curveColumns(curve(steps), "loss");
        expect(x.length).toBeLessThanOrEqual(60);
        expect(x.at(-1)).toBe(steps);
        const last = steps - (x.length - 1) * averaged;
        const sum = (series[0]?.values ?? []).reduce<number>(
          (all, mean, n) => all + (mean ?? 0) * (n === x.length - 1 ? last : averaged),
          0,
        );
        expect(sum).toBeCloseTo((steps * (steps - 1)) / 2, 5);
      }),
    );
    expect(curveColumns([], "accuracy")).toEqual({ x: [], series: [] });
  });
});

describe("the lineage of a deployment", () => {
  it("shows the golden sets that went in and the test set it was judged by", () => {
    const graph = graphOf({
      lineage: [
        {
          id: "dep-1",
          tuned_model: "tuned",
          is_active: true,
          training_run_id: "run-1",
          training_run: { id: "run-1", dataset_id: "dataset-1", status: "succeeded" },
          dataset: { id: "dataset-1", name: "v1", recipe: { include_golden: ["dataset-golden"] } },
          evaluation: { id: "eval-1", run_id: "run-1", dataset_id: "dataset-tests", split: "test" },
        },
      ],
    });
    expect(graph.nodes.map(({ id, title, view }) => [id, title, view])).toEqual(
      expect.arrayContaining([
        ["dataset-golden", "golden set", "datasets"],
        ["dataset-tests", "test set", "datasets"],
      ]),
    );
    expect(graph.edges).toEqual(
      expect.arrayContaining([
        ["dataset-golden", "dataset-1"],
        ["dataset-tests", "eval-1"],
      ]),
    );
  });

  it("does not show a dataset's own held-out side as another dataset", () => {
    const graph = graphOf({
      lineage: [
        {
          id: "dep-1",
          tuned_model: "tuned",
          is_active: true,
          training_run_id: "run-1",
          training_run: { id: "run-1", dataset_id: "dataset-1", status: "succeeded" },
          dataset: { id: "dataset-1", name: "v1" },
          evaluation: { id: "eval-1", run_id: "run-1", dataset_id: "dataset-1", split: "validation" },
        },
      ],
    });
    expect(graph.edges).not.toContainEqual(["dataset-1", "eval-1"]);
  });
});
