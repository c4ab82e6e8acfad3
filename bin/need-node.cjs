// `node -r ./bin/need-node.cjs script.ts`: one clear sentence in place of a stack where this Node cannot run TypeScript.
// npm puts the project's own Node first on the PATH of its scripts, so this speaks only where there is none.
const { needNode } = require("./node-fit.cjs");

needNode("Agent Lightning", { inProject: true });
