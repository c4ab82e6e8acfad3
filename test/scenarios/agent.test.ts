import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("the reference agent", () => {
  let world: World;
  let tuned = "";
  const agent_id = "storm-desk";

  beforeAll(async () => {
    world = await openWorld({
      LIGHTNING_AGENT_ID: agent_id,
      ENABLE_LIGHTNING_CAPTURE: "true",
      USE_TUNED_MODEL: "true",
    });
    const content = golden(0, 40);
    const lessons = await world.call("POST", "/datasets/golden", { name: "lessons", content, test_split: 0 });
    const run = await world.call(
      "POST",
      "/training",
      { dataset_id: lessons.body.dataset_id },
      { prefer: "wait=200" },
    );
    tuned = run.body.tuned_model;
    await world.call("POST", "/deployments", { run_id: run.body.run_id });
  });
  afterAll(() => world.close());

  async function tool(name: string, args: Record<string, unknown>) {
    const response = await world.fetch("/api/mcp", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args },
      }),
    });
    const { result } = (await response.json()) as {
      result: { content: [{ text: string }]; isError?: boolean };
    };
    return { isError: result.isError ?? false, reply: JSON.parse(result.content[0].text) };
  }
  const recorded = async (id: string) => {
    await world.until(async () => (await world.call("GET", `/episodes/${id}`)).status === 200);
    return (await world.call("GET", `/episodes/${id}`)).body;
  };

  it("answers with the active model, and its episode names the model that was called (defect 10: model read after the call)", async () => {
    const before = (await tool("ask_foundry", { question: "How is the sky over Oslo on day 8?" })).reply;
    expect(before).toMatchObject({ model: tuned, model_source: "registry" });
    await world.call("POST", "/deployments/deactivate", { reason: "testing the base model" });
    const after = (await tool("ask_foundry", { question: "How is the sky over Lima on day 9?" })).reply;
    expect(after.model).toBe(world.app.settings.baseModel);
    // Read after the change: it is still the model of its own time.
    expect((await recorded(before.episode_id)).model_deployment).toBe(tuned);
    expect((await recorded(after.episode_id)).model_deployment).toBe(world.app.settings.baseModel);
  });

  it("answers with each of the design's five tools, one episode a call", async () => {
    const calls = {
      ask_foundry: { question: "What is a gust?" },
      next_best_action: { task: "Tell me of the sky over Turin." },
      analyze_intent: { query: "A roof came off in Perth." },
      generate_plan: { task: "Repair the roof." },
      generate_plan_with_instructions: { task: "Repair the roof.", instructions: "Two steps." },
    };
    const ids = new Set<string>();
    for (const [name, args] of Object.entries(calls)) {
      const { reply, isError } = await tool(name, args);
      expect({ name, isError }).toEqual({ name, isError: false });
      const episode = await recorded(reply.episode_id);
      expect(episode.user_input).toContain(Object.values(args)[0]);
      expect(reply.answer).not.toBe("");
      // Of nothing that it was told to be.
      expect(episode.system_prompt).not.toContain(reply.answer);
      ids.add(reply.episode_id);
    }
    expect(ids.size).toBe(5);
  });

  it("captures none of Agent Lightning's own tools (defect 10: own calls captured)", async () => {
    const count = async () => world.app.ledger.count("episodes", {});
    const before = await count();
    const { reply } = await tool("lightning_list_episodes", { limit: 3 });
    expect(reply.episodes).toHaveLength(3);
    await world.settle();
    expect(await count()).toBe(before);
  });
});
