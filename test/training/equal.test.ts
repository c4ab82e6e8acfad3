import { afterEach, describe, expect, it } from "@jest/globals";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { TABLES } from "../../src/catalog/tables.ts";
import { toIso } from "../../src/kernel/clock.ts";
import { canonicalJson, sha256 } from "../../src/kernel/hashing.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { ProviderJobRequest } from "../../src/provider/provider.ts";
import { createTrainingActivities } from "../../src/training/activities.ts";
import { startTrainingInputSchema, type TrainingRun } from "../../src/training/contract.ts";
import { type RunIdentity, runId } from "../../src/training/rules.ts";
import { createTrainingService } from "../../src/training/service.ts";
import { randomOf } from "../scenarios/kill-run.ts";
import { AGENT, makeWorld, type World } from "./world.ts";

const worlds: World[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});
const seed = Number(process.env.LIGHTNING_TEST_SEED ?? Date.now() % 1_000_000);
const GRADER = {
  type: "string_check",
  name: "same",
  operation: "eq",
  input: "{{sample.output_text}}",
  reference: "{{item.reference_answer}}",
};

const said = (role: string, content: string) => [{ role, content }];
const LINES = {
  dpo: (n: number) =>
    JSON.stringify({
      input: { messages: said("user", `Question ${n}?`) },
      preferred_output: said("assistant", `Answer ${n}.`),
      non_preferred_output: said("assistant", "No idea."),
    }),
  rft: (n: number) =>
    JSON.stringify({ messages: said("user", `Question ${n}?`), reference_answer: `Answer ${n}.` }),
};

/** What says that it is Azure, with the dated tables; jobs of any method are noted as they are asked for. */
async function onAzure() {
  const sent: ProviderJobRequest[] = [];
  const world = await makeWorld({
    validation: 4,
    provider: (plain) => ({
      ...plain,
      kind: "azure",
      createJob: async (request) => {
        sent.push(request);
        return plain.createJob({ ...request, method: "supervised", hyperparameters: {}, grader: undefined });
      },
    }),
  });
  worlds.push(world);
  const deps = { ...world, catalog: createCatalog({ ...world, logger: silentLogger }), tables: TABLES };
  const service = createTrainingService(deps);
  const activities = createTrainingActivities({ ...deps, service });
  for (const format of ["sft", "dpo", "rft"] as const) {
    await world.addDataset(
      `dataset-${format}`,
      20,
      4,
      { content_hash: `hash-${format}` },
      format === "sft" ? undefined : LINES[format],
    );
    const one = world.dataset(`dataset-${format}`) as { recipe: { format?: string } };
    one.recipe = { ...one.recipe, format };
  }
  const prepare = (input: object, idempotencyKey?: string) =>
    service.prepare(
      startTrainingInputSchema.parse({ agent_id: AGENT, dataset_id: "dataset-1", ...input }),
      idempotencyKey === undefined ? {} : { idempotencyKey },
    );
  const submit = async (run: TrainingRun) => {
    const ref = { agent_id: AGENT, id: run.id };
    await activities.claimRun({ ...ref, instance_id: run.id });
    for (const split of ["train", "validation"] as const)
      await activities.uploadTrainingFile({ ...ref, split });
    return activities.createTrainingJob({ ...ref, attempt: 1 });
  };
  return { ...world, service, prepare, submit, sent };
}

describe("equal training requests are one run", () => {
  const spellings = [
    ["the tier in any case", { training_type: "globalstandard" }, { training_type: "GLOBALSTANDARD" }],
    ["the tier by its two names", { training_type: "developer" }, { training_type: "DeveloperTier" }],
    ["the base model in another case", {}, { base_model: "GPT-4o-mini-2024-07-18" }],
    ["the base model without its date", { base_model: "gpt-4.1" }, { base_model: "gpt-4.1-2025-04-14" }],
  ] as const;
  it.each(spellings)("with %s", async (_name, one, other) => {
    const { prepare } = await onAzure();
    const first = await prepare(one);
    expect(await prepare(other)).toMatchObject({ existed: true, run: { id: first.run.id } });
  });

  it("with what is left to the service, said or not", async () => {
    const { prepare } = await onAzure();
    const dpo = await prepare({ dataset_id: "dataset-dpo", base_model: "gpt-4.1-2025-04-14" });
    const beta = { dataset_id: "dataset-dpo", base_model: "gpt-4.1", hyperparameters: { beta: "auto" } };
    expect((await prepare(beta)).run.id).toBe(dpo.run.id);
  });

  it("has the canonical form in the record, in the price, in the calendar and on the wire", async () => {
    const { prepare, service, submit, sent } = await onAzure();
    const asked = { base_model: "GPT-4.1", training_type: "globalstandard" };
    const { run } = await prepare({ ...asked, budget_usd: 1 });
    const canonical = { base_model: "gpt-4.1-2025-04-14", training_type: "GlobalStandard" };
    expect(run).toMatchObject({ ...canonical, cost: { usd_at_most: expect.any(Number) } });
    await submit(run);
    expect(sent).toMatchObject([{ model: canonical.base_model, training_type: canonical.training_type }]);
    const estimate = await service.estimate({ agent_id: AGENT, dataset_id: "dataset-1", ...asked });
    expect(estimate).toMatchObject({ ...canonical, price: { usd: 2 } });
    await expect(prepare({ base_model: "o4-mini" })).rejects.toMatchObject({ code: "training_not_offered" });
  });

  it("stays what it was for names that no table knows", async () => {
    const { prepare } = await onAzure();
    const { run } = await prepare({ base_model: "My-Model", training_type: "SomethingNew" });
    expect(run).toMatchObject({ base_model: "My-Model", training_type: "SomethingNew" });
  });

  it("however its spelling is mutated: jobs are counted", async () => {
    const random = randomOf(seed);
    const { prepare, submit, sent } = await onAzure();
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const cased = (text: string) =>
      text.replaceAll(/[a-z]/gi, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter.toLowerCase()));
    const maybe = (member: object) => (random() < 0.5 ? member : {});
    const shuffled = (value: object) =>
      Object.fromEntries(
        Object.entries(value)
          .map((entry) => [random(), entry] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, entry]) => entry),
      );
    const settled = (model: string) => ({
      base_model: cased(random() < 0.5 ? model : model.replace(/-\d{4}-\d\d-\d\d$/, "")),
      ...maybe({ training_type: cased("GlobalStandard") }),
      ...maybe({ seed: 42 }),
      ...maybe({ force_new: false }),
    });
    const kinds: (() => object)[] = [
      () => ({
        dataset_id: "dataset-sft",
        ...settled("gpt-4.1-2025-04-14"),
        ...maybe({ method: pick(["sft", "supervised"]) }),
        ...pick([{ n_epochs: 3 }, { hyperparameters: { n_epochs: 3, batch_size: "auto" } }, {}]),
      }),
      () => ({
        dataset_id: "dataset-dpo",
        ...settled("gpt-4.1-2025-04-14"),
        ...maybe({ method: "dpo" }),
        hyperparameters: shuffled({ ...maybe({ beta: "auto" }), ...maybe({ batch_size: "auto" }) }),
      }),
      () => ({
        dataset_id: "dataset-rft",
        ...settled("o4-mini-2025-04-16"),
        grader: shuffled({ ...GRADER, reference: "{{item.messages}}" }),
        hyperparameters: shuffled({
          ...maybe({ reasoning_effort: "default" }),
          ...maybe({ compute_multiplier: "auto" }),
          ...maybe({ eval_samples: "auto" }),
          ...maybe({ eval_interval: "auto" }),
        }),
      }),
      () => ({
        dataset_id: "dataset-sft",
        ...settled("gpt-4.1-nano-2025-04-14"),
        training_type: cased(pick(["Developer", "DeveloperTier"])),
      }),
    ];
    const found = kinds.map(() => new Set<string>());
    for (let n = 0; n < 120; n++) {
      const kind = n % kinds.length;
      const { run } = await prepare((kinds[kind] as () => object)());
      if (!(found[kind] as Set<string>).has(run.id)) await submit(run);
      (found[kind] as Set<string>).add(run.id);
    }
    expect({ seed, runs: found.map((ids) => ids.size), jobs: sent.length }).toEqual({
      seed,
      runs: [1, 1, 1, 1],
      jobs: kinds.length,
    });
    // What is sent is equal only where it is one run.
    const bodies = sent.map(({ metadata: _ids, training_file: _t, validation_file: _v, ...body }) => body);
    expect(new Set(bodies.map(canonicalJson)).size).toBe(kinds.length);
  });
});

describe("a run of an earlier release", () => {
  const former = (over: Partial<RunIdentity> = {}): RunIdentity => ({
    agent_id: AGENT,
    dataset_hash: "hash-20-4",
    base_model: "gpt-4o-mini-2024-07-18",
    method: "supervised",
    hyperparameters: { n_epochs: 3, batch_size: "auto", learning_rate_multiplier: 1 },
    seed: 42,
    training_type: "GlobalStandard",
    ...over,
  });
  const store = async (world: Pick<World, "ledger" | "clock">, identity: RunIdentity, attempt = 1) => {
    const run = {
      ...identity,
      id: runId(identity, attempt),
      type: "run" as const,
      dataset_id: "dataset-1",
      attempt,
      status: "running" as const,
      state: "running",
      created_at: toIso(world.clock.now()),
    };
    await world.ledger.create("runs", run);
    return run.id;
  };

  it("keeps the id that a canonical request has today", async () => {
    const world = await onAzure();
    const suffix = (await world.prepare({})).run.suffix;
    const today = (await world.prepare({})).run;
    expect(today.id).toBe(runId(former(suffix === undefined ? {} : { suffix }), 1));
  });

  it("is met by an equal request although it was spelt otherwise", async () => {
    const world = await onAzure();
    const suffix = world.settings.modelSuffix;
    const spelt = former({ training_type: "globalStandard", ...(suffix === undefined ? {} : { suffix }) });
    const id = await store(world, spelt);
    for (const training_type of ["globalStandard", "GLOBALSTANDARD", "GlobalStandard"])
      expect(await world.prepare({ training_type })).toMatchObject({ existed: true, run: { id } });
    expect(await world.prepare({})).toMatchObject({ existed: true, run: { id } });
    expect((await world.service.list(AGENT, { limit: 10 })).runs).toHaveLength(1);
    // Only force_new means another one, and that is the newest from then on.
    const again = await world.prepare({ force_new: true });
    expect(again.existed).toBe(false);
    expect((await world.prepare({ training_type: "globalStandard" })).run.id).toBe(again.run.id);
  });

  it("is found again by its Idempotency-Key, whose parameters were hashed as they were spelt", async () => {
    const world = await onAzure();
    const suffix = world.settings.modelSuffix;
    const spelt = former({ training_type: "globalStandard", ...(suffix === undefined ? {} : { suffix }) });
    const id = await store(world, spelt, 2);
    await world.runs.rememberKey(AGENT, "key-1", {
      parameters_sha256: sha256(canonicalJson([spelt, true])),
      run_id: id,
      attempt: 2,
      created_at: toIso(world.clock.now()),
    });
    const asked = { training_type: "globalStandard", force_new: true };
    expect(await world.prepare(asked, "key-1")).toMatchObject({ existed: true, run: { id } });
  });
});

describe("a request that is sent again under its key", () => {
  it("is the same run on every door, also with force_new", async () => {
    const { prepare } = await onAzure();
    const asked = { force_new: true, idempotency_key: "key-1" };
    const first = await prepare(asked);
    expect(await prepare(asked)).toMatchObject({ existed: true, run: { id: first.run.id } });
    // The header says the same.
    expect((await prepare({ force_new: true }, "key-1")).run.id).toBe(first.run.id);
  });
});
