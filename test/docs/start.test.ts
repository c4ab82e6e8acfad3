import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "@jest/globals";
import { NODE_OPTIONS } from "../../bin/node-options.js";

test("`npm start` gives Node what `lightning-host` and the benches give it", () => {
  const { scripts } = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, "../../package.json"), "utf8"),
  ) as {
    scripts: { start: string };
  };
  const flags = NODE_OPTIONS.filter((option) => /^--m(?:in|ax)-/.test(option));
  expect(flags).toHaveLength(2);
  for (const flag of flags) expect(scripts.start.split(" ")).toContain(flag);
  expect(scripts.start).toContain("--import ./bin/compile-cache.js");
});
