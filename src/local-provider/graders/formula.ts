import { GraderFault } from "./template.ts";

/** A formula over the marks of several graders, by name. */
export type Formula = (marks: Readonly<Record<string, number>>) => number;

const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  exp: Math.exp,
  sqrt: Math.sqrt,
  log: Math.log,
};
const TOKEN = /\s*(?:(\d+(?:\.\d+)?|\.\d+)|([A-Za-z_]\w*)|(.))/gy;

/**
 * Reads a formula: numbers, names, `+ - * / ^`, parentheses and the functions above, as OpenAI lists them.
 * @throws GraderFault for anything else, a name that is not among `names` included
 */
export function readFormula(text: string, names: readonly string[]): Formula {
  const tokens = [...text.trimEnd().matchAll(TOKEN)];
  let at = 0;
  const sign = () => tokens[at]?.[3];
  const takes = (wanted: string) => sign() === wanted && at++ >= 0;
  const expect = (wanted: string) => {
    if (!takes(wanted)) throw new GraderFault(`calculate_output: "${wanted}" is missing.`);
  };

  function sum(): Formula {
    let left = product();
    for (;;) {
      const [a, plus] = [left, takes("+")];
      if (!plus && !takes("-")) return left;
      const b = product();
      left = plus ? (m) => a(m) + b(m) : (m) => a(m) - b(m);
    }
  }
  function product(): Formula {
    let left = negated();
    for (;;) {
      const [a, times] = [left, takes("*")];
      if (!times && !takes("/")) return left;
      const b = negated();
      left = times ? (m) => a(m) * b(m) : (m) => a(m) / b(m);
    }
  }
  function negated(): Formula {
    if (!takes("-")) return power();
    const one = negated();
    return (m) => -one(m);
  }
  function power(): Formula {
    const base = atom();
    if (!takes("^")) return base;
    const exponent = negated();
    return (m) => base(m) ** exponent(m);
  }
  function atom(): Formula {
    const [, number, name] = tokens[at] ?? [];
    if (takes("(")) {
      const inner = sum();
      expect(")");
      return inner;
    }
    at++;
    if (number !== undefined) return () => Number(number);
    const own = name === undefined || !Object.hasOwn(FUNCTIONS, name) ? undefined : FUNCTIONS[name];
    if (own !== undefined && takes("(")) {
      const values = [sum()];
      while (takes(",")) values.push(sum());
      expect(")");
      return (m) => own(...values.map((value) => value(m)));
    }
    if (name === undefined || !names.includes(name))
      throw new GraderFault(`calculate_output: "${name ?? tokens[at - 1]?.[0] ?? ""}" is no grader's name.`);
    return (m) => m[name] ?? Number.NaN;
  }

  const formula = sum();
  if (at < tokens.length) throw new GraderFault(`calculate_output: "${tokens[at]?.[0] ?? ""}" is too much.`);
  return formula;
}
