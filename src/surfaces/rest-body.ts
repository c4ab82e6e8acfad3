import { isUtf8 } from "node:buffer";
import type { HttpRequest } from "@azure/functions";
import type { Operation } from "../doors/operation.ts";
import { badRequest, isLightningError, messageOf, tooLarge } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";
import { inputFields } from "./fields.ts";

/** Well under what Azure Functions takes (210 MB), small enough to parse without stalling other requests for long. */
export const LARGEST_BODY = 32 * 1024 * 1024;

const JSON_TYPES = /^application\/(json|[\w.+-]+\+json)$/;
const LINES_TYPES = /^application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-lines)$/;
/** What `curl -d` sends when it is told nothing. */
const CURL_TYPE = "application/x-www-form-urlencoded";

/**
 * The body of a POST as an operation's raw input: an object; or, for rows with `manyAs`, an array or one JSON value a
 * line, handed over under that field. Lines that are no JSON, or hold a number that would be rounded, are handed over as
 * text, so that they are refused one by one.
 * @throws LightningError `bad_json`, `bad_content_type` (400), `body_too_large` (413), `number_not_exact` (422)
 */
export async function readBody(operation: Operation, request: HttpRequest): Promise<Record<string, unknown>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = await readBytes(request);
  const { manyAs } = operation.rest;
  if (LINES_TYPES.test(type)) {
    const values = parseLines(bytes);
    if (values.length === 0) return {};
    if (manyAs === undefined)
      throw badRequest("bad_content_type", `${operation.name} takes one JSON object, not lines.`, {
        field: "Content-Type",
        remedy: "Send application/json.",
      });
    return { [manyAs]: values };
  }
  const text = bytes.toString("utf8");
  if (text.trim() === "") return {};
  if (type !== "" && type !== CURL_TYPE && !JSON_TYPES.test(type))
    throw badRequest("bad_content_type", `The content type ${type} cannot be read here.`, {
      field: "Content-Type",
      remedy: `Send application/json${manyAs === undefined ? "" : " or application/x-ndjson"}.`,
    });
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

/** The body's bytes, which are text in UTF-8, without a byte order mark. */
async function readBytes(request: HttpRequest): Promise<Buffer> {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > LARGEST_BODY) throw bodyTooLarge(announced);
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > LARGEST_BODY) throw bodyTooLarge(bytes.byteLength);
  if (!isUtf8(bytes))
    throw badRequest("bad_json", "The body is not UTF-8 text.", { remedy: "Send JSON in UTF-8." });
  const buffer = Buffer.from(bytes);
  return buffer.subarray(0, 3).equals(BYTE_ORDER_MARK) ? buffer.subarray(3) : buffer;
}

const BYTE_ORDER_MARK = Buffer.from("\ufeff");

const bodyTooLarge = (bytes: number) =>
  tooLarge("body_too_large", `The body has ${bytes} bytes; ${LARGEST_BODY} are taken at most.`, {
    remedy: "Send it in parts.",
  });

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

/** Line by line: the text of a large body as a whole would cost several times what its parsing does. */
function parseLines(bytes: Buffer): unknown[] {
  const values: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = bytes.indexOf(LINE_END, at);
    const end = next === -1 ? bytes.length : next;
    const line = bytes.toString("utf8", at, end);
    if (line.trim() !== "") values.push(parsedOrText(line));
    at = end + 1;
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
