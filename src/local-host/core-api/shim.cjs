// What `require("@azure/functions-core")` and `import … from "@azure/functions-core"` get. Members are copied one by one:
// Node finds the named exports of a CommonJS file by reading its text, and `module.exports = core` would hide them.
const core = globalThis[Symbol.for("agent-lightning.functions-core")];
if (core === undefined)
  throw new Error("No local host is running in this process: @azure/functions-core is not there.");
exports.version = core.api.version;
exports.hostVersion = core.api.hostVersion;
exports.registerFunction = core.api.registerFunction;
exports.registerHook = core.api.registerHook;
exports.setProgrammingModel = core.api.setProgrammingModel;
exports.getProgrammingModel = core.api.getProgrammingModel;
exports.log = core.api.log;
exports.Disposable = core.api.Disposable;
