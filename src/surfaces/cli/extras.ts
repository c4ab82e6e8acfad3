import { Option } from "commander";
import type { Operation } from "../../doors/operation.ts";
import { isLightningError } from "../../kernel/errors.ts";
import { parseExact } from "../../kernel/exact-json.ts";
import { GOLDEN_PAGE } from "../../sdk/pages.ts";
import { LARGEST_BODY } from "../rest-body.ts";
import type { Extras } from "./command.ts";
import type { CliIo } from "./io.ts";
import { exampleLine } from "./options.ts";

const FILE_LIMIT_HINT = "JSON, a JSON array, or one JSON object a line; - is standard input";

/** What can be said beside a file of episodes. */
const BESIDE_FILE: ReadonlySet<string> = new Set(["agent_id", "idempotency_key"]);

export const recordExtras = (operation: Operation): Extras => {
  const field = operation.rest.manyAs ?? "episodes";
  return {
    without: [field],
    options: [new Option("--file <file>", `episodes to record: ${FILE_LIMIT_HINT}`)],
    example: "lightning record --file episodes.jsonl",
    async complete(input, values, io, refuse) {
      const file = values.file;
      if (typeof file !== "string") {
        // Without a file the options themselves may say one episode.
        if (Object.keys(input).every((name) => BESIDE_FILE.has(name)))
          refuse("required option not given: --file <file>");
        return;
      }
      const text = await readOr(io, file, refuse);
      const items = episodesIn(text, field);
      if (items.length === 0) refuse(`${file} holds no episodes`);
      for (const name of Object.keys(input))
        if (!BESIDE_FILE.has(name)) refuse(`--file and --${name.replaceAll("_", "-")} exclude each other`);
      input[field] = items;
    },
  };
};

export const goldenExtras = (operation: Operation): Extras => ({
  without: ["content", "parts"],
  options: [
    new Option("--golden-file <file>", "golden conversations, one JSON object a line; - is standard input"),
    new Option("--file <file>", "the same as --golden-file").conflicts("goldenFile"),
  ],
  example: exampleLine(
    {
      ...operation,
      example: Object.fromEntries(Object.entries(operation.example).filter(([name]) => name !== "content")),
    },
    ["--golden-file", "./data/golden_conversations.jsonl"],
  ),
  async complete(input, values, io, refuse) {
    const file = values.goldenFile ?? values.file;
    if (typeof file !== "string") return refuse("required option not given: --golden-file <file>");
    const pages = io.pages(file, GOLDEN_PAGE)[Symbol.asyncIterator]();
    try {
      input.content = (await pages.next()).value ?? "";
    } catch (thrown) {
      refuse(`${file} cannot be read: ${(thrown as Error).message}`);
    }
    return pages;
  },
});

export const verifyExtras = (): Extras => ({
  without: ["answer"],
  options: [new Option("--file <file>", "an answer kept with its manifest (JSON); - is standard input")],
  example: "lightning verify-answer --file lineage.json",
  async complete(input, values, io, refuse) {
    const { file } = values;
    if (typeof file !== "string") return refuse("required option not given: --file <file>");
    const text = await readOr(io, file, refuse);
    try {
      input.answer = JSON.parse(text) as unknown;
    } catch (thrown) {
      refuse(`${file} is not JSON: ${(thrown as Error).message}`);
    }
  },
});

export const healthExtras = (): Extras => ({
  options: [
    new Option(
      "--containers",
      "compare Cosmos DB's containers with what this version expects: keys, expiry, indexes",
    ),
  ],
});

export const validateExtras = (): Extras => ({
  without: ["content", "validation_content", "file"],
  options: [
    new Option("--file <file>", "file to be checked, one JSON object a line; - is standard input"),
    new Option("--validation-file <file>", "the validation file that goes with it"),
  ],
  example: "lightning validate --file ./data/golden_conversations.jsonl --model gpt-4.1-2025-04-14",
  async complete(input, values, io, refuse) {
    const { file } = values;
    if (typeof file !== "string") refuse("required option not given: --file <file>");
    else {
      input.content = await readOr(io, file, refuse, LARGEST_BODY);
      input.file = file.slice(file.lastIndexOf("/") + 1);
    }
    if (typeof values.validationFile === "string")
      input.validation_content = await readOr(io, values.validationFile, refuse, LARGEST_BODY);
  },
});

export const trainExtras = (): Extras => ({
  options: [
    new Option("--yes", "start without asking, whatever it costs"),
    new Option("--dry-run", "show what it would cost and start nothing"),
  ],
});

export const decideExtras = (operation: Operation): Extras => ({
  without: ["approved"],
  options: [
    new Option("--approve", "let the promotion happen").conflicts("reject"),
    new Option("--reject", "end the pipeline without promotion"),
  ],
  example: exampleLine(
    {
      ...operation,
      example: Object.fromEntries(Object.entries(operation.example).filter(([name]) => name !== "approved")),
    },
    ["--approve"],
  ),
  async complete(input, values, _io, refuse) {
    if (values.approve !== true && values.reject !== true) refuse("give one of --approve and --reject");
    input.approved = values.approve === true;
  },
});

/** A file or standard input as text; what cannot be read ends the command as wrong usage. */
export async function readOr(
  io: CliIo,
  file: string,
  refuse: (message: string) => never,
  mostBytes?: number,
): Promise<string> {
  try {
    return await io.read(file, mostBytes);
  } catch (thrown) {
    return refuse(`${file} cannot be read: ${(thrown as Error).message}`);
  }
}

/**
 * Episodes of a file; lines that are no JSON, or hold a number that would be rounded, go on as text, so that the server
 * names them one by one.
 * @throws invalid `number_not_exact`
 */
function episodesIn(text: string, field: string): unknown[] {
  const bare = text.replace(/^\uFEFF/, "");
  try {
    const value = parseExact(bare);
    if (Array.isArray(value)) return value;
    const inside = (value as Record<string, unknown> | null)?.[field];
    return Array.isArray(inside) ? inside : [value];
  } catch (thrown) {
    if (isLightningError(thrown)) throw thrown;
    return bare
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        try {
          return parseExact(line);
        } catch {
          return line;
        }
      });
  }
}
