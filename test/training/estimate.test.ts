import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { TABLES } from "../../src/catalog/tables.ts";
import type { Dataset } from "../../src/datasets/contract.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { estimate } from "../../src/training/estimate.ts";
import type { EstimateInput, PriceTables } from "../../src/training/estimate-contract.ts";
import { AGENT, episode, makeWorld, must, type World } from "../datasets/world.ts";

let world: World;
let dataset: Dataset;
beforeAll(async () => {
  world = await makeWorld();
  const tools = [{ type: "function" as const, function: { name: "now", description: "Tells the time." } }];
  await world.store(...Array.from({ length: 40 }, (_, n) => episode(n, { tools })));
  dataset = await world.build();
});
afterAll(() => world.close());

type Used = Pick<Provider, "kind" | "listJobs" | "listFiles">;
const azure = (jobs: number, files: number): Used => ({
  kind: "azure",
  async *listJobs() {
    for (let n = 0; n < jobs; n++) yield { id: `job-${n}`, state: "queued" } as never;
  },
  async *listFiles() {
    for (let n = 0; n < files; n++) yield { id: `file-${n}`, bytes: 1000 } as never;
  },
});
const reckon = (
  input: Partial<EstimateInput> = {},
  deps: { tables?: PriceTables; provider?: Used } = { tables: TABLES },
  of = dataset,
) =>
  estimate({ ...deps, datasets: world.service, settings: world.settings }, of, {
    agent_id: AGENT,
    dataset_id: of.id,
    ...input,
  });

describe("an estimate", () => {
  test("multiplies the tokens that the build counted, tools with every line, by epochs and a dated price", async () => {
    const got = await reckon({ base_model: "gpt-4.1-2025-04-14", n_epochs: 2 });
    const { tokens } = must(must(dataset.token_counts).sides.train);
    expect(tokens).toBeGreaterThan(must(dataset.training_count) * 20);
    expect(got).toMatchObject({
      tokens_per_epoch: tokens,
      n_epochs: { low: 2, high: 2 },
      exact_vocabulary: true,
      price: { usd: 2, as_of: "2026-03-19" },
      training_tokens: { low: Math.floor(tokens * 1.9), high: Math.ceil(tokens * 2.1) },
    });
    const high = Math.round(Math.ceil(tokens * 2.1) * 2 * 1e-4) / 100;
    expect(got.cost_usd).toMatchObject({ high });
    expect(got.hosting).toContainEqual(expect.objectContaining({ sku: "Standard", usd_per_month: 1241 }));
  });

  test("an unknown price is unknown, never 0", async () => {
    const none = await reckon({ base_model: "gpt-4.1-2025-04-14", training_type: "Standard" });
    expect(none).toMatchObject({ price: undefined, cost_usd: undefined });
    expect(none.notes[0]).toMatch(/unknown/);
    expect(await reckon({}, {})).toMatchObject({ price: undefined, cost_usd: undefined, hosting: [] });
  });

  test("on this machine it costs nothing, and says so", async () => {
    const local = { kind: "local" } as Used;
    expect(await reckon({}, { provider: local })).toMatchObject({ cost_usd: { low: 0, high: 0 } });
  });

  test("auto epochs go from one to what the service chooses by itself", async () => {
    const small = { ...dataset, training_count: 10 } as Dataset;
    expect((await reckon({ n_epochs: "auto" }, {}, small)).n_epochs).toEqual({ low: 1, high: 10 });
    const large = { ...dataset, training_count: 20_000 } as Dataset;
    expect((await reckon({ n_epochs: "auto" }, {}, large)).n_epochs).toEqual({ low: 1, high: 1 });
  });

  test("holds the wish against limits and what the resource already has", async () => {
    const free = await reckon({}, { tables: TABLES, provider: azure(2, 3) });
    expect(free.within_limits).toBe(true);
    expect(free.limits).toContainEqual(
      expect.objectContaining({ name: "fine_tuning_files", wanted: 5, limit: 100, within: true }),
    );
    const full = await reckon({}, { tables: TABLES, provider: azure(100, 100) });
    expect(full.within_limits).toBe(false);
    expect(full.limits.filter((one) => one.within === false).map((one) => one.name)).toEqual([
      "fine_tuning_files",
      "training_jobs",
      "training_jobs_queued",
    ]);
    const few = { ...dataset, training_count: 4 } as Dataset;
    expect((await reckon({}, {}, few)).limits).toContainEqual(
      expect.objectContaining({ name: "fewest_examples", within: false }),
    );
  });

  test("a provider that cannot be asked leaves its quota unknown", async () => {
    const away: Used = {
      ...azure(0, 0),
      async *listFiles() {
        yield* azure(0, 1).listFiles();
        throw new Error("away");
      },
    };
    expect((await reckon({}, { tables: TABLES, provider: away })).within_limits).toBeUndefined();
  });

  test("counts anew for a model of another vocabulary, and keeps that count", async () => {
    const older = await reckon({ base_model: "gpt-35-turbo-0125" });
    expect(older.encoding).toBe("cl100k_base");
    expect(older.tokens_per_epoch).toBeGreaterThan(100);
    expect(await world.files.stat(`${dataset.id}/tokens_cl100k_base.json`)).toBeDefined();
    expect(await reckon({ base_model: "gpt-35-turbo-0125" })).toEqual(older);
  });

  test("is refused while the dataset has no files", async () => {
    await expect(reckon({}, {}, { ...dataset, status: "building" } as Dataset)).rejects.toMatchObject({
      code: "dataset_not_ready",
    });
  });
});
