import type { Readable, Writable } from "node:stream";
import { type CallToolResult, ProtocolError, type Tool } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio as serveSdkStdio } from "@modelcontextprotocol/server/stdio";
import { EventReader } from "../capture/calls/sse.ts";
import { LightningError, messageOf } from "../kernel/errors.ts";
import { type Address, keyHeader } from "../sdk/client.ts";
import { mcpServer } from "./mcp.ts";
import type { ProgressTo } from "./mcp-progress.ts";
import { errorText } from "./wire-errors.ts";

/** A training call may wait as long as `Prefer` allows, and some. */
const PATIENCE_MS = 260_000;

type Notification = Parameters<ProgressTo["notify"]>[0];
interface RpcMessage {
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The messages of an answer: one, or several as events of which the last is the answer. */
async function* messagesOf(response: Response): AsyncGenerator<string, void, undefined> {
  if (!(response.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    yield await response.text();
    return;
  }
  const events = new EventReader();
  for await (const bytes of response.body ?? []) yield* events.add(bytes);
  yield* events.end();
}

/**
 * MCP over stdio as a bridge to the function app's `/api/mcp`: the same tools, the reference agent's among them, in
 * whatever process holds the ledger. Resolves when the client has gone.
 */
export async function serveStdio(
  address: Address,
  options: {
    /** The sets of tools to list, with commas between them; absent: as the app has it. */
    readonly tools?: string | undefined;
    readonly input?: Readable;
    readonly output?: Writable;
  } = {},
): Promise<void> {
  const { tools, input = process.stdin, output = process.stdout } = options;
  const door = `${address.url}/api/mcp`;
  const url = tools === undefined ? door : `${door}?${new URLSearchParams({ tools }).toString()}`;
  let id = 0;
  /** @throws ProtocolError as the app answered; LightningError `not_lightning` */
  async function forward(
    method: string,
    { _meta: meta, ...params }: { readonly _meta?: object },
    progress?: ProgressTo,
  ): Promise<unknown> {
    const token = progress?.token;
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", ...keyHeader(address) },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: ++id,
        method,
        params: { ...params, _meta: { ...meta, ...(token === undefined ? {} : { progressToken: token }) } },
      }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    for await (const text of messagesOf(response)) {
      let message: RpcMessage;
      try {
        message = JSON.parse(text) as RpcMessage;
      } catch {
        break;
      }
      if (message.method === "notifications/progress") await progress?.notify(message as Notification);
      else if (message.error !== undefined)
        throw new ProtocolError(message.error.code, message.error.message);
      else return message.result;
    }
    throw new LightningError(
      "unavailable",
      "not_lightning",
      `${door} answered ${response.status} and no JSON.`,
      { remedy: "Check LIGHTNING_ENDPOINT and LIGHTNING_FUNCTION_KEY." },
    );
  }
  const transport = new StdioServerTransport(input, output);
  const ended = new Promise<void>((resolve) => {
    input.once("end", resolve).once("close", resolve);
  });
  const handle = serveSdkStdio(
    () =>
      mcpServer({
        list: async () => ((await forward("tools/list", {})) as { tools: Tool[] }).tools,
        async call({ name, trace }, args, progress) {
          try {
            const params = { name, arguments: args, _meta: { ...trace } };
            return (await forward("tools/call", params, progress)) as CallToolResult;
          } catch (thrown) {
            if (thrown instanceof ProtocolError) throw thrown;
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
