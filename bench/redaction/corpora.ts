import { readFileSync } from "node:fs";
import path from "node:path";
import { filesBelow } from "../../test/redaction/corpus/paragraphs.ts";

/** A text out of a corpus. Where the corpus does not say which part is secret, `secret` is missing. */
export interface Sample {
  /** The file's folder or name: what cases are counted under. */
  readonly kind: string;
  readonly text: string;
  readonly secret?: string;
  /** The corpus says that nothing stands in it. */
  readonly harmless?: true;
}

/** Cases of a corpus by the form of its files: JSONL of `{text, secret}`, a scanner's tests in Go, a recogniser's in Python. */
export function samplesBelow(root: string): Sample[] {
  return filesBelow(root, /\.(?:jsonl|ndjson|go|py)$/).flatMap((file) => {
    const source = readFileSync(file, "utf8");
    if (file.endsWith("_test.go")) return goTables(source, path.basename(path.dirname(file)));
    if (file.endsWith(".go")) return goLists(source, path.basename(file, ".go"));
    if (file.endsWith(".py"))
      return pythonTuples(source, path.basename(file, ".py").replace(/^test_|_recognizer$/g, ""));
    return jsonLines(source, path.basename(file));
  });
}

function jsonLines(source: string, file: string): Sample[] {
  return source
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const { text, secret, kind } = JSON.parse(line) as { text: string; secret?: string; kind?: string };
      return { kind: kind ?? file, text, ...(secret === undefined ? {} : { secret }) };
    });
}

const GO_TEXT = /`[^`]*`|"(?:[^"\\\n]|\\.)*"/y;

/** The value of a Go expression of literals, known names, `+` and `fmt.Sprintf`; undefined when it is anything else. */
function goText(
  source: string,
  from: number,
  names: ReadonlyMap<string, string>,
): { text: string; end: number } | undefined {
  let at = from;
  let text = "";
  const skip = () => {
    while (/\s/.test(source[at] ?? "")) at++;
  };
  for (;;) {
    skip();
    GO_TEXT.lastIndex = at;
    const literal = GO_TEXT.exec(source)?.[0];
    if (literal !== undefined) {
      text += unquoted(literal);
      at += literal.length;
    } else if (source.startsWith("fmt.Sprintf(", at)) {
      at += "fmt.Sprintf(".length;
      const parts: string[] = [];
      for (;;) {
        const part = goText(source, at, names);
        if (part === undefined) return undefined;
        parts.push(part.text);
        at = part.end;
        skip();
        if (source[at] !== ",") break;
        at++;
        skip();
        if (source[at] === ")") break;
      }
      if (source[at] !== ")") return undefined;
      at++;
      const [format = "", ...args] = parts;
      text += format.replace(/%[svq+]+/g, () => args.shift() ?? "");
    } else {
      const name = /^[A-Za-z_]\w*/.exec(source.slice(at, at + 80))?.[0];
      const known = name === undefined ? undefined : names.get(name);
      if (name === undefined || known === undefined) return undefined;
      text += known;
      at += name.length;
    }
    const end = at;
    skip();
    if (source[at] !== "+") return { text, end };
    at++;
  }
}

function unquoted(literal: string): string {
  if (literal.startsWith("`")) return literal.slice(1, -1);
  try {
    return JSON.parse(literal.replace(/\\x([0-9a-fA-F]{2})/g, "\\u00$1").replace(/\\'/g, "'")) as string;
  } catch {
    return literal.slice(1, -1);
  }
}

/** `{name: …, input: …, want: []string{…}}`, and `name = "…"` before it. */
function goTables(source: string, kind: string): Sample[] {
  const names = new Map<string, string>();
  for (const match of source.matchAll(/\b([A-Za-z_]\w*)\s*(?::?=)\s*(?=["`]|fmt\.Sprintf)/g)) {
    const value = goText(source, match.index + match[0].length, names);
    if (value !== undefined && match[1] !== undefined) names.set(match[1], value.text);
  }
  const samples: Sample[] = [];
  for (const match of source.matchAll(/\binput:\s*/g)) {
    const input = goText(source, match.index + match[0].length, names);
    if (input === undefined) continue;
    const want = /^\s*,\s*want:\s*\[\]string\{/.exec(source.slice(input.end, input.end + 200));
    if (want === null) continue;
    let at = input.end + want[0].length;
    for (;;) {
      const secret = goText(source, at, names);
      if (secret === undefined) break;
      if (secret.text.length >= 6 && input.text.includes(secret.text))
        samples.push({ kind, text: input.text, secret: secret.text });
      const comma = /^\s*,/.exec(source.slice(secret.end, secret.end + 40));
      if (comma === null) break;
      at = secret.end + comma[0].length;
    }
  }
  return samples;
}

/** `tps := []string{…}` and `fps := …`: texts with a secret somewhere, and without one. */
function goLists(source: string, kind: string): Sample[] {
  const samples: Sample[] = [];
  for (const match of source.matchAll(/\b(tps|fps)\s*:?=\s*(?:\[\]string\{|append\((?:tps|fps),)/g)) {
    let at = match.index + match[0].length;
    for (;;) {
      at += /^(?:\s|\/\/[^\n]*)*/.exec(source.slice(at))?.[0].length ?? 0;
      const one = goText(source, at, new Map());
      if (one === undefined) break;
      samples.push(match[1] === "tps" ? { kind, text: one.text } : { kind, text: one.text, harmless: true });
      const comma = /^\s*,/.exec(source.slice(one.end, one.end + 40));
      if (comma === null) break;
      at = one.end + comma[0].length;
    }
  }
  return samples;
}

/** `("text", 1, ((0, 10),), …)`: how many, and where. */
function pythonTuples(source: string, kind: string): Sample[] {
  const samples: Sample[] = [];
  for (const match of source.matchAll(
    /\(\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'),\s*(\d+),\s*(\(|\[)/g,
  )) {
    const text = unquoted((match[1] ?? "").replace(/^'|'$/g, '"'));
    const rest = source.slice(match.index + match[0].length, match.index + match[0].length + 400);
    if (match[2] === "0") {
      samples.push({ kind, text, harmless: true });
      continue;
    }
    const spans = [...rest.matchAll(/\(\s*(\d+),\s*(\d+)\s*\)/g)].slice(0, Number(match[2]));
    for (const span of spans) {
      const secret = text.slice(Number(span[1]), Number(span[2]));
      if (secret.length >= 4) samples.push({ kind, text, secret });
    }
  }
  return samples;
}
