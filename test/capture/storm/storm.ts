import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seededRandom } from "../../../src/local-host/seeded-random.ts";
import { type AgentOptions, STORM_LIMITS } from "./agent.ts";
import { MOODS, Receiver } from "./receiver.ts";

const AGENT = fileURLToPath(new URL("agent.ts", import.meta.url));
const SIGNALS = ["SIGTERM", "SIGINT", "SIGKILL"] as const;
type Signal = (typeof SIGNALS)[number];
/** For the write itself, in ms; that it comes late is measured. */
const GRACE_MS = 100;

/** Between two lines of an agent, at most, in ms. */
const LONGEST_PAUSE_MS = 60;

interface Captured {
  readonly id: string;
  readonly at: number;
  /** How late a timer and a write came just then, in ms. */
  readonly stall: number;
}

export interface StormReport {
  readonly seed: number;
  readonly captured: number;
  readonly stored: number;
  readonly repeated: number;
  readonly refused: number;
  readonly setAside: number;
  /** Neither with the receiver nor lost: in spill files still, which is a fault of the last agent. */
  readonly onDisk: number;
  /** Lost by SIGKILL, out of the last interval. */
  readonly lost: number;
  /** How long before its SIGKILL the oldest lost one was captured, in ms. */
  readonly oldestLostMs: number;
  readonly kills: Readonly<Record<Signal, number>>;
  /** Each is one sentence; none is as it has to be. */
  readonly faults: readonly string[];
}

async function idsIn(folder: string, which: (name: string) => boolean): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const name of (await readdir(folder)).filter(which)) {
    const text = await readFile(path.join(folder, name), "utf8");
    for (const [, id = ""] of text.matchAll(/"id":"(ep-[^"]+)"/g)) ids.add(id);
  }
  return ids;
}

/** Starts an agent and reads its lines. */
class Agent {
  readonly captured: Captured[] = [];
  last = "";
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  killedAt = 0;

  constructor(options: AgentOptions) {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", AGENT, JSON.stringify(options)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    this.process = child;
    this.ended = once(child, "close");
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      const lines = (text + piece).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const [id = "", at, stall] = line.split(" ");
        if (id === "left") this.last = line;
        else this.captured.push({ id, at: Number(at), stall: Number(stall) });
      }
    });
  }

  async kill(signal: Signal): Promise<void> {
    while (this.captured.length === 0 && this.process.exitCode === null) await pause(10);
    this.killedAt = Date.now();
    this.process.kill(signal);
    await this.ended;
  }
}

/**
 * One storm: in each round two agents that share a folder capture and are killed, while the receiver's mood changes; then
 * the receiver is well again and a last agent sends what is left. Everything that was captured must have arrived, been
 * refused or been set aside, but for the last interval before a SIGKILL.
 */
export async function storm(seed: number, rounds: number): Promise<StormReport> {
  const random = seededRandom(seed);
  const among = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const folder = await mkdtemp(path.join(os.tmpdir(), "storm-"));
  const receiver = new Receiver();
  const endpoint = await receiver.listen();
  const odd = 8 + Math.floor(random() * 25);
  const faults: string[] = [];
  const kills = { SIGTERM: 0, SIGINT: 0, SIGKILL: 0 };
  const all: { agent: Agent; signal: Signal | undefined }[] = [];
  const end = new AbortController();
  const weather = (async () => {
    while (!end.signal.aborted) {
      receiver.mood = random() < 0.4 ? "well" : among(MOODS);
      await pause(50 + random() * 500);
    }
  })();
  const start = (drains: boolean) =>
    new Agent({ endpoint, folder, seed: Math.floor(random() * 2 ** 31), drains, odd });
  try {
    for (let round = 0; round < rounds; round++) {
      await Promise.all(
        [0, 1].map(async () => {
          const signal = among(SIGNALS);
          const life = 200 + random() * 1500;
          kills[signal]++;
          const agent = start(false);
          all.push({ agent, signal });
          while (agent.captured.length === 0 && agent.process.exitCode === null) await pause(10);
          await pause(life);
          await agent.kill(signal);
          if (agent.process.signalCode !== signal)
            faults.push(
              `${signal} ended the agent as ${String(agent.process.signalCode ?? agent.process.exitCode)}.`,
            );
        }),
      );
    }
    end.abort();
    await weather;
    receiver.mood = "well";
    const last = start(true);
    all.push({ agent: last, signal: undefined });
    const timer = setTimeout(() => last.process.kill("SIGKILL"), 60_000);
    await last.ended;
    clearTimeout(timer);
    if (last.process.exitCode !== 0) faults.push("The last agent did not come to its end.");
    const setAside = await idsIn(folder, (name) => name === "agent.jsonl.bad");
    const spilled = await idsIn(folder, (name) => name.endsWith(".spill"));
    const onDisk = new Set(
      [...spilled].filter((id) => !(receiver.stored.has(id) || receiver.refused.has(id) || setAside.has(id))),
    );
    if (onDisk.size > 0) faults.push(`${onDisk.size} episodes are not lost, but on disk still.`);
    let lost = 0;
    let oldestLostMs = 0;
    for (const { agent, signal } of all) {
      for (const { id, at } of agent.captured) {
        if (receiver.stored.has(id) || receiver.refused.has(id) || setAside.has(id) || onDisk.has(id))
          continue;
        // The one that was to send the rest had to be killed itself: what it had just captured says nothing.
        if (agent === last && last.process.exitCode === null) continue;
        if (signal !== "SIGKILL") {
          faults.push(`${id} is missing, and its agent ended by ${signal ?? "itself"}.`);
          continue;
        }
        lost++;
        // An agent that had no processor before it was killed could not write either: its last line is its last sign of life.
        const alive = Math.min(agent.killedAt, (agent.captured.at(-1)?.at ?? 0) + LONGEST_PAUSE_MS);
        const age = alive - at;
        oldestLostMs = Math.max(oldestLostMs, age);
        const stall = Math.max(
          0,
          ...agent.captured.filter((one) => one.at > at - 500).map((one) => one.stall),
        );
        if (age > STORM_LIMITS.flushIntervalMs + GRACE_MS + 3 * stall)
          faults.push(
            `${id} is missing, captured ${age} ms before SIGKILL; a timer and a write came up to ${Math.round(stall)} ms late.`,
          );
      }
    }
    const left = (await readdir(folder)).filter((name) => name.endsWith(".spill"));
    if (left.length > 0) faults.push(`${left.length} spill files are left.`);
    return {
      seed,
      captured: all.reduce((sum, { agent }) => sum + agent.captured.length, 0),
      stored: receiver.stored.size,
      repeated: receiver.repeated,
      refused: receiver.refused.size,
      setAside: setAside.size,
      onDisk: onDisk.size,
      lost,
      oldestLostMs,
      kills,
      faults: faults.length > 20 ? [...faults.slice(0, 20), `and ${faults.length - 20} more.`] : faults,
    };
  } finally {
    end.abort();
    for (const { agent } of all) agent.process.kill("SIGKILL");
    receiver.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** So many storms, a few at a time. */
export async function storms(
  seeds: readonly number[],
  options: {
    readonly rounds: number;
    readonly atOnce: number;
    readonly told?: (report: StormReport) => void;
  },
): Promise<StormReport[]> {
  const waiting = [...seeds];
  const reports: StormReport[] = [];
  const work = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const report = await storm(seed, options.rounds);
      options.told?.(report);
      reports.push(report);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce }, work));
  return reports.toSorted((a, b) => a.seed - b.seed);
}
