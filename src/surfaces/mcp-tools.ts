import type { CallToolResult, Tool } from "@modelcontextprotocol/server";
import { z } from "zod";
import { type CallContext, type Caller, type Operation, parseInput, type Role } from "../doors/operation.ts";
import { fatal } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { inputJsonSchema } from "./fields.ts";
import { errorText, toLightningError } from "./wire-errors.ts";

/** A tool that is no row of the table: the reference agent's. It asks a model, which is paid, and may act through tools. */
interface ExtraTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: z.ZodObject;
  /** Default `labeller`: what the agent answers is recorded as an episode. */
  readonly role?: Role;
  /** Answers a text as it is, or any JSON value. */
  run(args: Record<string, unknown>, context: CallContext): Promise<unknown>;
}

/** A tool as the protocol sees it: what is listed, and what a call does. Calls never throw. */
export interface McpTool {
  readonly listed: Tool;
  /** Whether this caller may use it for any agent at all. */
  isFor(caller: Caller): boolean;
  call(args: Record<string, unknown>, context: CallContext): Promise<CallToolResult>;
}

/** What a table of tools is made of. */
export interface ToolSources {
  readonly operations: readonly Operation[];
  readonly extraTools?: readonly ExtraTool[] | undefined;
  /** What the rows have gone through already and the extra tools have not: roles, audit, redaction, limits. Absent: nothing. */
  readonly atDoor?: ((row: Operation) => Operation) | undefined;
  readonly logger?: Logger | undefined;
}

/** Every row with MCP names, once under each name, then the extra tools. */
export function mcpTools({ operations, extraTools = [], atDoor, logger }: ToolSources): Map<string, McpTool> {
  const tools = new Map<string, McpTool>();
  const add = (tool: McpTool) => {
    if (tools.has(tool.listed.name))
      throw fatal("duplicate_tool", `Two MCP tools are named ${tool.listed.name}.`);
    tools.set(tool.listed.name, tool);
  };
  for (const operation of operations) {
    const [first] = operation.mcp ?? [];
    for (const name of operation.mcp ?? []) add(operationTool(operation, name, first, logger));
  }
  for (const tool of extraTools) add(extraTool(tool, atDoor, logger));
  return tools;
}

function operationTool(
  operation: Operation,
  name: string,
  first: string | undefined,
  logger: Logger | undefined,
): McpTool {
  return {
    isFor: (caller) => operation.open === true || caller.mayAnywhere(operation.role),
    listed: {
      name,
      description: name === first ? operation.summary : `${operation.summary} The same as ${first}.`,
      inputSchema: listedSchema(operation),
      annotations: {
        readOnlyHint: operation.effect === "read",
        destructiveHint: operation.effect === "destroy",
        idempotentHint: operation.idempotent,
        openWorldHint: false,
      },
    },
    async call(args, context) {
      try {
        const reply = await operation.run(parseInput(operation, args), context);
        return jsonResult(reply.body);
      } catch (thrown) {
        return errorResult(thrown, name, logger);
      }
    },
  };
}

/** The tool as a row that no other door has, so that what holds for rows holds for it. */
const rowOf = (tool: ExtraTool): Operation => ({
  name: tool.name,
  summary: tool.description,
  input: tool.inputSchema,
  output: z.unknown(),
  role: tool.role ?? "labeller",
  effect: "write",
  idempotent: false,
  idempotency: { none: "A model is asked anew each time." },
  rest: { method: "POST", path: "" },
  example: {},
  run: async (input, context) => ({ body: await tool.run(input, context) }),
});

function extraTool(tool: ExtraTool, atDoor: ToolSources["atDoor"], logger: Logger | undefined): McpTool {
  const bare = rowOf(tool);
  const row = atDoor?.(bare) ?? bare;
  return {
    isFor: (caller) => caller.mayAnywhere(row.role),
    listed: {
      name: tool.name,
      description: tool.description,
      inputSchema: listedSchema(row),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
    },
    async call(args, context) {
      try {
        const { body } = await row.run(parseInput(row, args), context);
        return typeof body === "string" ? { content: [{ type: "text", text: body }] } : jsonResult(body);
      } catch (thrown) {
        return errorResult(thrown, tool.name, logger);
      }
    },
  };
}

/**
 * The input schema as models are shown it. Other spellings of a field are accepted but not shown, so the schema must
 * not close the object; what is neither is still refused by the row's own schema.
 */
function listedSchema(row: Pick<Operation, "input">): Tool["inputSchema"] {
  const {
    $schema: _dialect,
    additionalProperties: _closed,
    ...schema
  } = inputJsonSchema(row) as Record<string, unknown>;
  return { properties: {}, ...schema, type: "object" };
}

function jsonResult(body: unknown): CallToolResult {
  const result: CallToolResult = { content: [{ type: "text", text: JSON.stringify(body, undefined, 2) }] };
  if (typeof body === "object" && body !== null && !Array.isArray(body))
    result.structuredContent = { ...body };
  return result;
}

/** Readable text with `isError`, as the original answers; the code, and when to try again, stand in the text. */
function errorResult(thrown: unknown, where: string, logger: Logger | undefined): CallToolResult {
  const error = toLightningError(thrown, where, logger);
  return { content: [{ type: "text", text: errorText(error.toBody().error) }], isError: true };
}
