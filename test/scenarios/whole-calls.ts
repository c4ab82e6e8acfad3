import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CITIES, question, right } from "./storm-desk.ts";
import type { World } from "./world.ts";

/** Waits for the finished record also where engines are slow. */
const patient = { prefer: "wait=200" };

const parameters = {
  type: "object",
  properties: { city: { type: "string", enum: CITIES } },
  required: ["city"],
  additionalProperties: false,
};
const tools = ["look_up_forecast", "report_storm"].map((name) => ({
  type: "function",
  function: { name, description: `Tool ${name}`, parameters },
}));

/** Conversations with the right tool; the city is the one asked for, or always the same wrong one. */
const lines = (from: number, count: number, city: (n: number) => string) =>
  Array.from({ length: count }, (_, i) => from + i)
    .map((n) =>
      JSON.stringify({
        messages: [
          { role: "user", content: question(n) },
          {
            role: "assistant",
            content: null,
            tool_calls: [
              {
                id: `call_${n}`,
                type: "function",
                function: { name: right(n), arguments: JSON.stringify({ city: city(n) }) },
              },
            ],
          },
        ],
        tools,
      }),
    )
    .join("\n");
const asked = (n: number) => CITIES[n % CITIES.length] as string;
/** Never the one that is asked for. */
const another = (n: number) => CITIES[(n + 5) % CITIES.length] as string;

/** A model that has learnt the right tools and wrong arguments, on whatever engines `open` brings. */
export function wholeCalls(name: string, open: (env: Record<string, string>) => Promise<World>): void {
  describe(`a model with right names and wrong arguments${name}`, () => {
    const agent_id = "wrong-city";
    let world: World;
    let dataset_id: string;
    let run_id: string;
    let evaluation: { dataset_id: string; split: string };

    const golden = async (of: string, content: string, test_split: number) => {
      const body = { agent_id, name: of, content, test_split };
      return (await world.call("POST", "/datasets/golden", body, patient)).body.dataset_id as string;
    };
    const pipeline = async (more: object) => {
      const input = { agent_id, dataset_id, ...more };
      const { body } = await world.call("POST", "/pipelines", input, { prefer: "wait=0" });
      const look = async () =>
        (await world.call("GET", `/pipelines/${body.pipeline_id}?agent_id=${agent_id}`)).body;
      await world.until(async () => (await look()).outcome !== undefined);
      return look();
    };
    const evaluationOf = async (id: string) =>
      (await world.call("GET", `/evaluations/${id}?agent_id=${agent_id}`)).body;

    beforeAll(async () => {
      world = await open({ LIGHTNING_AGENT_ID: agent_id, USE_TUNED_MODEL: "true" });
      dataset_id = await golden("lessons", lines(0, 48, another), 0);
      evaluation = {
        dataset_id: await golden("held out", lines(1000, 72, asked), 1),
        split: "test",
      };
    });
    afterAll(() => world.close());

    it("is refused by a pipeline, which judges whole calls", async () => {
      const ended = await pipeline({ evaluation });
      expect(["gate_failed", "gate_inconclusive"]).toContain(ended.outcome);
      ({ run_id } = ended);
      const { result, metric, grading } = await evaluationOf(ended.evaluation_id);
      expect([metric, grading]).toEqual(["auto", 2]);
      expect(result.verdict).not.toBe("pass");
      expect(result.candidate_accuracy).toBeLessThan(0.2);
      expect(result.reasons.join(" ")).toContain("whole tool calls, names and arguments, on 72 pairs");
      expect((await world.call("GET", "/model")).body.source).toBe("base");
    });

    it("shows in all its pairs what it got wrong", async () => {
      const { evaluations } = (await world.call("GET", `/evaluations?run_id=${run_id}`)).body;
      const id = evaluations[0].evaluation_id as string;
      const wrong = [];
      for (const outcome of ["neither", "baseline_only"]) {
        let after = "";
        do {
          const { body } = await world.call(
            "GET",
            `/evaluations/${id}/pairs?outcome=${outcome}&limit=25${after}`,
          );
          wrong.push(...body.pairs);
          after =
            body.continuation === undefined ? "" : `&continuation=${encodeURIComponent(body.continuation)}`;
        } while (after !== "");
      }
      expect(wrong.length).toBe(evaluations[0].result.neither + evaluations[0].result.baseline_only);
      const names = (call: string) => call.split("(")[0];
      const named = wrong.filter((one) => names(one.expected) === names(one.candidate_answer));
      expect(named.length).toBeGreaterThan(wrong.length / 2);
      expect(named.every((one) => one.expected !== one.candidate_answer)).toBe(true);
    });

    it("is refused by the gate of a promotion by hand", async () => {
      await world.call("POST", "/deployments/policy", { agent_id, gate: "require", reason: "be strict" });
      const refused = await world.call("POST", "/deployments", { agent_id, run_id });
      expect(refused.status).toBe(409);
      expect(["gate_required", "override_required"]).toContain(refused.body.error.code);
      expect((await world.call("GET", "/model")).body.source).toBe("base");
    });

    it("passes where names alone were chosen, which the verdict and the promotion say", async () => {
      const ended = await pipeline({ evaluation: { ...evaluation, metric: "tool_names" } });
      expect(ended).toMatchObject({ outcome: "promoted", verdict: "pass", run_id });
      const { result, metric } = await evaluationOf(ended.evaluation_id);
      expect(metric).toBe("tool_names");
      expect(result.reasons.join(" ")).toContain("tool names alone on 72 pairs: arguments were not compared");
      const active = (await world.call("GET", "/deployments/active")).body;
      expect(active).toMatchObject({ verdict: "pass", verdict_metric: "tool_names" });
      expect(active.warnings).toContain("The verdict judged tool names alone: arguments were not compared.");
    });
  });
}
