import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { BlockBlobClient, ContainerClient } from "@azure/storage-blob";
import type { Settings } from "../config/settings.ts";
import { systemClock } from "../kernel/clock.ts";
import { type Deadline, eachWithin, withDeadline } from "../kernel/deadline.ts";
import { fatal, invalid, isLightningError, unavailable } from "../kernel/errors.ts";
import { type Fault, faults } from "./blob-faults.ts";
import type { Files, StoredFile } from "./files.ts";
import { checkFileKey } from "./folder.ts";

export type BlobSettings = Pick<
  Settings,
  "filesUri" | "filesConnectionString" | "filesContainer" | "filesTimeoutSeconds"
>;

/** Size of a block, held in memory while a file is written; what fits in one goes in one request. A blob has at most 50,000 blocks. */
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Retries of a download: connections that break one after another, without a byte between them, before it gives up. */
const MOST_BREAKS = 5;
/** Times that a request goes out within its deadline when nothing comes back. */
const MOST_TRIES = 3;
/** Metadata key of a blob's content hash: makes an upload of the same content idempotent. */
const HASH = "sha256";

interface Abortable {
  readonly abortSignal: AbortSignal;
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
  const deadline: Deadline = {
    clock: systemClock,
    ms: settings.filesTimeoutSeconds * 1000,
    late: () =>
      unavailable("files_timeout", `Blob Storage gave no answer within ${settings.filesTimeoutSeconds} s.`, {
        retryAfterMs: 2_000,
        remedy: "Try again; LIGHTNING_FILES_TIMEOUT_SECONDS is the time that an answer may take.",
      }),
  };
  /**
   * One request with its retries. The package tries again after an answer or a broken connection, but waits for ever when
   * neither comes (its time for a try is only told to the service): a request that hangs is sent anew here.
   */
  async function ask<T>(send: (options: Abortable) => Promise<T>): Promise<T> {
    const within = { ...deadline, ms: deadline.ms / MOST_TRIES };
    for (let tries = 1; ; tries++) {
      try {
        return await withDeadline(within, (abortSignal) => send({ abortSignal }));
      } catch (thrown) {
        if (tries === MOST_TRIES || !isLightningError(thrown) || thrown.code !== "files_timeout")
          throw thrown;
      }
    }
  }

  /** Names of blocks have one length within a blob, and differ between writers. */
  async function stage(client: BlockBlobClient, ids: string[], block: Buffer): Promise<void> {
    const id = Buffer.from(`${ids.length.toString().padStart(6, "0")}-${crypto.randomUUID()}`).toString(
      "base64",
    );
    await ask((options) => client.stageBlock(id, block, block.byteLength, options));
    ids.push(id);
  }

  /** The template makes the container; an emulator's is made here. A role that writes blobs may do that too. */
  async function ensureContainer(): Promise<void> {
    made ??= container().then((client) => ask((options) => client.createIfNotExists(options)));
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
        await ask((options) => client.upload(last, last.byteLength, { ...options, metadata }));
        return { key, bytes, sha256 };
      }
      await stage(client, ids, last);
      try {
        await ask((options) => client.commitBlockList(ids, { ...options, metadata }));
      } catch (thrown) {
        // Another writer's commit discards uncommitted blocks. The same content is as good as ours.
        if ((thrown as Fault).code !== "InvalidBlockList") throw thrown;
        const theirs = (await ask((options) => client.getProperties(options))).metadata?.[HASH];
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
    const file: { version?: { readonly etag: string | undefined; readonly bytes: number } } = {};
    for (let breaks = 0; file.version === undefined || offset < file.version.bytes; ) {
      const conditions =
        file.version?.etag === undefined ? {} : { conditions: { ifMatch: file.version.etag } };
      let isAnswered = false;
      const open = async (over: AbortSignal) => {
        const { readableStreamBody, etag, contentLength } = await faults(key, () =>
          ask(({ abortSignal }) =>
            client.download(offset, undefined, {
              ...conditions,
              abortSignal: AbortSignal.any([abortSignal, over]),
            }),
          ),
        );
        file.version ??= { etag, bytes: contentLength ?? 0 };
        isAnswered = true;
        return (readableStreamBody ?? Readable.from([])) as AsyncIterable<Buffer>;
      };
      try {
        for await (const piece of eachWithin(deadline, open)) {
          offset += piece.length;
          breaks = 0;
          yield piece;
        }
        // The package takes a connection that breaks in the middle for an abort by the caller; here the download resumes at
        // the byte it broke at, of the same version.
        if (file.version !== undefined && offset < file.version.bytes)
          throw new Error("The answer ended early.");
      } catch (thrown) {
        if (!isAnswered || isLightningError(thrown)) throw thrown;
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
    const size =
      (await faults(key, () => ask((options) => client.getProperties(options)))).contentLength ?? 0;
    const wanted = Math.min(bytes, size - from);
    if (wanted <= 0) return new Uint8Array(0);
    return await faults(key, () => ask((options) => client.downloadToBuffer(from, wanted, options)));
  }

  async function list(prefix: string): Promise<string[]> {
    if (!prefix.endsWith("/")) throw invalid("bad_file_key", "A prefix ends with `/`.", { field: "prefix" });
    checkFileKey(prefix.slice(0, -1));
    const client = await container();
    const keys: string[] = [];
    return faults(prefix, async () => {
      try {
        let continuationToken: string | undefined;
        do {
          const from = continuationToken === undefined ? {} : { continuationToken };
          const page = await ask((options) =>
            client
              .listBlobsFlat({ prefix, ...options })
              .byPage(from)
              .next(),
          );
          if (page.done === true) break;
          keys.push(...page.value.segment.blobItems.map(({ name }) => name));
          ({ continuationToken } = page.value);
        } while (continuationToken);
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
          const { contentLength = 0, etag = "" } = await ask((options) => client.getProperties(options));
          return { bytes: contentLength, version: etag };
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
      await faults(key, () => ask((options) => client.deleteIfExists(options)));
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
    retryOptions: {
      maxTries: 4,
      retryDelayInMs: 300,
      maxRetryDelayInMs: 5_000,
      tryTimeoutInMs: Math.ceil((settings.filesTimeoutSeconds * 1000) / MOST_TRIES),
    },
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
