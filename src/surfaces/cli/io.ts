import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { styleText } from "node:util";
import { sleep, systemClock } from "../../kernel/clock.ts";
import { printable, printableLine } from "../../kernel/printable.ts";
import { decoded, pagesOf } from "../../sdk/pages.ts";

/** What a command may touch of the terminal; tests hand in their own. */
export interface CliIo {
  out(text: string): void;
  err(text: string): void;
  /** The text of a file, or of standard input for `-`. @throws before more than `mostBytes` are in memory */
  read(file: string, mostBytes?: number): Promise<string>;
  /**
   * The text of a file, or of standard input for `-`, in pages of whole lines: as many as fit in so many bytes, or one
   * longer line. No more than a page is in memory.
   */
  pages(file: string, bytes: number): AsyncIterable<string>;
  /** Asks yes or no; absent: nobody is there to answer. */
  ask?(question: string): Promise<boolean>;
  /** Calls back when the person presses Ctrl+C, once; the result ends that. */
  onInterrupt?(callback: () => void): () => void;
  /** Columns of the terminal that lines go to; absent: they may be of any length. */
  readonly columns?: number | undefined;
  sleep(ms: number): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Colours a line by what it says; the identity where colours are not wanted. */
  paint(line: string, stream: "out" | "err"): string;
}

const ESCAPE = "\u001b";
type Style = Parameters<typeof styleText>[0];
const STYLES: readonly [RegExp, Style][] = [
  [/^(✅|🟢)/u, "green"],
  [/^(❌|⛔)/u, "red"],
  [/^(⏳|✋|🤷)/u, "yellow"],
  [/^ {3}⚠️/u, "yellow"],
  [/^(-{80}|={80})$/, "dim"],
  [/^\p{Extended_Pictographic}/u, "bold"],
];

/** The process's own terminal, to which only what can be printed goes. `styleText` honours NO_COLOR, FORCE_COLOR and streams that are no terminal. */
export const terminal: CliIo = printing({
  out: (line) => process.stdout.write(line),
  err: (line) => process.stderr.write(line),
  async read(file, mostBytes = Number.POSITIVE_INFINITY) {
    const stream = file === "-" ? process.stdin : createReadStream(file);
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > mostBytes)
        throw new Error(`it has more than the ${mostBytes} bytes that are sent at most; split it`);
      pieces.push(piece);
    }
    return decoded(Buffer.concat(pieces));
  },
  pages: (file, bytes) =>
    pagesOf((file === "-" ? process.stdin : createReadStream(file)) as AsyncIterable<Buffer>, bytes),
  ...(process.stdin.isTTY && process.stdout.isTTY
    ? {
        async ask(question: string) {
          const { createInterface } = await import("node:readline/promises");
          const reader = createInterface({ input: process.stdin, output: process.stdout });
          try {
            return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
          } finally {
            reader.close();
          }
        },
      }
    : {}),
  onInterrupt(callback) {
    process.once("SIGINT", callback);
    return () => process.off("SIGINT", callback);
  },
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
  sleep: (ms) => sleep(systemClock, ms),
  now: () => Date.now(),
  paint(line, stream) {
    const style = STYLES.find(([pattern]) => pattern.test(line))?.[1];
    if (style === undefined) return line;
    return styleText(style, line, { stream: stream === "out" ? process.stdout : process.stderr });
  },
});

/**
 * The same terminal, to which nothing goes but text that can be printed, tabs, line ends and the colours of `paint`:
 * whatever a command was answered, and whoever wrote that.
 */
export function printing(io: CliIo): CliIo {
  // Nobody who writes into a record knows it.
  const mark = `\uE000${randomUUID()}\uE001`;
  const clean = (text: string) => printable(text).replaceAll(mark, ESCAPE);
  return Object.create(io, {
    out: { value: (text: string) => io.out(clean(text)) },
    err: { value: (text: string) => io.err(clean(text)) },
    paint: {
      value: (line: string, stream: "out" | "err") =>
        io.paint(printable(line), stream).replaceAll(ESCAPE, mark),
    },
    ...(io.ask === undefined
      ? {}
      : { ask: { value: async (question: string) => (await io.ask?.(printable(question))) === true } }),
  }) as CliIo;
}

/** A ruler is no longer than the terminal's lines. */
const ruledTo = ({ columns }: CliIo, line: string) =>
  columns !== undefined && /^(-{80}|={80})$/.test(line) ? line.slice(0, columns) : line;

/** Lines as the original prints them: a blank line first. */
export function print(io: CliIo, lines: readonly string[]): void {
  io.out(`\n${lines.map((line) => io.paint(ruledTo(io, printableLine(line)), "out")).join("\n")}\n`);
}

/** Further lines of what was begun with `print`. */
export function printMore(io: CliIo, lines: readonly string[]): void {
  for (const line of lines) io.out(`${io.paint(printableLine(line), "out")}\n`);
}
