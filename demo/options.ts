import path from "node:path";
import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly home: string;
  readonly keep: boolean;
  readonly json: boolean;
}

export const HELP = `Usage: npm run demo -- [options]

Runs the whole loop on this machine: an MCP agent works on the tools of three official MCP servers, its episodes are
scored and corrected, a dataset is built, a model is trained, evaluated on requests that were set aside, promoted and
put into service; a control run with shuffled labels must not get that far.

  --keep      continue where the last run ended: the ledger stays, and more is added to it
  --home DIR  folder of everything the demo writes (.lightning/demo)
  --json      one JSON object on standard output, progress on standard error
  --help

Exit status: 0 the loop ended as it should; 2 the tuned model was not shown to be better, so it was not promoted;
1 something broke, or the control passed.
`;

/** @throws Error for options that are not known */
export function readOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: "boolean", default: false },
      home: { type: "string", default: path.join(".lightning", "demo") },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  return { home: path.resolve(values.home), keep: values.keep, json: values.json };
}
