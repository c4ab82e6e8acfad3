import type { RedactionPolicy } from "../../redaction/policy.ts";
import { redact } from "../../redaction/redact.ts";
import type { DatasetLine } from "../contract.ts";
import { turnsOf } from "../line/normalise.ts";

/** How many lines are named for each warning. */
export const LINES_NAMED = 10;

/** Counts by what was put right or is worth a look, each with the lines that it was first met in. */
export class Notes {
  readonly warnings: Record<string, number> = {};
  readonly lines: Record<string, number[]> = {};

  add(warning: string, line: number, times = 1): void {
    if (times === 0) return;
    this.warnings[warning] = (this.warnings[warning] ?? 0) + times;
    const lines = this.lines[warning] ?? [];
    this.lines[warning] = lines;
    if (lines.length < LINES_NAMED && lines.at(-1) !== line) lines.push(line);
  }

  /** What redaction replaced: by kind, and apart where a model would learn a placeholder as a value or as a definition. */
  addRedacted(
    line: DatasetLine,
    counts: Readonly<Record<string, number>>,
    number: number,
    policy: RedactionPolicy,
  ): void {
    for (const [kind, times] of Object.entries(counts)) this.add(`redacted:${kind}`, number, times);
    const { messages, tools, outputs } = turnsOf(line);
    for (const kind of Object.keys(redact(tools ?? [], policy).counts))
      this.add(`redacted_tools:${kind}`, number);
    for (const { tool_calls: calls } of [...messages, ...outputs])
      for (const call of calls ?? [])
        for (const kind of Object.keys(redact(call.function, policy).counts))
          this.add(`redacted_calls:${kind}`, number);
  }
}
