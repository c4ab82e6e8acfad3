import { appendFileSync, createReadStream, mkdirSync } from "node:fs";
import { appendFile, mkdir, readdir, rename, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { isProcessAlive } from "../kernel/process-alive.ts";
import type { EpisodeInput } from "../wire/types.ts";

/**
 * Redacted episodes that could not be sent, one JSON line each, for this process or the next to send. A file being
 * replayed is first renamed, so that two processes on one spill file never read what the other is writing; episodes
 * carry ids, so a line that is sent twice is stored once.
 */
export class SpillFile {
  readonly #file: string;
  readonly #mostBytes: number;
  #claims = 0;

  constructor(file: string, mostBytes: number) {
    this.#file = file;
    this.#mostBytes = mostBytes;
  }

  /** Appends what fits under the bound; returns how many episodes did. */
  async append(episodes: readonly EpisodeInput[]): Promise<number> {
    await mkdir(path.dirname(this.#file), { recursive: true });
    let size = 0;
    for (const file of [this.#file, ...(await this.#claimed())]) size += await sizeOf(file);
    const lines: string[] = [];
    for (const episode of episodes) {
      const line = JSON.stringify(episode);
      size += Buffer.byteLength(line) + 1;
      if (size > this.#mostBytes) break;
      lines.push(line);
    }
    // A leading line end closes a line that a crash left open.
    if (lines.length > 0) await appendFile(this.#file, `\n${lines.join("\n")}\n`, { mode: 0o600 });
    return lines.length;
  }

  /** For the moment a process ends: nothing asynchronous happens any more. */
  appendSync(episodes: readonly EpisodeInput[]): void {
    mkdirSync(path.dirname(this.#file), { recursive: true });
    const lines = episodes.map((episode) => JSON.stringify(episode));
    appendFileSync(this.#file, `\n${lines.join("\n")}\n`, { mode: 0o600 });
  }

  async isEmpty(): Promise<boolean> {
    return (await sizeOf(this.#file)) === 0 && (await this.#claimed()).length === 0;
  }

  /**
   * Hands over every line, in batches. When `send` fails the file stays for the next time. Lines that are no JSON
   * object go to `<file>.bad`. Memory does not grow with the file.
   */
  async replay(
    batchSize: number,
    send: (episodes: EpisodeInput[]) => Promise<void>,
  ): Promise<{ sent: number; poison: number }> {
    if ((await sizeOf(this.#file)) > 0) {
      const claim = `${this.#file}.${process.pid}-${Date.now()}-${this.#claims++}.replay`;
      await rename(this.#file, claim).catch(ignoreMissing);
    }
    const done = { sent: 0, poison: 0 };
    for (const file of await this.#claimed()) {
      let batch: EpisodeInput[] = [];
      const hand = async () => {
        if (batch.length > 0) await send(batch);
        done.sent += batch.length;
        batch = [];
      };
      const stream = createReadStream(file, "utf8");
      try {
        for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
          if (line.trim() === "") continue;
          const episode = parseLine(line);
          if (episode === undefined) {
            done.poison++;
            await appendFile(`${this.#file}.bad`, `${line.slice(0, 1_000_000)}\n`, { mode: 0o600 });
          } else if (batch.push(episode) >= batchSize) await hand();
        }
        await hand();
      } finally {
        stream.destroy();
      }
      await unlink(file).catch(ignoreMissing);
    }
    return done;
  }

  /** Files claimed by this process, or by one that is no more. */
  async #claimed(): Promise<string[]> {
    const folder = path.dirname(this.#file);
    const prefix = `${path.basename(this.#file)}.`;
    const names = await readdir(folder).catch(() => []);
    return names
      .filter((name) => name.startsWith(prefix) && name.endsWith(".replay"))
      .filter((name) => {
        const pid = Number.parseInt(name.slice(prefix.length), 10);
        return pid === process.pid || !isProcessAlive(pid);
      })
      .map((name) => path.join(folder, name));
  }
}

function parseLine(line: string): EpisodeInput | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as EpisodeInput)
      : undefined;
  } catch {
    return undefined;
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  );

function ignoreMissing(thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
}
