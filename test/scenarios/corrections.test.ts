import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { type DemoRequest, readCorpus } from "../../demo/corpus.ts";
import { type Frame, goldenLine, toJsonl } from "../../demo/golden.ts";
import { setAside } from "../../demo/set-aside.ts";
import { openWorld, type World } from "./world.ts";

// Two trainings and two evaluations: some 25 s on a quiet machine, much more on a busy one.
jest.setTimeout(240_000);

/**
 * The demo's requests, answered by an agent that calls the wrong tool each time, and corrected at the review door: what
 * people wrote there must make the model better, and the same dealt out at random must not.
 */
const corpus = readCorpus();
const { work, judges } = setAside(corpus);
const byTool = Map.groupBy(corpus, ({ expect: { tool } }) => tool);
const frame: Frame = {
  system: "You work on files and notes with the tools you are given.",
  tools: [...byTool].map(([name, requests]) => {
    const given = requests.map(({ expect: { arguments: args } }) => args);
    const names = [...new Set(given.flatMap((args) => Object.keys(args)))];
    return {
      type: "function",
      function: {
        name,
        description: name.replaceAll(/[_-]/g, " "),
        parameters: {
          $schema: "http://json-schema.org/draft-07/schema#",
          type: "object",
          properties: Object.fromEntries(names.map((one) => [one, {}])),
          required: names.filter((one) => given.every((args) => one in args)),
          additionalProperties: false,
        },
      },
    };
  }),
};
/** Few enough that the scenario stays quick, many enough for a verdict. */
const asked = work.filter((_, n) => n % 3 === 0);
const tested = judges.filter((_, n) => n % 2 === 0);
const patient = { prefer: "wait=200" };

/** The call that was made: of another request, chosen by its place alone. */
const madeFor = (n: number) =>
  corpus.find((one, at) => at >= (n * 37) % corpus.length && one.expect.tool !== asked[n]?.expect.tool)
    ?.expect ?? (corpus[0] as DemoRequest).expect;

function episode(agent_id: string, request: DemoRequest, n: number) {
  const { tool, arguments: args } = madeFor(n);
  const call = { name: tool, arguments: JSON.stringify(args) };
  return {
    id: `ep-${n}`,
    agent_id,
    session_id: `${agent_id}-${request.group}`,
    user_input: request.text,
    assistant_output: "I could not find what you asked for.",
    messages: [
      { role: "system", content: frame.system },
      { role: "user", content: request.text },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: `call_${n}`, type: "function", function: call }],
      },
      { role: "tool", tool_call_id: `call_${n}`, content: "There is nothing of that kind here." },
      { role: "assistant", content: "I could not find what you asked for." },
    ],
    tools: frame.tools,
    tool_calls: [{ id: `call_${n}`, tool_name: tool, arguments: args }],
  };
}

describe("corrections made at the review door", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "desk" });
  });
  afterAll(() => world.close());

  /** Episodes, corrections of their calls, a dataset of them, a model, and how it does on what was set aside. */
  async function learnFrom(agent_id: string, rightFor: (n: number) => DemoRequest) {
    const post = async (address: string, body: object) => {
      const reply = await world.call("POST", address, { agent_id, ...body }, patient);
      expect([address, reply.status, reply.body]).toEqual([address, expect.any(Number), expect.anything()]);
      return reply;
    };
    const set = {
      name: "set-aside",
      content: toJsonl(tested.map((one) => goldenLine(frame, one))),
      test_split: 1,
    };
    const testSet = (await post("/datasets/golden", set)).body;
    const episodes = asked.map((request, n) => JSON.stringify(episode(agent_id, request, n))).join("\n");
    await world.call("POST", "/episodes", episodes, { "content-type": "application/x-ndjson" });
    for (const n of asked.keys()) {
      const { tool, arguments: args } = rightFor(n).expect;
      const label = {
        reviewer: "mira",
        value: -1,
        tags: ["wrong tool"],
        correction: { tool_calls: [{ name: tool, arguments: args }] },
      };
      expect((await post(`/review/ep-${n}/label`, label)).status).toBe(200);
    }
    const built = (await post("/review/corrections/dataset", { name: "corrected" })).body;
    const { run_id } = (await post("/training", { dataset_id: built.dataset_id })).body;
    await world.until(
      async () => (await world.app.services.training.get(agent_id, run_id)).status === "succeeded",
    );
    const evaluation = { run_id, dataset_id: testSet.dataset_id, split: "test", baseline: "base" };
    const { result } = (await post("/evaluations", evaluation)).body;
    return { built, result };
  }
  it("make a model that passes against its base", async () => {
    const learnt = await learnFrom("desk", (n) => asked[n] as DemoRequest);
    expect(learnt.built).toMatchObject({ corrections: asked.length, left_out: {}, status: "ready" });
    expect(learnt.result.verdict).toBe("pass");
    expect(learnt.result.candidate_accuracy).toBeGreaterThan(learnt.result.baseline_accuracy);
  });

  it("do not when the same are dealt out among the episodes", async () => {
    const dealt = await learnFrom(
      "dealt",
      (n) => asked[(n + Math.ceil(asked.length / 2)) % asked.length] as DemoRequest,
    );
    expect(dealt.result.verdict).not.toBe("pass");
  });
});
