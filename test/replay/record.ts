// `npm run record`: runs scenarios in virtual time and keeps the history of every orchestration of theirs.
import fs from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { homeFiles } from "../../src/local-host/home.ts";
import { recordedHistories } from "../../src/local-host/recorded-histories.ts";
import { testHost } from "../local-host/durable/app.ts";
import { scratch } from "../local-host/support.ts";
import { episode, golden } from "../scenarios/storm-desk.ts";
import { openWorld, type World } from "../scenarios/world.ts";
import { HISTORIES, type RecordedHistory } from "./histories.ts";
import { ORCHESTRATORS } from "./orchestrators.ts";
import { SCRIPTS } from "./scripted.ts";

/**
 * host.json's `defaultVersion`, raised when orchestrators change on purpose: instances of the versions before must go
 * on replaying, so their recordings stay.
 */
const VERSION = 3;

let world: World;
const post = async (address: string, body: unknown, headers: Record<string, string> = {}) =>
  (await world.call("POST", address, body, headers)).body;

async function agent(agent_id: string, swapped = false) {
  const lessons = { agent_id, name: "lessons", content: golden(0, 40, swapped), test_split: 0 };
  const heldOut = { agent_id, name: "held out", content: golden(1000, 60), test_split: 1 };
  const dataset_id = (await post("/datasets/golden", lessons)).dataset_id as string;
  const evaluation = { dataset_id: (await post("/datasets/golden", heldOut)).dataset_id, split: "test" };
  return { agent_id, dataset_id, evaluation };
}

async function pipeline(input: Record<string, unknown>) {
  const { pipeline_id } = await post("/pipelines", input, { prefer: "wait=0" });
  return {
    pipeline_id: pipeline_id as string,
    reaches: (status: string) =>
      world.until(
        async () =>
          (await world.app.services.pipelines.get(String(input.agent_id), pipeline_id)).status === status,
      ),
  };
}

/** Each a home of its own; the name becomes part of its histories' file names. */
const SCENARIOS: Record<string, () => Promise<unknown>> = {
  async "pipeline-approved"() {
    const { pipeline_id, reaches } = await pipeline({
      ...(await agent("desk")),
      approval: { required: true },
    });
    await reaches("waiting_for_approval");
    await post(`/pipelines/${pipeline_id}/approval`, {
      agent_id: "desk",
      approved: true,
      decided_by: "board",
    });
    await reaches("finished");
  },
  async "pipeline-approval-timeout"() {
    const approval = { required: true, timeout_minutes: 150 };
    const { reaches } = await pipeline({ ...(await agent("desk")), approval });
    await reaches("finished");
  },
  async "pipeline-gate-failed"() {
    const { reaches } = await pipeline(await agent("desk", true));
    await reaches("finished");
  },
  async "training-cancelled"() {
    const { dataset_id } = await agent("desk");
    const { run_id } = await post("/training", { dataset_id, n_epochs: 50 }, { prefer: "wait=0" });
    const run = () => world.app.services.training.get("desk", run_id);
    await world.until(async () => (await run()).aoai_job_id !== undefined);
    await post(`/training/${run_id}/cancel`, {});
    await world.until(async () => (await run()).status === "cancelled");
    await world.settle();
  },
  async "episodes-rescanned"() {
    const lines = Array.from({ length: 60 }, (_, n) => JSON.stringify(episode("desk", n))).join("\n");
    await post("/episodes", lines, { "content-type": "application/x-ndjson" });
    await post("/redaction/rules", { rules: [{ name: "Done", pattern: "It is done" }] });
    await post("/redaction/rescans", {}, { prefer: "wait=600" });
    await world.settle();
  },
  async "retraining-from-episodes"() {
    const lines = Array.from({ length: 60 }, (_, n) => JSON.stringify(episode("desk", n))).join("\n");
    await post("/episodes", lines, { "content-type": "application/x-ndjson" });
    for (let n = 0; n < 60; n++)
      await post("/rewards", {
        agent_id: "desk",
        episode_id: `ep-desk-${n}`,
        source: "test_result",
        value: 1,
        evaluator: "checks",
      });
    await world.settle();
    world.host.trigger("retrainOnSchedule");
    await world.settle();
  },
};

describe.each(Object.keys(SCENARIOS))("recording %s", (scenario) => {
  beforeAll(async () => {
    world = await openWorld({
      LIGHTNING_AGENT_ID: "desk",
      LIGHTNING_RETRAIN_CRON: "0 0 3 1 1 *",
      LIGHTNING_RETRAIN_MIN_EPISODES: "30",
    });
  });
  afterAll(() => world.close());

  it("writes its histories", async () => {
    await SCENARIOS[scenario]?.();
    await world.host.stop();
    expect(await keep(scenario, homeFiles(world.home).durableStore)).toBeGreaterThan(0);
  });
});

describe.each(Object.entries(SCRIPTS))("recording the script %s", (scenario, { orchestrator, steps }) => {
  it("writes its history", async () => {
    const file = path.join(await scratch(), "durable.sqlite");
    const activities = Object.fromEntries(
      Object.entries(steps).map(([name, answers]) => {
        let call = 0;
        const answer = () => {
          const next = answers[Math.min(call++, answers.length - 1)];
          if (next instanceof Error) throw next;
          return next;
        };
        return [name, answer];
      }),
    );
    const host = await testHost({
      orchestrators: ORCHESTRATORS,
      activities,
      options: { file, hostJson: { defaultVersion: String(VERSION) } },
    });
    await host.run(orchestrator, { agent_id: "desk", id: "record-1" }, scenario);
    await host.engine.stop();
    expect(await keep(scenario, file)).toBe(1);
  });
});

/** Writes the histories of a durable store; returns of how many orchestrators there are some. */
async function keep(scenario: string, storeFile: string): Promise<number> {
  const seen = new Map<string, number>();
  for (const { orchestrator: name, status, output, history } of recordedHistories({ storeFile })) {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const recorded: RecordedHistory = { scenario, version: VERSION, status, output, history };
    const file = `${scenario}.${name}${count > 1 ? `-${count}` : ""}.v${VERSION}.json`;
    await fs.mkdir(HISTORIES, { recursive: true });
    await fs.writeFile(path.join(HISTORIES, file), `${JSON.stringify(recorded, null, 2)}\n`);
  }
  return seen.size;
}
