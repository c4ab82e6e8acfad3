// What fails: thrown shapes, retries, missing functions, non-determinism, rewind.

const df = require("durable-functions");
const { orchestration, at } = require("./register.js");

/** How often an instance's code has been run in this process before: a replay of it meets other code than the first run did. */
const runs = new Map();
function runsBefore(id) {
  const before = runs.get(id) ?? 0;
  runs.set(id, before + 1);
  return before;
}

orchestration("throwsIn", function* (c) {
  const k = c.df.getInput();
  switch (k) {
    case "text":
      throw "just text";
    case "object":
      throw { code: 7, message: "obj msg" };
    case "null":
      throw null;
    case "undefined":
      throw undefined;
    case "empty":
      throw new Error("");
    case "multi":
      throw new Error("line one\nline two");
    case "cause":
      throw new Error("outer", { cause: new Error("inner") });
    case "agg":
      throw new AggregateError([new Error("a"), new Error("b")], "agg");
    case "range":
      throw new RangeError("out of range");
    case "uni":
      throw new Error("häß 日本 😀");
    case "long":
      throw new Error("x".repeat(20000));
    default:
      throw new Error("boom " + k);
  }
});

orchestration("throwsAfter", function* (c) {
  yield c.df.callActivity("hello", "x");
  throw new Error("after one");
});

orchestration("actThrows", function* (c) {
  return yield c.df.callActivity("throws", c.df.getInput());
});

orchestration("actThrowsCaught", function* (c) {
  try {
    yield c.df.callActivity("throws", c.df.getInput());
  } catch (e) {
    return { name: e?.name, ctor: e?.constructor?.name, message: e?.message, keys: Object.keys(e ?? {}) };
  }
});

orchestration("actMissing", function* (c) {
  return yield c.df.callActivity("doesNotExist", 1);
});

orchestration("actMissingCaught", function* (c) {
  try {
    yield c.df.callActivity("doesNotExist", 1);
  } catch (e) {
    return e.message;
  }
});

orchestration("retryOk", function* (c) {
  return yield c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 5), {
    key: c.df.instanceId,
    n: 2,
  });
});

orchestration("retryFail", function* (c) {
  return yield c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 3), {
    key: c.df.instanceId,
    n: 9,
  });
});

orchestration("retryFailCaught", function* (c) {
  try {
    yield c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 2), {
      key: c.df.instanceId,
      n: 9,
    });
  } catch (e) {
    return e.message;
  }
});

orchestration("retryBackoff", function* (c) {
  const r = new df.RetryOptions(200, 4);
  r.backoffCoefficient = 2;
  r.maxRetryIntervalInMilliseconds = 500;
  return yield c.df.callActivityWithRetry("failTimes", r, { key: c.df.instanceId, n: 3 });
});

orchestration("retryTimeout", function* (c) {
  const r = new df.RetryOptions(1000, 10);
  r.retryTimeoutInMilliseconds = 1500;
  return yield c.df.callActivityWithRetry("failTimes", r, { key: c.df.instanceId, n: 20 });
});

orchestration("retryOne", function* (c) {
  return yield c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 1), {
    key: c.df.instanceId,
    n: 9,
  });
});

orchestration("retryAll", function* (c) {
  return yield c.df.Task.all(
    [0, 1, 2].map((i) =>
      c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 4), {
        key: c.df.instanceId + i,
        n: i,
      }),
    ),
  );
});

orchestration("retryAny", function* (c) {
  const t = [1, 2].map((i) =>
    c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 4), { key: c.df.instanceId + i, n: i }),
  );
  const w = yield c.df.Task.any(t);
  return w === t[0] ? "first" : "second";
});

orchestration("subFail", function* (c) {
  return yield c.df.callSubOrchestrator("child", { fail: true });
});

orchestration("subFailCaught", function* (c) {
  try {
    yield c.df.callSubOrchestrator("child", { fail: true });
  } catch (e) {
    return e.message;
  }
});

orchestration("subActFail", function* (c) {
  return yield c.df.callSubOrchestrator("childAct", "multi");
});

orchestration("subActFailCaught", function* (c) {
  try {
    yield c.df.callSubOrchestrator("childAct", "x");
  } catch (e) {
    return e.message;
  }
});

orchestration("subRetry", function* (c) {
  return yield c.df.callSubOrchestratorWithRetry("childFail", new df.RetryOptions(200, 3), {
    key: c.df.instanceId,
    n: 2,
  });
});

orchestration("childFail", function* (c) {
  return yield c.df.callActivity("failTimes", c.df.getInput());
});

orchestration("subRetryFail", function* (c) {
  return yield c.df.callSubOrchestratorWithRetry("child", new df.RetryOptions(200, 2), { fail: true });
});

orchestration("subRetryId", function* (c) {
  return yield c.df.callSubOrchestratorWithRetry(
    "childFail",
    new df.RetryOptions(200, 3),
    { key: c.df.instanceId, n: 1 },
    c.df.instanceId + "-rk",
  );
});

orchestration("subMissing", function* (c) {
  return yield c.df.callSubOrchestrator("nope", 1);
});

orchestration("subMissingCaught", function* (c) {
  try {
    yield c.df.callSubOrchestrator("nope", 1);
  } catch (e) {
    return e.message;
  }
});

orchestration("allFail", function* (c) {
  return yield c.df.Task.all([
    c.df.callActivity("hello", 1),
    c.df.callActivity("throws", "x"),
    c.df.callActivity("throws", "y"),
  ]);
});

orchestration("allFailCaught", function* (c) {
  try {
    yield c.df.Task.all([c.df.callActivity("hello", 1), c.df.callActivity("throws", "x")]);
  } catch (e) {
    return [e.name, e.message];
  }
});

orchestration("anyFail", function* (c) {
  const f = c.df.callActivity("throws", "x"),
    g = c.df.callActivity("sleep", 1500);
  const w = yield c.df.Task.any([f, g]);
  return [w === f, w.isFaulted, w.isCompleted, String(w.result?.message ?? w.result)];
});

orchestration("nondet", function* (c) {
  const n = runsBefore(c.df.instanceId);
  if (n % 2 === 0) yield c.df.callActivity("hello", 1);
  else yield c.df.createTimer(at(c, 500));
  yield c.df.callActivity("hello", 2);
  return "x";
});

orchestration("nondetName", function* (c) {
  const n = runsBefore(c.df.instanceId);
  yield c.df.callActivity(n % 2 ? "echo" : "hello", 1);
  yield c.df.callActivity("hello", 2);
  return "x";
});

orchestration("yieldRaw", function* (c) {
  const x = yield 5;
  return x ?? "undef";
});

orchestration("yieldPromise", function* (c) {
  return yield Promise.resolve(5);
});

orchestration("rewindable", function* (c) {
  yield c.df.callActivity("hello", 1);
  return yield c.df.callActivity("failTimes", { key: c.df.instanceId, n: 1 });
});

orchestration("rewindSub", function* (c) {
  return yield c.df.callSubOrchestrator("rewindable", 1, c.df.instanceId + "-k");
});

orchestration("trapAllRetry", function* (c) {
  try {
    yield c.df.Task.all([
      c.df.callActivityWithRetry("failTimes", new df.RetryOptions(200, 3), { key: c.df.instanceId, n: 9 }),
      c.df.callActivity("hello", 1),
    ]);
  } catch (e) {
    const x = yield c.df.callActivity("hello", "after");
    return ["caught", x];
  }
});

orchestration("trapChildTaken", function* (c) {
  return yield c.df.callSubOrchestrator("child", 1, c.df.getInput());
});

orchestration("trapBigint", function* (c) {
  return 10n;
});

orchestration("trapCycle", function* (c) {
  const a = {};
  a.a = a;
  return a;
});

orchestration("trapAsyncGen", async function* (c) {
  yield c.df.callActivity("hello", 1);
  return 1;
});

orchestration("trapActBigint", function* (c) {
  return yield c.df.callActivity("bigint");
});

orchestration("trapSubOwnId", function* (c) {
  return yield c.df.callSubOrchestrator("child", 1, c.df.instanceId);
});

orchestration("trapSubFailStatus", function* (c) {
  const r = yield c.df.Task.any([
    c.df.callSubOrchestrator("child", { fail: true }),
    c.df.callActivity("sleep", 1500),
  ]);
  return [r.isFaulted, String(r.result).slice(0, 60)];
});
