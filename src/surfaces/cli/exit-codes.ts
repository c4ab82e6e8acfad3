import { isLightningError } from "../../kernel/errors.ts";
import { type Body, member, plain } from "./layout.ts";

/** How a command ends. 3 to 5 are a gate's: a build goes on only after 0. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  failVerdict: 3,
  inconclusive: 4,
  open: 5,
  interrupted: 130,
} as const;

/** What each code means for all commands, and for those that answer a gate's question. */
export const EXIT_MEANINGS = [
  [EXIT.done, "done; of a gate: pass"],
  [EXIT.failed, "failed, refused, or not confirmed: --yes is missing, or the answer was no"],
  [EXIT.usage, "wrong usage: nothing was sent"],
  [EXIT.failVerdict, "the verdict is fail"],
  [EXIT.inconclusive, "no passing verdict: inconclusive, or none"],
  [EXIT.open, "not over yet when the wait was"],
  [EXIT.interrupted, "Ctrl+C: it was told whether the work goes on"],
] as const;

/** The commands that answer as a gate, with what 0 means of each. */
const GATES = {
  evaluation: "the verdict is pass (with --no-wait: it was started)",
  shownEvaluation: "the verdict is pass",
  pipeline: "promoted, evaluated with pass, nothing new, or it waits for approval (with --no-wait: started)",
  shownPipeline: "promoted, evaluated with pass, nothing new, or it waits for approval",
  promotion: "it serves, maybe with warnings (with --no-wait: it was started)",
} as const;
export type GateKind = keyof typeof GATES;

/** For the command's `--help`. */
export function exitHelp(gate: GateKind): string {
  const meanings = EXIT_MEANINGS.map(
    ([code, meaning]) => `  ${code}  ${code === EXIT.done ? GATES[gate] : meaning}`,
  );
  return `\nExit status:\n${meanings.join("\n")}`;
}

const ofVerdict = (verdict: unknown): number =>
  verdict === "pass" ? EXIT.done : verdict === "fail" ? EXIT.failVerdict : EXIT.inconclusive;

export function exitOfEvaluation(record: Body): number {
  if (record.status === "failed") return EXIT.failed;
  return record.status === "finished" ? ofVerdict(record.verdict) : EXIT.open;
}

/** Approval is asked for after a pass: to wait for it is no failure. */
export function exitOfPipeline(record: Body): number {
  switch (record.outcome) {
    case undefined:
      return record.status === "waiting_for_approval" ? EXIT.done : EXIT.open;
    case "promoted":
    case "nothing_new":
      return EXIT.done;
    case "evaluated":
      return ofVerdict(record.verdict);
    case "gate_failed":
      return EXIT.failVerdict;
    case "gate_inconclusive":
      return EXIT.inconclusive;
    default:
      return EXIT.failed;
  }
}

/** Of a refusal or fault: a gate that refused says by which verdict. */
export function exitOfError(thrown: unknown): number {
  if (!isLightningError(thrown) || !GATE_REFUSALS.has(thrown.code)) return EXIT.failed;
  return ofVerdict(plain(member(thrown.details, "verdict"))) === EXIT.failVerdict
    ? EXIT.failVerdict
    : EXIT.inconclusive;
}
const GATE_REFUSALS: ReadonlySet<string> = new Set(["gate_required", "override_required", "gate_stale"]);
