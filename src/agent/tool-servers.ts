import { readFile } from "node:fs/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { z } from "zod";
import type { ToolDefinition } from "../episodes/contract.ts";
import { systemClock } from "../kernel/clock.ts";
import { withDeadline } from "../kernel/deadline.ts";
import { fatal, messageOf, unavailable } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";

/** The `mcpServers` form that MCP clients share, with an optional list of the tools that may be used. */
const serverSchema = z.union([
  z.strictObject({
    command: z.string().min(1),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().optional(),
    tools: z.array(z.string()).optional(),
  }),
  z.strictObject({
    url: z.url(),
    headers: z.record(z.string(), z.string()).default({}),
    tools: z.array(z.string()).optional(),
  }),
]);
const configSchema = z.strictObject({ mcpServers: z.record(z.string(), serverSchema) });
type ServerConfig = z.output<typeof serverSchema>;

/** What a tool answered; `isError` is the tool's own word. */
interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
}

/** The tools an agent may call, wherever they live. */
export interface ToolServers {
  readonly tools: readonly ToolDefinition[];
  /** Never throws for a failure of the tool. @throws unavailable when its server is gone. */
  call(name: string, args: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

export const noToolServers: ToolServers = {
  tools: [],
  call: (name) => Promise.resolve({ text: `There is no tool named ${name}.`, isError: true }),
  close: () => Promise.resolve(),
};

/**
 * Connects to the MCP servers of a configuration file, side by side.
 * @param timeoutSeconds what a server may take to connect and name its tools, and a tool to answer
 * @throws LightningError fatal `bad_tool_servers` for a file that cannot be used, unavailable `tool_server_down`.
 */
export async function connectToolServers(
  configFile: string,
  logger: Logger,
  timeoutSeconds: number,
): Promise<ToolServers> {
  const timeout = timeoutSeconds * 1000;

  const config = await readConfig(configFile);
  const connections = await Promise.all(
    Object.entries(config.mcpServers).map(async ([name, server]) => connect(name, server, timeout)),
  );
  const owners = new Map<string, Client>();
  const tools: ToolDefinition[] = [];
  for (const { client, listed, name } of connections) {
    for (const tool of listed) {
      if (owners.has(tool.function.name)) {
        logger.warn("a tool's name is taken by an earlier server; it is left out", {
          tool: tool.function.name,
          server: name,
        });
        continue;
      }
      owners.set(tool.function.name, client);
      tools.push(tool);
    }
  }
  return {
    tools,
    async call(name, args) {
      const client = owners.get(name);
      if (client === undefined) return noToolServers.call(name, args);
      try {
        const result = await client.callTool({ name, arguments: args }, { timeout });
        return { text: contentText(result.content), isError: result.isError === true };
      } catch (thrown) {
        // The protocol's own errors (bad arguments, unknown tool) are answers, too: the model is to see them.
        return { text: messageOf(thrown), isError: true };
      }
    },
    async close() {
      await Promise.all(connections.map(({ client }) => client.close()));
    },
  };
}

async function readConfig(file: string): Promise<z.output<typeof configSchema>> {
  try {
    return configSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw fatal("bad_tool_servers", `LIGHTNING_AGENT_MCP_SERVERS cannot be used: ${messageOf(cause)}`, {
      remedy: 'Give a JSON file of the form {"mcpServers": {"name": {"command": "…", "args": […]}}}.',
      cause,
    });
  }
}

async function connect(name: string, server: ServerConfig, timeout: number) {
  const client = new Client({ name: "agent-lightning", version: "1" });
  const late = () => new Error(`no answer within ${timeout / 1000} s`);
  const open = async () => {
    await client.connect(
      "url" in server
        ? new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: server.headers } })
        : new StdioClientTransport({
            command: server.command,
            args: server.args,
            // The SDK passes on a short list of harmless variables only; anything else must be named in the file.
            env: server.env,
            ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
            stderr: "ignore",
          }),
      { timeout },
    );
    return client.listTools(undefined, { timeout });
  };
  try {
    const { tools } = await withDeadline({ clock: systemClock, ms: timeout, late }, open);
    const listed = tools
      .filter((tool) => server.tools === undefined || server.tools.includes(tool.name))
      .map(
        (tool): ToolDefinition => ({
          type: "function",
          function: {
            name: tool.name,
            description: tool.description ?? "",
            parameters: tool.inputSchema as NonNullable<ToolDefinition["function"]["parameters"]>,
          },
        }),
      );
    return { name, client, listed };
  } catch (cause) {
    await client.close().catch(() => undefined);
    throw unavailable("tool_server_down", `The MCP server "${name}" does not answer: ${messageOf(cause)}`, {
      remedy: "Check its command or URL in the file that LIGHTNING_AGENT_MCP_SERVERS names.",
      cause,
    });
  }
}

/** A tool's content as one text; what is not text is named by its kind. */
function contentText(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content
    .map((part: { type?: string; text?: string; mimeType?: string }) =>
      part.type === "text" ? (part.text ?? "") : `[${part.type ?? "content"} ${part.mimeType ?? ""}]`.trim(),
    )
    .join("\n");
}
