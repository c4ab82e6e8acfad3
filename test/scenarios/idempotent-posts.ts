import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { takesKey } from "../../src/doors/idempotency-key.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { CONTAINER_KEYS } from "../../src/ledger/containers.ts";
import { each, type Ledger, type LedgerDocument, type Stored } from "../../src/ledger/ledger.ts";
import { bury } from "../../src/rewards/dead-letters.ts";
import { episode, golden } from "./storm-desk.ts";
import type { Reply, World } from "./world.ts";

type Input = Record<string, unknown>;
/** What a row is called with, and the same with something else in it; absent: it has no other input. */
interface Case {
  readonly input: Input;
  readonly other?: Input;
}

export const ROWS = operationRows(readSettings({}));
export const KEYED = ROWS.filter(takesKey);
const AGENT = "storm-desk";

/** What each row is called with, made anew for each `n`: a request that has something to do. */
export function casesOf(call: (name: string, input: Input) => Promise<Reply>, world: () => World) {
  let made = 0;
  async function episodes(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const { body } = await call("recordEpisodes", episode(AGENT, 5000 + made++));
      ids.push(body.id);
    }
    return ids;
  }
  /** A reviewer who has labelled that many episodes. */
  async function reviewer(name: string, labels: number, more: Input = {}) {
    for (const episode_id of await episodes(labels))
      expect((await call("submitReview", { episode_id, reviewer: name, value: 1, ...more })).status).toBe(
        200,
      );
    return name;
  }
  const lessons = async (name: string, content: string, test_split = 0) =>
    (await call("buildGoldenDataset", { name, content, test_split })).body.dataset_id as string;
  let shared: Promise<{ dataset: string; heldOut: string; runs: string[] }> | undefined;
  /** A dataset, held-out examples, and two runs that have succeeded: expensive, once for all rows. */
  const trained = () => {
    shared ??= (async () => {
      const dataset = await lessons("lessons", golden(0, 40));
      const runs: string[] = [];
      for (const n_epochs of [1, 2]) {
        const { body } = await call("startTraining", { dataset_id: dataset, n_epochs });
        expect(body.status).toBe("succeeded");
        runs.push(body.run_id);
      }
      return { dataset, heldOut: await lessons("held out", golden(1000, 60), 1), runs };
    })();
    return shared;
  };
  async function promoted() {
    const { runs } = await trained();
    for (const run_id of runs)
      expect((await call("promote", { run_id, override_reason: "a test" })).body).toMatchObject({
        is_active: true,
      });
    return runs;
  }
  const cases: Record<string, (n: number) => Promise<Case> | Case> = {
    recordEpisodes: (n) => ({
      input: { user_input: `Question ${n}`, assistant_output: "Yes." },
      other: { user_input: `Question ${n}`, assistant_output: "No." },
    }),
    async assignReward() {
      const [episode_id] = await episodes(1);
      return { input: { episode_id, value: 1 }, other: { episode_id, value: -1 } };
    },
    addPart: (n) => ({
      input: { text: `A long text, ${n}.` },
      other: { text: `Another long text, ${n}.` },
    }),
    setRedactionRules: (n) => ({
      input: { rules: [{ name: "Ticket", pattern: `TICKET-${n}` }] },
      other: { rules: [{ name: "Ticket", pattern: `TICKET-${n}${n}` }] },
    }),
    rescanEpisodes: () => ({ input: {} }),
    async cancelRescan() {
      const finished = (await call("rescanEpisodes", {})).body.rescan_id as string;
      const { rescan_id } = (await call("rescanEpisodes", { prefer: "wait=0" })).body;
      return { input: { rescan_id }, other: { rescan_id: finished } };
    },
    async withdrawReward() {
      const [episode_id] = await episodes(1);
      const { body } = await call("assignReward", { episode_id, value: 1 });
      const input = { episode_id, reward_id: body.reward_id, reason: "a mistake" };
      return { input, other: { ...input, reason: "another" } };
    },
    async recordFeedback() {
      const [episode_id] = await episodes(1);
      return { input: { episode_id, thumbs: "up" }, other: { episode_id, thumbs: "down" } };
    },
    async buildDataset(n) {
      for (const episode_id of await episodes(12)) await call("assignReward", { episode_id, value: 1 });
      await world().settle();
      return { input: { name: `v${n}` }, other: { name: `v${n}`, min_reward: 0.9 } };
    },
    buildGoldenDataset: (n) => ({
      input: { name: `golden ${n}`, content: golden(n * 100, 20) },
      other: { name: `golden ${n}`, content: golden(n * 100, 21) },
    }),
    addGoldenPart: (n) => ({
      input: { name: "parts", content: golden(n, 1), first_line: 1 },
      other: { name: "parts", content: golden(n, 1), first_line: 2 },
    }),
    async cancelDataset(n) {
      const begin = async (count: number) =>
        (await call("buildGoldenDataset", { name: `c${n}`, content: golden(n, count), prefer: "wait=0" }))
          .body.dataset_id as string;
      return { input: { dataset_id: await begin(20) }, other: { dataset_id: await begin(21) } };
    },
    async nextReview(n) {
      await episodes(3);
      return { input: { reviewer: `next ${n}` }, other: { reviewer: `other ${n}` } };
    },
    async submitReview(n) {
      const [episode_id] = await episodes(1);
      const input = { episode_id, reviewer: `judge ${n}`, value: 1 };
      return { input, other: { ...input, value: -1 } };
    },
    async skipReview(n) {
      const [other] = await episodes(3);
      const skipper = `skipper ${n}`;
      const { body } = await call("nextReview", { reviewer: skipper });
      return {
        input: { episode_id: body.item.episode_id, reviewer: skipper },
        other: { episode_id: other, reviewer: `another ${n}` },
      };
    },
    async releaseReview(n) {
      await episodes(1);
      const { body } = await call("nextReview", { reviewer: `holder ${n}` });
      const input = { episode_id: body.item.episode_id, reviewer: `holder ${n}` };
      return { input, other: { ...input, reviewer: `other ${n}` } };
    },
    async undoReview(n) {
      const input = { reviewer: await reviewer(`undoer ${n}`, 3) };
      return { input, other: { reviewer: await reviewer(`other undoer ${n}`, 1) } };
    },
    setReviewRules: (n) => ({ input: { reviewers_per_episode: n }, other: { reviewers_per_episode: n + 1 } }),
    async buildCorrectionsDataset(n) {
      await reviewer(`corrector ${n}`, 12, { correction: "It is done, and reported." });
      return { input: { name: `fixed ${n}` }, other: { name: `fixed ${n}`, format: "dpo" } };
    },
    async startTraining() {
      const { dataset } = await trained();
      const input = { dataset_id: dataset, force_new: true };
      return { input, other: { ...input, n_epochs: 2 } };
    },
    async cancelTraining() {
      const { dataset, runs } = await trained();
      const asked = { dataset_id: dataset, n_epochs: 7, force_new: true, prefer: "wait=0" };
      return {
        input: { run_id: (await call("startTraining", asked)).body.run_id },
        other: { run_id: runs[1] },
      };
    },
    async reconcileTraining() {
      const { runs } = await trained();
      return { input: { run_id: runs[0] }, other: { run_id: runs[1] } };
    },
    cleanUpTraining: (n) => ({
      input: { older_than_days: n },
      other: { older_than_days: n, dry_run: false },
    }),
    takeUpRecords: () => ({ input: {} }),
    async startEvaluation(n) {
      const { runs } = await trained();
      const dataset_id = await lessons(`judged ${n}`, golden(2000 + n * 100, 20), 1);
      const input = { run_id: runs[0], dataset_id, split: "test", baseline: "base" };
      return { input, other: { ...input, run_id: runs[1] } };
    },
    async promote() {
      const { runs } = await trained();
      const input = { run_id: runs[0], override_reason: "a test" };
      return { input, other: { ...input, run_id: runs[1] } };
    },
    async rollback() {
      await promoted();
      return { input: { reason: "worse" }, other: { reason: "much worse" } };
    },
    async deactivate() {
      await promoted();
      return { input: { reason: "a test" }, other: { reason: "another test" } };
    },
    setGatePolicy: (n) => ({
      input: { agent_id: "other-desk", four_eyes: n % 2 === 1, reason: "a" },
      other: { agent_id: "other-desk", four_eyes: n % 2 === 0, reason: "b" },
    }),
    reconcileDeployments: () => ({ input: {} }),
    cleanUpDeployments: (n) => ({ input: { older_than_days: n }, other: { older_than_days: n + 1 } }),
    async runPipeline(n) {
      const { dataset, heldOut } = await trained();
      const input = {
        dataset_id: dataset,
        name: `p${n}`,
        evaluation: { dataset_id: heldOut, split: "test" },
      };
      return { input, other: { ...input, name: `q${n}` } };
    },
    async decidePipeline(n) {
      const { dataset, heldOut } = await trained();
      const { body } = await call("runPipeline", {
        dataset_id: dataset,
        name: `decide ${n}`,
        evaluation: { dataset_id: heldOut, split: "test" },
        approval: { required: true },
        prefer: "wait=0",
      });
      const { pipeline_id } = body;
      await world().until(
        async () =>
          (await world().app.services.pipelines.get(AGENT, pipeline_id)).status === "waiting_for_approval",
      );
      const input = { pipeline_id, approved: false, reason: "not yet" };
      return { input, other: { ...input, approved: true } };
    },
    async retryDeadLetters(n) {
      const { app, clock } = world();
      for (const id of [`gone-${n}-1`, `gone-${n}-2`])
        await bury(app.ledger, clock, "episodes", { id, agent_id: AGENT }, "a test");
      return { input: { limit: 1 }, other: { limit: 2 } };
    },
  };
  return cases;
}

/** Every POST of the table that takes a key, through the REST door of an app on whatever ledger `open` gives it. */
export function idempotentPosts(
  where: string,
  open: () => Promise<World>,
  // The last one asks at once, with other input and again, too: enough for a store that answers slowly.
  only: "all" | "after a kill" = "all",
): void {
  describe(`under one Idempotency-Key, on ${where},`, () => {
    let world: World;
    let keys = 0;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.close());

    async function call(name: string, given: Input, key?: string): Promise<Reply> {
      const row = ROWS.find((one) => one.name === name);
      if (row === undefined) throw new Error(name);
      const { prefer = "wait=200", ...input } = given;
      const address = row.rest.path.replaceAll(/\{(\w+)\}/g, (_whole, field: string) => {
        const value = String(input[field]);
        delete input[field];
        return value;
      });
      return world.call("POST", address, input, {
        prefer: String(prefer),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      });
    }
    const cases = casesOf(call, () => world);

    /** All that there is, but for the requests themselves, the audit log's further lines and the feeds' places. */
    async function ledgerNow(without: readonly string[] = ["requests", "leases"]) {
      await world.settle();
      const all: unknown[] = [];
      for (const c of CONTAINER_KEYS.filter((one) => !without.includes(one)))
        for await (const { _etag, _ts, ...document } of each(world.app.ledger, c, {})) all.push(document);
      return all;
    }
    /** What a later try may write again it writes with its own times, which are no second effect. */
    const effectsNow = async () =>
      JSON.parse(
        JSON.stringify(await ledgerNow(["requests", "leases", "audit"])).replaceAll(
          /"\d{4}-\d\d-\d\dT[^"]+"/g,
          '"a time"',
        ),
      ) as unknown[];
    const keyFor = (name: string) => `${name}-${++keys}`;

    it("there is a case for every POST that takes a key", () => {
      expect(Object.keys(cases).toSorted()).toEqual(KEYED.map(({ name }) => name).toSorted());
    });

    const quick = only === "all" ? KEYED.map(({ name }) => name) : [];
    for (const name of quick)
      it(`${name} asked five times at once happens once, also when asked again, and other input is refused`, async () => {
        const { input, other } = (await cases[name]?.(1)) ?? { input: {} };
        const key = keyFor(name);
        const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => call(name, input, key)));
        expect(first?.body).not.toHaveProperty("error");
        for (const reply of others) expect(reply).toEqual(first);
        const before = await ledgerNow();
        expect(await call(name, input, key)).toEqual(first);
        if (other !== undefined)
          expect(await call(name, other, key)).toMatchObject({
            status: 409,
            body: { error: { code: "idempotency_conflict" } },
          });
        expect(await ledgerNow()).toEqual(before);
      });

    it.each(KEYED.map(({ name }) => name))(
      "%s happens once though the process dies between effect and answer",
      async (name) => {
        const { input, other } = (await cases[name]?.(3)) ?? { input: {} };
        const key = keyFor(name);
        const heal = loseAnswers(world.app.ledger);
        const [lost] = await Promise.all([call(name, input, key), call(name, input, key)]);
        heal();
        expect(lost?.body).not.toHaveProperty("error");
        const before = await effectsNow();
        world.clock.advance(31_000);
        if (other !== undefined) expect((await call(name, other, key)).status).toBe(409);
        const again = await call(name, input, key);
        expect(again.status).toBeLessThan(300);
        expect(await effectsNow()).toEqual(before);
        expect(await call(name, input, key)).toEqual(again);
      },
    );
  });
}

/** Until it is healed, no answer is kept: as if the process had died after the effect. */
export function loseAnswers(ledger: Ledger): () => void {
  const real = ledger.replace;
  const patched = ledger as { replace: Ledger["replace"] };
  patched.replace = <T extends LedgerDocument>(...[c, document, options]: Parameters<Ledger["replace"]>) =>
    c === "requests" && "status" in document && document.status === "done"
      ? Promise.reject(unavailable("killed", "The process has died."))
      : (real.call(ledger, c, document, options) as Promise<Stored<T>>);
  return () => {
    patched.replace = real;
  };
}
