import type { Clock } from "../kernel/clock.ts";
import { page, type Route, WireError } from "./http.ts";
import { methodOf, methodView } from "./job-method.ts";
import { isTerminal, type JobRunner } from "./jobs.ts";
import type { Models } from "./models.ts";
import { newJob } from "./new-job.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** Endpoints of fine-tuning jobs: made, watched, cancelled, paused and resumed. */
export function jobRoutes(deps: {
  readonly store: ProviderStore;
  readonly jobs: JobRunner;
  readonly models: Models;
  readonly clock: Clock;
}): Route[] {
  const { store, jobs, clock } = deps;
  const readJob = (id: string): JobRow => {
    const job = store.readJob(id);
    if (job === undefined)
      throw new WireError(404, "fine_tune_not_found", `Could not find fine-tuning job: ${id}`, {
        param: "id",
      });
    return job;
  };
  const going = (id: string, verb: string): JobRow => {
    const job = readJob(id);
    if (isTerminal(job.status))
      throw new WireError(400, "invalid_job_state", `The job has ${job.status} and cannot be ${verb}.`);
    return job;
  };

  return [
    [
      "POST",
      "/fine_tuning/jobs",
      async (request) => {
        const job = newJob(
          await request.json(),
          { ...deps, words: request.words },
          Math.floor(clock.now() / 1000),
        );
        store.putJob(job);
        jobs.start(job.id);
        return { json: jobView(job) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs",
      (request) => {
        const wanted = [...request.query].flatMap(([key, value]) => {
          const name = /^metadata\[(.+)\]$/.exec(key)?.[1];
          return name === undefined ? [] : [[name, value] as const];
        });
        const all = store
          .listJobs()
          .filter((job) => wanted.every(([name, value]) => job.metadata[name] === value));
        return { json: page(all.map(jobView), request.query, 100) };
      },
    ],
    ["GET", "/fine_tuning/jobs/*", (_request, id) => ({ json: jobView(readJob(id)) })],
    [
      "POST",
      "/fine_tuning/jobs/*/cancel",
      (_request, id) => {
        going(id, "cancelled");
        return { json: jobView(jobs.cancel(id)) };
      },
    ],
    [
      "POST",
      "/fine_tuning/jobs/*/pause",
      (_request, id) => {
        if (going(id, "paused").status !== "running")
          throw new WireError(400, "invalid_job_state", "Only a running job can be paused.");
        return { json: jobView(jobs.setStatus(id, "paused", "The job was paused")) };
      },
    ],
    [
      "POST",
      "/fine_tuning/jobs/*/resume",
      (_request, id) => {
        if (going(id, "resumed").status !== "paused")
          throw new WireError(400, "invalid_job_state", "Only a paused job can be resumed.");
        return { json: jobView(jobs.setStatus(id, "running", "The job goes on")) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs/*/events",
      (request, id) => {
        readJob(id);
        const events = store
          .listEvents(id)
          .map(({ job_id: _job, seq: _seq, ...event }) => ({ object: "fine_tuning.job.event", ...event }));
        return { json: page(events, request.query, 1000) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs/*/checkpoints",
      (request, id) => {
        readJob(id);
        const checkpoints = store.listCheckpoints(id).map(({ job_id, ...checkpoint }) => ({
          object: "fine_tuning.job.checkpoint",
          fine_tuning_job_id: job_id,
          ...checkpoint,
        }));
        return { json: page(checkpoints, request.query, 100) };
      },
    ],
  ];
}

/** The suffix is told by the tuned model's name. */
const jobView = ({ suffix: _suffix, hyperparameters, ...job }: JobRow) => ({
  object: "fine_tuning.job",
  ...job,
  // OpenAI answers them here for supervised jobs alone.
  hyperparameters: methodOf(job).type === "supervised" ? hyperparameters : {},
  organization_id: "local",
  estimated_finish: null,
  integrations: [],
  method: methodView(methodOf(job), hyperparameters),
});
