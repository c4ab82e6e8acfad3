import { afterEach, describe, expect, it } from "@jest/globals";
import { unavailable } from "../../src/kernel/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { pollAgainSeconds } from "../../src/training/rules.ts";
import { AGENT, makeWorld, type World, type WorldOptions } from "./world.ts";

const worlds: World[] = [];
const world = async (options?: WorldOptions) => {
  const made = await makeWorld(options);
  worlds.push(made);
  return made;
};
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});
const CREATE = { method: "POST", path: /^\/fine_tuning\/jobs$/ };
const UPLOAD = { method: "POST", path: /^\/files$/ };

describe("a training run", () => {
  it("goes from a dataset to a tuned model with curve, events, checkpoints and figures", async () => {
    const { prepare, train, server } = await world({ validation: 6 });
    const { run } = await prepare({ suffix: "v1" });
    expect(run).toMatchObject({
      status: "pending",
      base_model: "gpt-4o-mini-2024-07-18",
      hyperparameters: { n_epochs: 3, batch_size: "auto", learning_rate_multiplier: 1 },
      seed: 42,
    });
    const done = await train(run);
    expect(done.status).toBe("succeeded");
    expect(done.tuned_model_name).toMatch(/^gpt-4o-mini-2024-07-18\.local-ft-[0-9a-f]{32}-v1$/);
    expect(done.curve?.at(-1)).toMatchObject({
      step: 60,
      train_loss: expect.any(Number),
      valid_accuracy: expect.any(Number),
    });
    expect(done.metrics).toMatchObject({
      steps: 60,
      results_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(done.checkpoints).toHaveLength(3);
    expect(done.events?.map((event) => event.message)).toContain("The job has successfully completed");
    expect(done.trained_tokens).toBeGreaterThan(0);
    expect(done.started_at).toBeDefined();
    expect(done.completed_at).toBeDefined();
    expect(server.baseURL).toMatch(/^http:\/\/127\.0\.0\.1:/);
  });

  it("leaves no uploaded file behind (defect 10: uploaded files never deleted)", async () => {
    const { prepare, train, plain } = await world({ validation: 6 });
    await train((await prepare()).run);
    const left: string[] = [];
    for await (const file of plain.listFiles()) left.push(file.filename);
    expect(left).toEqual([]);
  });

  it("refuses a dataset with fewer than ten examples (defect 10: no minimum of ten examples)", async () => {
    const { prepare, addDataset, service } = await world();
    await addDataset("dataset-small", 9);
    await expect(prepare({ dataset_id: "dataset-small" })).rejects.toMatchObject({
      code: "dataset_too_small",
      status: 422,
      field: "dataset_id",
    });
    expect((await service.list(AGENT, { limit: 10 })).runs).toEqual([]);
  });

  it("refuses a dataset that is missing, unfinished or failed", async () => {
    const { prepare, addDataset } = await world();
    await addDataset("dataset-b", 20, 0, { status: "building" });
    await addDataset("dataset-f", 20, 0, { status: "failed", error: "no examples" });
    await expect(prepare({ dataset_id: "dataset-none" })).rejects.toMatchObject({
      code: "dataset_not_found",
    });
    await expect(prepare({ dataset_id: "dataset-b" })).rejects.toMatchObject({ code: "dataset_not_ready" });
    await expect(prepare({ dataset_id: "dataset-f" })).rejects.toMatchObject({ code: "dataset_failed" });
  });

  it("fails with the provider's own words when the job fails (defect 9.6)", async () => {
    const { prepare, train, dataset, files } = await world();
    // Eleven lines by the manifest, nine examples by the provider: blank lines are no examples.
    const text = `${(await read(files.read(dataset("dataset-1").files?.train?.key ?? ""))).split("\n").slice(0, 9).join("\n")}\n`;
    const stored = await files.write("dataset-1/train.jsonl", once(text));
    Object.assign(dataset("dataset-1").files?.train ?? {}, stored);
    const done = await train((await prepare()).run);
    expect(done).toMatchObject({
      status: "failed",
      state: "failed",
      failed_in: "job",
      error: {
        code: "invalid_n_examples",
        message: expect.stringContaining("at least 10"),
        param: "training_file",
      },
    });
    expect(done.completed_at).toBeDefined();
  });

  it("tells an upload that failed from a job that failed, and cleans up (defect 10: upload and job failure look alike)", async () => {
    const { prepare, train, files, jobs } = await world();
    await files.delete("dataset-1/train.jsonl");
    const done = await train((await prepare()).run);
    expect(done).toMatchObject({ status: "failed", failed_in: "upload", error: { code: "file_missing" } });
    expect(await jobs()).toHaveLength(0);
  });

  it("does not send what a re-scan found unresolved after the training was asked for", async () => {
    const { prepare, train, addDataset, plain } = await world();
    const { run } = await prepare();
    const unresolved = { redaction_version: "v2", lines: 3, counts: { email: 3 }, rescan_id: "rescan-1" };
    await addDataset("dataset-1", 20, 0, { unresolved });
    expect(await train(run)).toMatchObject({
      status: "failed",
      failed_in: "upload",
      error: { code: "dataset_unresolved" },
    });
    for await (const file of plain.listFiles()) throw new Error(`sent ${file.filename}`);
  });

  it("does not send a file that is not the one that was built (defect 9.13)", async () => {
    const { prepare, train, files, plain } = await world();
    await files.write("dataset-1/train.jsonl", once('{"messages":[]}\n'));
    const done = await train((await prepare()).run);
    expect(done).toMatchObject({ status: "failed", error: { code: "dataset_changed" } });
    for await (const file of plain.listFiles()) throw new Error(`sent ${file.filename}`);
  });

  it("is marked overdue after LIGHTNING_MAX_WAIT_MINUTES and succeeds all the same (defect 9.7)", async () => {
    const w = await world({ env: { LIGHTNING_MAX_WAIT_MINUTES: "1" }, pace: { queuedMs: 180_000 } });
    const { run } = await w.prepare();
    await w.submit(run);
    await w.pass(90_000);
    await w.activities.pollTrainingJob({ agent_id: AGENT, id: run.id });
    expect(await w.service.get(AGENT, run.id)).toMatchObject({ status: "running", overdue: true });
    const done = await w.follow(run);
    expect(done.status).toBe("succeeded");
    expect(done.overdue).toBeUndefined();
  });

  it("that was given up is corrected when its job succeeds after all (defect 9.7)", async () => {
    const w = await world();
    const { run } = await w.prepare();
    await w.submit(run);
    await w.activities.failRun({ agent_id: AGENT, id: run.id, code: "training_fault", message: "Gave up." });
    const given = await w.service.get(AGENT, run.id);
    expect(given).toMatchObject({ status: "failed", failed_in: "tracking" });
    expect(given.error?.message).toContain("reconcile");
    // The job goes on without anybody looking.
    while ((await w.jobs())[0]?.state !== "succeeded") await w.pass(1000);
    const { run: corrected, corrected: changed } = await w.service.reconcile(AGENT, run.id);
    expect(changed).toBe(true);
    expect(corrected).toMatchObject({ status: "succeeded", tuned_model_name: expect.any(String) });
    expect(corrected.error).toBeUndefined();
    expect(corrected.failed_in).toBeUndefined();
    expect((await w.service.reconcile(AGENT, run.id)).corrected).toBe(false);
  });

  it("keeps a state nobody has seen and treats it as running", async () => {
    const w = await world({ pace: { queuedMs: 60_000 } });
    const { run } = await w.prepare();
    const { job_id } = await w.submit(run);
    w.faults.push({ kind: "job_status", path: new RegExp(`/jobs/${job_id}$`), value: "warming_up" });
    const look = await w.activities.pollTrainingJob({ agent_id: AGENT, id: run.id });
    expect(look).toMatchObject({ state: "warming_up", terminal: false });
    expect(await w.service.get(AGENT, run.id)).toMatchObject({ status: "running", state: "warming_up" });
    expect((await w.follow(run)).status).toBe("succeeded");
  });

  it("polls slower as it grows older, up to five minutes", async () => {
    const w = await world({ pace: { queuedMs: 1e9 } });
    const { run } = await w.prepare();
    await w.submit(run);
    const ref = { agent_id: AGENT, id: run.id };
    expect(pollAgainSeconds(0, 30)).toBe(30);
    // A look at the local provider costs nothing.
    expect((await w.activities.pollTrainingJob(ref)).poll_again_seconds).toBe(1);
    w.clock.advance(4 * 3_600_000);
    expect((await w.activities.pollTrainingJob(ref)).poll_again_seconds).toBe(300);
  });
});

describe("a cancellation", () => {
  it("ends a run at once that nobody has taken up", async () => {
    const { prepare, service, activities } = await world();
    const { run } = await prepare();
    expect((await service.cancel(AGENT, run.id)).status).toBe("cancelled");
    expect(await activities.claimRun({ agent_id: AGENT, id: run.id, instance_id: "i" })).toEqual({
      kind: "finished",
    });
  });

  it("before the job exists prevents it", async () => {
    const w = await world();
    const { run } = await w.prepare();
    const ref = { agent_id: AGENT, id: run.id };
    await w.activities.claimRun({ ...ref, instance_id: run.id });
    expect((await w.service.cancel(AGENT, run.id)).status).toBe("running");
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 1 })).toEqual({ kind: "cancelled" });
    expect(await w.service.get(AGENT, run.id)).toMatchObject({ status: "cancelled", state: "cancelled" });
    expect(await w.jobs()).toHaveLength(0);
  });

  it("of a run with a job reaches the provider at the next look", async () => {
    const w = await world({ pace: { queuedMs: 1e9 } });
    const { run } = await w.prepare();
    await w.submit(run);
    await w.service.cancel(AGENT, run.id);
    w.faults.push({ kind: "status", status: 503, path: /cancel$/ });
    expect((await w.follow(run)).status).toBe("cancelled");
    expect((await w.jobs()).map((job) => job.state)).toEqual(["cancelled"]);
  });

  it("of a finished run is refused, and of a cancelled one harmless", async () => {
    const w = await world();
    const { run } = await w.prepare();
    await w.train(run);
    await expect(w.service.cancel(AGENT, run.id)).rejects.toMatchObject({
      code: "run_finished",
      status: 409,
    });
    const other = (await w.prepare({ seed: 1 })).run;
    await w.service.cancel(AGENT, other.id);
    expect((await w.service.cancel(AGENT, other.id)).status).toBe("cancelled");
  });
});

describe("a job is never paid for twice", () => {
  it("when two equal requests come, also at the same moment (defect 9.5)", async () => {
    const w = await world();
    const [one, two] = await Promise.all([w.prepare(), w.prepare()]);
    expect(one.run.id).toBe(two.run.id);
    expect([one, two].filter((prepared) => prepared.existed)).toHaveLength(1);
    await Promise.all([w.submit(one.run), w.submit(two.run)]);
    await w.follow(one.run);
    expect(await w.jobs()).toHaveLength(1);
  });

  it("when equal parameters are only spelt differently", async () => {
    const { prepare } = await world();
    const { run } = await prepare({ n_epochs: 3, seed: 42 });
    expect((await prepare({ hyperparameters: { n_epochs: 3 } })).run.id).toBe(run.id);
    expect((await prepare({ n_epochs: 4 })).run.id).not.toBe(run.id);
    expect((await prepare({ suffix: "x" })).run.id).not.toBe(run.id);
    await expect(prepare({ n_epochs: 4, hyperparameters: { n_epochs: 3 } })).rejects.toMatchObject({
      code: "invalid_input",
    });
  });

  it("unless force_new asks for it, attempt by attempt", async () => {
    const w = await world();
    const first = (await w.prepare()).run;
    const second = (await w.prepare({ force_new: true })).run;
    expect(second).toMatchObject({ attempt: 2 });
    expect(second.id).not.toBe(first.id);
    expect((await w.prepare()).run.id).toBe(second.id);
  });

  it("and an equal run that has failed is answered with the way to a new one", async () => {
    const w = await world();
    const { run } = await w.prepare();
    await w.service.cancel(AGENT, run.id);
    expect(await w.prepare()).toMatchObject({ existed: true, hint: expect.stringContaining("force_new") });
  });

  it("when a request with its Idempotency-Key comes again; other parameters under it are a conflict", async () => {
    const w = await world();
    const first = await w.prepare({ force_new: true }, "key-1");
    const again = await w.prepare({ force_new: true }, "key-1");
    expect(again.run.id).toBe(first.run.id);
    expect(again.existed).toBe(true);
    await expect(w.prepare({ force_new: true, seed: 5 }, "key-1")).rejects.toMatchObject({
      code: "idempotency_conflict",
      status: 409,
    });
    expect((await w.service.list(AGENT, { limit: 10 })).runs).toHaveLength(1);
  });

  const lost = [
    ["the answer to create is lost", { kind: "lose_response", ...CREATE }],
    ["create answers 500 after it was carried out", { kind: "status_after", status: 500, ...CREATE }],
    ["create answers 500 without doing anything", { kind: "status", status: 500, ...CREATE }],
    ["the connection drops before create is carried out", { kind: "drop", ...CREATE }],
    ["create answers 408", { kind: "status_after", status: 408, ...CREATE }],
    ["create is refused for a while", { kind: "status", status: 429, retryAfterSeconds: 7, ...CREATE }],
  ] as const;
  it.each(lost)("when %s", async (_name, fault) => {
    const w = await world();
    w.faults.push(fault);
    const { run } = await w.prepare();
    const done = await w.train(run);
    expect(done.status).toBe("succeeded");
    expect(await w.jobs()).toHaveLength(1);
    expect((await w.jobs())[0]?.metadata.run_id).toBe(run.id);
  });

  it("waits as long as the provider asks when it is busy", async () => {
    const w = await world();
    w.faults.push({ kind: "status", status: 429, retryAfterSeconds: 7, ...CREATE });
    const { run } = await w.prepare();
    const ref = { agent_id: AGENT, id: run.id };
    await w.activities.uploadTrainingFile({ ...ref, split: "train" });
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 1 })).toEqual({
      kind: "busy",
      retry_after_seconds: 7,
    });
  });

  it("when the answer does not come in time", async () => {
    const w = await world({
      provider: (plain) => {
        let slow = true;
        return {
          ...plain,
          createJob: async (request) => {
            const job = await plain.createJob(request);
            if (!slow) return job;
            slow = false;
            throw unavailable("provider_timeout", "no answer in time", { ambiguous: true });
          },
        };
      },
    });
    const { run } = await w.prepare();
    expect((await w.train(run)).status).toBe("succeeded");
    expect(await w.jobs()).toHaveLength(1);
  });

  it("when the ledger fails right after create (defect 9.5: the paid job was lost for ever)", async () => {
    let fail = false;
    const w = await world({
      ledger: (ledger) =>
        withReplace(ledger, async (c, document, options) => {
          if (fail && "aoai_job_id" in document) {
            fail = false;
            throw unavailable("ledger_away", "gone");
          }
          return await ledger.replace(c, document, options);
        }),
    });
    fail = true;
    const { run } = await w.prepare();
    const done = await w.train(run);
    expect(fail).toBe(false);
    expect(done).toMatchObject({ status: "succeeded", aoai_job_id: expect.any(String) });
    expect(await w.jobs()).toHaveLength(1);
  });

  it("when the process dies between the intent and the request", async () => {
    const w = await world({
      provider: (plain) => {
        let dead = false;
        return {
          ...plain,
          createJob: async (request) => {
            if (dead) return await plain.createJob(request);
            dead = true;
            throw new Error("the process died here");
          },
        } satisfies Provider;
      },
    });
    const { run } = await w.prepare();
    const ref = { agent_id: AGENT, id: run.id };
    await w.activities.uploadTrainingFile({ ...ref, split: "train" });
    // What a death leaves: an intent in the ledger, nothing else.
    await w.runs.update(AGENT, run.id, (now) => ({
      ...now,
      intent_at: "2026-03-01T12:00:00.000Z",
      submissions: 1,
    }));
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 1 })).toEqual({ kind: "unclear" });
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 2 })).toEqual({ kind: "unclear" });
    expect(await w.jobs()).toHaveLength(0);
    expect((await w.train(run)).status).toBe("succeeded");
    expect(await w.jobs()).toHaveLength(1);
  });

  it("when two processes run the same step at the same moment", async () => {
    const w = await world();
    const { run } = await w.prepare();
    const ref = { agent_id: AGENT, id: run.id };
    await w.activities.uploadTrainingFile({ ...ref, split: "train" });
    const outcomes = await Promise.all([
      w.activities.createTrainingJob({ ...ref, attempt: 1 }),
      w.activities.createTrainingJob({ ...ref, attempt: 1 }),
    ]);
    expect(outcomes.map((outcome) => outcome.kind).toSorted()).toEqual(["created", "unclear"]);
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 2 })).toMatchObject({ kind: "adopted" });
    expect(await w.jobs()).toHaveLength(1);
  });

  it("and if two jobs are there all the same, the oldest goes on and the other is cancelled while it waits", async () => {
    const w = await world({ pace: { queuedMs: 120_000 } });
    const { run } = await w.prepare();
    const { job_id } = await w.submit(run);
    const request = {
      model: "gpt-4o-mini-2024-07-18",
      training_file: (await w.service.get(AGENT, run.id)).training_file_id ?? "",
      hyperparameters: {},
      seed: 1,
      training_type: "GlobalStandard",
      metadata: { run_id: run.id },
    };
    w.clock.advance(1000);
    await w.plain.createJob(request);
    await w.runs.update(AGENT, run.id, (now) => ({ ...now, submissions: 2 }));
    await w.activities.pollTrainingJob({ agent_id: AGENT, id: run.id });
    const states = Object.fromEntries((await w.jobs()).map((job) => [job.id === job_id, job.state]));
    expect(states.false).toBe("cancelled");
    expect(states.true).not.toBe("cancelled");
    expect(await w.follow(run)).toMatchObject({ status: "succeeded", aoai_job_id: job_id });
  });

  it("and an upload whose answer was lost is adopted, not repeated", async () => {
    const w = await world({ pace: { queuedMs: 1e9 } });
    w.faults.push({ kind: "lose_response", ...UPLOAD });
    await w.submit((await w.prepare()).run);
    const names: string[] = [];
    for await (const file of w.plain.listFiles()) names.push(file.filename);
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^run-[0-9a-f]{24}-train-[0-9a-f]{12}\.jsonl$/);
  });

  it("and a run that is given up with an unclear create finds its job again", async () => {
    const w = await world({ pace: { queuedMs: 60_000 } });
    w.faults.push({ kind: "lose_response", ...CREATE });
    const { run } = await w.prepare();
    const ref = { agent_id: AGENT, id: run.id };
    await w.activities.uploadTrainingFile({ ...ref, split: "train" });
    expect(await w.activities.createTrainingJob({ ...ref, attempt: 1 })).toEqual({ kind: "unclear" });
    await w.activities.failRun({ ...ref, code: "training_fault", message: "Gave up." });
    const given = await w.service.get(AGENT, run.id);
    expect(given).toMatchObject({ failed_in: "tracking", aoai_job_id: (await w.jobs())[0]?.id });
  });
});

describe("lists of runs", () => {
  it("are newest first, by status, and without what lies beside the runs", async () => {
    const w = await world();
    const a = (await w.prepare({ seed: 1 }, "key-1")).run;
    w.clock.advance(1000);
    const b = (await w.prepare({ seed: 2 })).run;
    await w.service.cancel(AGENT, a.id);
    const ids = async (status?: "pending" | "cancelled") =>
      (await w.service.list(AGENT, { status, limit: 10 })).runs.map((run) => run.id);
    expect(await ids()).toEqual([b.id, a.id]);
    expect(await ids("cancelled")).toEqual([a.id]);
    expect(await ids("pending")).toEqual([b.id]);
  });
});

async function read(content: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of content) text += Buffer.from(piece).toString("utf8");
  return text;
}
async function* once(text: string) {
  yield Buffer.from(text);
}
/** The ledger with a `replace` of the test's own. */
function withReplace(ledger: Ledger, replace: Ledger["replace"]): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      if (name === "replace") return replace;
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
