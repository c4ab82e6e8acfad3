import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { LoadedApp } from "../../src/local-host/core-api/load-app.ts";
import { DurableStore } from "../../src/local-host/durable/store/store.ts";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { Simulation, type SimulationOptions } from "../../src/local-host/simulation.ts";
import { mixOf } from "./patterns.ts";

export interface MixedRun {
  readonly seed: number;
  /** What was not as it has to be; empty when all was well. */
  readonly problems: readonly string[];
  readonly lives: number;
  readonly instances: number;
  readonly activities: number;
  /** Activity calls beyond the first with the same input in the same instance. */
  readonly repeated: number;
  /** The histories of all instances, by id. */
  readonly histories: Readonly<Record<string, unknown>>;
}

/** Activities that a pattern calls more than once with the same input. */
const CALLED_AGAIN = new Set(["flaky"]);

/**
 * All patterns at once, with faults and kills of the seed, to their end. The client retries what was not answered;
 * what was answered must hold.
 */
export async function mixedRun(
  app: LoadedApp,
  seed: number,
  folder: string,
  more: Partial<SimulationOptions> = {},
): Promise<MixedRun> {
  const random = seededRandom(seed);
  const rate = () => (random() < 0.4 ? 0 : random() * 0.4);
  const faults = { duplicate: rate(), delay: rate(), reorder: rate(), drop: rate(), replay: rate() };
  const kills = Math.floor(random() * 5);
  const home = mkdtempSync(path.join(folder, "mixed-"));
  const storeFile = path.join(home, "durable.sqlite");
  (globalThis as { fixtureAttempts?: Map<string, number> }).fixtureAttempts?.clear();
  const calls = new Map<string, number>();
  const simulation = await Simulation.open({
    app,
    seed,
    storeFile,
    faults,
    kills,
    late: 5000,
    hostJson: { defaultVersion: "2.0" },
    onInvoke(name, instanceId, trigger) {
      if (instanceId === undefined || CALLED_AGAIN.has(name)) return;
      const key = `${instanceId} ${name} ${trigger}`;
      calls.set(key, (calls.get(key) ?? 0) + 1);
    },
    ...more,
  });
  const problems: string[] = [];
  const mix = mixOf(seed);
  for (const { pattern, id, n } of mix) {
    const query = pattern.version === undefined ? "" : `?version=${pattern.version}`;
    const started = await simulation.insist(
      "POST",
      `orchestrators/${pattern.name}/${id}${query}`,
      pattern.input(n),
    );
    // 409: the start was kept although the host died before it could say so.
    if (started.status !== 202 && started.status !== 409)
      problems.push(`${id}: start answered ${started.status} ${started.body}`);
  }
  for (const { pattern, id, n } of mix) {
    const approval = pattern.approval?.(n);
    if (approval === undefined) continue;
    const raised = await simulation.insist("POST", `instances/${id}/raiseEvent/approval`, approval);
    // 410: the first try was kept, and all is over by now.
    if (raised.status !== 202 && raised.status !== 410)
      problems.push(`${id}: raiseEvent answered ${raised.status}`);
  }
  await simulation.settle();
  const histories: Record<string, unknown> = {};
  for (const { pattern, id, n } of mix) {
    const answer = await simulation.insist("GET", `instances/${id}?showHistory=true&showHistoryOutput=true`);
    const { runtimeStatus, output, historyEvents } = JSON.parse(answer.body) as Record<string, unknown>;
    histories[id] = historyEvents;
    if (runtimeStatus !== "Completed" || !isDeepStrictEqual(output, pattern.output(n)))
      problems.push(`${id} (n=${n}): ${String(runtimeStatus)} ${JSON.stringify(output)}`);
  }
  const { lives } = simulation;
  await simulation.stop();
  const store = new DurableStore(storeFile);
  const left = store.messages().length + store.activities().length;
  if (left > 0) problems.push(`${left} messages or activities are left in the store`);
  store.close();
  rmSync(home, { recursive: true, force: true });

  // Once in each life, and as often again as a lost or a doubled completion allows.
  const perLife = 1 + (faults.drop > 0 ? 1 : 0) + (faults.duplicate > 0 ? 1 : 0);
  let activities = 0;
  let repeated = 0;
  for (const [key, times] of calls) {
    activities += times;
    repeated += times - 1;
    if (times > lives * perLife) problems.push(`${key} ran ${times} times in ${lives} lives`);
  }
  return { seed, problems, lives, instances: mix.length, activities, repeated, histories };
}
