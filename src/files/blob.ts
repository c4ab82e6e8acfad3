import { createHash } from "node:crypto";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import type { Settings } from "../config/settings.ts";
import {
  fatal,
  invalid,
  isLightningError,
  type LightningError,
  messageOf,
  notFound,
  unavailable,
} from "../kernel/errors.ts";
import type { Files, StoredFile } from "./files.ts";
import { checkFileKey } from "./folder.ts";

export type BlobSettings = Pick<Settings, "filesUri" | "filesConnectionString" | "filesContainer">;

/** Size of a block, held in memory while a file is written; what fits in one goes in one request. A blob has at most 50,000 blocks. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Retries of a download: connections that break one after another, without a byte between them, before it gives up. */
const MOST_BREAKS = 5;
/** Metadata key of a blob's content hash: makes an upload of the same content idempotent. */
const HASH = "sha256";

interface Fault {
  readonly statusCode?: number;
  readonly code?: string;
  readonly name?: string;
}

/**
 * Dataset files as block blobs of one container of a flat account. Access is by identity or, for an emulator, by
 * connection string; no links with signatures are made. The package is loaded at first use.
 */
export function blobFiles(settings: BlobSettings): Files {
  let opened: Promise<ContainerClient> | undefined;
  let made: Promise<unknown> | undefined;
  const container = () => {
    opened ??= openContainer(settings);
    return opened;
  };
  const blob = async (key: string) => (await container()).getBlockBlobClient(key);

  /** The template makes the container; an emulator's is made here. A role that writes blobs may do that too. */
  async function ensureContainer(): Promise<void> {
    made ??= container().then((client) => client.createIfNotExists());
    try {
      await made;
    } catch (thrown) {
      made = undefined;
      throw thrown;
    }
  }

  async function write(key: string, content: AsyncIterable<Uint8Array | string>): Promise<StoredFile> {
    checkFileKey(key);
    const client = await blob(key);
    return faults(key, async () => {
      await ensureContainer();
      const hash = createHash("sha256");
      let bytes = 0;
      const ids: string[] = [];
      let last: Buffer = Buffer.alloc(0);
      for await (const block of blocks(content)) {
        hash.update(block);
        bytes += block.byteLength;
        // Nothing is sent before it is known that one request will not do.
        if (last.byteLength > 0) await stage(client, ids, last);
        last = block;
      }
      const sha256 = hash.digest("hex");
      const metadata = { [HASH]: sha256 };
      if (ids.length === 0) {
        await client.upload(last, last.byteLength, { metadata });
        return { key, bytes, sha256 };
      }
      await stage(client, ids, last);
      try {
        await client.commitBlockList(ids, { metadata });
      } catch (thrown) {
        // Another writer's commit discards uncommitted blocks. The same content is as good as ours.
        if ((thrown as Fault).code !== "InvalidBlockList") throw thrown;
        const theirs = (await client.getProperties()).metadata?.[HASH];
        if (theirs !== sha256)
          throw unavailable("file_contended", `Another writer replaced "${key}" meanwhile.`, {
            cause: thrown,
            retryAfterMs: 1_000,
          });
      }
      return { key, bytes, sha256 };
    });
  }

  async function* read(key: string): AsyncGenerator<Uint8Array> {
    checkFileKey(key);
    const client = await blob(key);
    let offset = 0;
    let whole: { readonly etag: string | undefined; readonly bytes: number } | undefined;
    for (let breaks = 0; whole === undefined || offset < whole.bytes; ) {
      const conditions = whole?.etag === undefined ? {} : { conditions: { ifMatch: whole.etag } };
      const { readableStreamBody, etag, contentLength } = await faults(key, () =>
        client.download(offset, undefined, conditions),
      );
      whole ??= { etag, bytes: contentLength ?? 0 };
      try {
        for await (const piece of readableStreamBody ?? []) {
          offset += piece.length;
          breaks = 0;
          yield piece as Buffer;
        }
        // The package takes a connection that breaks in the middle for an abort by the caller; here the download resumes at
        // the byte it broke at, of the same version.
        if (offset < whole.bytes) throw new Error("The answer ended early.");
      } catch (thrown) {
        breaks += 1;
        if (breaks > MOST_BREAKS || (thrown as Fault).statusCode !== undefined)
          throw unavailable("files_unavailable", `Blob Storage broke off in the middle of "${key}".`, {
            cause: thrown,
            retryAfterMs: 2_000,
          });
      }
    }
  }

  async function readRange(key: string, from: number, bytes: number): Promise<Uint8Array> {
    checkFileKey(key);
    const client = await blob(key);
    const size = (await faults(key, () => client.getProperties())).contentLength ?? 0;
    const wanted = Math.min(bytes, size - from);
    if (wanted <= 0) return new Uint8Array(0);
    return await faults(key, () => client.downloadToBuffer(from, wanted));
  }

  async function list(prefix: string): Promise<string[]> {
    if (!prefix.endsWith("/")) throw invalid("bad_file_key", "A prefix ends with `/`.", { field: "prefix" });
    checkFileKey(prefix.slice(0, -1));
    const client = await container();
    const keys: string[] = [];
    return faults(prefix, async () => {
      try {
        for await (const { name } of client.listBlobsFlat({ prefix })) keys.push(name);
      } catch (thrown) {
        if ((thrown as Fault).code !== "ContainerNotFound") throw thrown;
      }
      return keys.toSorted();
    });
  }

  return {
    write,
    read,
    readRange,
    async stat(key) {
      checkFileKey(key);
      const client = await blob(key);
      return faults(key, async () => {
        try {
          return { bytes: (await client.getProperties()).contentLength ?? 0 };
        } catch (thrown) {
          if ((thrown as Fault).statusCode === 404) return undefined;
          throw thrown;
        }
      });
    },
    list,
    async delete(key) {
      checkFileKey(key);
      const client = await blob(key);
      await faults(key, () => client.deleteIfExists());
    },
    locate(key) {
      checkFileKey(key);
      const service = settings.filesUri?.replace(/\/+$/, "") ?? "blob storage:";
      return `${service}/${settings.filesContainer}/${key}`;
    },
  };
}

async function openContainer(settings: BlobSettings): Promise<ContainerClient> {
  const { filesUri, filesConnectionString, filesContainer } = settings;
  const { BlobServiceClient } = await import("@azure/storage-blob");
  const options = {
    retryOptions: { maxTries: 4, retryDelayInMs: 300, maxRetryDelayInMs: 5_000, tryTimeoutInMs: 60_000 },
  };
  if (filesConnectionString !== undefined)
    return BlobServiceClient.fromConnectionString(filesConnectionString, options).getContainerClient(
      filesContainer,
    );
  if (filesUri === undefined)
    throw fatal("files_not_configured", "Neither LIGHTNING_FILES_URI nor a connection string is set.");
  const { DefaultAzureCredential } = await import("@azure/identity");
  return new BlobServiceClient(filesUri, new DefaultAzureCredential(), options).getContainerClient(
    filesContainer,
  );
}

/** Names of blocks have one length within a blob, and differ between writers. */
async function stage(client: BlockBlobClient, ids: string[], block: Buffer): Promise<void> {
  const id = Buffer.from(`${ids.length.toString().padStart(6, "0")}-${crypto.randomUUID()}`).toString(
    "base64",
  );
  await client.stageBlock(id, block, block.byteLength);
  ids.push(id);
}

/** Any pieces as blocks of one size, the last one smaller; nothing for no content. */
async function* blocks(content: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of content) {
    let rest = typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece);
    while (length + rest.byteLength >= BLOCK_BYTES) {
      const fits = BLOCK_BYTES - length;
      yield Buffer.concat([...pieces, rest.subarray(0, fits)]);
      [pieces, length] = [[], 0];
      rest = rest.subarray(fits);
    }
    if (rest.byteLength === 0) continue;
    pieces.push(rest);
    length += rest.byteLength;
  }
  if (length > 0) yield Buffer.concat(pieces);
}

async function faults<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw toFilesError(thrown, key);
  }
}

/** Errors of the service in the port's terms; ours, and those of the source of a file, pass through. */
function toFilesError(thrown: unknown, key: string): LightningError | Error {
  if (isLightningError(thrown)) return thrown;
  const { statusCode, code, name } = (thrown ?? {}) as Fault;
  const facts = { cause: thrown };
  if (statusCode === 404)
    return notFound("file_missing", `There is no file "${key}".`, { ...facts, field: "key" });
  if (statusCode === 412)
    return unavailable("file_contended", `"${key}" was replaced while it was read.`, {
      ...facts,
      retryAfterMs: 1_000,
    });
  if (statusCode === 401 || statusCode === 403)
    return fatal("files_forbidden", `Blob Storage refuses this identity (${code ?? String(statusCode)}).`, {
      ...facts,
      remedy: "Give it the role Storage Blob Data Contributor on the account or the container.",
    });
  if (/Credential|Authentication/.test(name ?? ""))
    return unavailable(
      "files_credentials",
      `No Entra token for Blob Storage: ${messageOf(thrown).slice(0, 200)}`,
      {
        ...facts,
        retryAfterMs: 5_000,
        remedy: "Sign in with `az login`, or give the app a managed identity.",
      },
    );
  if (name !== "RestError") return thrown as Error;
  if (statusCode !== undefined && statusCode < 500 && statusCode !== 408 && statusCode !== 429)
    return fatal("files_fault", `Blob Storage refused "${key}": ${code ?? String(statusCode)}.`, facts);
  return unavailable("files_unavailable", `Blob Storage did not answer (${String(statusCode ?? code)}).`, {
    ...facts,
    retryAfterMs: 2_000,
  });
}
