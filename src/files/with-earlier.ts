import { existsSync } from "node:fs";
import type { Files } from "./files.ts";

/** Files that are written to `own`, and found in `earlier` where `own` has none of their name. Both are folders. */
export function withEarlier(own: Files, earlier: Files): Files {
  const holder = async (key: string): Promise<Files> =>
    (await own.stat(key)) === undefined && (await earlier.stat(key)) !== undefined ? earlier : own;
  return {
    write: (key, content) => own.write(key, content),
    async *read(key, into) {
      yield* (await holder(key)).read(key, into);
    },
    readRange: async (key, from, bytes) => (await holder(key)).readRange(key, from, bytes),
    stat: async (key) => (await own.stat(key)) ?? (await earlier.stat(key)),
    list: async (prefix) =>
      [...new Set([...(await own.list(prefix)), ...(await earlier.list(prefix))])].toSorted(),
    async delete(key) {
      await own.delete(key);
      await earlier.delete(key);
    },
    locate: (key) =>
      (!existsSync(own.locate(key)) && existsSync(earlier.locate(key)) ? earlier : own).locate(key),
  };
}
