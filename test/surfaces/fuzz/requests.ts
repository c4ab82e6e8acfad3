import { gzipSync } from "node:zlib";

/** An OpenAPI document's schema, as plain JSON. */
export type Schema = { readonly [key: string]: unknown };
interface Operation {
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: Schema; readonly example?: unknown }>;
  };
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly headers?: Record<string, { readonly schema: Schema; readonly required?: boolean }>;
        readonly content?: Record<string, { readonly schema?: Schema }>;
      }
    >
  >;
}
export interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface FuzzedRequest {
  readonly method: string;
  /** With query, under `/api`. */
  readonly address: string;
  readonly headers: Record<string, string>;
  readonly body?: Buffer | undefined;
  /** The path and method in the document; undefined: bent to one that it does not have. */
  readonly of?: { readonly path: string; readonly method: string } | undefined;
}

type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "\u202eabc",
  "\ud800",
  "👩‍👩‍👧",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "%00",
  "%zz",
  "null",
  "1e999",
  "9".repeat(40),
  "a".repeat(300),
  "x".repeat(40_000),
  "2026-13-45T99:99:99Z",
  "2026-01-01",
  "'; drop table episodes; --",
  "[REDACTED:secret]",
  '{"a":1}',
  "[[[[",
];
const deep = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
const ODD_VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 2 ** 60,
  () => -1e308,
  () => [],
  () => ({}),
  () => [null],
  () => [[]],
  () => deep(90),
  () => deep(300),
  () => JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}') as unknown,
  () => Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`k${i}`, i])),
  () => Array.from({ length: 3000 }, (_, i) => i),
];
const oddValue = (random: Random): unknown =>
  random() < 0.5 ? pick(random, ODD_TEXTS) : pick(random, ODD_VALUES)();

/** A value that a schema takes, more or less. */
function valid(schema: Schema, random: Random, depth = 0): unknown {
  const of = (schema.anyOf ?? schema.oneOf) as readonly Schema[] | undefined;
  if (of !== undefined) return valid(pick(random, of), random, depth + 1);
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return pick(random, schema.enum as unknown[]);
  switch (schema.type) {
    case "boolean":
      return random() < 0.5;
    case "null":
      return null;
    case "integer":
    case "number": {
      const least = (schema.minimum ?? schema.exclusiveMinimum ?? 0) as number;
      return Math.min(Math.max(least, Math.floor(random() * 5)), (schema.maximum ?? 1000) as number);
    }
    case "array":
      return depth > 6 || random() < 0.3 ? [] : [valid((schema.items ?? {}) as Schema, random, depth + 1)];
    case "object": {
      const required = new Set((schema.required ?? []) as string[]);
      return Object.fromEntries(
        Object.entries((schema.properties ?? {}) as Record<string, Schema>)
          .filter(([name]) => required.has(name) || (depth < 5 && random() < 0.3))
          .map(([name, member]) => [name, valid(member, random, depth + 1)]),
      );
    }
    default:
      return schema.format === "date-time" ? "2026-01-01T00:00:00Z" : `some-${Math.floor(random() * 9)}`;
  }
}

/** Changes one place of a value, at any depth. */
function bent(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return oddValue(random);
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value)
    ? [...(value as unknown[])]
    : { ...value };
  const names = Object.keys(copy);
  const name = names.length === 0 || random() < 0.1 ? "unknown_field" : pick(random, names);
  const members = copy as Record<string, unknown>;
  if (random() < 0.15 && !Array.isArray(copy)) delete members[name];
  else if (Array.isArray(copy) && name === "unknown_field") copy.push(oddValue(random));
  else members[name] = bent(members[name], random);
  return copy;
}

/** A host takes a little more in its first line; what is longer never reaches an operation. */
const LONGEST_QUERY = 6000;
const ODD_HEADERS: readonly (readonly [string, readonly string[]])[] = [
  [
    "content-type",
    [
      "text/plain",
      "application/xml",
      "application/json; charset=utf-16",
      "multipart/form-data",
      "application/x-ndjson",
      ";",
      "application/vnd.api+json",
    ],
  ],
  ["content-encoding", ["gzip", "br", "deflate", "identity", "constructor", "gzip, gzip", "x"]],
  ["prefer", ["wait=0", "wait=-1", "wait=9999999999", "respond-async; wait=abc", ",,,", "return=minimal"]],
  ["idempotency-key", ["", " ", "k", "k".repeat(256), "é", "a,b"]],
  ["accept", ["text/html", "*/*", "application/xml;q=0"]],
  ["if-match", ["*", '"x"']],
  ["traceparent", ["x", "00-00000000000000000000000000000000-0000000000000000-00"]],
  ["origin", ["null", "http://localhost:3000"]],
];

const bodyText = (value: unknown, random: Random): Buffer => {
  const text = JSON.stringify(value);
  if (random() < 0.85) return Buffer.from(text);
  return pick<() => Buffer>(random, [
    () => Buffer.from(text.slice(0, -1)),
    () => Buffer.from(`\ufeff${text}`),
    () => Buffer.from(text, "utf16le"),
    () => Buffer.from([0xff, 0xfe, 0x80]),
    () => Buffer.from(`[${text},${text},null,7]`),
    () => Buffer.from(`${text}\n\n${text}\nnot json\n`),
    () => Buffer.from(""),
    () => Buffer.from("null"),
    () => Buffer.from('"text"'),
    () => Buffer.from(text.replace("{", '{"a":1,"a":12345678901234567890,')),
    () => gzipSync(text),
  ])();
};

/** One request, valid or bent in one or more places; the same for the same numbers. */
export function fuzzedRequest(api: Api, random: Random): FuzzedRequest {
  const path = pick(random, Object.keys(api.paths));
  const item = api.paths[path] ?? {};
  const method = pick(random, Object.keys(item));
  const operation = item[method] as Operation;
  let of: FuzzedRequest["of"] = { path, method };
  const text = (schema: Schema) => {
    const value = random() < 0.25 ? oddValue(random) : valid(schema, random);
    return typeof value === "string" ? value : JSON.stringify(value);
  };
  const parameters = operation.parameters ?? [];
  let address = path;
  for (const { name, schema } of parameters.filter((one) => one.in === "path")) {
    // An address cannot hold what UTF-8 cannot, and loses steps of dots.
    const given = text(schema).toWellFormed().slice(0, 2000);
    const step = /^\.{0,2}$/.test(given) || /[/\\\0]/.test(given) ? "some-id" : given;
    address = address.replace(`{${name}}`, () => encodeURIComponent(step));
  }
  const query = new URLSearchParams();
  for (const { name, schema } of parameters.filter((one) => one.in === "query"))
    if (random() < 0.4) {
      query.append(name, text(schema));
      if (random() < 0.1) query.append(name, text(schema));
    }
  if (random() < 0.1) query.append(pick(random, ODD_TEXTS).slice(0, 100), pick(random, ODD_TEXTS));
  const headers: Record<string, string> = {};
  let body: Buffer | undefined;
  let sent = method.toUpperCase();
  if (operation.requestBody !== undefined) {
    const { schema, example } = operation.requestBody.content["application/json"] ?? { schema: {} };
    let value = random() < 0.5 ? (example ?? {}) : valid(schema, random);
    for (let times = random() < 0.7 ? 1 + Math.floor(random() * 2) : 0; times > 0; times--)
      value = bent(value, random);
    body = bodyText(value, random);
    headers["content-type"] = "application/json";
    headers.prefer = "wait=0";
  }
  if (random() < 0.2) {
    const [name, values] = pick(random, ODD_HEADERS);
    headers[name] = pick(random, values);
  }
  if (random() < 0.05) {
    sent = pick(random, ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]);
    if (sent.toLowerCase() !== method) of = undefined;
    if (sent === "GET" || sent === "HEAD") body = undefined;
  }
  if (random() < 0.05) {
    address += pick(random, [
      "/",
      "/more",
      "//",
      "/%00",
      "/%2F..%2F",
      "/é",
      `/${"a".repeat(3000)}`,
      ";x=1",
      "/*",
    ]);
    of = undefined;
  }
  const search = query.size === 0 ? "" : `?${query.toString().slice(0, LONGEST_QUERY).replace(/%.?$/, "")}`;
  return { method: sent, address: `/api${address}${search}`, headers, body, of };
}

/** The request as a line for a shell. */
export function asCurl({ method, address, headers, body }: FuzzedRequest, base: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl -X ${method} ${quoted(base + address)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`--data-binary @<(echo ${body.toString("base64")} | base64 -d)`]),
  ].join(" ");
}
