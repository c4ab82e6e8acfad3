import { CosmosClient } from "@azure/cosmos";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.ts";
import { CONTAINER_KEYS, containerNames } from "../../../src/ledger/containers.ts";
import { wantedContainer } from "../../../src/ledger/cosmos/definitions.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../../src/ledger/cosmos/provision.ts";
import { compare, verifyContainers } from "../../../src/ledger/cosmos/verify.ts";
import { episode, someAgent } from "../../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../../fakes/cosmos/server.ts";
import { contributor, settingsFor, type TestSettings, TOKEN } from "./world.ts";

let cosmos: FakeCosmos;
let settings: TestSettings;
beforeEach(async () => {
  cosmos = await startFakeCosmos({ token: TOKEN });
  settings = settingsFor(cosmos.endpoint, cosmos.key);
});
afterEach(() => cosmos.close());

/** Lets a test make containers as somebody else would have. */
async function withDatabase(work: (database: ReturnType<CosmosClient["database"]>) => Promise<unknown>) {
  const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
  const { database } = await client.databases.createIfNotExists({ id: settings.cosmosDatabaseName });
  await work(database);
  client.dispose();
}

describe("provisioning", () => {
  test("makes the database, every container and the triggers' leases, and is harmless when repeated", async () => {
    const first = await provisionCosmos(settings);
    const names = containerNames(settings);
    expect(first.map(({ name }) => name)).toEqual([...CONTAINER_KEYS.map((c) => names[c]), "leases"]);
    expect(first.every(({ state }) => state === "created")).toBe(true);
    const again = await provisionCosmos(settings);
    expect(again.every(({ state, faults }) => state === "existed" && faults.length === 0)).toBe(true);
    const checks = await verifyContainers(settings);
    expect(checks.flatMap(({ faults, notes }) => [...faults, ...notes])).toEqual([]);
    const ledger = openCosmosLedger({ settings, clock: systemClock });
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e1"));
    expect(await ledger.count("episodes", { pk: [agent] })).toBe(1);
    await ledger.close();
  });

  test("gives episodes and rewards hierarchical keys, and documents of those containers leave to expire (defect 10: one partition an agent)", () => {
    expect(wantedContainer("episodes", "x", "agent_id")).toMatchObject({
      partitionKey: { paths: ["/agent_id", "/id"], kind: "MultiHash", version: 2 },
      defaultTtl: -1,
    });
    expect(wantedContainer("rewards", "x", "tenant").partitionKey.paths).toEqual(["/tenant", "/episode_id"]);
    const runs = wantedContainer("runs", "x", "agent_id");
    expect(runs.partitionKey).toEqual({ paths: ["/agent_id"], kind: "Hash", version: 2 });
    expect(runs).not.toHaveProperty("defaultTtl");
  });

  test("indexes what is asked by and no text of an episode", () => {
    const { indexingPolicy } = wantedContainer("episodes", "x", "agent_id");
    const paths = indexingPolicy.includedPaths?.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(["/id/?", "/created_at/?", "/reward_avg/?", "/tool_names/[]/?"]),
    );
    expect(paths).not.toContain("/*");
    expect(indexingPolicy.excludedPaths).toContainEqual({ path: "/*" });
    for (const c of CONTAINER_KEYS)
      expect(compare(c, wantedContainer(c, "x", "agent_id"), "agent_id").faults).toEqual([]);
  });

  test("refuses under an Entra role with the reason and the way out, before it asks for anything", async () => {
    const aad = { ...settings, cosmosAuthMode: "aad" as const };
    await expect(provisionCosmos(aad)).rejects.toMatchObject({
      kind: "forbidden",
      code: "provision_needs_key",
      remedy: expect.stringMatching(/infra.*COSMOS_AUTH_MODE=key/),
    });
    expect(cosmos.requests).toEqual([]);
  });

  test("tells the same when the account itself refuses a token", async () => {
    const client = contributor(cosmos.endpoint);
    await expect(provisionCosmos(settings, { client })).rejects.toMatchObject({
      code: "provision_needs_key",
    });
    client.dispose();
  });

  test("leaves an existing container as it is, tells what it lacks, and adds that when asked", async () => {
    await withDatabase((database) =>
      database.containers.create({
        id: "rl_rewards",
        partitionKey: { paths: ["/agent_id"] },
        indexingPolicy: {
          includedPaths: [{ path: "/*" }],
          excludedPaths: [{ path: "/value/?" }],
          compositeIndexes: [
            [
              { path: "/mine", order: "ascending" },
              { path: "/id", order: "ascending" },
            ],
          ],
        },
      }),
    );
    const [, kept] = await provisionCosmos(settings);
    expect(kept).toMatchObject({ name: "rl_rewards", state: "existed" });
    expect(kept?.faults).toEqual([
      expect.stringContaining("time to live to -1"),
      expect.stringContaining("does not index /value"),
      expect.stringContaining("no composite index of /agent_id with /id, /episode_id with /id"),
    ]);
    const [, updated] = await provisionCosmos(settings, { update: true });
    expect(updated).toEqual({ name: "rl_rewards", state: "updated", faults: [] });
    const [, check] = await verifyContainers(settings);
    expect(check).toEqual({
      name: "rl_rewards",
      exists: true,
      faults: [],
      notes: [expect.stringContaining("plain key /agent_id")],
    });
  });
});

describe("verification", () => {
  test("names every container that is missing", async () => {
    await withDatabase(async () => undefined);
    const checks = await verifyContainers(settings);
    const containers = checks.filter(({ name }) => !name.startsWith("consistency"));
    expect(containers).toHaveLength(CONTAINER_KEYS.length + 1);
    expect(containers.every(({ exists, faults }) => !exists && faults[0] === "does not exist")).toBe(true);
  });

  test.each([
    ["Strong", true],
    ["BoundedStaleness", true],
    ["Session", false],
    ["ConsistentPrefix", false],
    ["Eventual", false],
  ])("tells whether the account's consistency is enough: %s", async (consistency, isEnough) => {
    const account = await startFakeCosmos({ consistency });
    const there = settingsFor(account.endpoint, account.key);
    await provisionCosmos(there);
    const faults = (await verifyContainers(there)).flatMap((check) => check.faults);
    expect(faults).toEqual(
      isEnough
        ? []
        : [expect.stringContaining(`is ${consistency}: an instance may not see what another has written`)],
    );
    await account.close();
  });

  test("reads definitions only: the data role is enough", async () => {
    await provisionCosmos(settings);
    const client = contributor(cosmos.endpoint);
    const before = cosmos.requests.length;
    const checks = await verifyContainers(settings, client);
    expect(checks.every(({ faults }) => faults.length === 0)).toBe(true);
    expect(cosmos.requests.slice(before).every((line) => line.startsWith("GET "))).toBe(true);
    client.dispose();
  });

  test("tells a key that cannot serve, an expiry that would delete records, and a missing index", () => {
    const runs = wantedContainer("runs", "x", "agent_id");
    const faultsOf = (more: object) => compare("runs", { ...runs, ...more }, "agent_id").faults;
    expect(faultsOf({ partitionKey: { paths: ["/pk"] } })).toEqual(["has the key /pk instead of /agent_id"]);
    expect(faultsOf({ defaultTtl: 60 })).toEqual([expect.stringContaining("deletes its records 60 s after")]);
    expect(faultsOf({ defaultTtl: -1 })).toEqual([]);
    expect(faultsOf({ indexingPolicy: { indexingMode: "none" } })).toEqual([
      "has no index: queries are refused",
    ]);
    expect(faultsOf({ indexingPolicy: { includedPaths: [{ path: "/*" }] } })).toEqual([
      expect.stringContaining(
        "no composite index of /agent_id with /id, /created_at with /id, /type with /id",
      ),
    ]);
    const episodes = { ...wantedContainer("episodes", "x", "agent_id"), defaultTtl: 2_592_000 };
    expect(compare("episodes", episodes, "agent_id")).toEqual({
      faults: [],
      notes: [expect.stringContaining("2592000 s after their last write")],
    });
  });

  test("takes a composite index in the other direction for the same", () => {
    const runs = wantedContainer("runs", "x", "agent_id");
    const compositeIndexes = (runs.indexingPolicy.compositeIndexes ?? []).map((index) =>
      index.map(({ path }) => ({ path, order: "descending" as const })),
    );
    const turned = { ...runs, indexingPolicy: { ...runs.indexingPolicy, compositeIndexes } };
    expect(compare("runs", turned, "agent_id").faults).toEqual([]);
  });
});
