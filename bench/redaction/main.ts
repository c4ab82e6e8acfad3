import path from "node:path";
import { redact } from "../../src/redaction/redact.ts";
import { type Case, corpus, type Outcome, outcome } from "../../test/redaction/corpus/corpus.ts";
import { HARMLESS } from "../../test/redaction/corpus/harmless.ts";
import { HOSTILE } from "../../test/redaction/corpus/hostile.ts";
import { changedParagraphs, paragraphsBelow } from "../../test/redaction/corpus/paragraphs.ts";
import { benchArguments } from "../arguments.ts";
import { type Sample, samplesBelow } from "./corpora.ts";

const args = benchArguments({
  script: "bench/redaction/main.ts",
  measures: "How many secrets does redaction find, and how much does it take that is none? See README.md.",
  takes: {
    corpus: {
      about: "a folder or file with cases: JSONL, a scanner's Go tests, a recogniser's Python",
      standard: [] as string[],
    },
    paragraphs: { about: "a folder of prose or code that holds no secrets", standard: [] as string[] },
    endings: { about: "which of its files, by their endings", standard: "md,js,ts" },
    most: { about: "paragraphs that are read at most", standard: 60_000 },
    seed: { about: "of the product's own corpus", standard: 1 },
    show: { about: "how many cases that went wrong are printed", standard: 0 },
    json: { about: "one line for machines", standard: false },
  },
  examples: ["", "--corpus ../trufflehog/pkg/detectors --show 20", "--paragraphs node_modules --endings md"],
});

interface Count {
  n: number;
  removed: number;
  tail: number;
  missed: number;
}
type Counts = Record<string, Count>;

function count(counts: Counts, kind: string, result: Outcome): void {
  counts[kind] ??= { n: 0, removed: 0, tail: 0, missed: 0 };
  const one = counts[kind];
  one.n++;
  if (result === "removed") one.removed++;
  else if (result === "tail left") one.tail++;
  else one.missed++;
}

let shown = 0;
function show(what: string, text: unknown, secret?: string): void {
  if (shown++ >= args.show) return;
  console.error(
    `${what}: ${JSON.stringify(text).slice(0, 600)}${secret === undefined ? "" : `  <<${secret}>>`}`,
  );
}

function own(): object {
  const counts: Counts = {};
  const each = (one: Case) => {
    const result = outcome(redact(one.value).value, one.secret);
    count(counts, one.by, result);
    count(counts, `  ${one.kind}`, result);
    if (result !== "removed") show(`${result} (${one.kind})`, redact(one.value).value, one.secret);
  };
  const cases = corpus(args.seed);
  for (const one of cases) each(one);
  const hit = HARMLESS.filter((value) => JSON.stringify(redact(value).value) !== JSON.stringify(value));
  for (const value of hit) show("changed, though harmless", redact(value).value);
  return { cases: cases.length, counts, harmless: HARMLESS.length, harmless_changed: hit.length };
}

function foreign(root: string): object {
  const samples = samplesBelow(root);
  const counts: Counts = {};
  let changed = 0;
  let withSecret = 0;
  let harmless = 0;
  let harmlessChanged = 0;
  const kinds = new Map<string, boolean>();
  const one = (sample: Sample) => {
    const { value } = redact(sample.text);
    if (sample.harmless) {
      harmless++;
      if (value !== sample.text) {
        harmlessChanged++;
      }
      return;
    }
    if (sample.secret === undefined) {
      withSecret++;
      if (value !== sample.text) changed++;
      else show(`unchanged (${sample.kind})`, sample.text);
      return;
    }
    const result = outcome(value, sample.secret);
    count(counts, "all", result);
    kinds.set(sample.kind, (kinds.get(sample.kind) ?? true) && result === "removed");
    if (result !== "removed") show(`${result} (${sample.kind})`, sample.text, sample.secret);
  };
  for (const sample of samples) one(sample);
  return {
    corpus: path.basename(root),
    counts,
    kinds: kinds.size,
    kinds_wholly_removed: [...kinds.values()].filter(Boolean).length,
    texts_with_a_secret_somewhere: withSecret,
    of_these_changed: changed,
    texts_said_to_be_harmless: harmless,
    of_those_changed: harmlessChanged,
  };
}

function falseHits(root: string): object {
  const endings = args.endings.split(",");
  const paragraphs = paragraphsBelow(root, endings, args.most);
  const counts: Record<string, number> = {};
  let byLabel = 0;
  const changed = changedParagraphs(paragraphs);
  for (const { text, file, kinds, value } of changed) {
    if (kinds.some((kind) => LABEL_KINDS.has(kind))) byLabel++;
    for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
    show(`${kinds.join(",")} in ${path.relative(root, file)}`, around(text, value));
  }
  const percent = Math.round((changed.length / paragraphs.length) * 1e4) / 100;
  return { paragraphs: paragraphs.length, changed: changed.length, by_label: byLabel, percent, counts };
}
const LABEL_KINDS = new Set([
  "password",
  "secret",
  "token",
  "authorization",
  "connection_string",
  "cookie",
  "signature",
]);

/** Some letters before the first difference, and what stands there now. */
function around(text: string, now: string): string {
  let at = 0;
  while (at < text.length && text[at] === now[at]) at++;
  return `${text.slice(Math.max(0, at - 60), at + 60)} ==> ${now.slice(Math.max(0, at - 20), at + 60)}`;
}

/** The slowest of some shapes of a megabyte, in milliseconds of processor time. */
function worstMegabyte(): { shape: string; ms: number } {
  let worst = { shape: "", ms: 0 };
  for (const unit of HOSTILE) {
    const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
    const before = process.cpuUsage();
    redact(text);
    const { user, system } = process.cpuUsage(before);
    const ms = Math.round((user + system) / 1000);
    if (ms > worst.ms) worst = { shape: JSON.stringify(unit), ms };
  }
  return worst;
}

const report = {
  own: args.corpus.length + args.paragraphs.length === 0 ? own() : undefined,
  foreign: args.corpus.map(foreign),
  paragraphs: args.paragraphs.map(falseHits),
  worst_megabyte: args.corpus.length + args.paragraphs.length === 0 ? worstMegabyte() : undefined,
};
if (args.json) console.log(JSON.stringify(report));
else print(report);

function print(it: typeof report): void {
  const {
    own: ours,
    foreign: theirs,
    paragraphs,
    worst_megabyte: worst,
  } = it as unknown as {
    own?: { cases: number; counts: Counts; harmless: number; harmless_changed: number };
    foreign: { counts: Counts }[];
    paragraphs: object[];
    worst_megabyte?: { shape: string; ms: number };
  };
  if (ours !== undefined) {
    console.table(ours.counts);
    console.log(`${ours.cases} cases; of ${ours.harmless} harmless ones ${ours.harmless_changed} changed`);
  }
  for (const { counts, ...rest } of theirs) {
    console.table(counts);
    console.log(rest);
  }
  for (const one of paragraphs) console.log(one);
  if (worst !== undefined) console.log(`slowest megabyte: ${worst.shape}, ${worst.ms} ms`);
}
