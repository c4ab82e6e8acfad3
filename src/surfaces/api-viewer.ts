import { readFile } from "node:fs/promises";
import path from "node:path";
import {
  builtFolder,
  contentTypeOf,
  isZipped,
  missing,
  notBuilt,
  type PageServer,
  pageHeaders,
  zip,
} from "./page-files.ts";

/** Where the API's description can be read, under the host's route prefix (`api`); `dashboard/viewer/` knows it too. */
export const VIEWER_ROUTE = "docs";

/** Nothing from elsewhere, no inline script or style; pictures of the library lie within its styles. */
const HEADERS = pageHeaders(
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
);

/** The page itself, and what it loads. */
const FILES: ReadonlySet<string> = new Set([
  "index.html",
  "start.js",
  "swagger-ui-bundle.js",
  "swagger-ui.css",
]);

/**
 * Serves the page on which the OpenAPI document is read.
 * @param find the folder of its files; undefined while they are not built
 */
export function createViewerServer(
  find: () => string | undefined = () => builtFolder("viewer/index.html"),
): PageServer {
  /** The library is large, and the same until the app ends. */
  const zipped = new Map<string, Promise<Buffer>>();
  return async ({ params, headers }) => {
    const folder = find();
    if (folder === undefined) return notBuilt(HEADERS);
    const name = params.path || "index.html";
    if (!FILES.has(name)) return missing(HEADERS);
    const bytes = await readFile(path.join(folder, name));
    const isSmaller = isZipped(headers, bytes);
    if (isSmaller && !zipped.has(name)) zipped.set(name, zip(bytes));
    return {
      status: 200,
      headers: {
        ...HEADERS,
        "content-type": contentTypeOf(name),
        "cache-control": name.startsWith("swagger-ui") ? "public, max-age=86400" : "no-cache",
        vary: "Accept-Encoding",
        ...(isSmaller ? { "content-encoding": "gzip" } : {}),
      },
      body: isSmaller ? await zipped.get(name) : bytes,
    };
  };
}
