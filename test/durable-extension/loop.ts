import { setTimeout as sleep } from "node:timers/promises";
import { Acknowledged, teach } from "../scenarios/kill-run.ts";
import type { RestDoor } from "../scenarios/rest-door.ts";
import { episode, golden } from "../scenarios/storm-desk.ts";

const API = "/api/lightning";
const LOOK_MS = 300;
/** A queue that idles is looked at every ten seconds, and an orchestration has some twenty messages. */
const LONGEST_MS = 240_000;
export const RETRAINED = "desk-retrained";
/** A fifth of them is held out, and a verdict needs fifty. */
const FOR_A_VERDICT = 320;

/** What the loop needs of an app. */
export interface Teachable extends RestDoor {
  jobs(agentId: string): string[];
}
// biome-ignore lint/suspicious/noExplicitAny: replies of every shape
type Body = any;
type Ended = Readonly<Record<string, unknown>>;

/** The product's loop through its doors, one agent a step; what each step says is how it ended, to be compared. */
export class Loop {
  readonly #app: Teachable;

  constructor(app: Teachable) {
    this.#app = app;
  }

  readonly steps: Readonly<Record<string, (agentId: string) => Promise<Ended>>> = {
    "a dataset of rewarded episodes": async (agent_id) => {
      await teach(this.#app, agent_id, new Acknowledged());
      const asked = { agent_id, name: "rewarded", min_reward: 0.5 };
      const { dataset_id } = await this.#post("/datasets", asked);
      const { status, training_count, validation_count } = await this.#dataset(agent_id, dataset_id);
      return { status, training_count, validation_count };
    },
    "a training, asked for twice under one key": async (agent_id) => {
      const { dataset_id } = await this.#lessons(agent_id);
      const key = { "idempotency-key": `once-${agent_id}` };
      const one = await this.#post("/training", { agent_id, dataset_id }, key);
      const two = await this.#post("/training", { agent_id, dataset_id }, key);
      const run = await this.#run(agent_id, one.run_id);
      return { same: one.run_id === two.run_id, status: run.status, jobs: this.#app.jobs(agent_id) };
    },
    "five trainings at once, of which three wait for their turn": async (agent_id) => {
      const { dataset_id } = await this.#golden(agent_id, golden(0, 40), 0);
      const places: unknown[] = [];
      const ids: string[] = [];
      for (let seed = 1; seed <= 5; seed++) {
        const asked = await this.#post("/training", { agent_id, dataset_id, seed });
        places.push(asked.place_in_queue);
        ids.push(asked.run_id);
      }
      const ends = await Promise.all(ids.map((id) => this.#run(agent_id, id)));
      const begun = ends.map(({ started_at: at }) => String(at));
      const { work } = await this.#get(`/stats?agent_id=${agent_id}`);
      return {
        places,
        statuses: ends.map(({ status }) => status),
        inOrder: begun.slice(2).every((at, n) => at >= (begun[n] ?? "")),
        work,
        jobs: this.#app.jobs(agent_id),
      };
    },
    "an evaluation, a promotion by hand and its roll-back": async (agent_id) => {
      const { dataset_id, evaluation } = await this.#lessons(agent_id);
      const { run_id } = await this.#post("/training", { agent_id, dataset_id });
      await this.#run(agent_id, run_id);
      const asked = await this.#post("/evaluations", { agent_id, run_id, ...evaluation });
      const path = `/evaluations/${asked.evaluation_id}?agent_id=${agent_id}`;
      const { verdict } = await this.#until(
        path,
        ({ status }) => status === "finished" || status === "failed",
      );
      const { evaluation_id } = asked;
      await this.#post("/deployments", { agent_id, run_id, evaluation_id }, { prefer: "wait=60" });
      const serves = async () => (await this.#get(`/model?agent_id=${agent_id}`)).source;
      await this.#until(`/deployments/active?agent_id=${agent_id}`, (one) => one.has_active_deployment);
      const promoted = await serves();
      await this.#post("/deployments/rollback", { agent_id, reason: "users complain" });
      return { verdict, promoted, rolledBack: await serves() };
    },
    "a pipeline, and a worse one after it": async (agent_id) => {
      const lessons = await this.#lessons(agent_id);
      const first = await this.#pipeline({ agent_id, ...lessons });
      const { dataset_id } = await this.#golden(agent_id, golden(0, 40, true), 0);
      const evaluation = { ...lessons.evaluation, baseline: "active" };
      const second = await this.#pipeline({ agent_id, dataset_id, evaluation });
      return { first, second, jobs: this.#app.jobs(agent_id) };
    },
    "a pipeline that is approved": (agent_id) => this.#decided(agent_id, true),
    "a pipeline that is rejected": (agent_id) => this.#decided(agent_id, false),
    "a pipeline that nobody decides on": async (agent_id) => {
      const approval = { required: true, timeout_minutes: 1 };
      const end = await this.#pipeline({ agent_id, ...(await this.#lessons(agent_id)), approval });
      return { ...end, jobs: this.#app.jobs(agent_id) };
    },
    "a retraining by its timer": async () => {
      await teach(this.#app, RETRAINED, new Acknowledged());
      await this.#record(RETRAINED, FOR_A_VERDICT);
      await this.#app.insist("POST", "/admin/functions/retrainOnSchedule", {});
      const path = `/pipelines?agent_id=${RETRAINED}`;
      const isEnded = (one: Body) => ["finished", "failed"].includes(one?.status);
      const { pipelines } = await this.#until(path, (list) => isEnded(list.pipelines?.[0]));
      const { outcome, retraining } = pipelines[0];
      return { pipelines: pipelines.length, outcome, retraining, jobs: this.#app.jobs(RETRAINED) };
    },
    "a training that is cancelled while its files are read": (agent_id) => this.#cancelled(agent_id, "files"),
    "a training that is cancelled while its job waits": (agent_id) => this.#cancelled(agent_id, "queued"),
    "a training that is cancelled while it runs": (agent_id) => this.#cancelled(agent_id, "running"),
    "a training that is cancelled after its end": async (agent_id) => {
      const { dataset_id } = await this.#lessons(agent_id);
      const { run_id } = await this.#post("/training", { agent_id, dataset_id });
      await this.#run(agent_id, run_id);
      const refused = await this.#app
        .call("POST", `${API}/training/${run_id}/cancel`, { agent_id })
        .catch((thrown: unknown) => (/answered \d+|"code":"\w+"/g.exec(String(thrown)) ?? [])[0]);
      return { refused, jobs: this.#app.jobs(agent_id) };
    },
    "a pipeline whose training is cancelled": async (agent_id) => {
      const id = await this.#begin({ agent_id, ...(await this.#lessons(agent_id)) });
      const { run_id } = await this.#at(agent_id, id, ({ run_id: run }) => run !== undefined);
      await this.#until(`/training/${run_id}?agent_id=${agent_id}`, ({ state }) => state === "running");
      await this.#post(`/training/${run_id}/cancel`, { agent_id });
      return { ...(await this.#ended(agent_id, id)), jobs: this.#app.jobs(agent_id) };
    },
    "a pipeline that is terminated in training": async (agent_id) => {
      const id = await this.#begin({ agent_id, ...(await this.#lessons(agent_id)) });
      const { run_id } = await this.#at(agent_id, id, ({ run_id: run }) => run !== undefined);
      await this.#until(`/training/${run_id}?agent_id=${agent_id}`, ({ state }) => state === "running");
      const { status, error } = await this.#terminated(agent_id, id);
      return {
        status,
        error,
        run: (await this.#run(agent_id, run_id)).status,
        jobs: this.#app.jobs(agent_id),
      };
    },
    "a pipeline that is terminated as it waits for its approval": async (agent_id) => {
      const asked = { agent_id, ...(await this.#lessons(agent_id)), approval: { required: true } };
      const id = await this.#begin(asked);
      await this.#at(agent_id, id, ({ status }) => status === "waiting_for_approval");
      const { status, error } = await this.#terminated(agent_id, id);
      return { status, error, jobs: this.#app.jobs(agent_id) };
    },
  };

  async #decided(agent_id: string, approved: boolean): Promise<Ended> {
    const asked = { agent_id, ...(await this.#lessons(agent_id)), approval: { required: true } };
    const id = await this.#begin(asked);
    await this.#at(agent_id, id, ({ status }) => status === "waiting_for_approval");
    await this.#post(`/pipelines/${id}/approval`, { agent_id, approved, decided_by: "the board" });
    return { ...(await this.#ended(agent_id, id)), jobs: this.#app.jobs(agent_id) };
  }

  async #cancelled(agent_id: string, when: "files" | "queued" | "running"): Promise<Ended> {
    const { dataset_id } = await this.#lessons(agent_id);
    const { run_id } = await this.#post("/training", { agent_id, dataset_id });
    const hasCome = ({ aoai_job_id, state }: Body) =>
      when === "files" || (when === "queued" ? aoai_job_id != null : state === "running");
    await this.#until(`/training/${run_id}?agent_id=${agent_id}`, hasCome);
    await this.#post(`/training/${run_id}/cancel`, { agent_id });
    return { status: (await this.#run(agent_id, run_id)).status, jobs: this.#app.jobs(agent_id) };
  }

  /** Ends a pipeline from outside and has its record looked after, as the hourly timer does. */
  async #terminated(agentId: string, id: string): Promise<Ended> {
    const address = `/runtime/webhooks/durabletask/instances/${id}`;
    const response = await fetch(`${this.#app.url}${address}/terminate?reason=operator`, { method: "POST" });
    await response.arrayBuffer();
    const isOver = async () => (await this.#app.insist("GET", address)).runtimeStatus === "Terminated";
    while (!(await isOver())) await sleep(LOOK_MS);
    await this.#post("/records/take-up", {});
    return this.#ended(agentId, id);
  }

  async #lessons(agentId: string) {
    const [lessons, heldOut] = await Promise.all([
      this.#golden(agentId, golden(0, 40), 0),
      this.#golden(agentId, golden(1000, 60), 1),
    ]);
    return { dataset_id: lessons.dataset_id, evaluation: { dataset_id: heldOut.dataset_id, split: "test" } };
  }

  async #golden(agent_id: string, content: string, test_split: number): Promise<{ dataset_id: string }> {
    const name = test_split === 0 ? "lessons" : "held out";
    const { dataset_id } = await this.#post("/datasets/golden", { agent_id, name, content, test_split });
    await this.#dataset(agent_id, dataset_id);
    return { dataset_id };
  }

  async #record(agentId: string, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, (_, n) => 2000 + n);
    const lines = numbers.map((n) => JSON.stringify(episode(agentId, n))).join("\n");
    const type = { "content-type": "application/x-ndjson" };
    await this.#app.insist("POST", `${API}/episodes`, lines, type);
    for (const n of numbers)
      await this.#post("/rewards", {
        agent_id: agentId,
        episode_id: `ep-${agentId}-${n}`,
        source: "test_result",
        value: 1,
        evaluator: "checks",
      });
  }

  readonly #get = (path: string): Promise<Body> => this.#app.insist("GET", `${API}${path}`);
  readonly #post = (path: string, body: object, headers?: Record<string, string>): Promise<Body> =>
    this.#app.insist("POST", `${API}${path}`, body, { prefer: "wait=0", ...headers });

  async #until(path: string, isSo: (body: Body) => boolean): Promise<Body> {
    for (const until = performance.now() + LONGEST_MS; ; await sleep(LOOK_MS)) {
      const body = await this.#get(path);
      if (isSo(body)) return body;
      if (performance.now() > until) throw new Error(`${path} is still ${JSON.stringify(body)}`);
    }
  }
  readonly #dataset = (agentId: string, id: string) =>
    this.#until(
      `/datasets/${id}?agent_id=${agentId}`,
      ({ status }) => status === "ready" || status === "failed",
    );
  readonly #run = (agentId: string, id: string) =>
    this.#until(`/training/${id}?agent_id=${agentId}`, ({ status }) =>
      ["succeeded", "failed", "cancelled"].includes(status),
    );

  async #begin(asked: object): Promise<string> {
    return (await this.#post("/pipelines", asked)).pipeline_id;
  }
  readonly #at = (agentId: string, id: string, isSo: (body: Body) => boolean) =>
    this.#until(`/pipelines/${id}?agent_id=${agentId}`, (body) => isSo(body) || body.status === "failed");
  async #ended(agentId: string, id: string): Promise<Ended> {
    const { status, outcome, verdict, stage, error } = await this.#at(
      agentId,
      id,
      (body) => body.status === "finished",
    );
    return {
      status,
      outcome,
      verdict,
      stage,
      error: (error as string | undefined)?.replaceAll(/\w+-[\w-]{8,}/g, "{id}"),
    };
  }
  async #pipeline(asked: { readonly agent_id: string; readonly [field: string]: unknown }): Promise<Ended> {
    return this.#ended(asked.agent_id, await this.#begin(asked));
  }
}
