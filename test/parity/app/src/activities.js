// All activities.

const fs = require("node:fs");
const { activity, pause } = require("./register.js");
const { stateFile } = require("./state.js");

activity("echo", (x) => x);

activity("type", (x) => ({
  t: x === null ? "null" : x === undefined ? "undefined" : Array.isArray(x) ? "array" : typeof x,
  v: x,
}));

activity("add1", (n) => n + 1);

activity("hello", (n) => `Hello ${n}`);

activity("undef", () => undefined);

activity("nul", () => null);

activity(
  "ret",
  (k) =>
    ({
      zero: 0,
      empty: "",
      false: false,
      true: true,
      num: 1.5,
      big: 12345678901234567890,
      numstr: "42",
      jsonstr: '{"a":1}',
      arr: [],
      obj: {},
      date: new Date(0),
      isotext: "2026-01-02T03:04:05Z",
      uni: "häß 日本 😀 \u0000x",
      nl: "a\nb",
      quote: '"q"',
      nan: NaN,
      neg: -0,
      exp: 1e21,
      int53: 9007199254740991,
      nested: { d: "2026-01-02T03:04:05.123+02:00", n: null, u: undefined },
    })[k],
);

activity("sleep", async (ms) => {
  await pause(ms);
  return ms;
});

activity("throws", (k) => {
  switch (k) {
    case "text":
      throw "just text";
    case "object":
      throw { code: 7, message: "obj msg" };
    case "null":
      throw null;
    case "undefined":
      throw undefined;
    case "number":
      throw 42;
    case "empty":
      throw new Error("");
    case "multi":
      throw new Error("line one\nline two\n\tline three");
    case "cause":
      throw new Error("outer", { cause: new Error("inner") });
    case "agg":
      throw new AggregateError([new Error("a"), new Error("b")], "agg");
    case "range":
      throw new RangeError("out of range");
    case "uni":
      throw new Error("häß 日本 😀");
    case "json":
      throw new Error('{"a":1}');
    case "long":
      throw new Error("x".repeat(20000));
    case "coded":
      throw Object.assign(new Error("coded"), { code: "E_X", extra: { a: 1 } });
    case "marker":
      throw new Error("has $OutOfProcData$: in it");
    case "stackless": {
      const e = new Error("nostack");
      delete e.stack;
      e.stack = undefined;
      throw e;
    }
    default:
      throw new Error("boom " + k);
  }
});

activity("failTimes", ({ key, n }) => {
  const f = stateFile("count-" + key);
  const c = fs.existsSync(f) ? +fs.readFileSync(f, "utf8") : 0;
  fs.writeFileSync(f, String(c + 1));
  if (c < n) throw new Error(`attempt ${c + 1}`);
  return `ok after ${c + 1}`;
});

activity("makeBig", (n) => "x".repeat(n));

activity("len", (s) => s.length);

activity("log", (x) => {
  fs.appendFileSync(stateFile("log"), JSON.stringify(x) + "\n");
  return x;
});

activity("bigint", () => 10n);
