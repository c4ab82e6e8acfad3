// CommonJS that every Node can read: whether a Node can run the TypeScript sources, which one the project brought along,
// and what to say when there is none.
const { existsSync } = require("node:fs");
const path = require("node:path");

const NEEDED = "22.20";
const MODULES = path.join(__dirname, "..", "node_modules");

/** @param {string} version as `process.versions.node` */
function isNewEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 20);
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

/** @param {string} what the command or package that cannot run */
function tooOld(what, version = process.versions.node) {
  return (
    `${what} needs Node.js ${NEEDED} or newer, and this is ${version}: install Node.js 24 from https://nodejs.org, or run ` +
    "`npm ci` again without `--omit`, which brings the project its own Node on Linux, macOS and Windows (x64 and arm64)."
  );
}

module.exports = { isNewEnough, ownNode, tooOld };
