import type { Dataset } from "./contract.ts";
import { WARNINGS, type Warning } from "./validate/line-rules.ts";
import { TEMPLATE_WARNINGS } from "./validate/line-warnings.ts";

/** From which share of what was given the loss is said first and loudly. */
const LOUD = 0.2;

/** What a finished dataset kept of what was given, and sentences on what was left out or changed. */
export interface LeftOut {
  /** Examples in the files. */
  readonly kept?: number;
  /** Kept and left out together. */
  readonly given?: number;
  /** Sentences, the most important first: what a person should know before they train. */
  readonly notices?: string[];
}

type Facts = Pick<
  Dataset,
  | "status"
  | "training_count"
  | "validation_count"
  | "test_count"
  | "dropped"
  | "warnings"
  | "warning_lines"
  | "unresolved"
>;

export function leftOut(dataset: Facts): LeftOut {
  if (dataset.status !== "ready") return {};
  const { training_count: train = 0, validation_count: validation = 0, test_count: test = 0 } = dataset;
  const kept = train + validation + test;
  const dropped = Object.entries(dataset.dropped ?? {}).toSorted(([, a], [, b]) => b - a);
  const gone = dropped.reduce((sum, [, times]) => sum + times, 0);
  const given = kept + gone;
  const reasons = dropped.map(([reason, times]) => `${reason} ${times}`).join(", ");
  const share = given === 0 ? 0 : gone / given;
  const lost = `${gone} of ${given} examples (${(share * 100).toFixed(0)} %) were left out: ${reasons}.`;
  const stale = dataset.unresolved;
  const notices = [
    ...(stale === undefined
      ? []
      : [
          `${stale.lines} of its lines hold what redaction ${stale.redaction_version} replaces: nothing is trained on it. Build it anew.`,
        ]),
    ...(share > LOUD ? [`More than a fifth is missing: ${lost}`] : gone > 0 ? [lost] : []),
    ...warnings(dataset),
  ];
  return { kept, given, ...(notices.length === 0 ? {} : { notices }) };
}

/** A sentence for each warning; those that change what is learnt come first. */
function warnings({ warnings: all = {}, warning_lines: lines = {} }: Facts): string[] {
  const said = Object.entries(all).map(([warning, times]) => {
    const where = lines[warning];
    const more = where !== undefined && where.length < times ? ", …" : "";
    const place =
      where === undefined ? "" : ` Line${where.length === 1 ? "" : "s"} ${where.join(", ")}${more}.`;
    return { warning, text: `${sentence(warning, times)}${place}` };
  });
  const rank = ({ warning }: { warning: string }) => (/^redacted_(?:tools|calls):/.test(warning) ? 0 : 1);
  return said.toSorted((a, b) => rank(a) - rank(b)).map(({ text }) => text);
}

const OTHERS: Readonly<Record<string, string>> = {
  derived_tool_definition: "Tools that were called without a definition got a minimal one, by name.",
};

function sentence(warning: string, times: number): string {
  const [code = "", detail = ""] = warning.split(/:(.*)/s);
  const kind = detail.replaceAll("_", " ");
  if (code === "redacted_calls")
    return `${times} ${times === 1 ? "call teaches" : "calls teach"} a placeholder in the place of a value (${kind}): at inference the model is given the value and would write the placeholder.`;
  if (code === "redacted_tools")
    return `In ${times} ${times === 1 ? "line" : "lines"} redaction changed the definitions of tools (${kind}): they must be those that the model is given at inference.`;
  if (code === "redacted") return `Redaction replaced ${times} × ${kind}.`;
  if (code === "imported") return `${times} ${times === 1 ? "row was" : "rows were"} read as ${kind}.`;
  if (code === "left_out_key")
    return `The key \`${detail}\` of ${times} ${times === 1 ? "row" : "rows"} was dropped: it holds nothing to learn from.`;
  const known = WARNINGS[warning as Warning] ?? OTHERS[warning];
  const template = warning.startsWith("template:")
    ? TEMPLATE_WARNINGS[detail as keyof typeof TEMPLATE_WARNINGS]
    : undefined;
  return `${template ?? known ?? `${warning.replaceAll("_", " ")}.`} (${times})`;
}
