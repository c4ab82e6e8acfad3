import { parseArgs } from "node:util";

type Value = number | boolean | string | readonly number[] | readonly string[];

/** What stands where none is given also says what kind it is: a list is given with commas, or by giving it again. */
interface Argument {
  readonly about: string;
  readonly standard: Value;
  /** The only words it can be. */
  readonly oneOf?: readonly string[];
  /** It has no name on the command line: its place among those like it tells it. */
  readonly isPlace?: boolean;
  /** A place that has to be filled. */
  readonly isNeeded?: boolean;
}
type Wide<V> = V extends number
  ? number
  : V extends boolean
    ? boolean
    : V extends string
      ? string
      : V extends readonly number[]
        ? number[]
        : string[];
type Given<A extends Readonly<Record<string, Argument>>> = {
  readonly [K in keyof A]: Wide<A[K]["standard"]>;
};

interface Bench<A> {
  /** As it is typed after `npx node`, from the project's folder. */
  readonly script: string;
  readonly measures: string;
  readonly takes: A;
  /** Arguments behind the script's name, each for a real case. */
  readonly examples: readonly string[];
}

/**
 * A bench's arguments, each of the kind its standard is. `--help` prints what there is and ends with 0; what cannot be
 * understood is told in one line, and ends with 2 before anything is measured.
 */
export function benchArguments<const A extends Readonly<Record<string, Argument>>>(
  bench: Bench<A>,
): Given<A> {
  const args = process.argv.slice(2);
  const takes = Object.entries<Argument>(bench.takes);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help(bench, takes));
    process.exit(0);
  }
  const places = takes.filter(([, { isPlace }]) => isPlace);
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: places.length > 0,
      options: Object.fromEntries(
        takes.flatMap(([name, one]) => (one.isPlace ? [] : [[name, optionFor(one)]])),
      ),
    });
    const beyond = positionals[places.length];
    if (beyond !== undefined) throw new Error(`there is no place for '${beyond}'`);
    const given = takes.map(([name, argument]) => {
      if (!argument.isPlace) return [name, read(`--${name}`, argument, values[name])];
      const raw = positionals.shift();
      if (raw === undefined && argument.isNeeded) throw new Error(`${name.toUpperCase()} is needed`);
      return [name, read(name.toUpperCase(), argument, raw)];
    });
    return Object.fromEntries(given) as Given<A>;
  } catch (thrown) {
    // Node's own words go on with advice for other cases.
    const [why = ""] = (thrown as Error).message.split(/\. |\n/, 1);
    console.error(`${bench.script}: ${why}. --help tells what there is.`);
    process.exit(2);
  }
}

const optionFor = ({ standard }: Argument) => ({
  type: typeof standard === "boolean" ? ("boolean" as const) : ("string" as const),
  multiple: Array.isArray(standard),
});

type Raw = string | boolean | (string | boolean)[] | undefined;

function read(name: string, { standard, oneOf }: Argument, raw: Raw): Value {
  if (raw === undefined) return standard;
  if (typeof standard === "boolean") return raw === true;
  const texts = Array.isArray(raw) ? raw.flatMap((one) => String(one).split(",")) : [String(raw)];
  const odd = texts.find((text) => oneOf !== undefined && !oneOf.includes(text));
  if (odd !== undefined) throw new Error(`${name} cannot be '${odd}', only ${oneOf?.join(", ")}`);
  const isList = typeof standard === "object";
  const isNumber = typeof (isList ? standard[0] : standard) === "number";
  const noNumber = texts.find((text) => isNumber && !/^\d+(\.\d+)?$/.test(text));
  if (noNumber !== undefined) throw new Error(`${name} is a number, not '${noNumber}'`);
  const values = isNumber ? texts.map(Number) : texts;
  return isList ? values : (values[0] ?? standard);
}

const WIDTH = 22;

function help({ script, measures, examples }: Bench<unknown>, takes: [string, Argument][]): string {
  const places = takes.filter(([, { isPlace }]) => isPlace);
  const usage = [
    `npx node ${script}`,
    ...places.map(([name, { isNeeded }]) => (isNeeded ? name.toUpperCase() : `[${name.toUpperCase()}]`)),
    ...(takes.length > places.length ? ["[options]"] : []),
  ].join(" ");
  const rows = takes.map(([name, argument]) => {
    const { about, standard, oneOf } = argument;
    const words = oneOf === undefined ? about : `${about}: ${oneOf.join(", ")}`;
    const shown = typeof standard === "boolean" || String(standard) === "" ? "" : ` (${String(standard)})`;
    return `  ${label(name, argument).padEnd(WIDTH)}${words}${shown}`;
  });
  const lines = [measures, "", `  ${usage}`, "", ...rows, `  ${"--help".padEnd(WIDTH)}this`, "", "Examples:"];
  for (const example of examples) lines.push(`  npx node ${script} ${example}`.trimEnd());
  return lines.join("\n");
}

function label(name: string, { standard, isPlace }: Argument): string {
  if (isPlace) return name.toUpperCase();
  if (typeof standard === "boolean") return `--${name}`;
  const kind = typeof (typeof standard === "object" ? standard[0] : standard) === "number" ? "N" : "TEXT";
  return `--${name} ${kind}${typeof standard === "object" ? ",…" : ""}`;
}
