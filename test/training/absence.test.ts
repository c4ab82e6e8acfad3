import { afterEach, describe, expect, it } from "@jest/globals";
import { without } from "../../src/kernel/defined.ts";
import { notFound } from "../../src/kernel/errors.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { failed } from "../../src/training/moves.ts";
import { createTrainingStore } from "../../src/training/store.ts";
import { orchestrate } from "../support/orchestrate.ts";
import { AGENT, makeWorld, type World, type WorldOptions } from "./world.ts";

const worlds: World[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

const MINUTE = 60_000;
const missing = (what: string) => notFound("provider_missing", `${what}: Resource not found`);

/** What the provider answers 404 to, as long as it stands here. */
interface Hidden {
  job?: boolean;
  jobList?: boolean;
  /** The lists themselves are not found, as at a mistyped address. */
  listAnswers404?: boolean;
  filesAnswer404?: boolean;
  files?: boolean;
  create?: boolean;
  state?: string | undefined;
}

async function world(options: WorldOptions = {}) {
  const hidden: Hidden = {};
  const hiding = (plain: Provider): Provider => ({
    ...plain,
    readJob: async (id) => {
      if (hidden.job === true) throw missing(id);
      const job = await plain.readJob(id);
      return hidden.state === undefined ? job : { ...job, state: hidden.state };
    },
    async *listJobs() {
      if (hidden.listAnswers404 === true) throw missing("listing jobs");
      if (hidden.jobList !== true) yield* plain.listJobs();
    },
    readFile: async (id) => {
      if (hidden.files === true) throw missing(id);
      return plain.readFile(id);
    },
    async *listFiles() {
      if (hidden.filesAnswer404 === true) throw missing("listing files");
      if (hidden.files !== true) yield* plain.listFiles();
    },
    createJob: async (request) => {
      if (hidden.create === true) throw missing("create");
      return plain.createJob(request);
    },
  });
  const made = await makeWorld({ pace: { queuedMs: 3_600_000 }, ...options, provider: hiding });
  worlds.push(made);
  const files = async () => {
    const names: string[] = [];
    for await (const file of made.plain.listFiles()) names.push(file.filename);
    return names;
  };
  const ref = (run: { id: string }) => ({ agent_id: AGENT, id: run.id });
  /** A run whose job waits at the provider. */
  async function submitted() {
    const { run } = await made.prepare();
    await made.submit(run);
    return run;
  }
  /** Looks each minute, as the orchestration does. */
  async function look(run: { id: string }, minutes: number) {
    let terminal = false;
    for (let n = 0; n < minutes && !terminal; n++) {
      terminal = (await made.activities.pollTrainingJob(ref(run))).terminal;
      if (terminal) await made.activities.recordTrainingResult(ref(run));
      else made.clock.advance(MINUTE);
    }
    return made.service.get(AGENT, run.id);
  }
  return { ...made, hidden, files, ref, submitted, look };
}

describe("a job that is answered with 404", () => {
  it("for some minutes goes on, keeps its files and is not paid for again", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    expect(await w.look(run, 5)).toMatchObject({
      status: "running",
      look_failed: { message: expect.stringContaining("looked for again") },
    });
    const again = await w.prepare();
    expect(again).toMatchObject({ existed: true, run: { id: run.id, status: "running" } });
    expect(again.hint).toBeUndefined();
    expect(await w.files()).toHaveLength(1);
    Object.assign(w.hidden, { job: false, jobList: false });
    await w.pass(61 * MINUTE);
    const done = await w.follow(run);
    expect(done.status).toBe("succeeded");
    expect(done.look_failed).toBeUndefined();
    expect(done.unseen).toBeUndefined();
    expect(await w.jobs()).toHaveLength(1);
  });

  it("is followed in the list, where that still shows it", async () => {
    const w = await world({ pace: { queuedMs: 1 } });
    const run = await w.submitted();
    w.hidden.job = true;
    expect((await w.follow(run)).status).toBe("succeeded");
  });

  it("is gone when only it stays away, for minutes, beside the run's files; those are left to the clean-up", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    expect(await w.look(run, 10)).toMatchObject({ status: "running" });
    expect(await w.look(run, 10)).toMatchObject({ status: "failed", error: { code: "job_missing" } });
    expect(await w.files()).toHaveLength(1);
    expect((await w.prepare()).hint).toContain("force_new");
    w.clock.advance(31 * 24 * 60 * MINUTE);
    await w.service.cleanUp(30, false);
    expect(await w.files()).toEqual([]);
  });

  it("is not believed to be gone by many looks within a minute, nor by two that lie days apart", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    for (let n = 0; n < 50; n++) await w.activities.pollTrainingJob(w.ref(run));
    expect((await w.service.get(AGENT, run.id)).status).toBe("running");
    const other = await world();
    const second = await other.submitted();
    Object.assign(other.hidden, { job: true, jobList: true });
    await other.activities.pollTrainingJob(other.ref(second));
    other.clock.advance(3 * 24 * 60 * MINUTE);
    expect(await other.activities.pollTrainingJob(other.ref(second))).toMatchObject({ terminal: false });
  });

  it("is not believed to be gone by looks before and after an hour in which nobody looked", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    expect(await w.look(run, 2)).toMatchObject({ status: "running" });
    // Its orchestration was lost; until it was taken up the job may have been there to be seen.
    w.clock.advance(60 * MINUTE);
    expect(await w.look(run, 2)).toMatchObject({ status: "running" });
    expect(await w.look(run, 10)).toMatchObject({ status: "failed", error: { code: "job_missing" } });
  });

  it("with all other ids of the run is named as a wrong endpoint, and the run goes on when it is right again", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true, files: true });
    const lost = await w.look(run, 24 * 60);
    expect(lost).toMatchObject({
      status: "running",
      look_failed: { message: expect.stringContaining("Check AZURE_OPENAI_ENDPOINT") },
    });
    Object.assign(w.hidden, { job: false, jobList: false, files: false });
    expect((await w.follow(run)).status).toBe("succeeded");
    expect(await w.jobs()).toHaveLength(1);
  });

  it("with all other ids ends when its owner cancels it, without the advice to pay again", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true, files: true });
    await w.look(run, 15);
    await w.service.cancel(AGENT, run.id);
    expect(await w.look(run, 1)).toMatchObject({ status: "failed", error: { code: "ids_unknown" } });
    const { hint } = await w.prepare();
    expect(hint).toContain("Reconcile");
    expect(hint).not.toContain("force_new");
    Object.assign(w.hidden, { job: false, jobList: false, files: false });
    expect(await w.files()).toHaveLength(1);
    expect((await w.service.reconcile(AGENT, run.id)).run.status).toBe("running");
  });

  it("with all other ids ends when no job can be going any more", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true, files: true });
    await w.look(run, 15);
    w.clock.advance(31 * 24 * 60 * MINUTE);
    expect(await w.look(run, 1)).toMatchObject({ status: "failed", error: { code: "ids_unknown" } });
    expect((await w.prepare()).hint).toContain("force_new");
  });

  it("is not ended by reconciling, nor is a run that succeeded and whose job was removed since", async () => {
    const w = await world();
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    expect(await w.service.reconcile(AGENT, run.id)).toMatchObject({
      corrected: false,
      run: { status: "running" },
    });
    Object.assign(w.hidden, { job: false, jobList: false });
    await w.pass(61 * MINUTE);
    await w.follow(run);
    Object.assign(w.hidden, { job: true, jobList: true });
    w.clock.advance(60 * MINUTE);
    for (let n = 0; n < 5; n++)
      expect(await w.service.reconcile(AGENT, run.id)).toMatchObject({
        corrected: false,
        run: { status: "succeeded", tuned_model_name: expect.any(String) },
      });
  });

  it("of an earlier release's run, which believed it at once, is looked for again before anything is paid", async () => {
    const w = await world();
    const run = await w.submitted();
    const error = { code: "job_missing", message: "The provider has no job any more." };
    await w.runs.update(AGENT, run.id, (now) => failed(now, { error, in: "job", at: now.created_at }));
    const { hint } = await w.prepare();
    expect(hint).toContain("Reconcile");
    expect(hint).not.toContain("force_new");
    expect(await w.service.reconcile(AGENT, run.id)).toMatchObject({
      corrected: true,
      run: { status: "running" },
    });
  });

  it("or with an end that it takes back keeps its files, and its orchestration follows it to the real end", async () => {
    const w = await world({ pace: { queuedMs: 60_000 } });
    const { run } = await w.prepare();
    let reads = 0;
    let filesAtTheFalseEnd: string[] = [];
    const activities = { ...w.activities } as unknown as Record<string, (input: unknown) => Promise<unknown>>;
    const worker = {
      died: new Promise<"died">(() => undefined),
      run: async (name: string, input: unknown) => {
        // The third look shows an end which the next one does not.
        w.hidden.state = name === "pollTrainingJob" && ++reads === 3 ? "failed" : undefined;
        const value = await activities[name]?.(input);
        if (name === "recordTrainingResult" && reads === 3) filesAtTheFalseEnd = await w.files();
        // What is fanned out comes settled.
        return /^(upload|read)TrainingFile$/.test(name) ? { ok: true, value } : value;
      },
    };
    const result = await orchestrate(trainModel, {
      input: w.ref(run),
      instanceId: run.id,
      clock: w.clock,
      newWorker: async () => worker,
    });
    expect(filesAtTheFalseEnd).toHaveLength(1);
    expect(result).toMatchObject({ status: "succeeded" });
    expect(await w.jobs()).toHaveLength(1);
    expect(await w.files()).toEqual([]);
  });
});

describe("a file that is answered with 404", () => {
  it("while it is processed is looked for again, and the run goes on", async () => {
    const w = await world({ pace: { queuedMs: 1 } });
    const { run } = await w.prepare();
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    const upload = await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    const file_id = upload.kind === "uploaded" ? upload.file_id : "";
    w.hidden.files = true;
    for (let n = 0; n < 5; n++) {
      expect(await w.activities.readTrainingFile({ ...w.ref(run), file_id })).toEqual({ kind: "processing" });
      w.clock.advance(MINUTE);
    }
    expect(await w.service.get(AGENT, run.id)).toMatchObject({
      status: "running",
      look_failed: { message: expect.stringContaining(file_id) },
    });
    w.hidden.files = false;
    const look = () => w.activities.readTrainingFile({ ...w.ref(run), file_id });
    // The provider checks the file in its own time, however busy the machine is.
    let seen = await look();
    for (let n = 0; n < 500 && seen.kind === "processing"; n++) {
      await w.pass(1000);
      seen = await look();
    }
    expect(seen).toEqual({ kind: "processed" });
    expect((await w.service.get(AGENT, run.id)).look_failed).toBeUndefined();
    expect((await w.train(run)).status).toBe("succeeded");
  });

  it("over minutes ends the run, which says so", async () => {
    const w = await world();
    const { run } = await w.prepare();
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    const upload = await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    const file_id = upload.kind === "uploaded" ? upload.file_id : "";
    w.hidden.files = true;
    for (let n = 0; n < 10; n++) {
      await w.activities.readTrainingFile({ ...w.ref(run), file_id });
      w.clock.advance(MINUTE);
    }
    expect(await w.activities.readTrainingFile({ ...w.ref(run), file_id })).toMatchObject({
      kind: "rejected",
      code: "upload_missing",
    });
  });
});

describe("a create that is answered with 404", () => {
  it("is asked again, for minutes, and makes one job", async () => {
    const w = await world({ pace: { queuedMs: 1 } });
    const { run } = await w.prepare();
    w.hidden.create = true;
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    const create = () => w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 });
    for (let n = 0; n < 5; n++) {
      expect(await create()).toMatchObject({ kind: "busy" });
      w.clock.advance(MINUTE);
    }
    w.hidden.create = false;
    expect((await create()).kind).toBe("created");
    expect(await w.jobs()).toHaveLength(1);
    w.clock.advance(MINUTE);
    expect((await w.follow(run)).status).toBe("succeeded");
  });

  it("for longer fails the run with the provider's own words", async () => {
    const w = await world();
    const { run } = await w.prepare();
    w.hidden.create = true;
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    for (let n = 0; n < 11; n++) {
      await w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 });
      w.clock.advance(MINUTE);
    }
    expect(await w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 })).toMatchObject({
      kind: "rejected",
      code: "provider_missing",
    });
  });
});

describe("a run that is given up without knowing whether it has a job", () => {
  const giveUp = async (w: Awaited<ReturnType<typeof world>>) => {
    const { run } = await w.prepare();
    w.faults.push({ kind: "lose_response", method: "POST", path: /\/fine_tuning\/jobs$/ });
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    expect(await w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 })).toEqual({ kind: "unclear" });
    w.hidden.jobList = true;
    await w.activities.failRun({ ...w.ref(run), code: "training_fault", message: "Gave up." });
    return run;
  };

  it("keeps its files and is reconciled, not trained again, while the list may trail", async () => {
    const w = await world();
    const run = await giveUp(w);
    expect(await w.service.get(AGENT, run.id)).toMatchObject({ status: "failed", failed_in: "tracking" });
    expect(await w.files()).toHaveLength(1);
    expect((await w.prepare()).hint).not.toContain("force_new");
    expect((await w.service.reconcile(AGENT, run.id)).run).toMatchObject({ failed_in: "tracking" });
    w.hidden.jobList = false;
    expect((await w.service.reconcile(AGENT, run.id)).run).toMatchObject({ status: "running" });
    expect(await w.jobs()).toHaveLength(1);
  });

  it("is found by looks that nobody asks for, stays failed while its job goes on, and ends as that did", async () => {
    const w = await world();
    const run = await giveUp(w);
    const givenUp = async () => {
      const ids: string[] = [];
      for await (const { id } of w.service.givenUp()) ids.push(id);
      return ids;
    };
    const look = () => w.service.settle(AGENT, run.id);
    expect(await givenUp()).toEqual([run.id]);
    expect(await look()).toMatchObject({ corrected: false, run: { failed_in: "tracking" } });
    w.hidden.jobList = false;
    const [job] = await w.jobs();
    expect(await look()).toMatchObject({
      corrected: false,
      run: { status: "failed", failed_in: "tracking", aoai_job_id: job?.id },
    });
    while ((await w.jobs())[0]?.state !== "succeeded") await w.pass(1000);
    expect(await look()).toMatchObject({ corrected: true, run: { status: "succeeded" } });
    expect(await givenUp()).toEqual([]);
    expect([await w.jobs(), await w.files()]).toMatchObject([[{ id: job?.id }], []]);
  });

  it("has a cancellation passed on by these looks", async () => {
    const w = await world({ pace: { queuedMs: 60_000 } });
    const { run } = await w.prepare();
    await w.submit(run);
    await w.service.cancel(AGENT, run.id);
    await w.activities.failRun({ ...w.ref(run), code: "orchestration_lost", message: "Gave up." });
    expect(await w.service.settle(AGENT, run.id)).toMatchObject({ run: { status: "cancelled" } });
    expect(await w.jobs()).toMatchObject([{ state: "cancelled" }]);
  });

  it("is known to have none when the list shows none minutes later, beside its files", async () => {
    const w = await world();
    const run = await giveUp(w);
    w.clock.advance(11 * MINUTE);
    w.hidden.files = true;
    expect((await w.service.reconcile(AGENT, run.id)).run).toMatchObject({ failed_in: "tracking" });
    w.hidden.files = false;
    expect((await w.service.reconcile(AGENT, run.id)).run).toMatchObject({ failed_in: "submit" });
    expect((await w.prepare()).hint).toContain("force_new");
    expect(await w.files()).toEqual([]);
  });
});

describe("a cancellation of a run that nobody follows", () => {
  it("reaches its job, and is not taken for the end", async () => {
    const w = await world();
    const run = await w.submitted();
    // A run that was given up and whose job was found alive is nobody's.
    await createTrainingStore(w.ledger).update(AGENT, run.id, (now) => without(now, "claimed_by"));
    expect(await w.service.cancel(AGENT, run.id)).toMatchObject({
      status: "running",
      cancel_requested: true,
    });
    await w.activities.claimRun({ ...w.ref(run), instance_id: run.id });
    expect((await w.follow(run)).status).toBe("cancelled");
    expect((await w.jobs()).map((job) => job.state)).toEqual(["cancelled"]);
  });
});

describe("a run that a 404 keeps from going on", () => {
  it("becomes overdue while its job is out of sight", async () => {
    const w = await world({ env: { LIGHTNING_MAX_WAIT_MINUTES: "3" } });
    const run = await w.submitted();
    Object.assign(w.hidden, { job: true, jobList: true });
    expect(await w.look(run, 2)).not.toHaveProperty("overdue");
    expect(await w.look(run, 3)).toMatchObject({ status: "running", overdue: true });
  });

  it("waits where the list of jobs is not found before a create, and says so; then it goes on", async () => {
    const w = await world();
    const { run } = await w.prepare();
    await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
    w.hidden.listAnswers404 = true;
    expect(await w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 })).toMatchObject({
      kind: "busy",
    });
    expect(await w.service.get(AGENT, run.id)).toMatchObject({
      waiting: { reason: expect.stringContaining("listing jobs") },
      look_failed: { message: expect.stringContaining("listing jobs") },
    });
    w.hidden.listAnswers404 = false;
    w.clock.advance(MINUTE);
    expect(await w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 })).toMatchObject({
      kind: "created",
    });
    const after = await w.service.get(AGENT, run.id);
    for (const field of ["look_failed", "unseen", "waiting"]) expect(after).not.toHaveProperty(field);
  });

  it.each([["filesAnswer404"], ["create"]] as const)(
    "shows no failed look any more once the provider answers again: %s",
    async (what) => {
      const w = await world();
      const { run } = await w.prepare();
      const step = async () => {
        const up = await w.activities.uploadTrainingFile({ ...w.ref(run), split: "train" });
        return up.kind === "busy" ? up : w.activities.createTrainingJob({ ...w.ref(run), attempt: 1 });
      };
      w.hidden[what] = true;
      expect(await step()).toMatchObject({ kind: "busy" });
      expect(await w.service.get(AGENT, run.id)).toHaveProperty("look_failed");
      w.hidden[what] = false;
      w.clock.advance(MINUTE);
      expect(await step()).toMatchObject({ kind: "created" });
      const after = await w.service.get(AGENT, run.id);
      for (const field of ["look_failed", "unseen"]) expect(after).not.toHaveProperty(field);
    },
  );
});
