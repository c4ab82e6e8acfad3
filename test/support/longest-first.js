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
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.replaceAll("\\", "/").endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    const ranked = tests.map((test) => [rank(test), test]);
    const few = ranked.filter(([at]) => at < LONGEST.length).toSorted(([a], [b]) => a - b);
    const many = ranked.filter(([at]) => at === LONGEST.length).map(([, test]) => test);
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    return [...few.map(([, test]) => test), ...super.sort(many)];
  }
}
