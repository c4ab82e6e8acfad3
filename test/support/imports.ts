import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What a source imports: a file of ours, by its place in the repository, or a package. */
export interface Import {
  readonly from: string;
  readonly to: string;
  readonly ours: boolean;
  /** Types only: gone when the program runs. */
  readonly typeOnly: boolean;
  /** The names between braces; none for a default, a namespace or a bare import. */
  readonly names: readonly string[];
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
const SOURCE = /\.(?:ts|tsx|mts|js|mjs)$/;

/** A source without its comments: examples in them show imports. */
export const codeOf = (file: string): string =>
  readFileSync(path.join(ROOT, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");

/** The sources under a folder of the repository, installed packages and built files left out. */
export function sources(folder: string, isSource = SOURCE): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource.test(entry.name))
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .filter((file) => !/(?:^|\/)(?:node_modules|dist)\//.test(file))
    .toSorted();
}

export function importsOf(file: string): Import[] {
  return [...codeOf(file).matchAll(STATEMENT)].map(([statement, type, named, dynamic]) => {
    const target = (named ?? dynamic) as string;
    const ours = target.startsWith(".");
    const names = (/\{([^}]*)\}/.exec(statement)?.[1] ?? "")
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean);
    return {
      from: file,
      to: ours ? path.posix.join(path.posix.dirname(file), target) : packageOf(target),
      ours,
      typeOnly: type !== undefined || (names.length > 0 && names.every((one) => one.startsWith("type "))),
      names: names.map((one) => one.replace(/^type /, "").replace(/ as .*/, "")),
    };
  });
}

/** `@azure/cosmos/dist/x.js` → `@azure/cosmos`. */
function packageOf(target: string): string {
  if (target.startsWith("node:")) return target;
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

/** `covers("datasets", "datasets/store.ts")`; a folder covers what is in it. */
export const covers = (folder: string, place: string) => place === folder || place.startsWith(`${folder}/`);

/** Whether a list of places allows one: `*` all, `type:` before a place types only. */
export function isAllowed(list: readonly string[], place: string, typeOnly: boolean): boolean {
  return list.some(
    (entry) =>
      entry === "*" ||
      (entry.startsWith("type:") ? typeOnly && covers(entry.slice(5), place) : covers(entry, place)),
  );
}

export const told = ({ from, to, typeOnly }: Import) => `${from} → ${to}${typeOnly ? " (types)" : ""}`;

/** Every circle that the edges make, as `a → b → a`. */
export function circlesOf(edges: Iterable<readonly [from: string, to: string]>): string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (node: string, trail: readonly string[]) => {
    if (trail.includes(node)) circles.push([...trail.slice(trail.indexOf(node)), node].join(" → "));
    else if (!done.has(node)) {
      for (const one of next.get(node) ?? []) visit(one, [...trail, node]);
      done.add(node);
    }
  };
  for (const node of next.keys()) visit(node, []);
  return circles;
}
