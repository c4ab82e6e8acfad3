import { createWriteStream, openAsBlob } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Abortable, read } from "./calls.ts";
import { type createClients, ONCE, type ProviderOptions } from "./clients.ts";
import type { Provider, ProviderFile } from "./provider.ts";
import { fileSchema } from "./wire.ts";

/** An upload may take so many times as long as another request: a file of 512 MB over a slow line. */
export const UPLOAD_TIMES = 10;
/** Azure accepts one upload above some 150 MB and then fails the job: larger files go up in parts (docs/facts.md#large-uploads). */
const PARTS_FROM = 100 * 1024 * 1024;
const PART_BYTES = 64 * 1024 * 1024;

/** Uploads a file for training; to Azure in parts when it is large. */
export function createUpload(
  setup: Pick<ProviderOptions, "kind" | "partsFrom" | "partBytes">,
  { client, datedClient, call, timeoutMs }: ReturnType<typeof createClients>,
): Provider["uploadFile"] {
  const { kind } = setup;
  const timeout = UPLOAD_TIMES * timeoutMs;

  /** Until it is completed there is no file; what a lost answer leaves behind expires at the service. */
  async function uploadInParts(name: string, content: Blob): Promise<ProviderFile> {
    const what = "uploading a file in parts";
    const { uploads } = datedClient();
    const upload = await call(what, false, (options) =>
      uploads.create(
        { bytes: content.size, filename: name, mime_type: "application/jsonl", purpose: "fine-tune" },
        options,
      ),
    );
    const partBytes = setup.partBytes ?? PART_BYTES;
    const part_ids: string[] = [];
    for (let at = 0; at < content.size; at += partBytes) {
      const data = new File([content.slice(at, at + partBytes)], "part");
      const send = (options: Abortable) => uploads.parts.create(upload.id, { data }, { ...options, timeout });
      const part = await call(what, false, send, timeout);
      part_ids.push(part.id);
    }
    const complete = (options: Abortable) =>
      uploads.complete(upload.id, { part_ids }, { ...options, timeout });
    const done = await call(what, true, complete, timeout);
    return read(fileSchema, what, done.file, true);
  }

  return async ({ name, content }) => {
    const what = "uploading a file";
    // Through a file on disk: the package needs a length, and a Blob of a file is read piece by piece.
    const folder = await mkdtemp(path.join(tmpdir(), "lightning-upload-"));
    try {
      const draft = path.join(folder, "upload.jsonl");
      await pipeline(Readable.from(content), createWriteStream(draft));
      const blob = await openAsBlob(draft);
      if (kind === "azure" && blob.size >= (setup.partsFrom ?? PARTS_FROM))
        return await uploadInParts(name, blob);
      const file = new File([blob], name);
      const send = (options: Abortable) =>
        client.files.create({ file, purpose: "fine-tune" }, { ...ONCE, ...options, timeout });
      const raw = await call(what, true, send, timeout);
      return read(fileSchema, what, raw, true);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
