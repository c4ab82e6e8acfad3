// Files in which activities and HTTP targets count their calls, in a folder of this process unless PROBE_DIR names one.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const folder = process.env.PROBE_DIR ?? path.join(os.tmpdir(), `durable-probe-${process.pid}`);
fs.mkdirSync(folder, { recursive: true });

exports.stateFile = (name) => path.join(folder, encodeURIComponent(name));
