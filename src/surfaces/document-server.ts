import { Buffer } from "node:buffer";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { isKnown, tagOf } from "../doors/conditional.ts";
import { isZipped, zip } from "./page-files.ts";

/** Addresses that the app is asked under at one time: its own, a proxy's, a slot's. */
const MOST_ORIGINS = 8;

interface Made {
  readonly plain: Buffer;
  readonly zipped: Promise<Buffer>;
  readonly tag: string;
}

/**
 * Serves the API's description, which is large: zipped to who takes that, and not again to who has it.
 * @param document made for the first who asks; the same until the app ends, but for the address it is asked under
 */
export function createDocumentServer(document: () => object) {
  const made = new Map<string, Made>();
  let described: object | undefined;

  function madeFor(origin: string): Made {
    const known = made.get(origin);
    if (known !== undefined) return known;
    described ??= document();
    const text = JSON.stringify({ ...described, servers: [{ url: `${origin}/api` }] });
    const plain = Buffer.from(text);
    const one = { plain, zipped: zip(plain), tag: tagOf(text) };
    if (made.size >= MOST_ORIGINS) made.clear();
    made.set(origin, one);
    return one;
  }

  return async ({
    method,
    url,
    headers: asked,
  }: Pick<HttpRequest, "method" | "url" | "headers">): Promise<HttpResponseInit> => {
    const { plain, zipped, tag } = madeFor(new URL(url).origin);
    const isSmaller = isZipped(asked, plain);
    // Other bytes, another strong tag (RFC 9110, 8.8.3.3).
    const zippedTag = tag.replace(/"$/, '-gzip"');
    const headers = {
      etag: isSmaller ? zippedTag : tag,
      "cache-control": "no-cache",
      vary: "Accept-Encoding",
      "x-content-type-options": "nosniff",
    };
    if (isKnown(asked, tag) || isKnown(asked, zippedTag)) return { status: 304, headers };
    const body = isSmaller ? await zipped : plain;
    return {
      status: 200,
      headers: {
        ...headers,
        "content-type": "application/json; charset=utf-8",
        "content-length": String(body.byteLength),
        ...(isSmaller ? { "content-encoding": "gzip" } : {}),
      },
      ...(method === "HEAD" ? {} : { body }),
    };
  };
}
