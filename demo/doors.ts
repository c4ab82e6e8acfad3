import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { z } from "zod";

/** The app's REST door; replies are the documented JSON. */
export interface Rest {
  get<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T>;
  /** @param waitSeconds how long the app may take before it answers 202 */
  post<T>(path: string, body: unknown, waitSeconds?: number): Promise<T>;
  text(path: string, query: Readonly<Record<string, string>>): Promise<string>;
}

/** An answer of the app that is an error; `status` is HTTP's. */
export class RestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function restDoor(url: string): Rest {
  const request = async (path: string, init: RequestInit, query: Readonly<Record<string, string>> = {}) => {
    const address = path.startsWith("http") ? new URL(path) : new URL(`/api/lightning${path}`, url);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const reply = await fetch(address, init);
    if (reply.ok) return reply;
    const body = (await reply.text()).slice(0, 2000);
    throw new RestError(
      reply.status,
      `${init.method ?? "GET"} ${address.pathname} answered ${reply.status}: ${body}`,
    );
  };
  return {
    get: async <T>(path: string, query?: Readonly<Record<string, string>>) =>
      (await (await request(path, {}, query)).json()) as T,
    post: async <T>(path: string, body: unknown, waitSeconds = 60) =>
      (await (
        await request(path, {
          method: "POST",
          headers: { "content-type": "application/json", prefer: `wait=${waitSeconds}` },
          body: JSON.stringify(body),
        })
      ).json()) as T,
    text: async (path, query) => (await request(path, {}, query)).text(),
  };
}

const answerSchema = z.object({
  answer: z.string(),
  model: z.string(),
  episode_id: z.string().optional(),
  tool_calls: z.array(
    z.object({ tool_name: z.string(), result: z.unknown().optional(), error: z.string().optional() }),
  ),
});
export type AgentAnswer = z.output<typeof answerSchema>;

/** The reference agent behind the app's MCP door, by the official client. */
export interface AgentDoor {
  nextBestAction(task: string, agentId: string, sessionId: string): Promise<AgentAnswer>;
  close(): Promise<void>;
}

export async function agentDoor(url: string): Promise<AgentDoor> {
  const client = new Client({ name: "agent-lightning-demo", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL("/api/mcp", url)));
  return {
    async nextBestAction(task, agentId, sessionId) {
      const result = await client.callTool({
        name: "next_best_action",
        arguments: { task, agent_id: agentId, session_id: sessionId },
      });
      if (result.isError === true)
        throw new Error(
          `The agent could not answer ${JSON.stringify(task)}: ${JSON.stringify(result.content)}`,
        );
      return answerSchema.parse(result.structuredContent);
    },
    close: () => client.close(),
  };
}
