import { existsSync } from "node:fs";

// Every property with so many times its runs: for a long look, now and then.
const runs = Number(process.env.PROPERTY_RUNS ?? 1);

// The clients that agents use are installed by a command of their own, which runs these tests, too.
const clients = existsSync(new URL("test/clients/node_modules", import.meta.url));
if (!clients)
  console.error("The tests with agents' own clients are skipped: npm run clients:check runs them.");

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/functions", "<rootDir>/src", "<rootDir>/test"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  // Jest loads modules itself, so Node's hooks (core-api/install.ts) don't reach apps inside it.
  moduleNameMapper: {
    "^@azure/functions-core$": "<rootDir>/src/local-host/core-api/shim.cjs",
    ...(runs === 1 ? {} : { "^fast-check$": "<rootDir>/test/support/more-runs.ts" }),
  },
  testPathIgnorePatterns: ["/node_modules/", ...(clients ? [] : ["<rootDir>/test/clients/"])],
  extensionsToTreatAsEsm: [".ts"],
  transform: {}, // Jest >= 30.5 strips types with Node's own module.stripTypeScriptTypes
  setupFiles: ["<rootDir>/test/setup.ts"],
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts", "functions/**/*.ts", "!src/**/*.d.ts"],
  coverageDirectory: "coverage",
  // Jest would leave a core to whoever watches, which on two cores is one test after the other.
  maxWorkers: "100%",
  // Real processes are started and killed by some tests; a busy machine may take its time.
  testTimeout: 90_000 * Math.max(1, runs),
  testSequencer: "<rootDir>/test/support/longest-first.js",
  watchman: false,
};
