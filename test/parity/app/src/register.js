// Short names for what every file does.

const df = require("durable-functions");

exports.orchestration = (name, handler) => df.app.orchestration(name, handler);
exports.activity = (name, handler) => df.app.activity(name, { handler });
exports.entity = (name, handler) => df.app.entity(name, handler);

/** The orchestration's own time, moved by some milliseconds. */
exports.at = (c, ms) => new Date(c.df.currentUtcDateTime.getTime() + ms);

/** Waits on the clock: that of a host in this process which lends its own (a virtual one, say), or the machine's. */
exports.pause = (ms) => globalThis.probePause?.(ms) ?? new Promise((resolve) => setTimeout(resolve, ms));
