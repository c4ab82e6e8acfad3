import { afterEach, describe, expect, it } from "@jest/globals";
import { LightningError, messageOf, unavailable } from "../../src/kernel/errors.ts";
import { FANNED_OUT } from "../../src/loop/activities.ts";
import { trainModel } from "../../src/loop/train-model.ts";
import type { Provider } from "../../src/provider/provider.ts";
import type { TrainingRun } from "../../src/training/contract.ts";
import { runReply } from "../../src/training/replies.ts";
import { orchestrate } from "../support/orchestrate.ts";
import { AGENT, makeWorld, type World, type WorldOptions } from "./world.ts";

const worlds: World[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

const HOUR = 3_600_000;
const busy = (message: string, retryAfterMs?: number) =>
  unavailable("provider_busy", `creating a training job: the provider answered 429. ${message}`, {
    retryAfterMs,
  });
const denied = () =>
  new LightningError("invalid", "provider_rejected", "creating a training job: PermissionDenied", {
    details: { status: 403 },
    remedy: "Check that the identity has a role on the resource.",
  });

/** `trainModel` with its real steps over a provider in trouble; `seen` is told the record after each step. */
async function trained(
  provider: (plain: Provider, now: () => number) => Partial<Provider>,
  options: WorldOptions & {
    readonly seen?: (run: TrainingRun, world: World, elapsed: number) => Promise<void> | void;
  } = {},
) {
  let now = () => 0;
  const world = await makeWorld({
    ...options,
    provider: (plain) => ({ ...plain, ...provider(plain, () => now()) }),
  });
  worlds.push(world);
  const began = world.clock.now();
  now = () => world.clock.now() - began;
  const { run } = await world.prepare();
  const steps = world.activities as unknown as Record<string, (input: unknown) => Promise<unknown>>;
  const output = await orchestrate(trainModel, {
    input: { agent_id: AGENT, id: run.id },
    instanceId: run.id,
    clock: world.clock,
    newWorker: async () => ({
      died: new Promise<never>(() => undefined),
      async run(name, input) {
        const work = async () => {
          const value = await steps[name]?.(input);
          await options.seen?.(await world.service.get(AGENT, run.id), world, now());
          return value;
        };
        if (!(FANNED_OUT as readonly string[]).includes(name)) return work();
        return work().then(
          (value) => ({ ok: true, value }),
          (error: unknown) => ({ ok: false, fault: messageOf(error) }),
        );
      },
    }),
  });
  return { world, output, run: await world.service.get(AGENT, run.id), elapsed: now() };
}

/** Files that the provider goes on processing until then. */
const processingUntil =
  (until: number) =>
  (plain: Provider, now: () => number): Partial<Provider> => ({
    uploadFile: async (file) => ({ ...(await plain.uploadFile(file)), state: "pending" }),
    readFile: async (id) => ({
      ...(await plain.readFile(id)),
      ...(now() < until ? { state: "running" } : {}),
    }),
  });

describe("a run whose file stays in processing", () => {
  it("can be cancelled, also when the event that wakes it is lost", async () => {
    const { world, run, output, elapsed } = await trained(processingUntil(HOUR), {
      async seen(now, { service }, at) {
        if (at > 600_000 && !now.cancel_requested && now.status === "running")
          await service.cancel(AGENT, now.id);
      },
    });
    expect(output).toEqual({ status: "cancelled" });
    expect(run.status).toBe("cancelled");
    expect(run.waiting).toBeUndefined();
    expect(elapsed).toBeLessThan(660_000);
    expect(await world.jobs()).toHaveLength(0);
  });

  it("becomes overdue and says what it waits for, and trains when the file is processed after all", async () => {
    const told: TrainingRun[] = [];
    const { run, world } = await trained(processingUntil(2 * HOUR), {
      env: { LIGHTNING_MAX_WAIT_MINUTES: "60" },
      seen: (now, _world, at) => {
        if (at > 1.5 * HOUR && at < 2 * HOUR) told.push(now);
      },
    });
    expect(told[0]).toMatchObject({
      status: "running",
      overdue: true,
      waiting: { reason: expect.stringMatching(/not yet processed the file run-.*in state running/) },
    });
    expect(runReply(told[0] as TrainingRun).waiting).toEqual(told[0]?.waiting);
    expect(run).toMatchObject({ status: "succeeded" });
    expect([run.waiting, run.overdue]).toEqual([undefined, undefined]);
    expect(await world.jobs()).toHaveLength(1);
  });

  it("is given up after a day, with that as the reason", async () => {
    const { run } = await trained(processingUntil(100 * HOUR));
    expect(run).toMatchObject({
      status: "failed",
      failed_in: "upload",
      error: { code: "file_not_processed", message: expect.stringContaining("in state running") },
    });
  });
});

describe("a provider in trouble", () => {
  it("is told by a run that waits for a place among its jobs, which then trains once", async () => {
    const limit = "The total number of fine-tuning jobs has exceeded the limit of 100.";
    const asked: number[] = [];
    const told: TrainingRun[] = [];
    const { run, world } = await trained(
      (plain, now) => ({
        createJob: async (request) => {
          asked.push(now());
          if (now() < 2 * HOUR) throw busy(limit, 600_000);
          return plain.createJob(request);
        },
      }),
      { seen: (now, _world, at) => void (at > HOUR && told.push(now)) },
    );
    expect(told[0]).toMatchObject({
      status: "running",
      state: "submitting",
      waiting: { reason: expect.stringContaining(limit), again_at: expect.any(String) },
    });
    // It comes again when the provider says, and no sooner.
    const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(600_000);
    expect(run.status).toBe("succeeded");
    expect(run.waiting).toBeUndefined();
    expect(await world.jobs()).toHaveLength(1);
  });

  it("that asks for a week is asked again within a quarter of an hour", async () => {
    const { run, elapsed } = await trained((plain, now) => ({
      createJob: async (request) => {
        if (now() < 60_000) throw busy("Slow down.", 7 * 24 * HOUR);
        return plain.createJob(request);
      },
    }));
    expect(run.status).toBe("succeeded");
    expect(elapsed).toBeLessThan(HOUR);
  });

  const away = (now: () => number, until: number) => {
    if (now() < until)
      throw unavailable("provider_unreachable", "no connection to the provider (ECONNREFUSED).");
  };
  it.each([
    ["uploading", "uploadFile"],
    ["looking for the run's job", "listJobs"],
  ] as const)("that is away for three hours while %s costs the run only the time", async (_when, method) => {
    const reasons = new Set<string | undefined>();
    const { run, world } = await trained(
      (plain, now) => ({
        [method]: (...args: never[]) => {
          if (method === "uploadFile") {
            return (async () => {
              away(now, 3 * HOUR);
              return (plain[method] as (...given: never[]) => Promise<unknown>)(...args);
            })();
          }
          return (async function* () {
            away(now, 3 * HOUR);
            yield* plain.listJobs();
          })();
        },
      }),
      { seen: (now) => void reasons.add(now.waiting?.reason) },
    );
    expect(run.status).toBe("succeeded");
    expect([...reasons].join(" ")).toContain("ECONNREFUSED");
    expect(await world.jobs()).toHaveLength(1);
  });

  it("that never takes the job has the run fail after a day, in its own words", async () => {
    const { run, elapsed } = await trained(() => ({
      createJob: async () => {
        throw busy("Too many jobs.");
      },
    }));
    expect(run).toMatchObject({
      status: "failed",
      failed_in: "submit",
      error: { message: expect.stringContaining("Too many jobs.") },
    });
    expect(elapsed).toBeGreaterThan(24 * HOUR);
    expect(elapsed).toBeLessThan(25 * HOUR);
  });

  it("that denies access for some minutes is asked again, and for longer fails the run with the remedy", async () => {
    const forMinutes = (minutes: number) =>
      trained((plain, now) => ({
        createJob: async (request) => {
          if (now() < minutes * 60_000) throw denied();
          return plain.createJob(request);
        },
      }));
    expect((await forMinutes(5)).run.status).toBe("succeeded");
    expect((await forMinutes(60)).run).toMatchObject({
      status: "failed",
      error: { code: "provider_rejected", remedy: expect.stringContaining("role on the resource") },
    });
  });

  it("that lets nobody look at the job makes the run overdue, and is looked at when it says", async () => {
    let shut = false;
    const w = await makeWorld({
      env: { LIGHTNING_MAX_WAIT_MINUTES: "1" },
      pace: { queuedMs: HOUR },
      provider: (plain) => ({
        ...plain,
        readJob: async (id) => {
          if (shut) throw busy("Slow down.", 120_000);
          return plain.readJob(id);
        },
      }),
    });
    worlds.push(w);
    const { run } = await w.prepare();
    await w.submit(run);
    shut = true;
    w.clock.advance(120_000);
    const look = await w.activities.pollTrainingJob({ agent_id: AGENT, id: run.id });
    expect(look).toMatchObject({ terminal: false, poll_again_seconds: 120 });
    expect(await w.service.get(AGENT, run.id)).toMatchObject({
      overdue: true,
      look_failed: { message: expect.stringContaining("Slow down.") },
    });
  });
});

describe("a job that failed", () => {
  it("without an error of its own is told by its last error event", async () => {
    const reason = "Training file contains invalid schema (20)";
    const { run } = await trained((plain) => ({
      readJob: async (id) => ({ ...(await plain.readJob(id)), state: "failed", error: undefined }),
      listEvents: async function* () {
        yield { id: "ev-2", created_at: 2000, level: "info", message: "Job ended" };
        yield { id: "ev-1", created_at: 1000, level: "error", message: reason };
      },
    }));
    expect(run).toMatchObject({ status: "failed", error: { code: "job_failed", message: reason } });
    expect(runReply(run).error_message).toBe(reason);
  });
});
