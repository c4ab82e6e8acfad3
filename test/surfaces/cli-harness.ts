import type { Operation } from "../../src/doors/operation.ts";
import type { Connection } from "../../src/sdk/connect.ts";
import { pagesOf } from "../../src/sdk/pages.ts";
import { terminal } from "../../src/surfaces/cli/io.ts";
import { type CliDeps, runCli } from "../../src/surfaces/cli/program.ts";

async function* chunks(text: string) {
  yield Buffer.from(text);
}

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs command lines against a function app at `url`, with files from memory and time that passes at once. */
export function cliAgainst(
  operations: readonly Operation[],
  url: string,
  options: {
    readonly files?: Readonly<Record<string, string>>;
    readonly agentId?: string;
    /** Most bytes of a file's page; absent: as many as the command asks for. */
    readonly pageBytes?: number;
    /** What the person at the terminal says; absent: nobody is there. */
    readonly answer?: boolean;
    /** How wide the terminal is; absent: there is none. */
    readonly columns?: number;
    /** Ctrl+C is pressed when so many ms have been waited. */
    readonly interruptAfterMs?: number;
    /** Told the endpoint of each connection, as `--endpoint` named it. */
    readonly onConnect?: (endpoint: string | undefined) => void;
    readonly kind?: Connection["kind"];
  } = {},
) {
  return async (...argv: string[]): Promise<Run & { connections: number }> => {
    let out = "";
    let err = "";
    let now = 0;
    let connections = 0;
    let pressed: (() => void) | undefined;
    const deps: CliDeps = {
      operations,
      agentId: options.agentId,
      longestWaitMs: 60_000,
      longestPauseMs: 5000,
      async connect(endpoint) {
        connections++;
        options.onConnect?.(endpoint);
        const kind = endpoint === undefined ? (options.kind ?? "local-host") : "endpoint";
        return { kind, url, close: async () => {} };
      },
      io: {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        async read(file) {
          const text = options.files?.[file];
          if (text === undefined) throw new Error("no such file");
          return text;
        },
        async *pages(file, wanted) {
          const bytes = options.pageBytes ?? wanted;
          const text = options.files?.[file];
          if (text !== undefined) yield* pagesOf(chunks(text), bytes);
          else yield* terminal.pages(file, bytes);
        },
        ...(options.answer === undefined
          ? {}
          : {
              ask: async (question: string) => {
                out += `${question}\n`;
                return options.answer === true;
              },
            }),
        ...(options.columns === undefined ? {} : { columns: options.columns }),
        onInterrupt(callback) {
          pressed = callback;
          return () => {
            pressed = undefined;
          };
        },
        async sleep(ms) {
          now += ms;
          if (now >= (options.interruptAfterMs ?? Number.POSITIVE_INFINITY)) pressed?.();
        },
        now: () => now,
        paint: (line) => line,
      },
    };
    const code = await runCli(argv, deps);
    return { code, out, err, connections };
  };
}
