import { afterEach, describe, expect, it } from "@jest/globals";
import { createCatalog } from "../../src/catalog/catalog.ts";
import { TABLES } from "../../src/catalog/tables.ts";
import { LightningError, unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { ProviderJob } from "../../src/provider/provider.ts";
import { startTrainingInputSchema } from "../../src/training/contract.ts";
import { EXAMPLE_GRADER } from "../../src/training/graders.ts";
import { createTrainingService } from "../../src/training/service.ts";
import { AGENT, makeWorld, type World, type WorldOptions } from "./world.ts";

const worlds: World[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

/** The world's services over a provider that says it is Azure, with the dated tables. */
async function onAzure(options: WorldOptions & { now?: string } = {}) {
  const world = await makeWorld({
    ...options,
    provider: (plain) => ({ ...(options.provider?.(plain) ?? plain), kind: "azure" }),
  });
  worlds.push(world);
  if (options.now !== undefined) world.clock.advance(Date.parse(options.now) - world.clock.now());
  const catalog = createCatalog({ ...world, logger: silentLogger });
  const service = createTrainingService({ ...world, catalog });
  const prepare = (input: Record<string, unknown>) =>
    service.prepare(startTrainingInputSchema.parse({ agent_id: AGENT, dataset_id: "dataset-1", ...input }));
  return { ...world, service, prepare };
}

describe("a budget", () => {
  it("lets a training through that it covers, and keeps what was reckoned on the run", async () => {
    const { prepare, dataset } = await onAzure();
    const { run } = await prepare({ base_model: "gpt-4.1-2025-04-14", budget_usd: 1 });
    expect(run).toMatchObject({
      budget_usd: 1,
      cost: { usd_at_most: 0.02, basis: expect.stringContaining("3 epochs") },
    });
    const bytes = dataset("dataset-1").files?.train?.bytes ?? 0;
    expect(0.02).toBe(Math.ceil(((bytes * 3 * 2) / 1e6) * 100) / 100);
  });

  it("refuses what could cost more, and stores nothing", async () => {
    const { prepare, dataset, service } = await onAzure();
    Object.assign(dataset("dataset-1").files?.train ?? {}, { bytes: 10_000_000 });
    await expect(prepare({ base_model: "gpt-4.1-2025-04-14", budget_usd: 59 })).rejects.toMatchObject({
      status: 422,
      code: "budget_exceeded",
      field: "budget_usd",
      details: { usd_at_most: 60, budget_usd: 59 },
    });
    expect((await service.list(AGENT, { limit: 10 })).runs).toEqual([]);
    expect((await prepare({ base_model: "gpt-4.1-2025-04-14", budget_usd: 60 })).run.status).toBe("pending");
  });

  it("cannot hold what nobody knows: an unknown price is not zero", async () => {
    const { prepare } = await onAzure();
    await expect(prepare({ budget_usd: 1000 })).rejects.toMatchObject({ code: "cost_unknown", status: 422 });
    const { run } = await prepare({});
    expect(run.cost).toMatchObject({ usd_at_most: "unknown" });
    const left = {
      base_model: "gpt-4.1-2025-04-14",
      hyperparameters: { n_epochs: "auto" },
      budget_usd: 1000,
    };
    await expect(prepare(left)).rejects.toMatchObject({ code: "cost_unknown" });
  });

  it("counts tokens where the files' sizes alone would exceed it", async () => {
    const world = await onAzure();
    Object.assign(world.dataset("dataset-1").files?.train ?? {}, { bytes: 10_000_000 });
    const { service } = world;
    const counting = createTrainingService({ ...world, tables: TABLES });
    const input = startTrainingInputSchema.parse({
      agent_id: AGENT,
      dataset_id: "dataset-1",
      base_model: "gpt-4.1-2025-04-14",
      budget_usd: 11,
    });
    await expect(service.prepare(input)).rejects.toMatchObject({ code: "budget_exceeded" });
    const { run } = await counting.prepare(input);
    expect(run.cost).toMatchObject({ basis: expect.stringMatching(/training tokens, counted/) });
    expect(run.cost?.usd_at_most).toBeLessThan(1);

    const long = createTrainingService({
      ...world,
      tables: TABLES,
      datasets: {
        ...world.datasets,
        countTokens: async () => ({ tokens: 4e6, longest: 1, encoding: "o200k_base", exact: true }),
      },
    });
    await expect(long.prepare({ ...input, force_new: true })).rejects.toMatchObject({
      code: "budget_exceeded",
    });
  });
});

describe("every file that is sent", () => {
  const chat = (content: unknown, more: object = {}) =>
    JSON.stringify({
      messages: [
        { role: "user", content },
        { role: "assistant", content: "Yes." },
      ],
      ...more,
    });
  const named = (name: string) => ({ tools: [{ type: "function", function: { name } }] });
  const picture = [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }];

  async function withLine(text: string, split: "train" | "validation" = "validation") {
    const made = await onAzure({ validation: 5 });
    const file = made.dataset("dataset-1").files?.[split];
    let before = "";
    for await (const piece of made.files.read(file?.key ?? "")) before += Buffer.from(piece).toString();
    await made.files.write(
      file?.key ?? "",
      (async function* () {
        yield `${before}${text}\n`;
      })(),
    );
    return made;
  }

  it.each([
    ["pictures on a model without them", chat(picture), "images_not_taken"],
    ["a tool name that the service refuses", chat("Is it?", named("fs.read_file")), "tool_name_not_taken"],
    ["a tool name that is too long", chat("Is it?", named("f".repeat(80))), "tool_name_not_taken"],
    ["special tokens", chat("What is <|fim_suffix|>?"), "special_token"],
    ["an example that the service would cut", chat("word ".repeat(70_000)), "over_token_limit"],
  ])("is checked whole by the rules of its model: %s", async (_name, text, rule) => {
    const { prepare, service, jobs } = await withLine(text);
    await expect(prepare({ base_model: "gpt-4o-mini-2024-07-18" })).rejects.toMatchObject({
      code: "dataset_not_taken",
      status: 422,
      message: expect.stringContaining("Line 6 of the validation file"),
      details: { lines: 1, faults: [{ rule, line: 6, file: "validation" }] },
    });
    expect((await service.list(AGENT, { limit: 10 })).runs).toEqual([]);
    expect(await jobs()).toEqual([]);
  });

  it("may hold pictures where the model is trained on them", async () => {
    const { prepare } = await withLine(chat(picture));
    expect((await prepare({ base_model: "gpt-4.1-2025-04-14" })).run.status).toBe("pending");
  });

  it("must have the fields that the grader reads in every line, not in the first alone", async () => {
    const made = await onAzure();
    const line = (n: number) =>
      JSON.stringify({
        messages: [{ role: "user", content: `Question ${n}` }],
        ...(n < 5 ? { reference_answer: "a" } : { other: "a" }),
      });
    const rft = async (lines: string[], key: string) => ({
      ...(await made.files.write(
        key,
        (async function* () {
          yield lines.map((one) => `${one}\n`).join("");
        })(),
      )),
      path: key,
      lines: lines.length,
    });
    const recipe = { ...made.dataset("dataset-1").recipe, format: "rft" as const };
    const train = await rft(
      Array.from({ length: 12 }, (_, n) => line(n)),
      "rft/train.jsonl",
    );
    const validation = await rft([line(0)], "rft/validation.jsonl");
    Object.assign(made.dataset("dataset-1"), { recipe, validation_count: 1, files: { train, validation } });
    await expect(
      made.prepare({ base_model: "o4-mini-2025-04-16", grader: EXAMPLE_GRADER }),
    ).rejects.toMatchObject({
      code: "dataset_not_taken",
      details: { lines: 7, faults: expect.arrayContaining([expect.objectContaining({ line: 6 })]) },
    });
  });
});

describe("a base model", () => {
  it("past its date is refused with alternatives and the source of the date", async () => {
    const { prepare } = await onAzure({ now: "2027-04-03T00:00:00Z" });
    await expect(prepare({ base_model: "gpt-4o-2024-08-06" })).rejects.toMatchObject({
      status: 422,
      code: "base_model_retired",
      message: expect.stringContaining("2026-10-05"),
      details: {
        alternatives: expect.arrayContaining([expect.objectContaining({ base_model: "gpt-4.1-2025-04-14" })]),
      },
    });
    expect((await prepare({ base_model: "gpt-4.1-2025-04-14" })).run.status).toBe("pending");
  });

  it("on its last day is still taken, and one that no source knows is left to Azure", async () => {
    const { prepare } = await onAzure({ now: "2027-03-31T23:00:00Z" });
    expect((await prepare({ base_model: "gpt-4o-2024-08-06" })).run.status).toBe("pending");
    expect((await prepare({ base_model: "brand-new-model" })).run.status).toBe("pending");
  });

  it("that is not trained by this method or on this tier is refused", async () => {
    const { prepare } = await onAzure();
    await expect(prepare({ base_model: "o4-mini-2025-04-16" })).rejects.toMatchObject({
      code: "training_not_offered",
      field: "base_model",
    });
    await expect(
      prepare({ base_model: "gpt-oss-20b", training_type: "DeveloperTier" }),
    ).rejects.toMatchObject({
      code: "training_not_offered",
      field: "training_type",
    });
    expect((await prepare({ base_model: "gpt-oss-20b", training_type: "globalStandard" })).run.status).toBe(
      "pending",
    );
  });

  it("of the local provider has no calendar and costs nothing", async () => {
    const world = await makeWorld();
    worlds.push(world);
    world.clock.advance(Date.parse("2030-01-01") - world.clock.now());
    const service = createTrainingService({
      ...world,
      catalog: createCatalog({ ...world, logger: silentLogger }),
    });
    const input = { agent_id: AGENT, dataset_id: "dataset-1", budget_usd: 0.01 };
    const { run } = await service.prepare(startTrainingInputSchema.parse(input));
    expect(run.cost?.usd_at_most).toBe(0);
  });
});

describe("a job that is followed", () => {
  it.each(["pausing", "paused", "resuming", "a_state_nobody_has_seen"])(
    "goes on in state %s for days, overdue but not failed",
    async (state) => {
      let shown: string | undefined;
      const world = await makeWorld({
        env: { LIGHTNING_MAX_WAIT_MINUTES: "60" },
        provider: (plain) => ({
          ...plain,
          readJob: async (id) => {
            const job: ProviderJob = await plain.readJob(id);
            return shown === undefined ? job : { ...job, state: shown };
          },
        }),
      });
      worlds.push(world);
      const { run } = await world.prepare();
      await world.submit(run);
      const ref = { agent_id: AGENT, id: run.id };
      shown = state;
      for (let day = 0; day < 3; day++) {
        expect(await world.activities.pollTrainingJob(ref)).toMatchObject({ state, terminal: false });
        world.clock.advance(86_400_000);
      }
      await world.activities.pollTrainingJob(ref);
      expect(await world.service.get(AGENT, run.id)).toMatchObject({
        status: "running",
        state,
        overdue: true,
      });
      shown = undefined;
      expect((await world.follow(run)).status).toBe("succeeded");
    },
  );

  const away = [
    ["is away", unavailable("provider_unreachable", "no connection")],
    ["no longer lets us ask", new LightningError("invalid", "provider_rejected", "401 unauthorised")],
    ["gives no token", new LightningError("fatal", "no_credential", "no token")],
  ] as const;
  it.each(away)("is not failed because the provider %s", async (_name, fault) => {
    let isAway = false;
    const world = await makeWorld({
      provider: (plain) => ({
        ...plain,
        readJob: async (id) => {
          if (isAway) throw fault;
          return plain.readJob(id);
        },
      }),
    });
    worlds.push(world);
    const { run } = await world.prepare();
    await world.submit(run);
    isAway = true;
    const ref = { agent_id: AGENT, id: run.id };
    for (let look = 0; look < 40; look++)
      expect((await world.activities.pollTrainingJob(ref)).terminal).toBe(false);
    expect(await world.service.get(AGENT, run.id)).toMatchObject({
      status: "running",
      look_failed: { message: expect.stringContaining(fault.message) },
    });
    isAway = false;
    const done = await world.follow(run);
    expect(done.status).toBe("succeeded");
    expect(done.look_failed).toBeUndefined();
  });
});

describe("a clean-up of training", () => {
  it("lists first, then removes files and failed jobs of runs that are over, and nothing else", async () => {
    const removed: string[] = [];
    const w = await onAzure({
      provider: (plain) => ({
        ...plain,
        deleteJob: async (id) => {
          removed.push(id);
        },
      }),
    });
    const { run } = await w.prepare({});
    const other = (await w.prepare({ seed: 7 })).run;
    await w.train(run);
    const put = (name: string) => w.plain.uploadFile({ name, content: once("{}\n") });
    const leftover = await put(`${run.id}-train-0123456789ab.jsonl`);
    await put(`${other.id}-train-0123456789ab.jsonl`);
    await put("somebody-elses.jsonl");
    // Its job failed long ago.
    const failed = (await w.prepare({ seed: 8 })).run;
    await w.submit(failed);
    const job = (await w.jobs()).find((one) => one.metadata.run_id === failed.id);
    await w.plain.cancelJob(job?.id ?? "");
    await w.follow(failed);

    expect(await w.service.cleanUp(30, true)).toMatchObject({ files: [], jobs: [] });
    w.clock.advance(31 * 86_400_000);
    const listed = await w.service.cleanUp(30, true);
    expect(listed.files).toEqual([{ id: leftover.id, filename: leftover.filename, run_id: run.id }]);
    expect(listed.jobs).toMatchObject([{ id: job?.id, state: "cancelled", run_id: failed.id }]);
    expect(removed).toEqual([]);
    expect(await w.service.cleanUp(30, false)).toMatchObject({
      files: listed.files,
      jobs: listed.jobs,
      not_removed: [],
    });
    expect(removed).toEqual([job?.id]);
    const names: string[] = [];
    for await (const file of w.plain.listFiles()) names.push(file.filename);
    expect(names.toSorted()).toEqual(
      ["somebody-elses.jsonl", `${other.id}-train-0123456789ab.jsonl`].toSorted(),
    );
  });
});

async function* once(text: string) {
  yield Buffer.from(text);
}
