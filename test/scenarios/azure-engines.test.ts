import { execFile } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CosmosClient } from "@azure/cosmos";
import { BlobServiceClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";
import { type Azurite, startAzurite } from "../fakes/azurite.ts";
import { type FakeCosmos, startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";
import { KilledApp } from "./killed-app.ts";
import { episode, golden, question } from "./storm-desk.ts";

jest.setTimeout(120_000);

/**
 * `npm start` in a process of its own, in real time, with every embedded engine but the host replaced: nothing but the
 * environment says so. What answers is our reading of Azure's wire, not Azure.
 */
describe("the app on Cosmos DB, Blob Storage, Azure OpenAI and Resource Manager by its environment alone", () => {
  const agent_id = "storm-desk";
  const EPISODES = 40;
  let cosmos: FakeCosmos;
  let azurite: Azurite;
  let azure: FakeAzure;
  let home: string;
  let app: KilledApp;
  /** Deployment names in the order in which they served. */
  const served: string[] = [];

  const call = (method: "GET" | "POST", address: string, body?: unknown, headers?: Record<string, string>) =>
    app.call(method, `/api/lightning${address}`, body, headers);
  /** Looks until the record is as it should be; what takes long here is work, not waiting. */
  async function until<T>(look: () => Promise<T>, done: (found: T) => boolean): Promise<T> {
    for (;;) {
      const found = await look();
      if (done(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The command line in a process of its own, beside the running app. */
  async function lightning(...words: string[]): Promise<string> {
    const { PATH = "" } = process.env;
    const env = { PATH, LIGHTNING_ENDPOINT: app.url, LIGHTNING_AGENT_ID: agent_id };
    const script = path.resolve(import.meta.dirname, "../../bin/lightning.js");
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...words], { env });
    return stdout;
  }

  beforeAll(async () => {
    [cosmos, azurite, azure, home] = await Promise.all([
      startFakeCosmos(),
      startAzurite(),
      startFakeAzure({ deployments: { base: "gpt-4o-mini-2024-07-18" } }),
      fs.mkdtemp(path.join(os.tmpdir(), "lightning-azure-")),
    ]);
    // Made at once, deaf for a moment: the app looks again after ten seconds, and here they would be real ones.
    Object.assign(azure.arm.knobs, { makingMs: 0, answersAfterMs: 200 });
    await provisionCosmos(settingsFor(cosmos.endpoint, cosmos.key));
    app = new KilledApp(home, {
      LIGHTNING_AGENT_ID: agent_id,
      USE_TUNED_MODEL: "true",
      LIGHTNING_CACHE_TTL: "0",
      FOUNDRY_MODEL_DEPLOYMENT_NAME: "base",
      COSMOS_ACCOUNT_URI: cosmos.endpoint,
      COSMOS_AUTH_MODE: "key",
      COSMOS_ACCOUNT_KEY: cosmos.key,
      LIGHTNING_FILES_CONNECTION_STRING: azurite.connectionString,
      ...azure.env,
      ...azure.identityEnv,
    });
    await app.start();
  });
  afterAll(async () => {
    await app.end("SIGTERM");
    await Promise.all([cosmos.close(), azure.close()]);
    azurite.close();
    await fs.rm(home, { recursive: true, force: true });
  });

  it("is healthy, and says which engines it found", async () => {
    expect(await call("GET", "/health")).toMatchObject({
      status: "healthy",
      checks: { ledger: { ok: true, kind: "cosmos" }, provider: { ok: true, kind: "azure" } },
    });
  });

  it("records episodes, and its change feeds sum up their rewards", async () => {
    const lines = Array.from({ length: EPISODES }, (_, n) => JSON.stringify(episode(agent_id, n)));
    const recorded = await call("POST", "/episodes", lines.join("\n"), {
      "content-type": "application/x-ndjson",
    });
    expect(recorded).toMatchObject({ recorded: EPISODES });
    await Promise.all(
      lines.map((_, n) =>
        call("POST", "/rewards", {
          episode_id: `ep-${agent_id}-${n}`,
          source: "test_result",
          value: 1,
          evaluator: "checks",
        }),
      ),
    );
    const { statistics, feeds } = await until(
      () => call("GET", "/stats"),
      (stats) => stats.statistics.rewarded_episodes === EPISODES,
    );
    expect(statistics).toMatchObject({ total_episodes: EPISODES, average_reward: 1 });
    expect(feeds).toMatchObject({ episodes: { lag_seconds: 0 }, rewards: { lag_seconds: 0 } });
  });

  it("pages through them by signed continuations, and takes none that was altered", async () => {
    const ids: string[] = [];
    let after = "";
    do {
      const page = await call("GET", `/episodes?limit=15${after}`);
      for (const { id } of page.episodes) ids.push(id);
      after = page.continuation === undefined ? "" : `&continuation=${page.continuation}`;
      if (after !== "")
        await expect(call("GET", `/episodes?limit=15${after.slice(0, -1)}~`)).rejects.toThrow(
          /answered 400: .*bad_continuation/,
        );
    } while (after !== "");
    expect(new Set(ids).size).toBe(EPISODES);
  });

  it("sets a document aside that no feed can handle, shows it (REST, MCP) and retries it once it is mended (REST, command line)", async () => {
    const client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmos.key });
    const rewards = client.database("agent_rl").container("rl_rewards").items;
    const broken = {
      id: "rew-broken",
      agent_id,
      episode_id: `ep-${agent_id}-3`,
      source: "human_approval",
      value: 1,
      metadata: {},
      created_at: "yesterday",
    };
    await rewards.upsert(broken);
    const [letter] = await until(
      async () => (await call("GET", "/dead-letters")).dead_letters,
      (letters) => letters.length > 0,
    );
    expect(letter).toMatchObject({ feed: "rewards", document_id: "rew-broken", attempts: 1 });
    const listed = await app.call("POST", "/api/mcp", {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "lightning_list_dead_letters", arguments: {} },
    });
    expect(JSON.stringify(listed)).toContain("rew-broken");

    expect(await call("POST", "/dead-letters/retry", {})).toMatchObject({ results: [{ outcome: "failed" }] });
    await rewards.upsert({ ...broken, created_at: new Date().toISOString() });
    client.dispose();
    const retried = JSON.parse(await lightning("dead-letters", "retry", "--json"));
    expect(retried.results).toMatchObject([{ document_id: "rew-broken", outcome: "handled" }]);
    expect((await call("GET", "/dead-letters")).dead_letters).toEqual([]);
    const { reward_sources } = await call("GET", `/episodes/ep-${agent_id}-3`);
    expect(reward_sources).toContain("human_approval");
  });

  it("a pipeline builds, trains, evaluates and promotes to a deployment that Resource Manager made", async () => {
    const held = await call("POST", "/datasets/golden", {
      name: "held out",
      content: golden(1000, 80),
      test_split: 1,
    });
    const { pipeline_id } = await call("POST", "/pipelines", {
      dataset: { min_reward: 0.5 },
      evaluation: { dataset_id: held.dataset_id, split: "test" },
    });
    const pipeline = await until(
      () => call("GET", `/pipelines/${pipeline_id}`),
      ({ status }) => status === "finished" || status === "failed",
    );
    expect(pipeline).toMatchObject({ outcome: "promoted" });
    const active = await call("GET", "/deployments/active");
    expect(active.tuned_model_name).toMatch(/^gpt-4o-mini-2024-07-18\.ft-[0-9a-f]{32}$/);
    expect(azure.arm.made).toEqual([active.deployment_name]);
    expect(azure.data.jobs).toHaveLength(1);
    expect(await call("GET", "/model")).toMatchObject({ model: active.deployment_name, source: "registry" });
    served.push(active.deployment_name);
  });

  it("what getModelDeployment() names can be called, and the one before serves again after a rollback", async () => {
    const [{ dataset }] = (await call("GET", "/lineage")).lineage;
    const again = { dataset_id: dataset.id, n_epochs: 1 };
    const run = await call("POST", "/training", again, { prefer: "wait=60" });
    expect(run).toMatchObject({ status: "succeeded" });
    const promoted = await call("POST", "/deployments", { run_id: run.run_id }, { prefer: "wait=60" });
    expect(promoted).toMatchObject({ is_active: true });
    served.push(promoted.deployment_name);
    expect(new Set(served).size).toBe(2);
    expect(azure.arm.made).toEqual(served);
    const { model } = await call("GET", "/model");
    expect(model).toBe(served[1]);
    const { token } = await azure.credential.getToken();
    const answer = await fetch(`${azure.origin}/openai/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: question(2) }] }),
    });
    expect(answer.status).toBe(200);

    const back = await call("POST", "/deployments/rollback", { reason: "worse on the phone" });
    expect(back).toMatchObject({ deployment_name: served[0] });
    expect(await call("GET", "/model")).toMatchObject({ model: served[0], source: "registry" });
  });

  it("lineage leads from what serves to the run, the dataset and the files, and tells of the rollback", async () => {
    const { lineage, events } = await call("GET", "/lineage");
    expect(lineage).toHaveLength(2);
    const active = lineage.find((one: { is_active: boolean }) => one.is_active);
    expect(active).toMatchObject({
      training_run: { id: expect.stringMatching(/^run-/) },
      dataset: { id: expect.stringMatching(/^dataset-/) },
    });
    expect(events.at(-1)).toMatchObject({ what: "rolled_back", reason: "worse on the phone" });
  });

  it("left its records in the account, its files in the blob container and nothing of either on its disk", async () => {
    for (const container of [
      "rl_episodes",
      "rl_rewards",
      "rl_datasets",
      "rl_training_runs",
      "rl_deployments",
    ])
      expect(cosmos.requests.some((line) => /^POST .*\/docs/.test(line) && line.includes(container))).toBe(
        true,
      );
    const client = BlobServiceClient.fromConnectionString(azurite.connectionString);
    const names: string[] = [];
    for await (const { name } of client.getContainerClient("lightning-datasets").listBlobsFlat())
      names.push(name);
    expect(names).toContainEqual(expect.stringMatching(/^dataset-.*_train_\d+\.jsonl$/));
    for (const gone of ["ledger.sqlite", "provider", "files"])
      await expect(fs.stat(path.join(home, gone))).rejects.toMatchObject({ code: "ENOENT" });
    expect(new Set(azure.tokens)).toEqual(new Set(["https://ai.azure.com", "https://management.azure.com"]));
  });
});
