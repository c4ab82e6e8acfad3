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

/** Where the page lies, under the host's route prefix (`api`). The build knows it too (`dashboard/vite.config.ts`). */
export const PAGE_ROUTE = "dashboard";

/**
 * Nothing from elsewhere, no inline script or style, no frame around it, and no text that becomes markup: the page shows
 * what strangers said to an agent.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = pageHeaders(POLICY);

/** The icon is no part of any view: a day with the one before does no harm, and each visit asks one question less. */
const KEPT: Readonly<Record<string, string>> = { ".svg": "public, max-age=86400" };

/**
 * Serves the built page: files under their names, and the page itself for every other address, which it reads itself.
 * @param find the folder of the build; undefined while there is none
 */
export function createPageServer(
  find: () => string | undefined = () => builtFolder("index.html"),
): PageServer {
  /** Assets by their files, zipped once: what a name with a hash stands for never changes. */
  const zippedAssets = new Map<string, Promise<Buffer>>();
  function zippedOnce(file: string, bytes: Buffer): Promise<Buffer> {
    const known = zippedAssets.get(file) ?? zip(bytes);
    zippedAssets.set(file, known);
    return known;
  }
  return async ({ params, headers }) => {
    const folder = find();
    if (folder === undefined) return notBuilt(HEADERS);
    const asked = params.path ?? "";
    const isAsset = /^assets\/[\w-]+(\.[\w-]+)+$/.test(asked);
    const name = isAsset || /^[\w-]+\.svg$/.test(asked) ? asked : "index.html";
    // An address with a file's ending that is no file of ours: the page would only be taken for that file.
    if (name === "index.html" && /\.(js|css|map|svg|png|ico|json|txt)$/i.test(asked)) return missing(HEADERS);
    const file = path.join(folder, name);
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) return missing(HEADERS);
    const zipped = isZipped(headers, bytes);
    return {
      status: 200,
      headers: {
        ...HEADERS,
        "content-type": contentTypeOf(name),
        // Assets bear a hash of their content in their names.
        "cache-control": isAsset
          ? "public, max-age=31536000, immutable"
          : (KEPT[path.extname(name)] ?? "no-cache"),
        vary: "Accept-Encoding",
        ...(zipped ? { "content-encoding": "gzip" } : {}),
      },
      body: !zipped ? bytes : await (isAsset ? zippedOnce(file, bytes) : zip(bytes)),
    };
  };
}
