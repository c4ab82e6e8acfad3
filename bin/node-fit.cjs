// CommonJS that every Node can read: whether a Node is new enough, which one the project brought along, and what to say
// when there is none. The packages' commands have a copy of this file beside them.
const { existsSync } = require("node:fs");
const path = require("node:path");

/** What the TypeScript sources and `lightning-host` need. */
const NEEDED = "22.20";
const MODULES = path.join(__dirname, "..", "node_modules");
const INSTALL = "install Node.js 24 from https://nodejs.org";
const BROUGHT_ALONG =
  "or run `npm ci` again without `--omit`, which brings the project its own Node on Linux, macOS and Windows (x64 and arm64)";

/** @param {string} version as `process.versions.node` */
function isNewEnough(version, needed = NEEDED) {
  const [major, minor] = version.split(".").map(Number);
  const [least, leastMinor] = needed.split(".").map(Number);
  return major > least || (major === least && minor >= leastMinor);
}

/** The Node of tools/node-runtime: npm installs the package of this platform alone, and of some there is none. */
function ownNode(modules = MODULES, platform = process.platform, arch = process.arch) {
  const isWindows = platform === "win32";
  const machine = `${isWindows ? "win" : platform}-${arch}`;
  const binary = path.join("bin", isWindows ? "node.exe" : "node");
  return [`node-${machine}`, `node-bin-${machine}`]
    .map((name) => path.join(modules, name, binary))
    .find((file) => existsSync(file));
}

/** Ends the process with one sentence when its Node is too old for what is named. */
function needNode(what, { needed = NEEDED, inProject = false } = {}) {
  const { node } = process.versions;
  if (isNewEnough(node, needed)) return;
  const remedy = inProject ? `${INSTALL}, ${BROUGHT_ALONG}` : INSTALL;
  console.error(`${what} needs Node.js ${needed} or newer, and this is ${node}: ${remedy}.`);
  process.exit(1);
}

module.exports = { isNewEnough, needNode, ownNode };
