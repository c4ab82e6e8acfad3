import { isUtf8 } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import type { HttpRequest } from "@azure/functions";
import type { Operation } from "../doors/operation.ts";
import { refusedItem, tooManyValues } from "../doors/refuse-shape.ts";
import { badRequest, isLightningError, messageOf, tooLarge, unsupported } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import { commasIn, MOST_VALUES, MOST_VALUES_TOGETHER, partsMoreValues } from "../kernel/width.ts";
import { inputFields } from "./fields.ts";
import { readBytes } from "./request-bytes.ts";

/** Well under what Azure Functions takes (210 MB), small enough to parse without stalling other requests for long. */
export const LARGEST_BODY = 32 * 1024 * 1024;

const JSON_TYPES = /^application\/(json|[\w.+-]+\+json)$/;
const LINES_TYPES = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-lines)$/;
/** What `curl -d` sends when it is told nothing. */
const CURL_TYPE = "application/x-www-form-urlencoded";

/**
 * The body of a POST as an operation's raw input: an object; or, for rows with `manyAs`, an array or one JSON value a
 * line, handed over under that field. Lines that are no JSON, or hold a number that would be rounded, are handed over as
 * text, so that they are refused one by one; of those that hold too many values only the refusal.
 * @throws LightningError `bad_json` (400), `body_too_large` (413), `bad_content_type`, `bad_content_encoding` (415), `number_not_exact`, `too_many_values` (422)
 */
export async function readBody(operation: Operation, request: HttpRequest): Promise<Record<string, unknown>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = await textBytes(request);
  const { manyAs } = operation.rest;
  if (LINES_TYPES.test(type)) {
    const values = await parseLines(bytes);
    if (values.length === 0) return {};
    if (manyAs === undefined)
      throw unsupported("bad_content_type", `${operation.name} takes one JSON object, not lines.`, {
        field: "Content-Type",
        remedy: "Send application/json.",
      });
    return { [manyAs]: values };
  }
  const text = bytes.toString("utf8");
  if (text.trim() === "") return {};
  if (type !== "" && type !== CURL_TYPE && !JSON_TYPES.test(type))
    throw unsupported("bad_content_type", `The content type ${type} cannot be read here.`, {
      field: "Content-Type",
      remedy: `Send application/json${manyAs === undefined ? "" : " or application/x-ndjson"}.`,
    });
  const most = manyAs === undefined ? MOST_VALUES : MOST_VALUES_TOGETHER;
  if (partsMoreValues(text, most)) throw tooManyValues(most);
  const value = parseJson(text);
  if (Array.isArray(value) && manyAs !== undefined) return { [manyAs]: value };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badRequest("bad_json", `The body must be a JSON object${manyAs ? ", an array or lines" : ""}.`, {
      remedy: `For example: ${JSON.stringify(operation.example)}`,
    });
  const body = value as Record<string, unknown>;
  const wrapped = manyAs !== undefined && inputFields(operation).some((f) => f.name === manyAs && f.required);
  return wrapped && !(manyAs in body) ? { [manyAs]: [body] } : body;
}

/**
 * The body's bytes, which are text in UTF-8, unpacked, without a byte order mark.
 * @throws LightningError `bad_json` (400), `body_too_large` (413), `bad_content_encoding` (415)
 */
export async function textBytes(request: HttpRequest): Promise<Buffer> {
  const sent = await readBytes(request, LARGEST_BODY);
  if (sent === undefined) throw bodyTooLarge();
  const buffer = await unpacked(sent, request.headers.get("content-encoding"));
  if (!isUtf8(buffer))
    throw badRequest("bad_json", "The body is not UTF-8 text.", { remedy: "Send JSON in UTF-8." });
  return buffer.subarray(0, 3).equals(BYTE_ORDER_MARK) ? buffer.subarray(3) : buffer;
}

const bodyTooLarge = () =>
  tooLarge("body_too_large", `The body is longer than the ${LARGEST_BODY} bytes that are taken.`, {
    remedy: "Send it in parts.",
  });

const zlibOptions = { maxOutputLength: LARGEST_BODY };
const ENCODINGS: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  identity: async (bytes) => bytes,
  gzip: (bytes) => promisify<Buffer, object, Buffer>(gunzip)(bytes, zlibOptions),
  deflate: (bytes) => promisify<Buffer, object, Buffer>(inflate)(bytes, zlibOptions),
  br: (bytes) => promisify<Buffer, object, Buffer>(brotliDecompress)(bytes, zlibOptions),
};

/** @throws LightningError `body_too_large` (413), `bad_content_encoding` (415) */
async function unpacked(bytes: Buffer, encoding: string | null): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() || "identity";
  const remedy = `Send it packed by ${Object.keys(ENCODINGS).slice(1).join(", ")}, or not packed at all.`;
  const unpack = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name] : undefined;
  if (unpack === undefined)
    throw unsupported("bad_content_encoding", `A body packed by ${name.slice(0, 60)} cannot be read here.`, {
      field: "Content-Encoding",
      remedy,
    });
  try {
    return await unpack(bytes);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw bodyTooLarge();
    throw unsupported("bad_content_encoding", `The body is not packed by ${name}: ${messageOf(thrown)}`, {
      field: "Content-Encoding",
      remedy,
    });
  }
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

function parseJson(text: string): unknown {
  try {
    return parseExact(text);
  } catch (thrown) {
    if (isLightningError(thrown)) throw thrown;
    throw badRequest("bad_json", `The body is not JSON: ${messageOf(thrown)}`, {
      remedy: "Send one JSON value in UTF-8.",
    });
  }
}

const LINE_END = 0x0a;

/** Other requests wait so long at most, in ms, while lines are read, unless one of them takes longer. */
const LONGEST_STRETCH_MS = 20;

/** Line by line: the text of a large body as a whole would cost several times what its parsing does. */
async function parseLines(bytes: Buffer): Promise<unknown[]> {
  const values: unknown[] = [];
  let together = 0;
  let since = performance.now();
  for (let at = 0; at < bytes.length; ) {
    const next = bytes.indexOf(LINE_END, at);
    const end = next === -1 ? bytes.length : next;
    const line = bytes.toString("utf8", at, end);
    if (line.trim() !== "") {
      const commas = commasIn(line, MOST_VALUES);
      together += commas + 1;
      if (together > MOST_VALUES_TOGETHER || values.length >= MOST_VALUES)
        throw tooManyValues(values.length >= MOST_VALUES ? MOST_VALUES : MOST_VALUES_TOGETHER);
      values.push(commas >= MOST_VALUES ? refusedItem(tooManyValues(MOST_VALUES)) : parsedOrText(line));
    }
    at = end + 1;
    if (performance.now() - since < LONGEST_STRETCH_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  return values;
}

function parsedOrText(line: string): unknown {
  try {
    return parseExact(line);
  } catch {
    return line;
  }
}
