import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { right, tools } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

const agent_id = "storm-desk";
const patient = { prefer: "wait=200" };

/** Long requests that have little in common but what they ask for: near-duplicates are told by their words. */
const request = (n: number) =>
  n % 2 === 0
    ? `what does the sky over station ${n * 7919} at height ${n * 104_729} look like around hour ${n * 13} if sensor ${n * 1_299_709} and mast ${n * 31} are right`
    : `gusts took roof ${n * 7919} and fence ${n * 104_729} in street ${n * 13} so write it down for house ${n * 1_299_709} of ward ${n * 31} and call the owner`;
const line = (n: number, text = request(n), system?: string) =>
  JSON.stringify({
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      { role: "user", content: text },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: `call_${n}`, type: "function", function: { name: right(n), arguments: "{}" } }],
      },
    ],
    tools,
  });
const lines = (from: number, count: number, write: (n: number) => string = line) =>
  Array.from({ length: count }, (_, i) => write(from + i)).join("\n");

describe("an evaluation on what its candidate was trained on (loop E3)", () => {
  let world: World;
  let first: { dataset_id: string; run_id: string; tuned_model: string };
  let second: typeof first;

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id });
    first = await trained(await golden("first lessons", lines(1, 60), 0), {});
    second = await trained(await golden("second lessons", lines(1001, 60), 0), {
      base_model: first.tuned_model,
    });
  });
  afterAll(() => world.close());

  async function golden(name: string, content: string, test_split: number): Promise<string> {
    const { body } = await world.call(
      "POST",
      "/datasets/golden",
      { agent_id, name, content, test_split },
      patient,
    );
    expect(body.status).toBe("ready");
    return body.dataset_id as string;
  }
  async function trained(dataset_id: string, more: object): Promise<typeof first> {
    const { body } = await world.call("POST", "/training", { agent_id, dataset_id, ...more }, patient);
    expect(body.status).toBe("succeeded");
    return { dataset_id, run_id: body.run_id, tuned_model: body.tuned_model };
  }
  const evaluated = async (input: object) =>
    (await world.call("POST", "/evaluations", { agent_id, baseline: "base", ...input }, patient)).body;

  const cases: Record<string, () => Promise<object>> = {
    "its own training side": async () => ({
      run_id: first.run_id,
      dataset_id: first.dataset_id,
      split: "train",
    }),
    "its own training side, the candidate named by its model": async () => ({
      candidate: first.tuned_model,
      dataset_id: first.dataset_id,
      split: "train",
    }),
    "what the model was trained on that it was tuned from": async () => ({
      run_id: second.run_id,
      dataset_id: first.dataset_id,
      split: "train",
    }),
    "the same lines in a test set": async () => ({
      run_id: first.run_id,
      dataset_id: await golden("the same", lines(1, 60), 1),
    }),
    "lines with a full stop and a word of thanks": async () => ({
      run_id: first.run_id,
      dataset_id: await golden(
        "polite",
        lines(1, 60, (n) => line(n, `${request(n)}, please.`)),
        1,
      ),
    }),
    "lines with another system prompt": async () => ({
      run_id: first.run_id,
      dataset_id: await golden(
        "prompted",
        lines(1, 60, (n) => line(n, request(n), "You are a helpful desk.")),
        1,
      ),
    }),
    "an ancestor's lines, nearly": async () => ({
      run_id: second.run_id,
      dataset_id: await golden(
        "nearly an ancestor's",
        lines(1, 60, (n) => line(n, `Hello! ${request(n)}`)),
        1,
      ),
    }),
  };

  it.each(Object.keys(cases))("is refused, and nothing is asked: %s", async (name) => {
    const ended = await evaluated((await cases[name]?.()) ?? {});
    expect([ended.status, ended.error]).toEqual(["failed", expect.stringMatching(/^contaminated: /)]);
    expect(ended.success).toBe(false);
  });

  it("is known to be its run's where the candidate is named by its model", async () => {
    const dataset_id = await golden("fresh for a name", lines(3001, 60), 1);
    const ended = await evaluated({ candidate: first.tuned_model, dataset_id });
    expect(ended).toMatchObject({ status: "finished", run_id: first.run_id });
    expect(ended.plan.contamination).toBe("none");
  });

  it("is refused by the texts, too, after LIGHTNING_SPLIT_KEY was changed; fresh ones are said to be unchecked", async () => {
    await world.restart({ LIGHTNING_SPLIT_KEY: "another key of thirty-two letters" });
    const same = await golden("the same, another key", lines(1, 60), 1);
    expect(await evaluated({ run_id: first.run_id, dataset_id: same })).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/^contaminated: /),
    });
    const fresh = await golden("fresh, another key", lines(5001, 60), 1);
    const ended = await evaluated({ run_id: first.run_id, dataset_id: fresh });
    expect(ended).toMatchObject({ status: "finished", plan: { contamination: "unchecked" } });
    expect(ended.result.reasons.join(" ")).toContain("Only the texts were compared");
  });
});
