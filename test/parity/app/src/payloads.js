// Inputs, outputs, events and results of 60 kB to 5 MB (the cases say how long).

const { orchestration } = require("./register.js");

orchestration("bigIn", function* (c) {
  const x = c.df.getInput();
  return typeof x === "string" ? x.length : JSON.stringify(x).length;
});

orchestration("bigOut", function* (c) {
  return "x".repeat(c.df.getInput());
});

orchestration("bigUni", function* (c) {
  return "😀".repeat(c.df.getInput());
});

orchestration("bigAct", function* (c) {
  const s = yield c.df.callActivity("makeBig", c.df.getInput());
  return yield c.df.callActivity("len", s);
});

orchestration("bigSub", function* (c) {
  const s = "y".repeat(c.df.getInput());
  const r = yield c.df.callSubOrchestrator("noop", s);
  return r.length;
});

orchestration("bigEv", function* (c) {
  const s = yield c.df.waitForExternalEvent("go");
  return s.length;
});
