import type { Capability } from "../../catalog/capabilities.ts";
import { redact } from "../../redaction/redact.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import type { DatasetLine } from "../contract.ts";
import { contentHash, contentText, turnsOf } from "../line/normalise.ts";
import { type Format, methodOf } from "../recipe-contract.ts";
import { encodingOf, lineCounter, loadCounter, SPECIAL_TOKEN } from "../tokens/tokens.ts";
import { referencesOf } from "./formats.ts";
import { checkFormatLine } from "./line.ts";
import { FILE_RULES, type FileRule, LINE_RULES, type LineFault, type Warning } from "./line-rules.ts";
import { lineWarnings } from "./line-warnings.ts";
import { OtherShapes } from "./other-shapes.ts";
import { declaredMismatch } from "./tools.ts";

export interface FileFault {
  readonly file: string;
  /** 1 for the first line; absent: the file as a whole. */
  readonly line?: number | undefined;
  readonly rule: LineFault["rule"] | FileRule;
  readonly field?: string | undefined;
  readonly message: string;
  readonly remedy: string;
}

interface FileReport {
  readonly file: string;
  /** Lines that are not blank. */
  readonly lines: number;
  /** Valid ones. */
  readonly examples: number;
  readonly invalid_lines: number;
  readonly bytes: number;
  readonly tokens: number;
  /** Tokens of the longest example. */
  readonly longest: number;
  readonly faults_found: number;
  /** The first of them. */
  readonly faults: readonly FileFault[];
  /** Lines that each warning is about. */
  readonly warnings: Readonly<Partial<Record<Warning, number>>>;
}

export interface FileCheck {
  readonly format: Format;
  readonly capability: Capability;
  readonly model?: string | undefined;
  /** How often each token will be trained on; 1 when absent. */
  readonly epochs?: number | undefined;
  /** Fields that the grader reads, which every line of reinforcement needs. */
  readonly references?: readonly string[] | undefined;
  readonly mostFaults?: number | undefined;
  /** Called with each valid line. */
  readonly each?: ((line: DatasetLine, text: string) => void) | undefined;
}

/** The largest number of faults told one by one; all are counted. */
const FAULTS_SHOWN = 100;
const LINES_PER_PAUSE = 64;
const LONG_EXAMPLE = 4096;
const LONG_REFERENCE = 500;
const FEW_EXAMPLES = 50;
const MANY_EXAMPLES = 2000;
const FEW_PAIRS = 500;
const MODERATION = /chain[- ]of[- ]thought|step[- ]by[- ]step reasoning|show your (?:hidden )?reasoning/i;

/** A file under check and, once it is read, what was found. `keys` are the content hashes, for the overlap check. */
export interface CheckedFile {
  readonly report: FileReport;
  readonly keys: ReadonlySet<string>;
}

/** Checks one file as it streams by: each line, then what only the whole tells. Memory: some 150 bytes a line. */
export async function checkFile(
  file: string,
  text: AsyncIterable<Uint8Array>,
  {
    format,
    capability,
    model,
    epochs = 1,
    references: wanted = [],
    mostFaults = FAULTS_SHOWN,
    each,
  }: FileCheck,
): Promise<CheckedFile> {
  const faults: FileFault[] = [];
  let found = 0;
  const report = (rule: FileFault["rule"], message: string, more: Partial<FileFault> = {}) => {
    found++;
    if (faults.length < mostFaults)
      faults.push({ file, rule, message, remedy: more.remedy ?? FILE_RULES[rule as FileRule], ...more });
  };
  const warnings: Partial<Record<Warning, number>> = {};
  const warn = (warning: Warning, times = 1) => {
    if (times > 0) warnings[warning] = (warnings[warning] ?? 0) + times;
  };
  const count = lineCounter(await loadCounter(encodingOf(model ?? capability.model).encoding));
  const seen = new Set<string>();
  const prompts = new Set<string>();
  const references = new References();
  const shapes = new OtherShapes();
  let bytes = 0;
  let tokens = 0;
  let longest = 0;
  let examples = 0;

  let number = 0;
  let lines = 0;
  let marked = false;
  for await (const row of rowsOf(text)) {
    number++;
    bytes += row.bytes;
    if (number % LINES_PER_PAUSE === 0) await letOthersRun();
    if (row.marked) marked = true;
    if (row.broken) report("not_utf8", "The line holds bytes that are no UTF-8.", { line: number });
    if (row.text.trim() === "") {
      warn("blank_line");
      continue;
    }
    lines++;
    const checked = checkFormatLine(row.text, format, capability);
    if (!checked.ok && shapes.meets(row.text, format, number)) continue;
    if (!checked.ok) {
      for (const fault of checked.faults)
        report(fault.rule, fault.message, { line: number, field: fault.field, remedy: fault.remedy });
      continue;
    }
    const { line } = checked;
    each?.(line, row.text);
    examples++;
    const used = count(line);
    tokens += used;
    longest = Math.max(longest, used);
    if (used > capability.example_tokens)
      report(
        "over_token_limit",
        `The example has ${used} tokens; the most is ${capability.example_tokens}.`,
        {
          line: number,
          remedy: LINE_RULES.over_token_limit,
        },
      );
    else if (used > LONG_EXAMPLE) warn("long_example");
    const hash = contentHash(line);
    if (seen.has(hash)) warn("duplicate_line");
    seen.add(hash);
    lookAt(line, row.text, prompts, warn);
    for (const warning of lineWarnings(line, format))
      if (warning !== "no_reference" || wanted.length === 0) warn(warning);
    if (format !== "rft") continue;
    references.add(line);
    for (const field of wanted)
      if (!Object.hasOwn(line, field))
        report("reference_missing", `The line has no \`${field}\`.`, {
          line: number,
          field,
          remedy: LINE_RULES.reference_missing,
        });
  }

  for (const { message, line } of shapes.told()) report("other_shape", message, { line });
  if (marked) warn("byte_order_mark");
  else if (capability.byte_order_mark === "required")
    report("byte_order_mark_required", "The file has no byte-order mark.");
  if (prompts.size > 1) warn("several_system_prompts", prompts.size);
  for (const [warning, times] of references.warnings()) warn(warning, times);
  if (!capability.methods.includes(methodOf(format)))
    report("method_not_offered", `${capability.model} is not trained by ${methodOf(format)}.`);
  if (examples < capability.fewest_examples)
    report(
      "too_few_examples",
      `The file has ${examples} valid examples; the least is ${capability.fewest_examples}.`,
    );
  else if (examples < FEW_EXAMPLES) warn("few_examples");
  else if (examples > MANY_EXAMPLES) warn("many_examples");
  const { most_tokens: most = Number.POSITIVE_INFINITY } = capability;
  if (tokens * epochs > most)
    report(
      "too_many_tokens",
      `${tokens} tokens for ${epochs} epochs are ${tokens * epochs}; the most is ${most}.`,
    );
  if (format === "dpo" && examples < FEW_PAIRS) warn("few_pairs");
  if (bytes >= capability.most_bytes)
    report("file_too_large", `The file has ${bytes} bytes; it must stay under ${capability.most_bytes}.`);
  else if (bytes > capability.large_bytes) warn("large_file");
  return {
    report: {
      file,
      lines,
      examples,
      invalid_lines: lines - examples,
      bytes,
      tokens,
      longest,
      faults_found: found,
      faults,
      warnings,
    },
    keys: seen,
  };
}

/** What only both files together tell. */
export function checkTogether(
  training: CheckedFile,
  validation: CheckedFile | undefined,
  format: Format,
): FileFault[] {
  if (validation === undefined)
    return format === "rft"
      ? [
          {
            file: training.report.file,
            rule: "validation_missing",
            message: "Reinforcement needs a training and a validation file.",
            remedy: FILE_RULES.validation_missing,
          },
        ]
      : [];
  let shared = 0;
  for (const key of validation.keys) if (training.keys.has(key)) shared++;
  return shared === 0
    ? []
    : [
        {
          file: validation.report.file,
          rule: "validation_overlaps",
          message: `${shared} examples are in both files.`,
          remedy: FILE_RULES.validation_overlaps,
        },
      ];
}

function lookAt(
  line: DatasetLine,
  text: string,
  prompts: Set<string>,
  warn: (warning: Warning) => void,
): void {
  const { messages, tools, outputs } = turnsOf(line);
  const system = messages.filter((turn) => turn.role === "system" || turn.role === "developer");
  if (system.length === 0) warn("no_system");
  else prompts.add(system.map((turn) => contentText(turn.content)).join("\n"));
  if (SPECIAL_TOKEN.test(text)) warn("special_token");
  if (!text.isWellFormed() || text.normalize("NFC") !== text) warn("unequal_text");
  if (declaredMismatch([...messages, ...outputs], tools ?? [])) warn("arguments_against_schema");
  // By the standard rules: a file is of no agent, and nothing of it is stored. Builds look by the agent's own.
  if (Object.keys(redact(line).counts).length > 0) warn("personal_data");
  const asked = messages.filter((turn) => turn.role !== "tool").map((turn) => contentText(turn.content));
  if (asked.some((one) => MODERATION.test(one))) warn("moderation_phrase");
  if (asked.some((one) => /\\n/.test(one) && !one.includes("\n"))) warn("escaped_newline");
}

/** What reinforcement lines hold for their grader, over the whole file. */
class References {
  readonly #fields = new Map<string, { lines: number; length: number; first: string; differs: boolean }>();
  readonly #schemas = new Map<string, number>();
  #lines = 0;

  add(line: object): void {
    this.#lines++;
    const fields = line as Record<string, unknown>;
    const names = referencesOf(fields);
    const schema = names.join(",");
    this.#schemas.set(schema, (this.#schemas.get(schema) ?? 0) + 1);
    for (const name of names) {
      const value = typeof fields[name] === "string" ? fields[name] : JSON.stringify(fields[name]);
      const known = this.#fields.get(name) ?? { lines: 0, length: 0, first: value, differs: false };
      known.lines++;
      known.length += value.length;
      if (value !== known.first) known.differs = true;
      this.#fields.set(name, known);
    }
  }

  warnings(): [Warning, number][] {
    const fields = [...this.#fields.values()];
    const usual = Math.max(0, ...this.#schemas.values());
    return [
      ["reference_schema_differs", this.#lines - usual],
      ["reference_all_equal", this.#lines < 2 ? 0 : fields.filter((one) => !one.differs).length],
      ["long_reference", fields.filter((one) => one.length / one.lines > LONG_REFERENCE).length],
    ];
  }
}

interface Row {
  readonly text: string;
  readonly bytes: number;
  /** The file's first three bytes were a byte-order mark. */
  readonly marked: boolean;
  readonly broken: boolean;
}

/** Lines as bytes first, since a decoder alone would hide what is no UTF-8. */
async function* rowsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Row> {
  let pending: Buffer[] = [];
  let isFirst = true;
  const finish = (end: Buffer, newline: number): Row => {
    let bytes = pending.length === 0 ? end : Buffer.concat([...pending, end]);
    pending = [];
    const size = bytes.length + newline;
    const marked = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    isFirst = false;
    if (marked) bytes = bytes.subarray(3);
    if (bytes.at(-1) === 13) bytes = bytes.subarray(0, -1);
    const text = bytes.toString("utf8");
    const broken = text.includes("\uFFFD") && !Buffer.from(text).equals(bytes);
    return { text, bytes: size, marked, broken };
  };
  for await (const piece of content) {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    let start = 0;
    for (let end = buffer.indexOf(10); end !== -1; end = buffer.indexOf(10, start)) {
      yield finish(buffer.subarray(start, end), 1);
      start = end + 1;
    }
    if (start < buffer.length) pending.push(Buffer.from(buffer.subarray(start)));
  }
  if (pending.length > 0) yield finish(Buffer.alloc(0), 0);
}
