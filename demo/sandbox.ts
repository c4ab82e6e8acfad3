import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { DemoRequest } from "./corpus.ts";

/** The office that the agent works in: a folder of files, and a knowledge graph. */
export interface Sandbox {
  /** The one folder that the filesystem server may touch. */
  readonly root: string;
  /** The memory server's file. */
  readonly graphFile: string;
  /** Everything as at the start. */
  reset(): void;
  /** What a request is about as at the start, and what it is to bring about gone: an earlier call may have spoilt it. */
  prepare(request: DemoRequest): void;
}

interface Graph {
  readonly entities: readonly Entity[];
  readonly relations: readonly Relation[];
}
export interface Entity {
  readonly name: string;
  readonly entityType: string;
  readonly observations: readonly string[];
}
export interface Relation {
  readonly from: string;
  readonly to: string;
  readonly relationType: string;
}

const OFFICE = path.join(import.meta.dirname, "office");
const GRAPH = path.join(import.meta.dirname, "graph.json");

export function createSandbox(folder: string, corpus: readonly DemoRequest[]): Sandbox {
  const root = path.join(folder, "office");
  const graphFile = path.join(folder, "memory", "graph.jsonl");
  const office = readdirSync(OFFICE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(OFFICE, path.join(entry.parentPath, entry.name)));
  const inOffice = new Set(office);
  const restore = (file: string) => {
    const text = readFileSync(path.join(OFFICE, file));
    const target = path.join(root, file);
    if (existsSync(target) && readFileSync(target).equals(text)) return;
    put(target, text);
  };
  return {
    root,
    graphFile,
    reset() {
      mkdirSync(root, { recursive: true });
      // The folder itself stays: the running server has looked it up once and for all.
      for (const entry of readdirSync(root)) rmSync(path.join(root, entry), { recursive: true });
      cpSync(OFFICE, root, { recursive: true });
      for (const { files } of corpus)
        for (const [file, text] of Object.entries(files)) put(path.join(root, file), text);
      put(graphFile, graphLines());
    },
    prepare({ expect, files }) {
      const { file, folder: wanted } = expect.check;
      for (const target of [file, wanted])
        if (target !== undefined && !inOffice.has(target) && files[target] === undefined)
          rmSync(path.join(root, target), { recursive: true, force: true });
      for (const [name, text] of Object.entries(files)) put(path.join(root, name), text);
      for (const about of pathsIn(expect.arguments))
        for (const one of office)
          if (about === "." || one === about || one.startsWith(`${about}/`)) restore(one);
    },
  };
}

function pathsIn(args: Readonly<Record<string, unknown>>): string[] {
  return [args.path, args.paths].flat().filter((value) => typeof value === "string");
}

function put(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** The memory server's own form: a line each. */
function graphLines(): string {
  const { entities, relations } = JSON.parse(readFileSync(GRAPH, "utf8")) as Graph;
  return [
    ...entities.map((one) => ({ type: "entity", ...one })),
    ...relations.map((one) => ({ type: "relation", ...one })),
  ]
    .map((one) => JSON.stringify(one))
    .join("\n");
}

/** The graph as the memory server has stored it. */
export function readStoredGraph(file: string): Graph {
  const items = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as { type: string } & Entity & Relation);
  return {
    entities: items.filter((one) => one.type === "entity"),
    relations: items.filter((one) => one.type === "relation"),
  };
}
