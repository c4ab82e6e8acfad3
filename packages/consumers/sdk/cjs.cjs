const lightning = require("agent-lightning");
const { report } = require("./report.cjs");

report("cjs", lightning);
