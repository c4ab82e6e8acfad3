import type { Readable, Writable } from "node:stream";
import type { CallToolResult, Tool } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio as serveSdkStdio } from "@modelcontextprotocol/server/stdio";
import { LightningError, messageOf } from "../kernel/errors.ts";
import { type Address, keyHeader } from "../sdk/client.ts";
import { mcpServer } from "./mcp.ts";
import { errorText } from "./wire-errors.ts";

/** A training call may wait as long as `Prefer` allows, and some. */
const PATIENCE_MS = 260_000;

/**
 * MCP over stdio as a bridge to the function app's `/api/mcp`: the same tools, the reference agent's among them, in
 * whatever process holds the ledger. Resolves when the client has gone.
 */
export async function serveStdio(
  address: Address,
  streams: { readonly input?: Readable; readonly output?: Writable } = {},
): Promise<void> {
  let id = 0;
  async function forward(method: string, params: unknown): Promise<unknown> {
    const response = await fetch(`${address.url}/api/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...keyHeader(address) },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    let reply: { result?: unknown; error?: { message: string } };
    try {
      reply = JSON.parse(text) as typeof reply;
    } catch {
      throw new LightningError(
        "unavailable",
        "not_lightning",
        `${address.url}/api/mcp answered ${response.status} and no JSON.`,
        { remedy: "Check LIGHTNING_ENDPOINT and LIGHTNING_FUNCTION_KEY." },
      );
    }
    if (reply.error !== undefined) throw new LightningError("fatal", "mcp_error", reply.error.message);
    return reply.result;
  }
  const transport = new StdioServerTransport(
    streams.input ?? process.stdin,
    streams.output ?? process.stdout,
  );
  const ended = new Promise<void>((resolve) => {
    (streams.input ?? process.stdin).once("end", resolve).once("close", resolve);
  });
  const handle = serveSdkStdio(
    () =>
      mcpServer({
        list: async () => ((await forward("tools/list", {})) as { tools: Tool[] }).tools,
        async call(name, args) {
          try {
            return (await forward("tools/call", { name, arguments: args })) as CallToolResult;
          } catch (thrown) {
            const error =
              thrown instanceof LightningError
                ? thrown
                : new LightningError(
                    "unavailable",
                    "endpoint_unreachable",
                    `${address.url}: ${messageOf(thrown)}`,
                  );
            return { content: [{ type: "text", text: errorText(error.toBody().error) }], isError: true };
          }
        },
      }),
    { transport },
  );
  await ended;
  await handle.close();
}
