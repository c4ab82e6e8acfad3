/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  roots: ["<rootDir>/functions", "<rootDir>/src", "<rootDir>/test"],
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {}, // Jest >= 30.5 strips types with Node's own module.stripTypeScriptTypes
  setupFiles: ["<rootDir>/test/setup.ts"],
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts", "functions/**/*.ts", "!src/**/*.d.ts"],
  coverageDirectory: "coverage",
  watchman: false,
};
