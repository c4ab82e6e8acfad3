import { Buffer } from "node:buffer";
import { bytesOf } from "../files/bytes-of.ts";
import type { Files } from "../files/files.ts";
import { isLightningError } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import { SHA256 } from "./pointer.ts";

/** An agent's parts lie in so many folders, by the first two characters of their hashes. */
export const PART_FOLDERS: readonly string[] = Array.from({ length: 256 }, (_, n) =>
  n.toString(16).padStart(2, "0"),
);

/**
 * Parts of episodes as files, each under the hash of its bytes, apart by agent. An agent's name goes in as a hash: names
 * that differ in case only would be one folder on some disks.
 */
export function createPartStore(files: Files) {
  const folderOf = (agentId: string, folder: string): string =>
    `episode-parts/${sha256(agentId).slice(0, 32)}/${folder}/`;
  const keyOf = (agentId: string, part: string): string => folderOf(agentId, part.slice(0, 2)) + part;

  return {
    async has(agentId: string, part: string): Promise<boolean> {
      return (await files.stat(keyOf(agentId, part))) !== undefined;
    },
    /** Writes it unless it is there; answers whether it was. */
    async put(agentId: string, part: string, bytes: Uint8Array): Promise<"stored" | "present"> {
      const key = keyOf(agentId, part);
      if ((await files.stat(key))?.bytes === bytes.byteLength) return "present";
      await files.write(key, once(bytes));
      return "stored";
    },
    size: async (agentId: string, part: string): Promise<number | undefined> =>
      (await files.stat(keyOf(agentId, part)))?.bytes,
    /** The hashes of the parts in one folder, sorted. */
    list: async (agentId: string, folder: string): Promise<string[]> => {
      const prefix = folderOf(agentId, folder);
      return (await files.list(prefix))
        .map((key) => key.slice(prefix.length))
        .filter((name) => SHA256.test(name));
    },
    /** Missing is fine. */
    remove: (agentId: string, part: string): Promise<void> => files.delete(keyOf(agentId, part)),
    /** Some of the bytes of a part that has `size` of them. */
    stream: (agentId: string, part: string, size: number, from: number, bytes: number) =>
      bytesOf(files, { key: keyOf(agentId, part), bytes: size, sha256: part }, from, bytes),
    /** All its bytes; undefined: it is gone, or is not what its name says. */
    async read(agentId: string, part: string): Promise<Uint8Array | undefined> {
      const pieces: Uint8Array[] = [];
      try {
        for await (const piece of files.read(keyOf(agentId, part))) pieces.push(piece);
      } catch (thrown) {
        if (isLightningError(thrown) && thrown.code === "file_missing") return undefined;
        throw thrown;
      }
      const bytes = Buffer.concat(pieces);
      return sha256(bytes) === part ? bytes : undefined;
    },
  };
}

async function* once<T>(piece: T): AsyncGenerator<T> {
  yield piece;
}
