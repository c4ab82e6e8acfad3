import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";

/** What the pages for people share: how built files are found and sent. */

export type PageServer = (request: Pick<HttpRequest, "params" | "headers">) => Promise<HttpResponseInit>;

/** The headers of every answer of a page. @param policy its Content-Security-Policy */
export const pageHeaders = (policy: string): Record<string, string> => ({
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
});

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

export const contentTypeOf = (name: string): string =>
  TYPES[path.extname(name)] ?? "application/octet-stream";

export const zip = promisify(gzip);

/** Whether the bytes travel zipped to the caller. */
export const isZipped = (headers: Pick<HttpRequest["headers"], "get">, bytes: Uint8Array): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(headers.get("accept-encoding") ?? "") &&
  bytes.length > 1000;

/** The folder of the built pages in which the file lies, two levels up from the sources and three from `dist`. */
export function builtFolder(file: string): string | undefined {
  const built = ["../../dashboard/dist", "../../../dashboard/dist"]
    .map((place) => path.resolve(import.meta.dirname, place, file))
    .find((one) => existsSync(one));
  return built === undefined ? undefined : path.dirname(built);
}

const text = (status: number, headers: Readonly<Record<string, string>>, body: string): HttpResponseInit => ({
  status,
  headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  body,
});

const NOT_BUILT = `The page is not built.

Run "npm run build:page" in the folder of the project; "npm start" does it by itself.
`;
export const notBuilt = (headers: Readonly<Record<string, string>>) => text(503, headers, NOT_BUILT);
export const missing = (headers: Readonly<Record<string, string>>) =>
  text(404, headers, "There is no such file.");
