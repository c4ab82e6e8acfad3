import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { casesOf, ROWS } from "./idempotent-posts.ts";
import { openWorld, type Reply, type World } from "./world.ts";

type Input = Record<string, unknown>;
const AGENT = "storm-desk";
let world: World;
beforeAll(async () => {
  world = await openWorld({ LIGHTNING_AGENT_ID: AGENT, ENABLE_LIGHTNING_CAPTURE: "true" });
});
afterAll(() => world.close());

async function call(name: string, given: Input): Promise<Reply> {
  const row = ROWS.find((one) => one.name === name);
  if (row === undefined) throw new Error(name);
  const { prefer = "wait=200", ...input } = given;
  const address = row.rest.path.replaceAll(/\{(\w+)\??\}/g, (_whole, field: string) => {
    const value = String(input[field]);
    delete input[field];
    return value;
  });
  if (row.rest.method === "POST") return world.call("POST", address, input, { prefer: String(prefer) });
  return world.call("GET", `${address}?${new URLSearchParams(input as Record<string, string>).toString()}`);
}
const posts = casesOf(call, () => world);
const made = async (name: string, n: number): Promise<Input> => {
  const { body } = await call(name, (await posts[name]?.(n))?.input ?? {});
  expect(body).not.toHaveProperty("error");
  return body;
};

/** What rows that read are asked, where the agent alone is not enough; `n` is another number for each. */
const reads: Record<string, (n: number) => Promise<Input>> = {
  getPart: async (n) => ({ sha256: (await call("addPart", { text: `A text, ${n}.` })).body.sha256 }),
  getEpisode: async (n) => ({ episode_id: (await made("recordEpisodes", n)).id }),
  traceEpisode: async (n) => ({ episode_id: (await made("recordEpisodes", n)).id }),
  getDataset: async (n) => ({ dataset_id: (await made("buildGoldenDataset", n)).dataset_id }),
  explainExample: async (n) => ({
    dataset_id: (await made("buildGoldenDataset", n)).dataset_id,
    hash: "1",
    split: "train",
  }),
  estimateTraining: async (n) => ({ dataset_id: (await made("buildGoldenDataset", n)).dataset_id }),
  getTrainingRun: async (n) => ({ run_id: (await made("startTraining", n)).run_id }),
  getEvaluation: async (n) => ({ evaluation_id: (await made("startEvaluation", n)).id }),
  listPairs: async (n) => ({ evaluation_id: (await made("startEvaluation", n)).id }),
  getPipeline: async (n) => ({ pipeline_id: (await made("runPipeline", n)).pipeline_id }),
  getRescan: async (n) => ({ rescan_id: (await made("rescanEpisodes", n)).rescan_id }),
  verifyAnswer: async () => ({ answer: (await call("getLineage", { manifest: "true" })).body }),
  validateFile: async () => ({ content: '{"messages":[{"role":"user","content":"Hello"}]}' }),
  testRedaction: async () => ({ text: "Write to jane.doe@example.org." }),
};
/** What needs no case made for it. */
const PLAIN: Record<string, Input> = {
  lightning_set_review_rules: { reviewers_per_episode: 2 },
  ask_foundry: { question: "What is a gust?" },
  next_best_action: { task: "Tell me of the sky over Turin." },
  analyze_intent: { query: "A roof came off in Perth." },
  generate_plan: { task: "Repair the roof." },
  generate_plan_with_instructions: { task: "Repair the roof.", instructions: "Two steps." },
};

async function connected(tools: string) {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${world.host.baseUrl}/api/mcp?tools=${tools}`), {
      fetch: (url, init) => {
        const { pathname, search } = new URL(url);
        return world.fetch(pathname + search, init);
      },
    }),
  );
  return client;
}

describe.each([
  ["all", 10],
  ["core", 40],
])("a client that asked for %s", (sets, from) => {
  const names = ROWS.flatMap(({ name, mcp = [] }) => mcp.map((tool) => ({ name, tool })));

  it("finds in every tool's answer what its output schema says", async () => {
    const client = await connected(sets);
    const { tools } = await client.listTools();
    let n = from;
    for (const { name, outputSchema, title } of tools) {
      expect([name, outputSchema?.type, title]).toEqual([name, "object", expect.any(String)]);
      const row = names.find(({ tool }) => tool === name)?.name ?? "";
      const input = PLAIN[name] ?? (await posts[row]?.(++n))?.input ?? (await reads[row]?.(++n)) ?? {};
      const { prefer: _wait, ...args } = input;
      // The client holds the answer against the schema, and throws where they differ.
      const result = await client
        .callTool({ name, arguments: args }, { timeout: 600_000 })
        .catch((thrown: unknown) => {
          throw new Error(`${name}: ${String(thrown)}`);
        });
      expect([name, result.isError, result.content]).toEqual([name, undefined, expect.any(Array)]);
      expect(result.structuredContent).toEqual(expect.any(Object));
    }
    await client.close();
  }, 300_000);
});
