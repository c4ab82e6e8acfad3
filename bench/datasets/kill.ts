import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { readSettings } from "../../src/config/settings.ts";
import type { Dataset } from "../../src/datasets/contract.ts";
import { edgesOf } from "../../src/datasets/merge/edges.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { canonicalJson } from "../../src/kernel/hashing.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ledgerFromSettings } from "../../src/ledger/from-settings.ts";
import { randomOf } from "../../test/scenarios/kill-run.ts";
import { KilledApp } from "../../test/scenarios/killed-app.ts";
import { benchArguments } from "../arguments.ts";
import { feedsDone } from "./feeds-done.ts";

const { episodes, kills, seed, folder } = benchArguments({
  script: "bench/datasets/kill.ts",
  measures: `Builds a dataset through the whole app, undisturbed; then the same again and again, each time killing the process
(SIGKILL) at a random moment of the build's life and starting it anew. Each must end as the undisturbed one did.`,
  takes: {
    episodes: { about: "how many to build from", standard: 100_000 },
    kills: { about: "builds with a kill", standard: 10 },
    seed: { about: "decides the moments; without it, the time does", standard: Date.now() % 1_000_000 },
    folder: { about: "one that fill.ts has filled; its ledger is copied", standard: "" },
  },
  examples: ["--episodes 100000 --kills 10 --seed 1"],
});
const random = randomOf(seed);
const home = await mkdtemp(path.join(os.tmpdir(), "bench-datasets-kill-"));
const app = new KilledApp(home, { LIGHTNING_MAX_EXAMPLES: "10000000" });
/** Long work says every few seconds where it stands. */
const SAY_EVERY_MS = 5000;
const begin = performance.now();
const say = (text: string) =>
  console.error(`${((performance.now() - begin) / 1000).toFixed(0).padStart(5)} s  ${text}`);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function fill(): Promise<void> {
  if (folder !== "") {
    await copyFile(path.join(folder, "ledger.sqlite"), path.join(home, "ledger.sqlite"));
    return;
  }
  const filling = spawn(process.execPath, [
    path.join(import.meta.dirname, "fill.ts"),
    home,
    String(episodes),
  ]);
  await new Promise((resolve) => filling.once("exit", resolve));
  for (const name of ["episodes.ndjson", "rewards.ndjson"]) await rm(path.join(home, name));
}

const start = async (name: string): Promise<string> => {
  const body = { agent_id: "bench", name, min_reward: 0 };
  return (await app.insist("POST", "/api/lightning/datasets", body, { prefer: "wait=0" })).dataset_id;
};
const filesOf = (id: string) => readdir(path.join(home, "files", id)).catch((): string[] => []);

/** Waits for the end; of the shards that were whole at the kill, how many were written once more. */
async function finish(id: string, whole: ReadonlyMap<string, number> = new Map()) {
  const repeated = new Set<string>();
  let overFor = 0;
  let said = performance.now();
  for (;;) {
    for (const [name, inode] of whole) {
      const now = await stat(path.join(home, "files", id, name)).catch(() => undefined);
      if (now !== undefined && now.ino !== inode) repeated.add(name);
    }
    const dataset: Dataset = await app.insist("GET", `/api/lightning/datasets/${id}?agent_id=bench`);
    // The manifest makes it ready; the shards' files go after it, in a few seconds at most.
    const isOver = dataset.status === "ready" || dataset.status === "failed";
    const isTidy = !(await filesOf(id)).some((name) => name.startsWith("build_"));
    if (isOver) overFor++;
    if (isOver && (isTidy || overFor > 100)) return { dataset, repeated: repeated.size };
    if (performance.now() - said > SAY_EVERY_MS) {
      said = performance.now();
      const shards = (await filesOf(id)).filter((name) => /^build_\d+\.json$/.test(name)).length;
      say(`${dataset.name}: ${dataset.status}, ${shards} whole shards`);
    }
    await sleep(100);
  }
}

/** What must be the same whatever happened on the way, each as its JSON with sorted keys. */
async function outcome(id: string, dataset: Dataset): Promise<Map<string, string>> {
  const { status, error, content_hash, episode_count, dropped, clusters, leakage, lineage } = dataset;
  const { training_count, validation_count, group_counts, token_counts } = dataset;
  const files = Object.entries(dataset.files ?? {}).map(([side, file]) => [side, file?.sha256, file?.lines]);
  const counts = { episode_count, training_count, validation_count, group_counts, token_counts };
  const stored = (await filesOf(id)).map((name) => name.replace(/^(undisturbed|killed-\d+)_/, "")).toSorted();
  const all = { status, error, content_hash, dropped, clusters, leakage, lineage, counts, files, stored };
  return new Map(Object.entries(all).map(([name, value]) => [name, canonicalJson(value ?? null)]));
}

const differences = (one: Map<string, string>, other: Map<string, string>): string[] =>
  [...one].flatMap(([name, text]) =>
    other.get(name) === text ? [] : [`${name}: ${other.get(name)} instead of ${text}`],
  );

const faults: string[] = [];
try {
  await fill();
  await feedsDone(home);
  say("the ledger is filled");
  await app.start();
  say("the app is up");
  // The page cache takes up the file.
  await finish(await start("first"));
  say("the first build is over");
  const begun = performance.now();
  const calmId = await start("undisturbed");
  const calm = await finish(calmId);
  const life = performance.now() - begun;
  const wanted = await outcome(calmId, calm.dataset);
  console.log(
    `seed ${seed}; undisturbed: ${Math.round(life)} ms, ${calm.dataset.status}, ${calm.dataset.episode_count} episodes read, ` +
      `${calm.dataset.training_count} + ${calm.dataset.validation_count} lines, content ${calm.dataset.content_hash?.slice(0, 16)}\n`,
  );
  console.log("kill  after ms  stood at       whole shards  repeated  as undisturbed");
  for (let kill = 1; kill <= kills; kill++) {
    const id = await start(`killed-${kill}`);
    // Spread over the build's life, at random within each part of it.
    const moment = ((kill - 1 + random()) / kills) * life;
    await sleep(moment);
    await app.end("SIGKILL");
    const whole = new Map<string, number>();
    const stood = await filesOf(id);
    for (const name of stood)
      if (/^build_\d+\.json$/.test(name))
        whole.set(name, (await stat(path.join(home, "files", id, name))).ino);
    const stage = stood.some((name) => /(train|validation)_/.test(name) || name.startsWith("groups_"))
      ? "files"
      : stood.includes("build_plan.json")
        ? "shards"
        : stood.length === 0
          ? "before plan"
          : "plan";
    await app.start();
    say(`killed-${kill}: killed amid ${stage} after ${Math.round(moment)} ms, the app is up again`);
    const { dataset, repeated } = await finish(id, whole);
    const differs = differences(wanted, await outcome(id, dataset));
    for (const difference of differs) faults.push(`killed-${kill} ended otherwise: ${difference}`);
    if (repeated > 0) faults.push(`killed-${kill} did ${repeated} whole shards again`);
    console.log(
      [
        String(kill).padEnd(4),
        String(Math.round(moment)).padEnd(8),
        stage.padEnd(13),
        String(whole.size).padEnd(12),
        String(repeated).padEnd(8),
        differs.length === 0 ? "yes" : "NO",
      ].join("  "),
    );
  }
  await app.end("SIGTERM");

  const ledger = ledgerFromSettings(readSettings({ LIGHTNING_HOME: home }), systemClock, silentLogger);
  const page = await ledger.query<Dataset>("datasets", { pk: ["bench"], limit: 1000 });
  const named = new Set(
    page.items.flatMap(({ files, groups }) => [
      ...Object.values(files ?? {}).map((file) => file?.key),
      ...Object.values(groups ?? {}),
    ]),
  );
  for (const entry of await readdir(path.join(home, "files"), { recursive: true, withFileTypes: true })) {
    const key = path.relative(path.join(home, "files"), path.join(entry.parentPath, entry.name));
    // What is remembered of tokens belongs to the agent, not to a dataset.
    if (entry.isFile() && !named.has(key) && !key.startsWith("token-counts"))
      faults.push(`no dataset names the file ${key}`);
  }
  let edges = 0;
  for (const dataset of page.items) {
    let rows = 0;
    for await (const of of edgesOf(ledger, dataset)) rows += of.length;
    if (rows !== dataset.lineage?.rows)
      faults.push(`${dataset.id} has ${rows} edges of ${dataset.lineage?.rows}`);
    edges += rows;
  }
  await ledger.close();
  console.log(
    `\n${page.items.length} datasets, ${named.size} files, ${edges} edges read back, ${faults.length} faults`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
} finally {
  await app.end("SIGKILL");
  await rm(home, { recursive: true, force: true });
}
