import { mkdtempSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import {
  closeLightning,
  configureLightning,
  getEpisodeCaptureHook,
  getModelDeployment,
  getRewardWriter,
  wrapOpenAI,
  wrapToolHandler,
} from "agent-lightning";
import OpenAI from "openai";
import { z } from "zod";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { startLocalProvider } from "../../src/local-provider/start.ts";

// Where the agent's model answers: yours, or a stand-in on loopback that speaks the same wire.
const standIn = process.env.OPENAI_BASE_URL
  ? undefined
  : await startLocalProvider({
      folder: mkdtempSync(path.join(os.tmpdir(), "wire-your-agent-")),
      clock: systemClock,
      logger: silentLogger,
    });

// 1. Once a process: how Agent Lightning is reached. LIGHTNING_ENDPOINT, or the host that runs here, or one in this process.
configureLightning({ embedded: true });
const hook = getEpisodeCaptureHook();

// 2. An MCP tool of yours: wrap its handler, and each call is an episode.
const stock = new Map([
  ["lamp", 14],
  ["pallet", 3],
]);
const server = new McpServer({ name: "store-room", version: "1" });
server.registerTool(
  "count_stock",
  { description: "Counts how many of an item are in stock", inputSchema: z.object({ item: z.string() }) },
  wrapToolHandler(hook, "count_stock", ({ item }: { item: string }) => ({
    content: [{ type: "text" as const, text: `${stock.get(item) ?? 0} of ${item} in stock` }],
  })),
);
const [near, far] = InMemoryTransport.createLinkedPair();
await server.connect(far);
const mcp = new Client({ name: "somebody", version: "1" });
await mcp.connect(near);
const counted = await mcp.callTool({ name: "count_stock", arguments: { item: "lamp" } });
console.log("tool:", JSON.stringify(counted.content));

// 3. An agent that asks a model itself: wrap its client, and each call is an episode, streamed or not.
const openai = wrapOpenAI(
  hook,
  new OpenAI({
    baseURL: standIn?.baseURL ?? process.env.OPENAI_BASE_URL,
    apiKey: standIn?.apiKey ?? process.env.OPENAI_API_KEY,
  }),
  () => ({ sessionId: "walk-through" }),
);
const reply = await openai.chat.completions.create({
  model: await getModelDeployment(), // 4. the registry says which model serves now
  messages: [{ role: "user", content: 'Count how many of "pallet" are in stock' }],
  tools: (await mcp.listTools()).tools.map(({ name, description, inputSchema }) => ({
    type: "function" as const,
    function: { name, description: description ?? "", parameters: inputSchema },
  })),
});
console.log("model:", reply.model, JSON.stringify(reply.choices[0]?.message));

// 5. Say how good it was, whenever that is known. An id of your own handle works as well as one from the list.
const handle = hook.startCapture({ userInput: "Is the gate open?", sessionId: "walk-through" });
handle.endCapture({ assistantOutput: "Yes, until eight.", model: await getModelDeployment() });
await hook.flush();
if (hook.enabled) {
  const reward = await getRewardWriter().recordHumanApproval({
    episodeId: handle.id,
    approved: true,
    reviewer: "walk-through",
  });
  console.log("reward:", reward.rewardId, "on", handle.id);
}
console.log("captured:", JSON.stringify(hook.stats()));

await mcp.close();
await closeLightning(); // 6. at the end: what is still in memory is sent
await standIn?.close();
