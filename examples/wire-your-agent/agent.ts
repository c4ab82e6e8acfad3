import {
  closeLightning,
  configureLightning,
  getEpisodeCaptureHook,
  getModelDeployment,
  getRewardWriter,
  LightningError,
  wrapOpenAI,
  wrapToolHandler,
} from "agent-lightning";
import OpenAI from "openai";
import { startStandIn } from "./stand-in.ts";

// Where the agent's model answers: yours, or a stand-in on loopback that speaks the same wire.
const standIn = process.env.OPENAI_BASE_URL ? undefined : await startStandIn();

// 1. Once a process, and only where something differs from the environment's settings.
configureLightning({ settings: { enableCapture: true } });
const hook = getEpisodeCaptureHook();

// 2. A tool of yours: wrap its handler, and each call is an episode. In an MCP server:
//    server.registerTool("count_stock", { inputSchema }, wrapToolHandler(hook, "count_stock", countStock))
const stock = new Map([
  ["lamp", 14],
  ["pallet", 3],
]);
const countStock = wrapToolHandler(hook, "count_stock", ({ item }: { item: string }) => ({
  content: [{ type: "text" as const, text: `${stock.get(item) ?? 0} of ${item} in stock` }],
}));
console.log("tool:", JSON.stringify(countStock({ item: "lamp" }).content));

// 3. An agent that asks a model itself: wrap its client, and each call is an episode, streamed or not.
const openai = wrapOpenAI(
  hook,
  new OpenAI({
    baseURL: standIn?.baseURL ?? process.env.OPENAI_BASE_URL,
    apiKey: process.env.OPENAI_API_KEY ?? "not needed here",
  }),
  () => ({ sessionId: "walk-through" }),
);
const reply = await openai.chat.completions.create({
  model: await getModelDeployment(), // 4. the registry says which model serves now
  messages: [{ role: "user", content: 'Count how many of "pallet" are in stock' }],
  tools: [
    {
      type: "function",
      function: {
        name: "count_stock",
        description: "Counts how many of an item are in stock",
        parameters: { type: "object", properties: { item: { type: "string" } }, required: ["item"] },
      },
    },
  ],
});
console.log("model:", reply.model, JSON.stringify(reply.choices[0]?.message));

// 5. Say how good it was, whenever that is known. An id of your own handle works as well as one from the list.
const handle = hook.startCapture({ userInput: "Is the gate open?", sessionId: "walk-through" });
handle.endCapture({ assistantOutput: "Yes, until eight.", model: await getModelDeployment() });
await hook.flush();
try {
  const reward = await getRewardWriter().recordHumanApproval({
    episodeId: handle.id,
    approved: true,
    reviewer: "walk-through",
  });
  console.log("reward:", reward.rewardId, "on", handle.id);
} catch (thrown) {
  // Capture never fails the agent; every other verb says what is wrong and what to do about it.
  if (!(thrown instanceof LightningError && thrown.code === "no_host")) throw thrown;
  console.log("reward:", thrown.message, thrown.remedy);
}
console.log("captured:", JSON.stringify(hook.stats()));

await closeLightning(); // 6. at the end: what is still in memory is sent, or kept for the next process
await standIn?.close();
