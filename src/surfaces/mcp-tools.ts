import type { CallToolResult, Tool } from "@modelcontextprotocol/server";
import type { z } from "zod";
import { type CallContext, type Caller, type Operation, parseInput, type Role } from "../doors/operation.ts";
import type { ToolSet } from "../doors/tool-sets.ts";
import { fatal } from "../kernel/errors.ts";
import { inputInShort, outputFields, outputInShort, toolInput, toolOutput, WRAPPED } from "./mcp-schema.ts";
import { setsOfRow } from "./mcp-sets.ts";

/** A tool that is no row of the table: the reference agent's. It asks a model, which is paid, and may act through tools. */
interface ExtraTool {
  readonly name: string;
  /** For people, in a client's list. */
  readonly title: string;
  readonly description: string;
  readonly inputSchema: z.ZodObject;
  readonly outputSchema: z.ZodType;
  /** Default `labeller`: what the agent answers is recorded as an episode. */
  readonly role?: Role;
  /** Answers any JSON value. */
  run(args: Record<string, unknown>, context: CallContext): Promise<unknown>;
}

/** A tool as the protocol sees it: what is listed, and what a call does. */
export interface McpTool {
  /** The row behind it, or the tool itself. */
  readonly operation: string;
  readonly sets: readonly ToolSet[];
  /** What is listed of it, made when it is first asked for; `short` where only the default set is asked for. */
  listed(form: "whole" | "short"): Tool;
  /** Whether this caller may use it for any agent at all. */
  isFor(caller: Caller): boolean;
  /** The answer, any JSON value. @throws LightningError, or what else went wrong */
  call(args: Record<string, unknown>, context: CallContext): Promise<unknown>;
}

/** What a table of tools is made of. */
export interface ToolSources {
  readonly operations: readonly Operation[];
  readonly extraTools?: readonly ExtraTool[] | undefined;
  /** What the rows have gone through already and the extra tools have not: roles, audit, redaction, limits. Absent: nothing. */
  readonly atDoor?: ((row: Operation) => Operation) | undefined;
}

/** Every row with MCP names, once under each name, then the extra tools. */
export function mcpTools({ operations, extraTools = [], atDoor }: ToolSources): Map<string, McpTool> {
  const tools = new Map<string, McpTool>();
  const add = (name: string, tool: McpTool) => {
    if (tools.has(name)) throw fatal("duplicate_tool", `Two MCP tools are named ${name}.`);
    tools.set(name, tool);
  };
  for (const operation of operations) {
    const [first] = operation.mcp ?? [];
    for (const name of operation.mcp ?? []) add(name, operationTool(operation, name, first));
  }
  for (const tool of extraTools) add(tool.name, extraTool(tool, atDoor));
  return tools;
}

function operationTool(operation: Operation, name: string, first: string | undefined): McpTool {
  return {
    operation: operation.name,
    sets: [...(name === first ? setsOfRow(operation.name) : []), "all"],
    isFor: (caller) => operation.open === true || caller.mayAnywhere(operation.role),
    listed: listing({
      name,
      title: titleOf(operation.name),
      description: name === first ? operation.summary : `${operation.summary} The same as ${first}.`,
      row: operation,
      annotations: {
        readOnlyHint: operation.effect === "read",
        destructiveHint: operation.effect === "destroy",
        idempotentHint: operation.idempotent,
        openWorldHint: false,
      },
    }),
    call: async (args, context) => (await operation.run(parseInput(operation, args), context)).body,
  };
}

/** The tool as a row that no other door has, so that what holds for rows holds for it. */
const rowOf = (tool: ExtraTool): Operation => ({
  name: tool.name,
  summary: tool.description,
  input: tool.inputSchema,
  output: tool.outputSchema,
  role: tool.role ?? "labeller",
  effect: "write",
  idempotent: false,
  idempotency: { none: "A model is asked anew each time." },
  rest: { method: "POST", path: "" },
  example: {},
  run: async (input, context) => ({ body: await tool.run(input, context) }),
});

function extraTool(tool: ExtraTool, atDoor: ToolSources["atDoor"]): McpTool {
  const bare = rowOf(tool);
  const row = atDoor?.(bare) ?? bare;
  return {
    operation: tool.name,
    sets: ["core", "agent", "all"],
    isFor: (caller) => caller.mayAnywhere(row.role),
    listed: listing({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      row,
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    }),
    call: async (args, context) => (await row.run(parseInput(row, args), context)).body,
  };
}

/** `buildDataset` → `Build dataset`. */
function titleOf(operation: string): string {
  const words = operation.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface Listing extends Pick<Tool, "name" | "title" | "description" | "annotations"> {
  readonly row: Pick<Operation, "input" | "output" | "example">;
}

function listing({ row, ...tool }: Listing): McpTool["listed"] {
  const made = new Map<string, Tool>();
  return (form) => {
    const known = made.get(form);
    if (known !== undefined) return known;
    const input = toolInput(row);
    const output = toolOutput(row.output);
    const listed: Tool = {
      ...tool,
      inputSchema: form === "short" ? inputInShort(input, row) : input,
      outputSchema: form === "short" ? outputInShort(output) : outputFields(output),
    };
    made.set(form, listed);
    return listed;
  };
}

/** An answer as indented text and as structured content, which is always an object. */
export function toolResult(body: unknown): CallToolResult {
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  const text = typeof body === "string" ? body : JSON.stringify(body, undefined, 2);
  return {
    content: [{ type: "text", text }],
    structuredContent: isObject ? { ...body } : { [WRAPPED]: body },
  };
}
