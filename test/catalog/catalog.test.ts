import { afterEach, describe, expect, it } from "@jest/globals";
import { baseOf, createCatalog } from "../../src/catalog/catalog.ts";
import { TABLES } from "../../src/catalog/tables.ts";
import { readSettings } from "../../src/config/settings.ts";
import { armHostingFromSettings } from "../../src/hosting/arm/hosting.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";

let azure: FakeAzure | undefined;
afterEach(async () => {
  await azure?.close();
  azure = undefined;
});

function catalogAt(now: string) {
  const clock = new VirtualClock(now);
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  return { clock, ledger, catalog: createCatalog({ ledger, clock, logger: silentLogger }) };
}

describe("the tables", () => {
  it("give every row a source and a day that is not in the future of this repository", () => {
    for (const rows of Object.values(TABLES))
      for (const row of rows) {
        expect(row.source.length).toBeGreaterThan(10);
        expect(row.as_of >= "2026-01-01" && row.as_of <= "2026-12-31").toBe(true);
      }
  });

  it("have one row a model, and dates of models that they know", () => {
    const models = TABLES.models.map((row) => row.model);
    expect(new Set(models).size).toBe(models.length);
    for (const { model } of TABLES.retirements) expect(models).toContain(model);
  });
});

describe("what is known of a model", () => {
  it("says unknown where no dated source says more", async () => {
    const { catalog } = catalogAt("2026-11-22T00:00:00Z");
    expect(await catalog.facts("some-model")).toEqual({
      model: "some-model",
      format: "unknown",
      methods: "unknown",
      training_types: "unknown",
      deployment_skus: "unknown",
      lifecycle: "unknown",
      base_retires: "unknown",
      training_retires: "unknown",
      deployment_retires: "unknown",
      sources: [],
    });
    expect(await catalog.facts("gpt-oss-20b")).toMatchObject({
      format: "Microsoft",
      training_retires: "unknown",
    });
    expect(catalog.trainingPrice("gpt-4o-mini-2024-07-18", "GlobalStandard")).toBe("unknown");
    expect(catalog.trainingPrice("gpt-4.1-2025-04-14", "GlobalStandard")).toBe(2);
    expect(catalog.quota("fine_tuned_deployments")).toBe(10);
    expect(catalog.quota("wishes")).toBe("unknown");
  });

  it("is that of its base for a tuned model, with or without suffix and checkpoint", async () => {
    const hex = "0123456789abcdef0123456789abcdef";
    expect(baseOf(`gpt-4.1-mini-2025-04-14.ft-${hex}`)).toBe("gpt-4.1-mini-2025-04-14");
    expect(baseOf(`gpt-oss-20b.ft-${hex}-v1:ckpt-step-10`)).toBe("gpt-oss-20b");
    expect(baseOf("gpt-4.1-mini-2025-04-14")).toBe("gpt-4.1-mini-2025-04-14");
    const { catalog } = catalogAt("2026-11-22T00:00:00Z");
    expect((await catalog.facts(`gpt-4.1-2025-04-14.ft-${hex}`)).format).toBe("OpenAI");
  });

  it("offers alternatives that are not past their date, the longest lasting first", async () => {
    const before = catalogAt("2027-04-02T00:00:00Z");
    const names = (await before.catalog.alternatives("gpt-4o-2024-08-06")).map((one) => one.model);
    expect(names.slice(0, 3)).toEqual(
      expect.arrayContaining(["gpt-4.1-2025-04-14", "gpt-4.1-mini-2025-04-14"]),
    );
    expect(names).not.toContain("gpt-4o-mini-2024-07-18");
    expect(names).not.toContain("o4-mini-2025-04-16");
    expect(names).toContain("gpt-oss-20b");
  });

  it("is corrected by Azure's own list, which outlives the process; an outage leaves the tables", async () => {
    const { clock, ledger } = catalogAt("2026-11-22T00:00:00Z");
    azure = await startFakeAzure({ clock });
    azure.arm.knobs.models = [
      {
        model: {
          name: "gpt-4.1",
          version: "2025-04-14",
          format: "OpenAI",
          lifecycleStatus: "Deprecating",
          deprecation: { fineTune: "2028-01-01T00:00:00Z", inference: "2028-06-01T00:00:00Z" },
          capabilities: { fineTune: "true" },
        },
      },
      {
        model: {
          name: "gpt-9-mini",
          version: "2027-01-01",
          format: "OpenAI",
          capabilities: { fineTune: "true" },
        },
      },
      { model: { name: "tts", version: "001", format: "OpenAI" } },
    ];
    const hosting = armHostingFromSettings(readSettings(azure.env), azure.credential);
    const catalog = createCatalog({ ledger, clock, logger: silentLogger, hosting });
    expect(await catalog.refresh()).toEqual({ refreshed: true, models: 2 });
    const again = createCatalog({ ledger, clock, logger: silentLogger, hosting });
    expect(await again.facts("gpt-4.1-2025-04-14")).toMatchObject({
      lifecycle: "deprecated",
      training_retires: "2028-01-01",
      base_retires: "2028-06-01",
      deployment_retires: "2027-10-14",
      sources: expect.arrayContaining([expect.objectContaining({ as_of: "2026-11-22" })]),
    });
    expect(await again.facts("gpt-9-mini-2027-01-01")).toMatchObject({
      format: "OpenAI",
      methods: "unknown",
    });
    azure.faults.push({ on: /./, with: 503, times: 5 });
    expect(await again.refresh()).toMatchObject({ refreshed: false });
    expect((await again.facts("gpt-4.1-2025-04-14")).training_retires).toBe("2028-01-01");
  });
});
