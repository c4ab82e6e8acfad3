// Chaining, fan-out, children, continueAsNew, custom status, values in and out.

const df = require("durable-functions");
const { orchestration, at } = require("./register.js");

orchestration("noop", function* (c) {
  return c.df.getInput();
});

orchestration("inputType", function* (c) {
  const x = c.df.getInput();
  return {
    t:
      x === null
        ? "null"
        : x === undefined
          ? "undefined"
          : Array.isArray(x)
            ? "array"
            : x instanceof Date
              ? "Date"
              : typeof x,
    v: x,
  };
});

orchestration("chain", function* (c) {
  let n = c.df.getInput() ?? 0;
  for (let i = 0; i < 3; i++) n = yield c.df.callActivity("add1", n);
  return n;
});

orchestration("fan", function* (c) {
  const t = [];
  for (let i = 0; i < 5; i++) t.push(c.df.callActivity("hello", "n" + i));
  return yield c.df.Task.all(t);
});

orchestration("actType", function* (c) {
  const r = [];
  for (const k of [
    1,
    1.5,
    0,
    "",
    "text",
    true,
    false,
    null,
    undefined,
    [],
    [1],
    {},
    { a: 1 },
    "42",
    '{"a":1}',
    "null",
    "true",
    "häß 😀",
    "2026-01-02T03:04:05Z",
    { d: "2026-01-02T03:04:05Z" },
    -1e21,
    9007199254740991,
  ]) {
    r.push(yield c.df.callActivity("type", k));
  }
  return r;
});

orchestration("retType", function* (c) {
  const r = [];
  for (const k of [
    "zero",
    "empty",
    "false",
    "true",
    "num",
    "big",
    "numstr",
    "jsonstr",
    "arr",
    "obj",
    "date",
    "isotext",
    "uni",
    "nl",
    "quote",
    "nan",
    "neg",
    "exp",
    "int53",
    "nested",
  ]) {
    const x = yield c.df.callActivity("ret", k);
    r.push([k, typeof x, x]);
  }
  r.push(typeof (yield c.df.callActivity("undef")));
  r.push(yield c.df.callActivity("nul"));
  return r;
});

orchestration("outType", function* (c) {
  const k = c.df.getInput();
  return {
    zero: 0,
    empty: "",
    false: false,
    true: true,
    num: 1.5,
    numstr: "42",
    jsonstr: '{"a":1}',
    arr: [],
    obj: {},
    isotext: "2026-01-02T03:04:05Z",
    uni: "häß 日本 😀",
    null: null,
    nested: { d: "2026-01-02T03:04:05.123+02:00", n: null },
    int53: 9007199254740991,
    big: 1e21,
    neg: -0,
  }[k];
});

orchestration("outUndef", function* (c) {});

orchestration("actNameCase", function* (c) {
  return yield c.df.callActivity("HELLO", 1);
});

orchestration("child", function* (c) {
  const x = c.df.getInput();
  if (x && x.fail) throw new Error("child failed");
  return { id: c.df.instanceId, parent: c.df.parentInstanceId, got: x === undefined ? "undefined" : x };
});

orchestration("childAct", function* (c) {
  return yield c.df.callActivity("throws", c.df.getInput());
});

orchestration("subOk", function* (c) {
  return yield c.df.callSubOrchestrator("child", { a: 1 });
});

orchestration("subNoInput", function* (c) {
  return yield c.df.callSubOrchestrator("child");
});

orchestration("subId", function* (c) {
  return yield c.df.callSubOrchestrator("child", { a: 1 }, c.df.instanceId + "-kid");
});

orchestration("subTwice", function* (c) {
  const a = yield c.df.callSubOrchestrator("child", 1, c.df.instanceId + "-same");
  const b = yield c.df.callSubOrchestrator("child", 2, c.df.instanceId + "-same");
  return [a, b];
});

orchestration("subFan", function* (c) {
  return yield c.df.Task.all([1, 2, 3].map((i) => c.df.callSubOrchestrator("child", i)));
});

orchestration("subDeep", function* (c) {
  const n = c.df.getInput();
  if (n <= 0) return 0;
  return 1 + (yield c.df.callSubOrchestrator("subDeep", n - 1));
});

orchestration("can", function* (c) {
  const n = c.df.getInput() ?? 0;
  yield c.df.callActivity("hello", n);
  if (n < 3) {
    c.df.continueAsNew(n + 1);
    return "ignored";
  }
  return "end " + n;
});

orchestration("canText", function* (c) {
  const n = c.df.getInput();
  if (n === "start") {
    c.df.continueAsNew("te xt");
    return;
  }
  return [typeof n, n];
});

orchestration("canUndef", function* (c) {
  const n = c.df.getInput();
  if (n === "start") {
    c.df.continueAsNew(undefined);
    return;
  }
  return [typeof n, n ?? null];
});

orchestration("canThrow", function* (c) {
  c.df.continueAsNew(1);
  throw new Error("after can");
});

orchestration("canFirst", function* (c) {
  const n = c.df.getInput() ?? 0;
  if (n < 2) {
    c.df.continueAsNew(n + 1);
    return;
  }
  return n;
});

orchestration("status", function* (c) {
  c.df.setCustomStatus({ step: 1, u: "ü" });
  yield c.df.callActivity("hello", 1);
  c.df.setCustomStatus("two");
  yield c.df.waitForExternalEvent("go");
  c.df.setCustomStatus({ d: "2026-01-02T03:04:05Z" });
  return "x";
});

orchestration("statusFail", function* (c) {
  c.df.setCustomStatus("before");
  throw new Error("f");
});

orchestration("statusBig", function* (c) {
  c.df.setCustomStatus("x".repeat(9000));
  return "ok";
});

orchestration("statusFalsy", function* (c) {
  c.df.setCustomStatus("a");
  yield c.df.callActivity("hello", 1);
  c.df.setCustomStatus(null);
  return 1;
});

orchestration("status0", function* (c) {
  c.df.setCustomStatus("a");
  yield c.df.callActivity("hello", 1);
  c.df.setCustomStatus(0);
  return 1;
});

orchestration("anyNest", function* (c) {
  const t = c.df;
  const w = yield t.Task.any([
    t.Task.all([t.callActivity("hello", "a"), t.callActivity("hello", "b")]),
    t.Task.all([t.callActivity("sleep", 3000)]),
  ]);
  return w.result;
});

orchestration("allNest", function* (c) {
  return yield c.df.Task.all([
    c.df.callActivity("hello", 1),
    c.df.Task.all([c.df.callActivity("hello", 2), c.df.callSubOrchestrator("child", 3)]),
  ]);
});

orchestration("allEmpty", function* (c) {
  return yield c.df.Task.all([]);
});

orchestration("anyEmpty", function* (c) {
  return yield c.df.Task.any([]);
});

orchestration("guid", function* (c) {
  const a = c.df.newGuid(c.df.instanceId),
    b = c.df.newGuid(c.df.instanceId);
  yield c.df.callActivity("hello", 1);
  return [a, b];
});

orchestration("when", function* (c) {
  const a = c.df.currentUtcDateTime;
  yield c.df.callActivity("sleep", 50);
  const b = c.df.currentUtcDateTime;
  return [a instanceof Date, b >= a];
});

orchestration("replay", function* (c) {
  const r = [c.df.isReplaying];
  yield c.df.callActivity("hello", 1);
  r.push(c.df.isReplaying);
  yield c.df.callActivity("hello", 2);
  r.push(c.df.isReplaying);
  return r;
});

orchestration("slow", function* (c) {
  for (let i = 0; i < 20; i++) yield c.df.callActivity("sleep", 300);
  return "slow done";
});

orchestration("waiter", function* (c) {
  yield c.df.waitForExternalEvent("never");
  return "x";
});

orchestration("waitKids", function* (c) {
  yield c.df.Task.all([
    c.df.callSubOrchestrator("waiter", 1, c.df.instanceId + "-k1"),
    c.df.callSubOrchestrator("waiter", 2, c.df.instanceId + "-k2"),
  ]);
  return "x";
});

orchestration("asyncFn", async (c) => 1);

orchestration("parallel5", function* (c) {
  return yield c.df.Task.all([1, 2, 3, 4, 5].map((i) => c.df.callActivity("add1", i)));
});

orchestration("long200", function* (c) {
  let n = 0;
  for (let i = 0; i < 200; i++) n = yield c.df.callActivity("add1", n);
  return n;
});

orchestration("fan200", function* (c) {
  const t = [];
  for (let i = 0; i < 200; i++) t.push(c.df.callActivity("add1", i));
  const r = yield c.df.Task.all(t);
  return r.reduce((a, b) => a + b, 0);
});

orchestration("parentInfo", function* (c) {
  return { parent: c.df.parentInstanceId ?? null, keys: Object.keys(c.df).sort() };
});

orchestration("ctxLog", function* (c) {
  c.log("hi");
  return c.functionName ?? null;
});

orchestration("ledger", function* (c) {
  const n = c.df.getInput();
  const r = [];
  for (let i = 0; i < 5; i++) r.push(yield c.df.callActivity("log", c.df.instanceId + ":" + i));
  return r.length;
});

orchestration("mixed", function* (c) {
  const id = c.df.instanceId;
  const a = yield c.df.Task.all([0, 1, 2].map((i) => c.df.callActivity("add1", i)));
  yield c.df.createTimer(at(c, 400));
  const k = yield c.df.callSubOrchestrator("childAdd", a[2]);
  const e = new df.EntityId("counter", id);
  yield c.df.callEntity(e, "add", k);
  const g = yield c.df.callEntity(e, "get");
  return [a, k, g];
});

orchestration("childAdd", function* (c) {
  let n = c.df.getInput();
  n = yield c.df.callActivity("add1", n);
  yield c.df.createTimer(at(c, 200));
  return yield c.df.callActivity("add1", n);
});

orchestration("trapAny", function* (c) {
  const a = c.df.callActivity("sleep", 200),
    b = c.df.callActivity("sleep", 900);
  const r = [];
  const w = yield c.df.Task.any([a, b]);
  r.push(w === a ? "a" : "b");
  const w2 = yield c.df.Task.any([a, b]);
  r.push(w2 === a ? "a" : "b");
  const x = yield c.df.callActivity("hello", "z");
  r.push(x);
  return r;
});

orchestration("trapAnyRest", function* (c) {
  const t = [300, 600, 900].map((m) => c.df.callActivity("sleep", m));
  const r = [];
  while (t.length) {
    const w = yield c.df.Task.any(t);
    r.push(w.result);
    t.splice(t.indexOf(w), 1);
  }
  return r;
});

orchestration("trapMap", function* (c) {
  return {
    m: new Map([[1, 2]]),
    s: new Set([1]),
    e: new Error("x"),
    n: NaN,
    i: Infinity,
    d: new Date(0),
    big: 1e400,
    neg0: -0,
    f() {},
  };
});

orchestration("trapAct263", function* (c) {
  return [yield c.df.callActivity("ret", "exp"), yield c.df.callActivity("ret", "int53")];
});

orchestration("trapNested", function* (c) {
  return yield c.df.Task.all([
    c.df.Task.any([c.df.callActivity("sleep", 100), c.df.callActivity("sleep", 2000)]),
    c.df.callActivity("hello", 2),
  ]).then?.((x) => x) ?? 0;
});

orchestration("trapHistDate", function* (c) {
  const e = yield c.df.waitForExternalEvent("go");
  return [typeof e, e];
});

orchestration("trapNoYield", function* (c) {
  c.df.callActivity("hello", 1);
  c.df.callActivity("log", c.df.instanceId + ":fire");
  return "done";
});

orchestration("trapRecursiveSub", function* (c) {
  const n = c.df.getInput();
  if (n >= 3) return n;
  return yield c.df.callSubOrchestrator("trapRecursiveSub", n + 1);
});
