// Entities: calls, signals, locks, deletion.

const df = require("durable-functions");
const { orchestration, entity } = require("./register.js");

orchestration("ent", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  yield c.df.callEntity(id, "add", 5);
  yield c.df.callEntity(id, "add", 2);
  return yield c.df.callEntity(id, "get");
});

orchestration("entSignal", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  c.df.signalEntity(id, "add", 5);
  c.df.signalEntity(id, "add", 6);
  return yield c.df.callEntity(id, "get");
});

orchestration("entErr", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  return yield c.df.callEntity(id, "err");
});

orchestration("entErrCaught", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  yield c.df.callEntity(id, "add", 3);
  try {
    yield c.df.callEntity(id, "err");
  } catch (e) {
    return [String(e.message), yield c.df.callEntity(id, "get")];
  }
});

orchestration("entUnknown", function* (c) {
  return yield c.df.callEntity(new df.EntityId("nosuch", "k"), "get");
});

orchestration("entUnknownCaught", function* (c) {
  try {
    return yield c.df.callEntity(new df.EntityId("nosuch", "k"), "get");
  } catch (e) {
    return e.message;
  }
});

orchestration("entUnknownOp", function* (c) {
  return yield c.df.callEntity(new df.EntityId("counter", c.df.instanceId), "whatever");
});

orchestration("entCase", function* (c) {
  yield c.df.callEntity(new df.EntityId("Counter", c.df.instanceId), "add", 1);
  return yield c.df.callEntity(new df.EntityId("counter", c.df.instanceId), "get");
});

orchestration("entLock", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  const l = yield c.df.lock([id]);
  yield c.df.callEntity(id, "add", 1);
  const r = yield c.df.callEntity(id, "get");
  l.release();
  return r;
});

orchestration("entDelete", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  yield c.df.callEntity(id, "add", 5);
  yield c.df.callEntity(id, "del");
  return yield c.df.callEntity(id, "get");
});

orchestration("entFan", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  yield c.df.Task.all([1, 2, 3, 4, 5].map((i) => c.df.callEntity(id, "add", i)));
  return yield c.df.callEntity(id, "get");
});

orchestration("entTypes", function* (c) {
  const id = new df.EntityId("echoer", c.df.instanceId);
  const r = [];
  for (const v of [1, "t", true, false, null, [], { a: 1 }, "2026-01-02T03:04:05Z", "ü"])
    r.push(yield c.df.callEntity(id, "x", v));
  r.push((yield c.df.callEntity(id, "x")) ?? "undef");
  return r;
});

orchestration("entStarts", function* (c) {
  const id = new df.EntityId("counter", c.df.instanceId);
  yield c.df.callEntity(id, "info");
  return yield c.df.callEntity(id, "info");
});

orchestration("entSignalUnknown", function* (c) {
  c.df.signalEntity(new df.EntityId("nosuch", "k"), "x");
  yield c.df.callActivity("hello", 1);
  return "sent";
});

entity("counter", (c) => {
  const s = c.df.getState(() => 0);
  switch (c.df.operationName) {
    case "add":
      c.df.setState(s + (c.df.getInput() ?? 0));
      c.df.return(s + (c.df.getInput() ?? 0));
      break;
    case "get":
      c.df.return(s);
      break;
    case "del":
      c.df.destructOnExit();
      break;
    case "err":
      c.df.setState(s + 100);
      throw new Error("entity err");
    case "info":
      c.df.return([
        c.df.entityName,
        c.df.entityKey,
        c.df.entityId?.toString?.() ?? null,
        c.df.isNewlyConstructed,
      ]);
      c.df.setState(1);
      break;
    default:
      c.df.return("unknown op " + c.df.operationName);
  }
});

entity("echoer", (c) => {
  const x = c.df.getInput();
  c.df.return(x === undefined ? { was: "undefined" } : x);
});
