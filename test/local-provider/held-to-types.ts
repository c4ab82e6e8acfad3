import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** One thing that the provider answered: a body, or one event of a stream. */
export interface Answered {
  /** `GET /v1/files/file-1` */
  readonly line: string;
  readonly status: number;
  readonly value: unknown;
}

/** What stands behind each address, in the names of the `openai` package. The first that fits counts. */
const TYPES: readonly (readonly [line: RegExp, type: string])[] = [
  [/^DELETE \/files\/[^/]+$/, "OpenAI.FileDeleted"],
  [/^GET \/files$/, "Page<File>"],
  [/^(GET|POST) \/files(\/[^/]+)?$/, "File"],
  [/^GET \/fine_tuning\/jobs$/, "Page<Job>"],
  [/^GET \/fine_tuning\/jobs\/[^/]+\/events$/, "Page<OpenAI.FineTuning.FineTuningJobEvent>"],
  [/^GET \/fine_tuning\/jobs\/[^/]+\/checkpoints$/, "Page<Checkpoint>"],
  [/^(GET|POST) \/fine_tuning\/jobs(\/[^/]+(\/(cancel|pause|resume))?)?$/, "Job"],
  [/^GET \/models$/, "{ object: 'list'; data: OpenAI.Model[] }"],
  [/^DELETE \/models\/[^/]+$/, "OpenAI.ModelDeleted"],
  [/^GET \/models\/[^/]+$/, "OpenAI.Model"],
  [/^POST \/chat\/completions #$/, "OpenAI.ChatCompletionChunk"],
  [/^POST \/chat\/completions$/, "OpenAI.ChatCompletion"],
];

/** The package's words at `/v1`; at Azure's doors its own for the two statuses, and all else the same. */
const HEAD = `
import type OpenAI from "openai";
export type Checkpoint = OpenAI.FineTuning.Jobs.FineTuningJobCheckpoint;
export interface Page<T> { object: "list"; data: T[]; has_more: boolean; first_id: string | null; last_id: string | null }
export interface Fault { error: { message: string; type: "invalid_request_error" | "rate_limit_error" | "server_error"; param: string | null; code: string | null } }
`;
const WORDS = {
  openai: `type File = OpenAI.FileObject; type Job = OpenAI.FineTuning.FineTuningJob;`,
  azure: `
type File = Omit<OpenAI.FileObject, "status"> & { status: "uploaded" | "pending" | "running" | "processed" | "error" | "deleting" | "deleted" };
type Job = Omit<OpenAI.FineTuning.FineTuningJob, "status"> & { status: "pending" | "running" | "pausing" | "paused" | "resuming" | "succeeded" | "failed" | "cancelled" };`,
};

/** The address without its door. */
const routeOf = (line: string) =>
  line.replace(/ (\/v1|\/openai\/v1|\/openai\/deployments\/[^/]+|\/openai)\//, " /");

export function typeOf({ line, status }: Answered): string | undefined {
  if (status >= 400) return "Fault";
  return TYPES.find(([pattern]) => pattern.test(routeOf(line)))?.[1];
}

/**
 * Has the compiler read answers as literals of the package's types: a word that is not declared, a member that is missing
 * and one that is not declared are errors.
 * @returns the compiler's errors, each with the answer it is about; none is good
 */
export async function faultsAgainstTypes(answers: readonly Answered[]): Promise<string[]> {
  const unknown = answers.filter((one) => typeOf(one) === undefined).map(({ line }) => `no type for ${line}`);
  const kept = [...new Map(answers.filter(typeOf).map((one) => [signature(one), one])).values()];
  if (kept.length === 0) return unknown;
  const folder = await mkdtemp(path.join(tmpdir(), "held-to-types-"));
  try {
    const about = new Map<string, Answered>();
    const text = { openai: HEAD + WORDS.openai, azure: HEAD + WORDS.azure };
    const lines = { openai: text.openai.split("\n").length, azure: text.azure.split("\n").length };
    for (const one of kept) {
      const words = / \/v1\//.test(one.line) ? "openai" : "azure";
      text[words] += `\nexport const a${about.size}: ${typeOf(one)} = ${JSON.stringify(one.value)};`;
      about.set(`${words}.ts(${++lines[words]},`, one);
    }
    await writeFile(path.join(folder, "openai.ts"), text.openai);
    await writeFile(path.join(folder, "azure.ts"), text.azure);
    await writeFile(
      path.join(folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          skipLibCheck: true,
          module: "esnext",
          moduleResolution: "bundler",
          target: "es2023",
          lib: ["es2023", "dom"],
          types: [],
          paths: { openai: [path.join(ROOT, "node_modules/openai/index.d.ts")] },
        },
        files: ["openai.ts", "azure.ts"],
      }),
    );
    const told = await compile(folder);
    const errors = told.split("\n").filter((line) => /error TS/.test(line) && !OTHER_METRICS.test(line));
    return [
      ...unknown,
      ...errors.map((error) => {
        const one = about.get(/^[a-z]+\.ts\(\d+,/.exec(error)?.[0] ?? "");
        return one === undefined
          ? error
          : `${one.line} ${one.status}: ${error}\n  ${JSON.stringify(one.value)}`;
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of checkpoints the package declares the metrics of supervised jobs alone; other methods have others. */
const OTHER_METRICS = /does not exist in type 'Metrics'/;

function compile(folder: string): Promise<string> {
  return new Promise((resolve) => {
    const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
    execFile(
      process.execPath,
      [tsc, "-p", folder, "--pretty", "false"],
      { cwd: folder, maxBuffer: 1e8 },
      (error, stdout, stderr) => {
        // What is no finding about a line is a finding about the check.
        const isSilent = error !== null && !/error TS/.test(stdout);
        resolve(isSilent ? `error TS0: the compiler did not run: ${stderr}${error.message}` : stdout);
      },
    );
  });
}

/** Names and numbers vary, forms and words do not: of many alike one is read. */
function signature(one: Answered): string {
  const plain = (key: string, value: unknown): unknown =>
    typeof value === "number"
      ? 0
      : typeof value === "string" && !WORD_KEYS.has(key)
        ? ""
        : Array.isArray(value)
          ? [...new Map(value.map((item) => [JSON.stringify(item, plain), item])).values()]
          : value;
  return `${one.status} ${/ \/v1\//.test(one.line)} ${typeOf(one)} ${JSON.stringify(one.value, plain)}`;
}
const WORD_KEYS = new Set([
  "status",
  "object",
  "role",
  "type",
  "finish_reason",
  "level",
  "purpose",
  "n_epochs",
  "batch_size",
]);
