import path from "node:path";
import { HERE, runPackage } from "./tools.ts";

/** @throws Error with every finding, warnings among them */
export const redocly = (document: string): Promise<string> =>
  runPackage("@redocly/cli/bin/cli.js", [
    "lint",
    document,
    `--config=${path.join(HERE, "redocly.yaml")}`,
    "--max-problems=200",
  ]).then((said) => {
    if (/You have \d+ warning/.test(said)) throw new Error(said);
    return "";
  });

/** @throws Error with every finding, hints among them */
export const spectral = (document: string): Promise<string> =>
  runPackage("@stoplight/spectral-cli/dist/index.js", [
    "lint",
    document,
    `--ruleset=${path.join(HERE, "spectral.yaml")}`,
    "--fail-severity=hint",
    "--quiet",
  ]);
