import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings, type Settings } from "../../src/config/settings.ts";
import { databaseTools } from "../../src/ledger/database-tools.ts";
import {
  addBackup,
  addProvision,
  checkContainers,
  type Database,
} from "../../src/surfaces/cli/database-commands.ts";
import type { CliIo } from "../../src/surfaces/cli/io.ts";
import { runCli } from "../../src/surfaces/cli/program.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";

let cosmos: FakeCosmos;
beforeEach(async () => {
  cosmos = await startFakeCosmos();
});
afterEach(() => cosmos.close());

async function lightning(settings: Settings, ...argv: string[]) {
  const said = { out: "", err: "" };
  const io = {
    out: (text: string) => {
      said.out += text;
    },
    err: (text: string) => {
      said.err += text;
    },
    paint: (line: string) => line,
  } as unknown as CliIo;
  const database: Database = {
    isCosmos: settings.cosmosAccountUri !== undefined,
    provision: (asked) => databaseTools.provision(settings, asked),
    verify: () => databaseTools.verify(settings),
    backup: (file) => databaseTools.backup(settings, file),
  };
  const code = await runCli(argv, {
    operations: operationRows(settings),
    io,
    connect: () => Promise.reject(new Error("this command needs no function app")),
    longestWaitMs: 0,
    longestPauseMs: 0,
    instead: { getHealth: (values) => checkContainers(values, io, database) },
    addCommands(program, finish) {
      addProvision(program, finish, io, database);
      addBackup(program, finish, io, database);
    },
  });
  return { code, ...said };
}

describe("lightning provision", () => {
  test("makes the containers, and tells that they are there when it is run again", async () => {
    const settings = settingsFor(cosmos.endpoint, cosmos.key);
    const first = await lightning(settings, "provision", "--max-throughput", "1000");
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toContain("✅ rl_episodes: created");
    expect(first.out).toContain("✅ leases: created");
    const again = await lightning(settings, "provision", "--json");
    expect(JSON.parse(again.out)).toMatchObject({
      success: true,
      containers: expect.arrayContaining([{ name: "rl_episodes", state: "existed", faults: [] }]),
    });
  });

  test("refuses under an Entra role, with the remedy", async () => {
    const settings = readSettings({ COSMOS_ACCOUNT_URI: cosmos.endpoint });
    const { code, err } = await lightning(settings, "provision");
    expect(code).toBe(1);
    expect(err).toContain("provision_needs_key");
    expect(err).toContain("Deploy infra/");
  });

  test("refuses a throughput that the service would not take", async () => {
    const settings = settingsFor(cosmos.endpoint, cosmos.key);
    for (const units of ["400", "1500", "many"])
      expect(await lightning(settings, "provision", "--max-throughput", units)).toMatchObject({ code: 2 });
    expect(cosmos.requests).toEqual([]);
  });

  test("has nothing to do for the embedded ledger", async () => {
    const { code, out } = await lightning(readSettings({}), "provision");
    expect(code).toBe(0);
    expect(out).toContain("embedded ledger");
  });
});

describe("lightning health --containers", () => {
  test("tells what is missing, then that all is as expected, without a function app", async () => {
    const settings = settingsFor(cosmos.endpoint, cosmos.key);
    await lightning(settings, "provision");
    const found = await lightning(settings, "health", "--containers");
    expect(found).toMatchObject({ code: 0, err: "" });
    expect(found.out).toContain("✅ rl_training_runs: as expected");
    const elsewhere = settingsFor(cosmos.endpoint, cosmos.key, { COSMOS_CONTAINER_RUNS: "my_runs" });
    const { code, out } = await lightning(elsewhere, "health", "--containers");
    expect(code).toBe(1);
    expect(out).toContain("❌ my_runs: not as expected\n   does not exist");
    const { out: json } = await lightning(elsewhere, "health", "--containers", "--json");
    expect(JSON.parse(json)).toMatchObject({ healthy: false });
  });

  test("is fine on the embedded ledger", async () => {
    const { code, out } = await lightning(readSettings({}), "health", "--containers");
    expect(code).toBe(0);
    expect(out).toContain("embedded ledger");
  });
});
