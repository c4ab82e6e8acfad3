import TestSequencer from "@jest/test-sequencer";

/** Those of more than half a minute, longest first. */
const LONGEST = [
  "dashboard/browser",
  "scenarios/kill",
  "files/blob",
  "scenarios/azure-engines",
  "scenarios/azure",
];

/**
 * Jest remembers how long each file took, but not on a clean checkout: there it begins with the largest files, and the
 * longest, a few lines that drive a browser, would be the last, with every other core idle.
 */
export default class LongestFirst extends TestSequencer {
  async sort(tests) {
    const others = tests.filter(({ path }) => !LONGEST.some((name) => isFile(path, name)));
    const first = LONGEST.flatMap((name) => tests.find(({ path }) => isFile(path, name)) ?? []);
    // oxlint-disable-next-line unicorn/no-array-sort -- Jest's own, which leaves the array alone
    return [...first, ...(await super.sort(others))];
  }
}

const isFile = (path, name) => path.replaceAll("\\", "/").endsWith(`/${name}.test.ts`);
