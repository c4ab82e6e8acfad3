import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

const HOUR_MS = 3_600_000;

describe("a pipeline", () => {
  let world: World;
  let agents = 0;

  beforeAll(async () => {
    world = await openWorld({ USE_TUNED_MODEL: "true" });
  });
  afterAll(() => world.close());

  async function lessonsFor(agent_id: string, name: string, content: string, test_split: number) {
    const { body } = await world.call("POST", "/datasets/golden", { agent_id, name, content, test_split });
    expect(body.status).toBe("ready");
    return body.dataset_id as string;
  }

  /** A new agent with something to learn from and `heldOut` conversations to be judged by. */
  async function agent(heldOut = 60) {
    const agent_id = `desk-${++agents}`;
    return {
      agent_id,
      dataset_id: await lessonsFor(agent_id, "lessons", golden(0, 40), 0),
      evaluation: {
        dataset_id: await lessonsFor(agent_id, "held out", golden(1000, heldOut), 1),
        split: "test",
      },
    };
  }

  const begin = async (input: Record<string, unknown>) =>
    (await world.call("POST", "/pipelines", input, { prefer: "wait=0" })).body.pipeline_id as string;
  const look = async (agentId: string, id: string) =>
    (await world.call("GET", `/pipelines/${id}?agent_id=${agentId}`)).body;
  const reaches = (agentId: string, id: string, status: string) =>
    world.until(async () => (await world.app.services.pipelines.get(agentId, id)).status === status);
  const active = async (agentId: string) =>
    (await world.call("GET", `/deployments/active?agent_id=${agentId}`)).body.has_active_deployment;
  const decide = (agentId: string, id: string, approved: boolean) =>
    world.call("POST", `/pipelines/${id}/approval`, { agent_id: agentId, approved, decided_by: "the board" });

  it("waits for its approval and promotes nothing before it", async () => {
    const input = await agent();
    const id = await begin({ ...input, approval: { required: true } });
    await reaches(input.agent_id, id, "waiting_for_approval");
    expect(await look(input.agent_id, id)).toMatchObject({ stage: "approval", verdict: "pass" });
    expect(await active(input.agent_id)).toBe(false);

    const decided = await decide(input.agent_id, id, true);
    expect(decided).toMatchObject({ status: 200, body: { success: true, approved: true } });
    await reaches(input.agent_id, id, "finished");
    expect(await look(input.agent_id, id)).toMatchObject({
      outcome: "promoted",
      decision: { approved: true, decided_by: "the board" },
    });
    expect(await active(input.agent_id)).toBe(true);
    expect((await decide(input.agent_id, id, false)).body.error.code).toBe("already_decided");
  });

  it("that is rejected promotes nothing", async () => {
    const input = await agent();
    const id = await begin({ ...input, approval: { required: true } });
    await reaches(input.agent_id, id, "waiting_for_approval");
    await decide(input.agent_id, id, false);
    await reaches(input.agent_id, id, "finished");
    expect(await look(input.agent_id, id)).toMatchObject({
      outcome: "rejected",
      decision: { approved: false },
    });
    expect(await active(input.agent_id)).toBe(false);
  });

  it("gives up when nobody decides in time, and takes no decision afterwards", async () => {
    const input = await agent();
    const id = await begin({ ...input, approval: { required: true, timeout_minutes: 300 } });
    await reaches(input.agent_id, id, "waiting_for_approval");
    const from = world.clock.now();
    await reaches(input.agent_id, id, "finished");
    expect(world.clock.now() - from).toBeGreaterThanOrEqual(5 * HOUR_MS - 1000);
    expect(await look(input.agent_id, id)).toMatchObject({ outcome: "approval_timeout" });
    expect((await decide(input.agent_id, id, true)).body.error.code).toBe("approval_closed");
    expect(await active(input.agent_id)).toBe(false);
  });

  it("finds a decision whose wake-up was lost, within the hour", async () => {
    const input = await agent();
    const id = await begin({ ...input, approval: { required: true } });
    await reaches(input.agent_id, id, "waiting_for_approval");
    const from = world.clock.now();
    // Stored, as the door does first; the process died before it raised the event.
    await world.app.services.pipelines.decide({ agent_id: input.agent_id, pipeline_id: id, approved: true });
    await reaches(input.agent_id, id, "finished");
    expect(await look(input.agent_id, id)).toMatchObject({ outcome: "promoted" });
    expect(world.clock.now() - from).toBeLessThanOrEqual(HOUR_MS + 60_000);
  });

  const runsOf = async (agentId: string) =>
    (await world.call("GET", `/training?agent_id=${agentId}`)).body.training_runs as unknown[];

  describe("that could not end in a verdict is refused before anything is trained, naming what to change", () => {
    type Input = Awaited<ReturnType<typeof agent>>;
    const cases: Record<string, [(input: Input) => object | Promise<object>, string, RegExp]> = {
      "fewer than 50 examples": [
        async ({ agent_id, evaluation }) => ({
          evaluation: {
            ...evaluation,
            dataset_id: await lessonsFor(agent_id, "few", golden(2000, 40), 1),
          },
        }),
        "too_few_pairs",
        /has 40 examples to judge by; .* at least 50\..*evaluation\.dataset_id/,
      ],
      "its own small validation side": [() => ({ evaluation: {} }), "too_few_pairs", /lower train_split/],
      "a side that the dataset lacks": [
        () => ({ evaluation: { split: "test" } }),
        "no_held_out_examples",
        /no examples on its test side\. Name a dataset or side/,
      ],
      "the side that is trained on": [
        () => ({ evaluation: { split: "train" } }),
        "contaminated",
        /judged on the side that it is trained on\. Leave evaluation\.split out/,
      ],
      "held-out examples that are trained on": [
        async ({ agent_id }) => ({
          evaluation: { dataset_id: await lessonsFor(agent_id, "again", golden(0, 60), 1), split: "test" },
        }),
        "contaminated",
        /in what is to be trained on\. Name another set/,
      ],
      "a baseline that cannot be called": [
        ({ evaluation }) => ({ evaluation: { ...evaluation, baseline: "gpt-4o.local-ft-nothing" } }),
        "baseline_uncallable",
        /"gpt-4o.local-ft-nothing" cannot be called: .*Name a baseline that is deployed/,
      ],
    };

    it.each(Object.entries(cases))("%s", async (_name, [change, code, text]) => {
      const input = await agent();
      const id = await begin({ ...input, ...(await change(input)) });
      await reaches(input.agent_id, id, "failed");
      const { error } = await look(input.agent_id, id);
      expect(error).toMatch(text);
      expect(error.split(":")[0]).toBe(code);
      expect(await runsOf(input.agent_id)).toEqual([]);
    });
  });

  it("whose candidate is worse than what serves fails at the gate, and what serves goes on serving", async () => {
    const input = await agent();
    const good = await begin(input);
    await reaches(input.agent_id, good, "finished");
    const { tuned_model } = (await world.call("GET", `/deployments/active?agent_id=${input.agent_id}`)).body;

    const lessons = await lessonsFor(input.agent_id, "bad lessons", golden(0, 40, true), 0);
    const evaluation = { ...input.evaluation, baseline: "active" };
    const id = await begin({ agent_id: input.agent_id, dataset_id: lessons, evaluation });
    await reaches(input.agent_id, id, "finished");
    const ended = await look(input.agent_id, id);
    expect(ended).toMatchObject({ outcome: "gate_failed", verdict: "fail" });
    const serving = `/model?agent_id=${input.agent_id}`;
    expect((await world.call("GET", serving)).body.model).toBe(tuned_model);

    // The same model by hand: an owner may decide otherwise, also under `warn`, with a warning that stays.
    const byHand = { agent_id: input.agent_id, run_id: ended.run_id };
    expect(await world.call("POST", "/deployments", byHand)).toMatchObject({
      status: 409,
      body: { error: { code: "override_required" } },
    });
    const promoted = await world.call("POST", "/deployments", { ...byHand, override_reason: "to compare" });
    expect(promoted).toMatchObject({ status: 200, body: { is_active: true } });
    expect(promoted.body.warnings[0]).toContain('says "fail", not "pass"');
    expect((await world.call("GET", serving)).body.model).not.toBe(tuned_model);
  });

  it("asked for twice under one Idempotency-Key is one pipeline, and the key takes no other request", async () => {
    const input = await agent();
    const once = { "idempotency-key": "weekly-7" };
    const [one, two] = await Promise.all([
      world.call("POST", "/pipelines", input, { prefer: "wait=0", ...once }),
      world.call("POST", "/pipelines", input, { prefer: "wait=0", ...once }),
    ]);
    expect(one.body.pipeline_id).toBe(two.body.pipeline_id);
    const other = await world.call("POST", "/pipelines", { ...input, promote: false }, once);
    expect(other).toMatchObject({ status: 409, body: { error: { code: "idempotency_conflict" } } });
    await reaches(input.agent_id, one.body.pipeline_id, "finished");
    expect(await look(input.agent_id, one.body.pipeline_id)).toMatchObject({ outcome: "promoted" });
  });
});
