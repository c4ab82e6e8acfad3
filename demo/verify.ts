import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Check } from "./corpus.ts";
import { readStoredGraph, type Sandbox } from "./sandbox.ts";

/** What a tool really answered. */
export interface ToolOutcome {
  readonly text: string;
  readonly failed: boolean;
}

/** Whether what really happened is what the request asked for, whichever tools were called on the way. */
export function verify(
  check: Check,
  outcomes: readonly ToolOutcome[],
  sandbox: Pick<Sandbox, "root" | "graphFile">,
): boolean {
  const at = (name: string) => path.join(sandbox.root, name);
  if (check.folder !== undefined) return isFolder(at(check.folder));
  if (check.file !== undefined) {
    const text = readIfThere(at(check.file));
    return text !== undefined && (check.has ?? []).every((part) => text.includes(part));
  }
  if (check.entity !== undefined || check.relation !== undefined)
    return verifyStored(check, sandbox.graphFile);
  return outcomes.some(({ text, failed }) => !failed && verifyText(check, text));
}

function verifyText(check: Check, text: string): boolean {
  if (!(check.has ?? []).every((part) => text.includes(part))) return false;
  if ((check.lacks ?? []).some((part) => text.includes(part))) return false;
  if (check.nodes === undefined) return true;
  const names = entityNames(text);
  return (
    names !== undefined &&
    check.nodes.every((name) => names.has(name)) &&
    !(check.lacks_nodes ?? []).some((name) => names.has(name)) &&
    (check.only_nodes === undefined || names.size === check.only_nodes)
  );
}

function verifyStored(check: Check, graphFile: string): boolean {
  const { entities, relations } = readStoredGraph(graphFile);
  if (check.relation !== undefined) {
    const [from, to] = check.relation;
    return relations.some((one) => one.from === from && one.to === to);
  }
  const entity = entities.find((one) => one.name === check.entity);
  if (entity === undefined) return false;
  const { observes, unlearnt } = check;
  if (observes !== undefined) return entity.observations.some((one) => one.includes(observes));
  if (unlearnt !== undefined) return !entity.observations.includes(unlearnt);
  return true;
}

/** The names in a graph that a tool answered, or undefined when the answer is no graph. */
function entityNames(text: string): Set<string> | undefined {
  try {
    const graph = JSON.parse(text) as { entities?: { name: string }[] };
    return graph.entities && new Set(graph.entities.map((one) => one.name));
  } catch {
    return undefined;
  }
}

function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
