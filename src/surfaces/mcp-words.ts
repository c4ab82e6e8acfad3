import type { ToolSet } from "../doors/tool-sets.ts";
import type { DoorWords } from "./door-words.ts";
import type { McpTool } from "./mcp-tools.ts";

/**
 * What an error says to a model behind the tools: names of tools and their own schemas, as it has no other door.
 * @param called the tool that was called, which may be a row's second name
 * @param sets what this client is shown; a tool outside of it is told with the set that has it
 */
export function mcpWords(
  tools: ReadonlyMap<string, McpTool>,
  called: string,
  sets: ReadonlySet<ToolSet>,
): DoorWords {
  const nameOf = (operation: string) =>
    tools.get(called)?.operation === operation
      ? called
      : [...tools].find(([, tool]) => tool.operation === operation)?.[0];
  return {
    operation(operation) {
      const name = nameOf(operation);
      if (name === undefined) return `${operation} (no tool: it has a REST route and a command)`;
      const own = tools.get(name)?.sets ?? [];
      return own.some((set) => sets.has(set)) ? name : `${name} (of the tool set ${own[0] ?? "all"})`;
    },
    input: (operation) => `See the input schema of the tool ${nameOf(operation) ?? operation}.`,
    key: "idempotency_key",
  };
}
