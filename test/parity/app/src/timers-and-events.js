// Durable timers and external events.

const { orchestration, at } = require("./register.js");

orchestration("timer", function* (c) {
  yield c.df.createTimer(at(c, 1000));
  return "done";
});

orchestration("timerPast", function* (c) {
  yield c.df.createTimer(at(c, -5000));
  return "done";
});

orchestration("timerCancel", function* (c) {
  const t = c.df.createTimer(at(c, 20 * 86400000));
  const e = c.df.callActivity("hello", "x");
  const w = yield c.df.Task.any([t, e]);
  if (w === e) t.cancel();
  return w === e ? "act" : "timer";
});

orchestration("timerLong", function* (c) {
  yield c.df.createTimer(at(c, 8 * 86400000));
  return "done";
});

orchestration("timerAbandon", function* (c) {
  const t = c.df.createTimer(at(c, 4000));
  const e = c.df.callActivity("hello", "x");
  const w = yield c.df.Task.any([t, e]);
  return w === e ? "act" : "timer";
});

orchestration("timerInvalid", function* (c) {
  yield c.df.createTimer(new Date(NaN));
  return "done";
});

orchestration("ev", function* (c) {
  return yield c.df.waitForExternalEvent("go");
});

orchestration("ev3", function* (c) {
  const r = [];
  for (let i = 0; i < 3; i++) r.push(yield c.df.waitForExternalEvent("go"));
  return r;
});

orchestration("evAll", function* (c) {
  return yield c.df.Task.all([c.df.waitForExternalEvent("a"), c.df.waitForExternalEvent("b")]);
});

orchestration("evAny", function* (c) {
  const t = c.df.createTimer(at(c, c.df.getInput() ?? 3000));
  const e = c.df.waitForExternalEvent("go");
  const w = yield c.df.Task.any([t, e]);
  if (w === e) {
    t.cancel();
    return ["event", e.result];
  }
  return "timeout";
});

orchestration("evSame2", function* (c) {
  return yield c.df.Task.all([c.df.waitForExternalEvent("go"), c.df.waitForExternalEvent("go")]);
});

orchestration("evDelay", function* (c) {
  yield c.df.createTimer(at(c, 2500));
  return yield c.df.waitForExternalEvent("go");
});

orchestration("canEv", function* (c) {
  const s = c.df.getInput() ?? [];
  const e = yield c.df.waitForExternalEvent("go");
  s.push(e);
  if (s.length < 3) {
    c.df.continueAsNew(s);
    return;
  }
  return s;
});

orchestration("canTimer", function* (c) {
  const n = c.df.getInput() ?? 0;
  if (n >= 2) return n;
  yield c.df.createTimer(at(c, 300));
  c.df.continueAsNew(n + 1);
});

orchestration("trapTimerZero", function* (c) {
  yield c.df.createTimer(c.df.currentUtcDateTime);
  return "z";
});

orchestration("trapTwoTimers", function* (c) {
  const t1 = c.df.createTimer(at(c, 600)),
    t2 = c.df.createTimer(at(c, 300));
  const w = yield c.df.Task.any([t1, t2]);
  if (w === t2) t1.cancel();
  else t2.cancel();
  return w === t2 ? "second" : "first";
});

orchestration("trapCancelDone", function* (c) {
  const t = c.df.createTimer(at(c, 200));
  yield t;
  try {
    t.cancel();
  } catch (e) {
    return e.message;
  }
  return "no error";
});
