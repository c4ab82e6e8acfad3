import { createHash } from "node:crypto";
import type { Json } from "./format.ts";

/** A text beyond this is told by its beginning, a hash and its length. */
const LONGEST_TEXT = 600;
/** Of a reply to callHttp: what HTTP servers put there, not the engine. */
const TRANSPORT = /^(connection|date|keep-alive|server|transfer-encoding)$/i;
const DETAILS = /\{\\*"(?:\$type\\*":\\*"System\.[\w.]*Exception|ClassName\\*":)/;
/** Members of history events that are another each time, or of tracing. */
const UNTOLD =
  /^(Timestamp|ScheduledTime|Correlation|ParentTraceContext|ScheduledStartTime|Generation|GenerateNewTrace)$/;

/** Folds what differs from run to run (README.md, "What normalising folds away"). */
export class Normaliser {
  readonly #base: string;
  readonly #runs: readonly string[];

  /**
   * @param base the host's origin
   * @param runs what the instance ids of a run begin with
   */
  constructor(base: string, runs: readonly string[]) {
    this.#base = base;
    this.#runs = runs;
  }

  text(text: string): string {
    let plain = withoutDetails(text)
      .replaceAll(this.#base, "{base}")
      .replaceAll(this.#base.replace("127.0.0.1", "localhost"), "{base}")
      .replaceAll(/[&?]code=[\w-]*/g, "");
    for (const run of this.#runs)
      plain = plain.replaceAll(run, "{run}").replaceAll(run.toUpperCase(), "{RUN}");
    plain = plain
      .replaceAll(/(\\*n|\n)\s+at [^\n]*?(?=\\+n|\n|\\*"|$)/g, "")
      .replace(/StackTrace: .*/s, "StackTrace: {stack}")
      .replace(/(are the known \w+ functions: )'[^"]*'/, "$1{functions}")
      .replaceAll(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "{guid}")
      // The one time that the cases themselves give stays.
      .replaceAll(/(?!2026-01-02T03:04:05)20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?/g, "{time}")
      .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, "{time}")
      .replaceAll(/ failed: {2,}/g, " failed: ");
    if (plain.length <= LONGEST_TEXT) return plain;
    const hash = createHash("sha256").update(plain).digest("hex").slice(0, 16);
    return `${plain.slice(0, 120)}…{sha256 ${hash}, length ${plain.length}}`;
  }

  value(value: unknown): Json {
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.value(one));
    if (value === null || typeof value !== "object") return value as Json;
    const folded: [string, Json][] = [];
    for (const [key, one] of Object.entries(withoutTransport(value as Record<string, unknown>))) {
      if (one === undefined) continue;
      const isStack = key.endsWith("StackTrace") && typeof one === "string";
      folded.push([this.text(key), isStack ? "{stack}" : this.value(one)]);
    }
    return Object.fromEntries(folded.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** An event as the management API lists it. */
  event(event: Readonly<Record<string, unknown>>): { readonly [key: string]: Json } {
    const told = Object.entries(event).filter(
      ([key, one]) => !UNTOLD.test(key) && (one !== null || key === "Result"),
    );
    return this.value(Object.fromEntries(told)) as { readonly [key: string]: Json };
  }
}

/** Exception trees in failure texts, at whatever depth of escaping, become `{details}`. */
function withoutDetails(text: string): string {
  const found = DETAILS.exec(text);
  if (found === null) return text;
  let depth = 0;
  let end = found.index;
  do {
    const letter = text[end++];
    if (letter === "{") depth++;
    else if (letter === "}") depth--;
  } while (depth > 0 && end < text.length);
  return `${text.slice(0, found.index)}{details}${withoutDetails(text.slice(end))}`;
}

function withoutTransport(value: Record<string, unknown>): Record<string, unknown> {
  const { headers } = value;
  if (!("statusCode" in value) || typeof headers !== "object" || headers === null) return value;
  const own = Object.entries(headers).filter(([name]) => !TRANSPORT.test(name));
  return { ...value, headers: Object.fromEntries(own) };
}
