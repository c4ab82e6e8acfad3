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

// 2. A tool of yours: wrap its handler, and each call is an episode, with the tool's definition. In an MCP server:
//    server.registerTool("count_stock", config, wrapToolHandler(hook, "count_stock", config, countStock))
const stock = new Map([
  ["lamp", 14],
  ["pallet", 3],
]);
const parameters = { type: "object", properties: { item: { type: "string" } }, required: ["item"] };
const config = { description: "Counts how many of an item are in stock", inputSchema: parameters };
const countStock = wrapToolHandler(hook, "count_stock", config, ({ item }: { item: string }) => ({
  content: [{ type: "text" as const, text: `${stock.get(item) ?? 0} of ${item} in stock` }],
}));
console.log("tool:", JSON.stringify(countStock({ item: "lamp" }).content));

// 3. An agent that asks a model itself: wrap its client, and each call is an episode, whichever form of call it is.
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
        description: config.description,
        parameters,
      },
    },
  ],
});
console.log("model:", reply.model, JSON.stringify(reply.choices[0]?.message));

// 5. Say how good it was, whenever that is known: the answer's own id names its episode, be it recorded already or not.
try {
  const reward = await getRewardWriter().feedback({
    responseId: reply.id,
    thumbs: "up",
    evaluator: "walk-through",
  });
  console.log("reward:", "waiting" in reward ? reward.waitingId : reward.rewardId, "for", reply.id);
} catch (thrown) {
  // Capture never fails the agent; every other verb says what is wrong and what to do about it.
  if (!(thrown instanceof LightningError && thrown.code === "no_host")) throw thrown;
  console.log("reward:", thrown.message, thrown.remedy);
}
await hook.flush();
console.log("captured:", JSON.stringify(hook.stats()));

await closeLightning(); // 6. at the end: what is still in memory is sent, or kept for the next process
await standIn?.close();
