/** What of a Bicep file can be known without a compiler: its declarations, what it names, whether it is balanced. */
export interface Bicep {
  readonly text: string;
  readonly params: ReadonlyMap<string, { readonly hasDefault: boolean }>;
  readonly vars: readonly string[];
  /** Symbol → type with version. */
  readonly resources: ReadonlyMap<string, string>;
  /** Symbol → file. */
  readonly modules: ReadonlyMap<string, string>;
  /** Names given under `params:` of each module. */
  readonly moduleParams: ReadonlyMap<string, readonly string[]>;
  readonly outputs: readonly string[];
  /** Identifiers in expressions that are no member, no object key and no function. */
  readonly used: readonly string[];
  /** Loop variables. */
  readonly local: ReadonlySet<string>;
  readonly faults: readonly string[];
}

const KEYWORDS = new Set(
  "targetScope param var resource module output existing if for in true false null string int bool object array".split(
    " ",
  ),
);

export function readBicep(text: string): Bicep {
  const { code, faults } = withoutText(text);
  const all = (pattern: RegExp, of = text) => [...of.matchAll(pattern)];
  const params = new Map(
    all(/^param (\w+) \w+( =)?/gm).map((match) => [
      match[1] as string,
      { hasDefault: match[2] !== undefined },
    ]),
  );
  const resources = new Map(
    all(/^\s*resource (\w+) '([^']+)'/gm).map((match) => [match[1] as string, match[2] as string]),
  );
  const modules = new Map(
    all(/^module (\w+) '([^']+)'/gm).map((match) => [match[1] as string, match[2] as string]),
  );
  const expressions = code
    // Declarations' own names, decorators and parameter types are no uses.
    .replaceAll(
      /^\s*(?:param|var|resource|module|output) \w+(?: (?:string|int|bool|object|array)(?= |$))?/gm,
      " ",
    )
    .replaceAll(/^\s*@\w+\(.*$/gm, " ")
    .replaceAll(/^\s*#.*$/gm, " ");
  const used = all(/(?<![\w.])([A-Za-z_]\w*)(?!\w)(?!\s*\()/g, expressions)
    // A key begins its line, or follows `{` or `,`; the branches of `a ? b : c` do not.
    .filter(({ index, 0: whole }) => {
      const isBeforeColon = /^\s*:/.test(expressions.slice(index + whole.length));
      return !(isBeforeColon && /(?:^|\n|[{,])[ \t]*$/.test(expressions.slice(0, index)));
    })
    .map((match) => match[1] as string)
    .filter((name) => !KEYWORDS.has(name));
  return {
    text,
    params,
    vars: all(/^var (\w+)/gm).map((match) => match[1] as string),
    resources,
    modules,
    moduleParams: new Map([...modules.keys()].map((name) => [name, paramsOf(text, name)])),
    outputs: all(/^output (\w+)/gm).map((match) => match[1] as string),
    used: [...new Set(used)],
    local: new Set(all(/\bfor (\w+) in/g).map((match) => match[1] as string)),
    faults,
  };
}

/** The names one level under `params:` in a module's block. */
function paramsOf(text: string, module: string): string[] {
  const start = text.indexOf(`module ${module} '`);
  const end = text.indexOf("\n}", start);
  const block = text.slice(start, end);
  const at = block.indexOf("\n  params: {");
  return [...block.slice(at, block.indexOf("\n  }", at)).matchAll(/^ {4}(\w+): /gm)].map(
    (match) => match[1] as string,
  );
}

/** The code with comments and texts blanked (what stands in `${…}` is kept), and what is not balanced. */
function withoutText(text: string): { code: string; faults: string[] } {
  const faults: string[] = [];
  const open: { readonly char: string; readonly line: number }[] = [];
  const pairs: Record<string, string> = { "}": "{", ")": "(", "]": "[" };
  let code = "";
  let line = 1;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "\n") line++;
    if (open.at(-1)?.char === "'") {
      // Inside a text.
      if (char === "\\") i++;
      else if (char === "'") open.pop();
      else if (char === "$" && text[i + 1] === "{") {
        open.push({ char: "{", line });
        code += " ";
        i++;
      } else if (char === "\n") faults.push(`line ${line - 1}: a text is not closed`);
      continue;
    }
    if (char === "/" && text[i + 1] === "/") {
      i = text.indexOf("\n", i) - 1;
      if (i < 0) break;
      continue;
    }
    if (char === "'" || "{([".includes(char)) open.push({ char, line });
    if (char in pairs) {
      const last = open.pop();
      if (last?.char !== pairs[char])
        faults.push(`line ${line}: ${char} closes ${last?.char ?? "nothing"} of line ${last?.line ?? 0}`);
      // The end of `${…}`: back in the text.
      if (open.at(-1)?.char === "'") {
        code += " ";
        continue;
      }
    }
    code += char === "'" ? " " : char;
  }
  faults.push(...open.map(({ char, line: at }) => `line ${at}: ${char} is not closed`));
  return { code, faults };
}
