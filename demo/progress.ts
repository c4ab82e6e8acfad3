import { printable, printableLine } from "../src/kernel/printable.ts";

/** Live progress on standard error: one line that moves on a terminal, one line a step elsewhere. */
export interface Progress {
  /** Begins a step; ends the one before it. */
  step(text: string): void;
  /** How far the step is. */
  readonly now: (text: string) => void;
  /** Ends the step; what it took is kept under `name` and shown. */
  done(name: string, text: string): void;
  /** Seconds by step. */
  readonly seconds: Readonly<Record<string, number>>;
}

export function createProgress(out: NodeJS.WriteStream = process.stderr): Progress {
  const seconds: Record<string, number> = {};
  let title = "";
  let since = performance.now();
  const clear = out.isTTY ? "\r\u001b[2K" : "";
  return {
    seconds,
    step(text) {
      title = text;
      since = performance.now();
      if (out.isTTY) out.write(`${clear}… ${title}`);
    },
    now(text) {
      if (out.isTTY)
        out.write(
          `${clear}… ${title}: ${printableLine(text)}`.slice(0, (out.columns ?? 100) + clear.length - 1),
        );
    },
    done(name, text) {
      const took = (performance.now() - since) / 1000;
      seconds[name] = Math.round(took * 100) / 100;
      out.write(`${clear}✓ ${title}: ${printable(text)} (${took.toFixed(1)} s)\n`);
    },
  };
}
