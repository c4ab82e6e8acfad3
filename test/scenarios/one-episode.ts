import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { episode as deskEpisode, golden } from "./storm-desk.ts";
import type { World } from "./world.ts";

/** Waits for the finished record also where engines are slow or fail now and then. */
const patient = { prefer: "wait=200" };

/** The headings of docs/one-episode.md, in order, on whatever engines `open` brings. */
export function oneEpisode(name: string, open: (env: Record<string, string>) => Promise<World>): void {
  describe(`one episode${name}`, () => {
    let world: World;
    const agent_id = "weather-desk";
    const episode = (n: number) => deskEpisode(agent_id, n, `ep-${n}`);
    let testSet = "";
    let dataset = "";
    let run = "";
    let model = "";

    beforeAll(async () => {
      world = await open({ LIGHTNING_AGENT_ID: agent_id, USE_TUNED_MODEL: "true" });
    });
    afterAll(() => world.close());

    it("is recorded", async () => {
      const lines = Array.from({ length: 120 }, (_, n) => JSON.stringify(episode(n))).join("\n");
      const reply = await world.call("POST", "/episodes", lines, { "content-type": "application/x-ndjson" });
      expect(reply.status).toBe(207);
      expect(reply.body.recorded).toBe(120);
      const again = await world.call("POST", "/episodes", episode(7));
      expect(again.body.status).toBe("duplicate");
    });

    it("is scored", async () => {
      for (let n = 0; n < 120; n++)
        await world.call("POST", "/rewards", {
          episode_id: `ep-${n}`,
          source: "test_result",
          value: 1,
          evaluator: "checks",
        });
      await world.settle();
      const { body } = await world.call("GET", "/episodes/ep-7");
      expect(body).toMatchObject({ reward_avg: 1, reward_sources: ["test_result"] });
    });

    it("is in a dataset", async () => {
      const set = await world.call(
        "POST",
        "/datasets/golden",
        { name: "held out", content: golden(1000, 80), test_split: 1 },
        patient,
      );
      expect(set.body).toMatchObject({ status: "ready", training_count: 0, test_count: 80 });
      testSet = set.body.dataset_id;
      const built = await world.call("POST", "/datasets", { name: "v1", min_reward: 0.5 }, patient);
      expect(built.status).toBe(200);
      expect(built.body.training_count + built.body.validation_count).toBe(120);
      dataset = built.body.dataset_id;
    });

    it("is trained on", async () => {
      const started = await world.call("POST", "/training", { dataset_id: dataset }, patient);
      run = started.body.run_id;
      await world.until(
        async () => (await world.app.services.training.get(agent_id, run)).status === "succeeded",
      );
      const { body } = await world.call("GET", `/training/${run}`);
      expect(body.status).toBe("succeeded");
      expect(body.tuned_model).toContain("local");
      model = body.tuned_model;
    });

    it("is evaluated", async () => {
      const { body } = await world.call(
        "POST",
        "/evaluations",
        { run_id: run, dataset_id: testSet, split: "test" },
        patient,
      );
      expect(body).toMatchObject({ status: "finished", result: { pairs: 80, missing: 0 } });
      expect(body.result.verdict).toBe("pass");
    });

    it("is serving", async () => {
      const promoted = await world.call(
        "POST",
        "/deployments",
        { run_id: run, promoted_by: "release desk" },
        patient,
      );
      expect(promoted.body).toMatchObject({ is_active: true, tuned_model: model });
      expect(promoted.body.warnings ?? []).toEqual([]);
      const { body } = await world.call("GET", "/model");
      expect(body).toMatchObject({ model, source: "registry" });
      const lineage = await world.call("GET", "/lineage");
      expect(lineage.body.lineage[0]).toMatchObject({
        is_active: true,
        training_run: { id: run },
        dataset: { id: dataset },
      });
    });
  });
}
