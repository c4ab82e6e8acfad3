import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DATASET_STATUSES } from "../../src/datasets/status.ts";
import { OPEN_DEPLOYMENT_STATES } from "../../src/deployments/status.ts";
import { MONITORED_KINDS } from "../../src/doors/status-monitor.ts";
import { EVALUATION_STATUSES } from "../../src/evaluation/status.ts";
import { operationStatusSchema, STATUS_WORDS } from "../../src/overview/operation-status.ts";
import { PIPELINE_STATUSES } from "../../src/pipelines/status.ts";
import { RESCAN_STATUSES } from "../../src/rescans/status.ts";
import { RUN_STATUSES } from "../../src/training/status.ts";
import { ROWS } from "./idempotent-posts.ts";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("the words of the status monitor", () => {
  const open = {
    pending: "NotStarted",
    running: "Running",
    building: "Running",
    waiting_for_approval: "Running",
  };
  const ended = {
    ready: "Succeeded",
    finished: "Succeeded",
    succeeded: "Succeeded",
    failed: "Failed",
    cancelled: "Canceled",
  };
  const promotion = {
    requested: "NotStarted",
    provisioning: "Running",
    probing: "Running",
    ready: "Running",
    active: "Succeeded",
    failed: "Failed",
  };
  it.each([
    ["datasets", DATASET_STATUSES, { ...open, ...ended }],
    ["runs", RUN_STATUSES, { ...open, ...ended }],
    ["evaluations", EVALUATION_STATUSES, { ...open, ...ended }],
    ["pipelines", PIPELINE_STATUSES, { ...open, ...ended }],
    ["rescans", RESCAN_STATUSES, { ...open, ...ended }],
    ["deployments", [...OPEN_DEPLOYMENT_STATES, "active", "failed"], promotion],
  ] as const)("say every status of %s", (kind, statuses, words: Readonly<Record<string, string>>) => {
    expect(STATUS_WORDS[kind]).toEqual(Object.fromEntries(statuses.map((one) => [one, words[one]])));
  });
});

describe("a 202 is followed by its headers alone", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "storm-desk" }, { pace: { epochMs: 60_000 } });
  });
  afterAll(() => world.close());

  async function ask(address: string, body?: object) {
    const post = {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", prefer: "wait=0" },
    };
    const response = await world.fetch(address, body === undefined ? {} : post);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Facts };
  }
  type Facts = Readonly<Record<string, unknown>>;

  /** Begins work and comes back with what its headers name. */
  async function begin(address: string, body: object) {
    const begun = await ask(`/api/lightning${address}`, body);
    expect([begun.status, begun.headers.get("retry-after")]).toEqual([202, "5"]);
    const path = (name: string) => {
      const { pathname, search } = new URL(begun.headers.get(name) ?? "");
      return pathname + search;
    };
    return { body: begun.body, monitor: path("operation-location"), location: path("location") };
  }

  /** Asks until nothing says that it is worth asking again. */
  async function ending(monitor: string) {
    const seen: unknown[] = [];
    await world.until(async () => {
      const { status, headers, body } = await ask(monitor);
      expect(status).toBe(200);
      operationStatusSchema.parse(body);
      seen.push(body.status);
      const isOpen = body.status === "NotStarted" || body.status === "Running";
      expect(headers.get("retry-after")).toBe(isOpen ? "5" : null);
      return !isOpen;
    });
    return (await ask(monitor)).body;
  }

  /** What the monitor names as the record is what Location named. */
  function expectPlace(told: Facts, { monitor, location }: { monitor: string; location: string }) {
    const { pathname, search } = new URL(String(told.resource_location), `http://host${monitor}`);
    expect(pathname + search).toBe(location);
  }

  let datasetId = "";
  let runId = "";
  it("a dataset and a run to success", async () => {
    const build = await begin("/datasets/golden", { name: "one", content: golden(0, 40) });
    const built = await ending(build.monitor);
    expect(built).toMatchObject({ kind: "datasets", status: "Succeeded", record_status: "ready" });
    expectPlace(built, build);
    expect((await ask(build.location)).body).toMatchObject({ status: "ready", id: built.id });
    datasetId = String(built.id);

    const train = await begin("/training", { dataset_id: datasetId });
    const trained = await ending(train.monitor);
    expect(trained).toMatchObject({ kind: "runs", status: "Succeeded", record_status: "succeeded" });
    expect(trained).toHaveProperty("completed_at");
    runId = String(trained.id);
    expectPlace(trained, train);
    expect((await ask(train.location)).body).toHaveProperty("tuned_model_name");
  });

  it("the other kinds", async () => {
    for (const [address, input] of [
      ["/evaluations", { run_id: runId, dataset_id: datasetId }],
      ["/deployments", { run_id: runId, override_reason: "a test" }],
      ["/redaction/rescans", {}],
      ["/pipelines", { name: "none" }],
    ] as const) {
      const begun = await begin(address, input);
      const told = await ending(begun.monitor);
      expect(["Succeeded", "Failed"]).toContain(told.status);
      expect("error" in told).toBe(told.status === "Failed");
      expectPlace(told, begun);
      expect((await ask(begun.location)).status).toBe(200);
    }
  });

  it("failure bears the code, and a cancelled one is no failure", async () => {
    const empty = await begin("/datasets", { name: "empty", min_reward: 1 });
    expect(await ending(empty.monitor)).toMatchObject({
      status: "Failed",
      error: { code: "dataset_empty", message: expect.any(String) },
    });

    const run = await begin("/training", {
      dataset_id: datasetId,
      force_new: true,
      n_epochs: 5,
    });
    await ask(`/api/lightning/training/${String(run.body.run_id)}/cancel`, {});
    const ended = await ending(run.monitor);
    expect(ended).toMatchObject({ status: "Canceled", record_status: "cancelled" });
    expect(ended).not.toHaveProperty("error");

    const build = await begin("/datasets/golden", { name: "late", content: golden(9000, 20) });
    await ask(`/api/lightning/datasets/${String(build.body.dataset_id)}/cancel`, {});
    expect(await ending(build.monitor)).toMatchObject({ status: "Canceled", record_status: "failed" });
  });

  it("knows no record of another agent, nor of another kind", async () => {
    expect((await ask(`/api/lightning/operations/datasets/${datasetId}?agent_id=other`)).status).toBe(404);
    for (const kind of MONITORED_KINDS)
      expect((await ask(`/api/lightning/operations/${kind}/there-is-none`)).status).toBe(404);
    expect((await ask(`/api/lightning/operations/rewards/${datasetId}`)).status).toBe(422);
  });

  it("every row that answers 202 has a monitor, but for rewards that wait for an episode", () => {
    const without = ROWS.filter(
      ({ answers }) => answers?.later !== undefined && answers.monitor === undefined,
    );
    expect(without.map(({ answers }) => answers?.later)).toEqual(without.map(() => "/rewards/waiting"));
  });
});
