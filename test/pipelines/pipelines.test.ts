import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import type { Deployment } from "../../src/deployments/contract.ts";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { systemClock, toIso, VirtualClock } from "../../src/kernel/clock.ts";
import { conflict, invalid, isLightningError, unavailable } from "../../src/kernel/errors.ts";
import { bare, type Stored } from "../../src/ledger/ledger.ts";
import type { OperationName } from "../../src/operations.ts";
import { pipelineOperations } from "../../src/pipelines/operations.ts";
import type { PipelineStages } from "../../src/pipelines/stages.ts";
import { AGENT, callContext, evaluationRecord, runRecord } from "../deployments/world.ts";
import { pipelineWorld } from "./world.ts";

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );

async function twice<T>(act: () => Promise<T>): Promise<T> {
  const first = await act();
  expect(await act()).toEqual(first);
  return first;
}

async function waiting(minutes = 60) {
  const world = await pipelineWorld();
  const ref = await world.running({ approval: { required: true, timeout_minutes: minutes } });
  await world.activities.preparePipelineEvaluation({ ...ref, dataset_id: "dataset-1", run_id: "run-1" });
  const asked = await twice(() =>
    world.activities.requestApproval({ ...ref, now: toIso(world.clock.now()) }),
  );
  const decide = (approved: boolean, principal?: string) =>
    world.service.decide(
      { agent_id: AGENT, pipeline_id: ref.id, approved, decided_by: "somebody" },
      principal,
    );
  return { ...world, ref, asked, decide };
}

async function doors() {
  const world = await pipelineWorld();
  const table: readonly Operation[] = pipelineOperations({
    service: world.service,
    settings: { agentId: AGENT },
    clock: systemClock,
  });
  const raised: unknown[][] = [];
  const call = async (
    name: OperationName,
    raw: Record<string, unknown>,
    more: Record<string, unknown> = {},
  ) => {
    const operation = table.find((one) => one.name === name);
    if (operation === undefined) throw new Error(name);
    const context = callContext(async (orchestration, id) => {
      expect(orchestration).toBe("runPipeline");
      await world.activities.claimPipeline({ agent_id: AGENT, id, instance_id: id });
    }, 0);
    const orchestrations = {
      ...context.orchestrations,
      status: async () => ({ runtimeStatus: "Running", customStatus: null, output: null }),
      raise: async (...what: unknown[]) => {
        raised.push(what);
        throw new Error("the event is lost");
      },
    };
    const reply = await operation.run(parseInput(operation, raw), { ...context, orchestrations, ...more });
    return {
      status: reply.status ?? 200,
      body: operation.output.parse(reply.body) as Record<string, unknown>,
    };
  };
  return { ...world, call, raised };
}

describe("a pipeline's steps", () => {
  test("make one record a stage, however often they run, each from the one before", async () => {
    const { running, activities, service, calls, deployments } = await pipelineWorld();
    const ref = await running({ name: "weekly", dataset: { min_reward: 0.5 }, training: { n_epochs: 2 } });
    expect(await twice(() => activities.preparePipelineDataset(ref))).toEqual({
      kind: "started",
      id: "dataset-1",
    });
    expect(
      await twice(() => activities.preparePipelineTraining({ ...ref, dataset_id: "dataset-1" })),
    ).toEqual({
      kind: "started",
      id: "run-1",
    });
    expect(
      await twice(() =>
        activities.preparePipelineEvaluation({ ...ref, dataset_id: "dataset-1", run_id: "run-1" }),
      ),
    ).toEqual({ kind: "started", id: "eval-1" });
    expect(
      await twice(() => activities.requestApproval({ ...ref, now: "2026-01-01T00:00:00.000Z" })),
    ).toEqual({
      kind: "not_needed",
    });
    const promotion = await twice(() =>
      activities.preparePipelinePromotion({ ...ref, run_id: "run-1", evaluation_id: "eval-1" }),
    );
    expect(promotion.kind).toBe("started");
    expect(calls).toEqual([
      { stage: "dataset", input: { agent_id: AGENT, name: "weekly", min_reward: 0.5 } },
      {
        stage: "run",
        input: { agent_id: AGENT, dataset_id: "dataset-1", n_epochs: 2, force_new: false },
        options: { idempotencyKey: ref.id },
      },
      {
        stage: "eval",
        input: {
          agent_id: AGENT,
          dataset_id: "dataset-1",
          run_id: "run-1",
          baseline: "active",
          metric: "auto",
        },
      },
    ]);
    await twice(() => activities.finishPipeline({ ...ref, outcome: "promoted", verdict: "pass" }));
    await activities.finishPipeline({ ...ref, outcome: "failed", error: "too late" });
    const ended = await service.get(AGENT, ref.id);
    expect(ended).toMatchObject({ status: "finished", stage: "done", outcome: "promoted", verdict: "pass" });
    expect(await deployments.get(AGENT, ended.deployment_id ?? "")).toMatchObject({
      evaluation_id: "eval-1",
      promoted_by: `pipeline ${ref.id}`,
    });
    expect(await activities.claimPipeline({ ...ref, instance_id: ref.id })).toMatchObject({
      kind: "finished",
      ended: { outcome: "promoted", verdict: "pass" },
    });
  });

  test("belong to the instance that claimed the pipeline", async () => {
    const { running, activities } = await pipelineWorld();
    const ref = await running();
    // A second life of the instance is told so: children of the first may still be at work.
    expect(await activities.claimPipeline({ ...ref, instance_id: ref.id })).toEqual({
      kind: "claimed",
      again: true,
    });
    expect(await activities.claimPipeline({ ...ref, instance_id: "other" })).toEqual({ kind: "elsewhere" });
  });

  test("use the dataset and the held-out examples that the request names", async () => {
    const { running, activities, calls } = await pipelineWorld();
    const ref = await running({
      dataset_id: "dataset-given",
      evaluation: { dataset_id: "dataset-held", split: "test", baseline: "active" },
    });
    expect(await activities.preparePipelineDataset(ref)).toEqual({ kind: "started", id: "dataset-given" });
    await activities.preparePipelineEvaluation({ ...ref, dataset_id: "dataset-given", run_id: "run-1" });
    expect(calls).toEqual([
      expect.objectContaining({
        stage: "eval",
        input: expect.objectContaining({ dataset_id: "dataset-held", split: "test", baseline: "active" }),
      }),
    ]);
  });

  test("answer what a stage refuses as an outcome, and leave faults to be tried again", async () => {
    const refusing = await pipelineWorld({
      stages: {
        training: {
          prepare: async () => {
            throw conflict("dataset_not_ready", "The dataset is building.");
          },
          get: async () => ({ created_at: "2026-01-01T00:00:00.000Z" }),
        },
        datasets: {
          prepare: async () => {
            throw unavailable("ledger_away", "The ledger is away.");
          },
          get: async () => ({}),
        },
      },
    });
    const ref = await refusing.running();
    expect(await codeOf(refusing.activities.preparePipelineDataset(ref))).toBe("503 ledger_away");
    expect(await refusing.activities.preparePipelineTraining({ ...ref, dataset_id: "dataset-1" })).toEqual({
      kind: "rejected",
      code: "dataset_not_ready",
      message: "The dataset is building.",
    });
    await refusing.activities.finishPipeline({ ...ref, outcome: "failed", error: "dataset_not_ready: …" });
    expect(await refusing.service.get(AGENT, ref.id)).toMatchObject({ status: "failed", stage: "training" });
  });

  describe("that meet an equal training which has ended without a model", () => {
    type Ended = Awaited<ReturnType<PipelineStages["training"]["prepare"]>>["run"];
    async function meeting(run: Ended) {
      const asked: unknown[] = [];
      const world = await pipelineWorld({
        stages: {
          training: {
            async prepare({ force_new }, { idempotencyKey }) {
              asked.push([force_new, idempotencyKey]);
              return force_new ? { run: { id: "run-2" }, existed: false } : { run, existed: true };
            },
            get: async () => ({ created_at: "2026-01-02T00:00:00.000Z" }),
          },
        },
      });
      const ref = await world.running();
      return {
        ref,
        asked,
        prepare: () => world.activities.preparePipelineTraining({ ...ref, dataset_id: "dataset-1" }),
      };
    }

    test.each(["upload", "submit"] as const)(
      "through nobody's fault (%s) start a new attempt, the same one when they run again",
      async (failed_in) => {
        const error = { code: "provider_away", message: "The provider is away." };
        const { prepare, asked, ref } = await meeting({ id: "run-1", status: "failed", failed_in, error });
        expect(await twice(prepare)).toEqual({ kind: "started", id: "run-2" });
        expect(asked).toEqual([
          [false, ref.id],
          [true, `${ref.id}-again`],
        ]);
      },
    );

    test("in its job, or by a person, say so and name the remedy", async () => {
      const error = { code: "job_failed", message: "The data failed the safety check." };
      const failed = await meeting({ id: "run-1", status: "failed", failed_in: "job", error });
      expect(await failed.prepare()).toEqual({
        kind: "rejected",
        code: "equal_run_failed",
        message:
          "An equal training, run run-1, has failed. The data failed the safety check. Send training.force_new to train again with the same parameters, or change what is trained.",
      });
      const cancelled = await meeting({ id: "run-1", status: "cancelled" });
      expect(await cancelled.prepare()).toMatchObject({
        code: "equal_run_cancelled",
        message: expect.stringMatching(/run run-1, was cancelled\. Send training\.force_new/),
      });
    });

    test.each([
      { failed_in: "tracking", error: { code: "job_unknown", message: "It cannot be looked at." } },
      { failed_in: "submit", error: { code: "training_fault", message: "The ledger is away." } },
    ] as const)("and whose job may still be going never start a second one ($failed_in)", async (facts) => {
      const { prepare, asked } = await meeting({ id: "run-1", status: "failed", ...facts });
      expect(await prepare()).toMatchObject({
        code: "equal_run_lost",
        message: expect.stringContaining("Reconcile run run-1"),
      });
      expect(asked).toHaveLength(1);
    });
  });

  test("promote nothing without a passing evaluation, whatever the policy of direct promotions", async () => {
    const { running, activities, plain } = await pipelineWorld();
    const evaluation = await plain.read<{ id: string; result: object }>("evaluations", [AGENT], "eval-1");
    await plain.patch("evaluations", [AGENT], "eval-1", [
      { op: "set", field: "result", value: { ...evaluation?.result, verdict: "inconclusive" } },
    ]);
    const ref = await running();
    expect(
      await activities.preparePipelinePromotion({ ...ref, run_id: "run-1", evaluation_id: "eval-1" }),
    ).toMatchObject({ kind: "rejected", code: "gate_required" });
  });

  test("ask for a fresh verdict once where another model serves by now, however often they run (loop D3)", async () => {
    const { activities, running, deployments, plain, calls } = await pipelineWorld();
    const ref = await running({ evaluation: { baseline: "base" } });
    const work = { ...ref, dataset_id: "dataset-1", run_id: "run-1" };
    await activities.preparePipelineEvaluation(work);
    await plain.create("runs", runRecord("run-2", new VirtualClock()));
    const { deployment } = await deployments.prepare({ agent_id: AGENT, run_id: "run-2" });
    await deployments.activate(deployment);

    const promotion = { ...ref, run_id: "run-1", evaluation_id: "eval-1" };
    expect(await activities.preparePipelinePromotion(promotion)).toMatchObject({
      kind: "stale",
      message: expect.stringContaining("compared with base-model, and ft:run-2 is what serves"),
    });
    const again = { ...work, instead_of: "eval-1" };
    const fresh = await activities.preparePipelineEvaluation(again);
    expect(fresh).toEqual({ kind: "started", id: "eval-2" });
    expect(await activities.preparePipelineEvaluation(again)).toEqual(fresh);
    expect(calls.filter((one) => one.stage === "eval").map((one) => one.input)).toMatchObject([
      { baseline: "base" },
      { baseline: "active" },
    ]);

    await plain.create("evaluations", {
      ...evaluationRecord("eval-2", "run-1", "pass", "2026-01-02T00:00:00.000Z"),
      baseline: "ft:run-2",
    });
    const promoted = await activities.preparePipelinePromotion({ ...promotion, evaluation_id: "eval-2" });
    expect(promoted.kind).toBe("started");
    // Refused at the switch: another deployment by the next verdict, once.
    const id = promoted.kind === "started" ? promoted.id : "";
    const refused = await plain.read<Deployment>("deployments", [AGENT], id);
    await plain.replace(
      "deployments",
      { ...bare(refused as Stored<Deployment>), state: "failed", error: "gate_stale: overtaken" },
      { ifMatch: refused?._etag ?? "" },
    );
    const next = () =>
      activities.preparePipelinePromotion({ ...promotion, evaluation_id: "eval-2", instead_of: id });
    const second = await next();
    expect(second).toMatchObject({ kind: "started", id: expect.not.stringContaining(id) });
    expect(await next()).toEqual(second);
  });

  test.each([true, false])(
    "that meet an earlier run stop where it was judged or withdrawn, by the clock: %s",
    async (clock) => {
      for (const [judged, withdrawn, kind] of [
        [true, false, clock ? "nothing_new" : "started"],
        [false, true, clock ? "nothing_new" : "rejected"],
        [false, false, "started"],
      ] as const) {
        const world = await pipelineWorld({
          stages: {
            training: {
              prepare: async () => ({ run: { id: "run-1" } }),
              get: async () => ({ created_at: "2025-12-31T00:00:00.000Z" }),
            },
            evaluations: {
              prepare: async () => ({ evaluation: { id: "eval-1" } }),
              get: async () => ({}),
              wasJudged: async () => judged,
              foresee: async () => {},
            },
          },
        });
        if (withdrawn) {
          const { deployment } = await world.deployments.prepare({ agent_id: AGENT, run_id: "run-1" });
          await world.deployments.activate(deployment);
          await world.deployments.deactivate({ agent_id: AGENT, reason: "harmful answers" });
        }
        const { pipeline } = await world.service.prepare(world.parsed(), {}, clock ? "by-clock" : undefined);
        const ref = { agent_id: AGENT, id: pipeline.id, dataset_id: "dataset-1" };
        const first = await world.activities.preparePipelineTraining(ref);
        expect(first.kind).toBe(kind);
        if (first.kind === "rejected") expect(first.code).toBe("model_withdrawn");
        expect(await world.activities.preparePipelineTraining(ref)).toEqual(first);
      }
    },
  );

  test("stop after the evaluation where no promotion is wanted, and ask nobody", async () => {
    const { running, activities } = await pipelineWorld();
    const ref = await running({ promote: false, approval: { required: true } });
    expect(await activities.requestApproval({ ...ref, now: "2026-01-01T00:00:00.000Z" })).toEqual({
      kind: "not_needed",
    });
    expect(
      await activities.preparePipelinePromotion({ ...ref, run_id: "run-1", evaluation_id: "eval-1" }),
    ).toEqual({
      kind: "not_wanted",
    });
  });
});

describe("approval", () => {
  test("is waited for with the verdict at hand, and the first decision is the one that counts", async () => {
    const { service, ref, asked, decide, activities } = await waiting();
    expect(asked).toEqual({ kind: "waiting", until: "2026-01-01T01:00:00.000Z" });
    expect(await service.get(AGENT, ref.id)).toMatchObject({
      status: "waiting_for_approval",
      verdict: "pass",
    });
    expect(await activities.readApproval(ref)).toEqual({ kind: "waiting" });
    await decide(true, "person@example.com");
    expect(await twice(() => activities.readApproval(ref))).toEqual({ kind: "approved" });
    expect(await codeOf(decide(false))).toBe("409 already_decided");
    expect((await service.get(AGENT, ref.id)).decision).toMatchObject({
      approved: true,
      decided_by: "person@example.com",
    });
  });

  test("of two people at the same moment counts once", async () => {
    const { decide, activities, ref } = await waiting();
    const outcomes = await Promise.all([codeOf(decide(true)), codeOf(decide(false))]);
    expect(outcomes.toSorted()).toEqual(["409 already_decided", "no error"]);
    expect((await activities.readApproval(ref)).kind).toBe(
      outcomes[0] === "no error" ? "approved" : "rejected",
    );
  });

  test("comes too late after its time, and too early before it is asked for", async () => {
    const { decide, clock, running, service, parsed } = await waiting(60);
    clock.advance(3_600_000);
    expect(await codeOf(decide(true))).toBe("409 approval_closed");
    const other = await running({ approval: { required: true } });
    const early = service.decide({ agent_id: AGENT, pipeline_id: other.id, approved: true });
    expect(await codeOf(early)).toBe("409 not_waiting_for_approval");
    expect(parsed().approval).toEqual({ required: false, timeout_minutes: 1440 });
  });

  test("is refused for a pipeline that ended by time-out", async () => {
    const { decide, activities, ref } = await waiting();
    await activities.finishPipeline({ ...ref, outcome: "approval_timeout", verdict: "pass" });
    expect(await codeOf(decide(true))).toBe("409 approval_closed");
  });

  test("names the approver as the one who promoted", async () => {
    const { decide, activities, ref, deployments } = await waiting();
    await decide(true, "person@example.com");
    const started = await activities.preparePipelinePromotion({
      ...ref,
      run_id: "run-1",
      evaluation_id: "eval-1",
    });
    if (started.kind !== "started") throw new Error(started.kind);
    expect((await deployments.get(AGENT, started.id)).promoted_by).toBe("person@example.com");
  });
});

describe("retraining", () => {
  const stamp = "202601030400";

  test("starts where enough episodes were rewarded since the last training that was judged, and says why not elsewhere", async () => {
    const { activities, episodes, built, judged, service } = await pipelineWorld();
    const [before, after] = ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"];
    await built("agent-b", "dataset-b", before);
    await built("agent-c", "dataset-c", before);
    await built("agent-c", "dataset-golden", after, {
      recipe: { kind: "golden" },
      created_at: "2026-01-03T00:00:00.000Z",
    });
    await judged("agent-b", "dataset-b");
    await judged("agent-c", "dataset-c", "pass");
    await judged("agent-c", "dataset-golden");
    await episodes(AGENT, [before, before, after, undefined]);
    await episodes("agent-b", [before, before, before, after, after]);
    await episodes("agent-c", [after, after, after, after]);
    const plan = await activities.planRetraining({ stamp });
    expect(plan).toEqual({
      start: [
        { agent_id: "agent-c", pipeline_id: expect.any(String), new_episodes: 4 },
        { agent_id: AGENT, pipeline_id: expect.any(String), new_episodes: 3 },
      ],
      skip: [{ agent_id: "agent-b", reason: "too_few_episodes: 2 of 3 new rewarded episodes" }],
    });
    expect(await service.get(AGENT, plan.start[1]?.pipeline_id ?? "")).toMatchObject({
      name: `retraining-${stamp}`,
      status: "pending",
      input: { promote: true, approval: { required: false }, evaluation: { baseline: "active" } },
    });
  });

  test("is judged by the metric that LIGHTNING_RETRAIN_METRIC chooses", async () => {
    for (const metric of ["auto", "tool_call", "tool_names", "exact"] as const) {
      const { retrainMetric } = readSettings({ LIGHTNING_RETRAIN_METRIC: metric });
      expect(retrainMetric).toBe(metric);
      const { activities, episodes, service } = await pipelineWorld({ retrainMetric: metric });
      await episodes(
        AGENT,
        ["2026-01-02", "2026-01-02", "2026-01-02"].map((day) => `${day}T00:00:00.000Z`),
      );
      const { start } = await activities.planRetraining({ stamp });
      const { input } = await service.get(AGENT, start[0]?.pipeline_id ?? "");
      expect(input.evaluation.metric).toBe(metric);
    }
    expect(() => readSettings({ LIGHTNING_RETRAIN_METRIC: "names" })).toThrow(/LIGHTNING_RETRAIN_METRIC/);
  });

  test.each(["a build by hand", "a training that failed", "one whose answers were missing"])(
    "loses no episodes to %s",
    async (what) => {
      const { activities, episodes, built, judged, plain } = await pipelineWorld();
      const [before, after, later] = ["2026-01-01", "2026-01-02", "2026-01-03"].map(
        (day) => `${day}T00:00:00.000Z`,
      ) as [string, string, string];
      await built(AGENT, "dataset-a", before);
      await judged(AGENT, "dataset-a");
      await built(AGENT, "dataset-b", later, { created_at: "2026-01-04T00:00:00.000Z" });
      if (what !== "a build by hand")
        await judged(AGENT, "dataset-b", "inconclusive", what === "a training that failed" ? 0 : 50);
      if (what === "a training that failed") await plain.delete("evaluations", [AGENT], "eval-of-dataset-b");
      await episodes(AGENT, [before, after, after, after]);
      expect(await activities.planRetraining({ stamp })).toMatchObject({
        start: [{ agent_id: AGENT, new_episodes: 3 }],
        skip: [],
      });
    },
  );

  test("counts what was rewarded behind the place of the last judged build in the feed, whatever the clocks said", async () => {
    const { activities, plain, episodes, built, judged } = await pipelineWorld();
    const reward = async (n: number, created_at: string, agent_id: string = AGENT) =>
      plain.create("rewards", {
        id: `rew-${agent_id}-${n}-${created_at.slice(0, 4)}`,
        agent_id,
        episode_id: `ep-${agent_id}-${n}-2026-01-01T00.00.00.000Z`,
        source: "human_approval",
        value: 1,
        metadata: {},
        created_at,
      });
    const at = "2026-01-01T00:00:00.000Z";
    await episodes(AGENT, [at, at, at, at]);
    await reward(0, "2099-01-01T00:00:00.000Z");
    await built(AGENT, "dataset-a", "2099-01-01T00:00:00.000Z", {
      awaited_places: { rewards: await plain.feedEnd("rewards"), reward_count: 1 },
    });
    await judged(AGENT, "dataset-a");
    const plan = () => activities.planRetraining({ stamp });
    await reward(7, at, "other");
    expect((await plan()).skip).toEqual([
      { agent_id: AGENT, reason: "too_few_episodes: 0 of 3 new rewarded episodes" },
    ]);
    for (const n of [1, 2, 3, 3, 9])
      await reward(n, n === 3 ? at : "2098-01-01T00:00:00.000Z").catch(() => undefined);
    // The fourth has two rewards, the ninth is no episode.
    expect((await plan()).start).toEqual([
      { agent_id: AGENT, pipeline_id: expect.any(String), new_episodes: 3 },
    ]);
  });

  test("counts new rewards where as many old ones have expired", async () => {
    const { activities, plain, clock, episodes, built, judged } = await pipelineWorld({ rewardsTtlDays: 30 });
    const at = "2026-01-01T00:00:00.000Z";
    await episodes(AGENT, [at, at, at, at]);
    const reward = (n: number, ttl: number) =>
      plain.create("rewards", {
        id: `rew-${n}-${ttl}`,
        agent_id: AGENT,
        episode_id: `ep-${AGENT}-${n}-2026-01-01T00.00.00.000Z`,
        source: "human_approval",
        value: 1,
        metadata: {},
        created_at: at,
        ttl,
      } as never);
    for (const n of [0, 1, 2]) await reward(n, 60);
    await built(AGENT, "dataset-a", at, {
      awaited_places: { rewards: await plain.feedEnd("rewards"), reward_count: 3 },
    });
    await judged(AGENT, "dataset-a");
    expect((await activities.planRetraining({ stamp })).start).toEqual([]);
    clock.advance(120_000);
    for (const n of [1, 2, 3]) await reward(n, 6000);
    expect(await plain.count("rewards", { pk: [AGENT] })).toBe(3);
    expect((await activities.planRetraining({ stamp })).start).toMatchObject([{ new_episodes: 3 }]);
  });

  test("whose run is the very model that serves is compared with the base instead of failing", async () => {
    const asked: string[] = [];
    const { activities, running } = await pipelineWorld({
      stages: {
        evaluations: {
          async prepare({ baseline }) {
            asked.push(baseline);
            if (baseline === "active")
              throw invalid("same_model", "Candidate and baseline are the same model.");
            return { evaluation: { id: "eval-1" } };
          },
          get: async () => ({}),
          wasJudged: async () => false,
          foresee: async () => undefined,
        },
      },
    });
    const ref = await running({ evaluation: { baseline: "active" } });
    expect(
      await activities.preparePipelineEvaluation({ ...ref, dataset_id: "dataset-1", run_id: "run-1" }),
    ).toEqual({ kind: "started", id: "eval-1" });
    expect(asked).toEqual(["active", "base"]);
  });

  test("of the same stamp is the same plan, also when it runs again after its pipelines began", async () => {
    const { activities, episodes } = await pipelineWorld();
    await episodes(AGENT, [
      "2026-01-01T00:00:00.000Z",
      "2026-01-01T00:00:01.000Z",
      "2026-01-01T00:00:02.000Z",
    ]);
    const plan = await twice(() => activities.planRetraining({ stamp }));
    const id = plan.start[0]?.pipeline_id ?? "";
    await activities.claimPipeline({ agent_id: AGENT, id, instance_id: id });
    expect(await activities.planRetraining({ stamp })).toEqual(plan);
  });

  test("does not overlap: an agent whose pipeline is under way is left out, an abandoned record is not in the way", async () => {
    const { activities, episodes, service, parsed, clock } = await pipelineWorld();
    await episodes(AGENT, [
      "2026-01-01T00:00:00.000Z",
      "2026-01-01T00:00:01.000Z",
      "2026-01-01T00:00:02.000Z",
    ]);
    const { pipeline } = await service.prepare(parsed());
    expect((await activities.planRetraining({ stamp })).skip).toEqual([
      { agent_id: AGENT, reason: `already_running: pipeline ${pipeline.id} is pending` },
    ]);
    clock.advance(2 * 3_600_000);
    const { start } = await activities.planRetraining({ stamp });
    expect(start).toHaveLength(1);
    const id = start[0]?.pipeline_id ?? "";
    await activities.claimPipeline({ agent_id: AGENT, id, instance_id: id });
    clock.advance(24 * 3_600_000);
    expect((await activities.planRetraining({ stamp: "202601050400" })).skip[0]?.reason).toContain(
      "already_running",
    );
  });
});

describe("the doors of pipelines", () => {
  test("start a pipeline with 202 and addresses, show it and list it", async () => {
    const { call } = await doors();
    const started = await call("runPipeline", { name: "weekly" }, { principal: "person@example.com" });
    expect(started).toMatchObject({
      status: 202,
      body: {
        success: true,
        status: "pending",
        input: { promoted_by: "person@example.com" },
        urls: { statusQueryGetUri: expect.any(String) },
      },
    });
    const shown = await call("getPipeline", { pipeline_id: started.body.pipeline_id });
    expect(shown.body).toMatchObject({ status: "running", name: "weekly" });
    expect((await call("listPipelines", {})).body).toMatchObject({ pipelines_found: 1 });
    expect(await codeOf(call("getPipeline", { pipeline_id: "pipeline-none" }))).toBe(
      "404 pipeline_not_found",
    );
  });

  test("meet in one pipeline for one idempotency key, and refuse the key for another request", async () => {
    const { call } = await doors();
    const one = await call("runPipeline", { name: "a" }, { idempotencyKey: "k" });
    const two = await call("runPipeline", { name: "a" }, { idempotencyKey: "k" });
    expect(two.body.pipeline_id).toBe(one.body.pipeline_id);
    expect(await codeOf(call("runPipeline", { name: "b" }, { idempotencyKey: "k" }))).toBe(
      "409 idempotency_conflict",
    );
  });

  test("keep a decision although its wake-up is lost", async () => {
    const { call, activities, raised, clock } = await doors();
    const { body } = await call("runPipeline", { approval: { required: true } });
    const ref = { agent_id: AGENT, id: String(body.pipeline_id) };
    await activities.requestApproval({ ...ref, now: toIso(clock.now()) });
    const decided = await call("decidePipeline", { pipeline_id: ref.id, approved: false, reason: "not now" });
    expect(decided.body).toMatchObject({ success: true, approved: false, decision: { reason: "not now" } });
    expect(raised).toEqual([[ref.id, "approval", { approved: false }]]);
    expect(await activities.readApproval(ref)).toEqual({ kind: "rejected" });
  });
});
