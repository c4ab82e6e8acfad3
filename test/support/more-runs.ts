import * as fc from "../../node_modules/fast-check/lib/fast-check.js";

/** fast-check with `PROPERTY_RUNS` times as many runs of every property: `PROPERTY_RUNS=10 npm test -- test/datasets`. */
export * from "../../node_modules/fast-check/lib/fast-check.js";

const factor = Number(process.env.PROPERTY_RUNS ?? 1);
const USUAL_RUNS = 100;

export const assert: typeof fc.assert = ((
  property: Parameters<typeof fc.assert>[0],
  parameters: Parameters<typeof fc.assert>[1] = {},
) =>
  fc.assert(property, {
    ...parameters,
    numRuns: Math.ceil((parameters.numRuns ?? USUAL_RUNS) * factor),
  })) as typeof fc.assert;
