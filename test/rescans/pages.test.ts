import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { withLifeTimes } from "../../src/ledger/default-ttl.ts";
import type { Ledger, PatchOperation } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createPipelineStore } from "../../src/pipelines/store.ts";
import { createPrivacyService, RULES_KNOWN_MS } from "../../src/privacy/service.ts";
import { createRescanActivities } from "../../src/rescans/activities.ts";
import { createRescanService } from "../../src/rescans/service.ts";
import type { Reward } from "../../src/rewards/contract.ts";

const AGENT = "desk";
const RULE = { name: "Customer", pattern: "K-\\d{6}", pseudonym: false, enabled: true };
const COUNT = 45;
let home: string;
let clock: VirtualClock;
let plain: Ledger;

beforeEach(async () => {
  home = await fs.mkdtemp(path.join(os.tmpdir(), "rescan-"));
  clock = new VirtualClock();
  plain = openSqliteLedger({ file: ":memory:", clock });
});
afterEach(async () => {
  await plain.close();
  await fs.rm(home, { recursive: true });
});

/** Episodes recorded before the rule, a re-scan that is claimed, and its steps over a ledger that a test has its hand in. */
async function world(wrap: (ledger: Ledger) => Ledger = (ledger) => ledger, base = plain) {
  const settings = readSettings({ LIGHTNING_HOME: home });
  const shared = { settings, clock, logger: silentLogger };
  const privacy = createPrivacyService({ ...shared, ledger: base });
  const episodes = createEpisodeService({ ...shared, ledger: base, policyOf: privacy.policyOf });
  const recorded = await episodes.record(
    Array.from({ length: COUNT }, (_, n) => ({
      id: `ep-${n}`,
      agent_id: AGENT,
      user_input: `for K-${100_000 + n}`,
      assistant_output: "Done.",
      metadata: { a: "K-111111", b: 1 },
    })),
  );
  expect(recorded.every(({ status }) => status === "recorded")).toBe(true);
  await privacy.set(AGENT, { rules: [RULE] }, undefined);
  const files = folderFiles(path.join(home, "files"));
  const service = createRescanService({ ledger: base, files, clock, policyOf: privacy.policyOf });
  const { id } = await service.prepare(AGENT, undefined);
  const ref = { agent_id: AGENT, id };
  const steps = createRescanActivities({
    ...shared,
    ledger: wrap(base),
    files,
    policyOf: privacy.policyOf,
    policyNow: privacy.policyNow,
    rulesKnownMs: RULES_KNOWN_MS,
  });
  await steps.claimRescan({ ...ref, instance_id: id });
  const all = async () => {
    const page = await base.query<Episode>("episodes", { pk: [AGENT], limit: 1000 });
    return page.items;
  };
  return { ref, steps, service, privacy, all };
}

describe("a page of a re-scan", () => {
  test("counts each episode once, though the process dies between the episodes and the record of them", async () => {
    let left = 0;
    const { ref, steps, service, all } = await world((ledger) => ({
      ...ledger,
      replace: async (c, document, options) => {
        // The first write of the re-scan's own record is lost, twice.
        if (c === "pipelines" && left-- > 0) throw unavailable("ledger_down", "away");
        return ledger.replace(c, document, options);
      },
    }));
    left = 2;
    await expect(steps.rescanPages(ref)).rejects.toThrow("away");
    await expect(steps.rescanPages(ref)).rejects.toThrow("away");
    expect((await steps.rescanPages(ref)).done).toBe(true);
    await steps.finishRescan(ref);
    expect(await service.get(AGENT, ref.id)).toMatchObject({
      status: "finished",
      tallies: { episodes: { of: COUNT, read: COUNT, changed: COUNT, failed: 0 } },
    });
    expect(JSON.stringify(await all())).not.toMatch(/K-1/);
    // Run again after its end, by a late duplicate, it changes nothing.
    expect((await steps.rescanPages(ref)).done).toBe(true);
  });

  test("writes over nobody's change: what the feed of rewards wrote meanwhile stays, and the text goes", async () => {
    const feeds = new Set<string>();
    const { ref, steps, all } = await world((ledger) => ({
      ...ledger,
      patch: async (c, pk, id, operations, options) => {
        if (c === "episodes" && !feeds.has(id)) {
          feeds.add(id);
          const sums: PatchOperation[] = [{ op: "set", field: "reward_count", value: 3 }];
          await ledger.patch(c, pk, id, sums);
        }
        return ledger.patch(c, pk, id, operations, options);
      },
    }));
    await steps.rescanPages(ref);
    const episodes = await all();
    expect(feeds.size).toBe(COUNT);
    expect(episodes.every((one) => one.reward_count === 3)).toBe(true);
    expect(JSON.stringify(episodes)).not.toMatch(/K-1/);
  });

  test("prolongs no episode's life", async () => {
    const base = withLifeTimes(plain, { episodes: 1000 }, clock);
    const { ref, steps, all } = await world((ledger) => ledger, base);
    clock.advance(600_000);
    await steps.rescanPages(ref);
    const [one] = await all();
    expect(one?.redaction.rescan).toBe(ref.id);
    expect((one as { ttl?: number } | undefined)?.ttl).toBe(400);
  });

  test("begins again when the rules change while it runs, and ends by the newer ones", async () => {
    const { ref, steps, service, privacy, all } = await world();
    await steps.rescanPages(ref);
    await privacy.set(AGENT, { rules: [RULE, { ...RULE, name: "Done", pattern: "Done" }] }, undefined);
    // A process that had not heard of it yet may have begun by the older ones.
    const fresh = await service.prepare(AGENT, undefined);
    expect(fresh.id).toBe(ref.id);
    await steps.finishRescan(ref);
    expect((await service.get(AGENT, ref.id)).status).not.toBe("finished");
    clock.advance(RULES_KNOWN_MS);
    expect(await steps.isRescanReady(ref)).toBeDefined();
    while (!(await steps.rescanPages(ref)).done);
    await steps.finishRescan(ref);
    expect(JSON.stringify(await all())).not.toMatch(/Done\./);
    expect((await service.get(AGENT, ref.id)).redaction_version).toMatch(/\+custom-2$/);
  });
});

test("one that is about to be cancelled is answered to nobody who asks for another", async () => {
  const { ref, service } = await world();
  expect((await service.prepare(AGENT, undefined)).id).toBe(ref.id);
  await service.cancel(AGENT, ref.id);
  const next = await service.prepare(AGENT, undefined);
  expect(next.id).not.toBe(ref.id);
  expect((await service.prepare(AGENT, undefined)).id).toBe(next.id);
});

test("rules that another process set while the last page was read are taken up, and waited for", async () => {
  const { ref, steps, service, all } = await world();
  while (!(await steps.rescanPages(ref)).done);
  // Another process: what this one remembers still stands.
  const settings = readSettings({ LIGHTNING_HOME: home });
  const elsewhere = createPrivacyService({ settings, clock, logger: silentLogger, ledger: plain });
  await elsewhere.set(AGENT, { rules: [RULE, { ...RULE, name: "Done", pattern: "Done" }] }, undefined);
  expect((await steps.finishRescan(ref)).status).toBe("running");
  expect(await steps.rescanPages(ref)).toMatchObject({ done: false, waits: true });
  expect(await steps.isRescanReady(ref)).toEqual({ ready: false });
  clock.advance(RULES_KNOWN_MS);
  await steps.isRescanReady(ref);
  while (!(await steps.rescanPages(ref)).done);
  expect(await steps.finishRescan(ref)).toEqual({ status: "finished" });
  expect((await service.get(AGENT, ref.id)).redaction_version).toMatch(/custom-2$/);
  expect(JSON.stringify(await all())).not.toContain("Done");
});

test("rewards that a re-scan changed are not new to retraining; those given since are", async () => {
  const reward = (n: number, created_at: string): Reward => ({
    id: `rew-${n}`,
    agent_id: AGENT,
    episode_id: `ep-${n}`,
    source: "human_approval",
    value: 1,
    comments: "K-100000",
    metadata: {},
    created_at,
  });
  const { ref, steps } = await world();
  for (const n of [0, 1, 2]) {
    await plain.create("rewards", reward(n, "2026-01-01T00:00:00.000Z"));
    await plain.patch("episodes", [AGENT, `ep-${n}`], `ep-${n}`, [
      { op: "set", field: "reward_count", value: 1 },
    ]);
  }
  const since = {
    watermark: { episodes: "2026-01-01T00:00:00.000Z", rewards: "2026-01-01T00:00:00.000Z" },
    awaited_places: { rewards: await plain.feedEnd("rewards"), reward_count: 3 },
  };
  await plain.create("rewards", { ...reward(2, "2026-01-02T00:00:00.000Z"), id: "rew-9" });
  await steps.rescanPages(ref);
  const changed = await plain.read<Reward>("rewards", [AGENT, "ep-0"], "rew-0");
  expect(changed).toMatchObject({ comments: "[REDACTED:customer]", rescan: ref.id });
  const { countRewarded } = createPipelineStore(plain);
  expect(await countRewarded(AGENT, since, { rewardsTtlDays: undefined })).toBe(1);
});
